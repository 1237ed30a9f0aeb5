"""A selected part on its way to another place, free of Qt: seen at once, one undo step when it is applied."""

from collections.abc import Collection

from faceeditor.interaction.reshape import MovedPart, moved_area, moved_comb, with_moved_parts
from faceeditor.interaction.selection import bounds_of, partner_area
from faceeditor.interaction.strokes import Moved, begin_stroke, not_moved
from faceeditor.interaction.transform import Transform, TransformBox
from faceeditor.portrait.brush import Area, changed_patch, face_axis
from faceeditor.portrait.document import Portrait
from faceeditor.regions import Region


class TransformGesture:
    """Moves, scales, rotates or mirrors what is selected until it is applied or cancelled.

    Args:
        portrait: gets one undo step.
        area: (256, 256) bool, not empty: what is selected of the mask as it is seen.
        name: of the undo step.
        moved: the mask that is seen, where the motion of the head has moved it.
        allowed: regions that the part may cover; None: all.

    Raises:
        PortraitError: another stroke or gesture is open.
        EngineError: the mask that is seen is not known yet.
    """

    def __init__(
        self,
        portrait: Portrait,
        area: Area,
        name: str,
        moved: Moved = not_moved,
        allowed: Collection[Region] | None = None,
    ) -> None:
        begin_stroke(portrait, name, moved())
        self._portrait = portrait
        self._mask = portrait.mask
        self._comb = portrait.state().face.comb
        self._allowed = allowed
        self._axis = face_axis(self._mask)
        self._partner = partner_area(self._mask, area, self._axis)
        self.area = area
        self.box = TransformBox(*bounds_of(area))
        self.transform = Transform()
        self.both_sides = False

    @property
    def has_partner(self) -> bool:
        """Whether there is a partner on the other side of the face that can move along."""
        return self._partner is not None

    def set(self, transform: Transform, both_sides: bool) -> None:
        """Show the part at another place.

        Args:
            transform: from where it was taken.
            both_sides: move the partner on the other side of the face, mirrored.
        """
        self.transform, self.both_sides = transform.bounded(), both_sides and self.has_partner
        parts = self._parts()
        mask = with_moved_parts(self._mask, parts, self._allowed)
        patch = changed_patch(self._portrait.mask, mask)
        if patch is not None:
            self._portrait.paint(*patch)
        self._portrait.move_comb(moved_comb(self._comb, self._mask, parts))

    def _parts(self) -> list[MovedPart]:
        """What moves; the selected part comes last and lies on top."""
        own = MovedPart(self.area, self.transform.matrix(self.box.middle))
        if not self.both_sides or self._partner is None:
            return [own]
        middle = TransformBox(*bounds_of(self._partner)).middle
        return [MovedPart(self._partner, self.transform.partner_matrix(middle, self._axis)), own]

    @property
    def moved_area(self) -> Area:
        """(256, 256) bool: where the selected part lies now."""
        return self.area if self.transform.is_identity else moved_area(self._parts()[-1])

    def commit(self) -> None:
        """Apply it: one undo step, or none if nothing has changed."""
        self._portrait.commit_stroke()

    def abort(self) -> None:
        """Take it back."""
        self._portrait.abort_stroke()
