"""The edits of a portrait: immutable values, each a pure function state -> state. They work on the active face.

An edit that changes nothing returns the state that it was given (`edit(state) is state`).
"""

from dataclasses import dataclass

import numpy as np

from faceeditor.errors import PortraitError
from faceeditor.portrait.adjustments import Adjustments
from faceeditor.portrait.brush import Rect
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import (
    MAX_TRUNCATION,
    CombStroke,
    FaceState,
    HeadPair,
    Photo,
    PortraitState,
    checked_mask,
    checked_truncation,
    moves_mask,
    same_head,
)
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

__all__ = [
    "MAX_TRUNCATION", "WHOLE", "AdoptMask", "Change", "Edit", "HeadPair", "PaintMask", "PortraitState", "ReplaceFace",
    "ReplaceFaces", "ReplaceMask", "SelectFace", "SetAdjustments", "SetComb", "SetHead", "SetStyle", "SetTruncation",
    "checked_mask", "checked_truncation", "difference", "moves_mask", "same_head",
]  # fmt: skip

WHOLE: Rect = (0, 0, MASK_SIZE, MASK_SIZE)
"""The rectangle of a whole mask."""


@dataclass(frozen=True, eq=False)
class PaintMask:
    """Change a rectangle of the painted mask: `values` is (height, width) uint8 of region indices."""

    rect: Rect
    values: MaskArray
    name: str = "Paint"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: the rectangle does not fit the mask, or the values are no regions."""
        x, y, width, height = self._checked()
        area = np.s_[y : y + height, x : x + width]
        if np.array_equal(state.mask[area], self.values):
            return state
        mask = state.mask.copy()
        mask[area] = self.values
        mask.flags.writeable = False
        return state.with_face(mask=mask)

    def _checked(self) -> Rect:
        x, y, width, height = self.rect
        fits = width > 0 and height > 0 and x >= 0 and y >= 0 and x + width <= MASK_SIZE and y + height <= MASK_SIZE
        if not fits or self.values.shape != (height, width) or self.values.dtype != np.uint8:
            raise PortraitError(f"The painted rectangle {self.rect} does not fit the mask or its values.")
        if self.values.max() >= REGION_COUNT:
            raise PortraitError(
                f"A mask holds the regions 0 to {REGION_COUNT - 1}; the paint holds {int(self.values.max())}."
            )
        return self.rect


@dataclass(frozen=True, eq=False)
class ReplaceMask:
    """Replace the whole mask, (256, 256) uint8, and with it the head.

    Attributes:
        mask: the new mask.
        name: of the undo step.
        head: the head at which the new mask was painted, or None if it is not known: the face then has no head until
            one is read from it.
    """

    mask: MaskArray
    name: str = "New mask"
    head: HeadCoefficients | None = None

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: the mask is none."""
        return _with_mask(state, self.mask, self.head, self.head)


@dataclass(frozen=True, eq=False)
class SetStyle:
    """Replace the style code."""

    style: StyleCode
    name: str = "New style"

    def __call__(self, state: PortraitState) -> PortraitState:
        """The state with the style."""
        same = self.style.key == state.style.key and self.style.label == state.style.label
        return state if same else state.with_face(style=self.style)


@dataclass(frozen=True)
class SetTruncation:
    """Set the truncation, 0..2."""

    truncation: float
    name: str = "Truncation"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: it is out of range."""
        truncation = checked_truncation(self.truncation)
        return state if truncation == state.truncation else state.with_face(truncation=truncation)


@dataclass(frozen=True, eq=False)
class SetHead:
    """Replace the head; the painted mask stays, and what is drawn is the mask moved to the new head.

    Attributes:
        head: the new head.
        base: the head at which the mask was painted. It is needed with a face's first head (what was read from the
            drawn face before a slider was moved); later it replaces the known one if it is given.
        name: of the undo step.
    """

    head: HeadCoefficients
    base: HeadCoefficients | None = None
    name: str = "Head"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: the face has no head yet, and no base is given."""
        face = state.face
        base = self.base if self.base is not None else face.base_head
        if base is None:
            raise PortraitError("This portrait has no head yet; read it from the face before it is changed.")
        if same_head(self.head, face.head) and same_head(base, face.base_head):
            return state
        read_head = face.read_head if face.head is not None else True
        return state.with_face(head=self.head, base_head=base, read_head=read_head)


@dataclass(frozen=True, eq=False)
class AdoptMask:
    """Make the moved mask the painted one: from now on the mask belongs to the present head.

    Attributes:
        mask: (256, 256) uint8.
        name: of the undo step.
        comb: the comb strokes as they lie on it; None: as they are.
    """

    mask: MaskArray
    name: str = "Adopt the moved mask"
    comb: tuple[CombStroke, ...] | None = None

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: the mask is none."""
        after = _with_mask(state, self.mask, state.head, state.face.shown_head)
        return after if self.comb is None else SetComb(self.comb)(after)


@dataclass(frozen=True, eq=False)
class ReplaceFace:
    """Replace everything that the active face is drawn from, as a picture of the board does.

    Attributes:
        mask: (256, 256) uint8, as painted.
        style, truncation: as in `FaceState`.
        head, base_head, read_head: as in `FaceState`.
        name: of the undo step.
    """

    mask: MaskArray
    style: StyleCode
    truncation: float = 1.0
    head: HeadCoefficients | None = None
    base_head: HeadCoefficients | None = None
    read_head: bool = False
    name: str = "Replace face"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: the mask or the truncation is out of range. Comb strokes stay on the same mask."""
        same = np.array_equal(checked_mask(self.mask), state.mask)
        kept = {"mask": state.mask, "comb": state.face.comb} if same else {"mask": self.mask, "comb": ()}
        heads = {"head": self.head, "base_head": self.base_head, "read_head": self.read_head}
        return state.with_face(style=self.style, truncation=self.truncation, **kept, **heads)


@dataclass(frozen=True, eq=False)
class SetComb:
    """Replace the comb strokes; to add one, give the present ones and it."""

    strokes: tuple[CombStroke, ...]
    name: str = "Comb"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: too many strokes."""
        present = state.face.comb
        if len(present) == len(self.strokes) and all(a is b for a, b in zip(present, self.strokes, strict=True)):
            return state
        return state.with_face(comb=tuple(self.strokes))


@dataclass(frozen=True, eq=False)
class SetAdjustments:
    """Replace the list of adjustments."""

    adjustments: Adjustments
    name: str = "Adjustment"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: too many adjustments."""
        present = state.face.adjustments
        same = len(present) == len(self.adjustments) and all(
            a is b for a, b in zip(present, self.adjustments, strict=True)
        )
        return state if same else state.with_face(adjustments=tuple(self.adjustments))


@dataclass(frozen=True, eq=False)
class SelectFace:
    """Make another face of the portrait the active one, counted from 0."""

    index: int
    name: str = "Select face"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: there is no such face."""
        return state if self.index == state.active else state.changed(active=self.index)


@dataclass(frozen=True, eq=False)
class ReplaceFaces:
    """Replace photograph and faces: a photograph was opened, a face of it was added or taken away.

    Attributes:
        faces: one or more.
        photo: the photograph that they belong to, or None.
        active: index of the face to edit.
        name: of the undo step.
    """

    faces: tuple[FaceState, ...]
    photo: Photo | None = None
    active: int = 0
    name: str = "Open photo"

    def __call__(self, state: PortraitState) -> PortraitState:
        """Raises PortraitError: no or too many faces, or no such active face."""
        return PortraitState(self.faces, self.active, self.photo)


Edit = (
    PaintMask | ReplaceMask | SetStyle | SetTruncation | SetHead | AdoptMask | ReplaceFace | SetComb
    | SetAdjustments | SelectFace | ReplaceFaces
)  # fmt: skip


def _with_mask(
    state: PortraitState, mask: MaskArray, head: HeadCoefficients | None, base: HeadCoefficients | None
) -> PortraitState:
    """The state with a whole mask that was painted at a base head; the same objects where nothing differs."""
    if np.array_equal(checked_mask(mask), state.mask):
        mask = state.mask
        if same_head(head, state.head) and same_head(base, state.base_head):
            return state
    return state.with_face(mask=mask, head=head, base_head=base, read_head=False)


@dataclass(frozen=True)
class Change:
    """What a subscriber is told.

    Attributes:
        revision: the portrait's revision after the change.
        dirty: the rectangle of the active face's painted mask that changed, or None.
        style: the style code or the truncation changed.
        history: step names, position, recent styles, path or the saved state changed.
        head: the head or the base head changed.
        other: something else that is drawn changed: comb strokes, adjustments, photograph.
        faces: another face is active, or the photograph or the number of faces changed.
    """

    revision: int
    dirty: Rect | None = None
    style: bool = False
    history: bool = False
    head: bool = False
    other: bool = False
    faces: bool = False

    @property
    def drawn(self) -> bool:
        """Whether the picture is another one."""
        return self.dirty is not None or self.style or self.head or self.other


def difference(old: PortraitState, new: PortraitState, revision: int, history: bool, replaced: bool = False) -> Change:
    """What differs between two states, by identity first.

    Args:
        old, new: the states.
        revision, history: as in `Change`.
        replaced: the mask was replaced as a whole, so that a difference of it counts as one of all pixels.
    """
    a, b = old.face, new.face
    dirty = _dirty(a.mask, b.mask)
    faces = old.active != new.active or len(old.faces) != len(new.faces) or old.photo is not new.photo
    return Change(
        revision,
        WHOLE if replaced and dirty is not None else dirty,
        a.style is not b.style or a.truncation != b.truncation,
        history,
        not (same_head(a.head, b.head) and same_head(a.base_head, b.base_head)),
        faces or a.comb is not b.comb or a.adjustments is not b.adjustments,
        faces,
    )


def _dirty(a: MaskArray, b: MaskArray) -> Rect | None:
    """The smallest rectangle around what differs between two masks."""
    if a is b:
        return None
    differs = a != b
    rows = np.flatnonzero(differs.any(1))
    if not len(rows):
        return None
    columns = np.flatnonzero(differs.any(0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
