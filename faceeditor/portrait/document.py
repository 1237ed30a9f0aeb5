"""The portrait: the document that every control edits, with its history.

A portrait lives on one thread (the window's). Whoever shows it subscribes and reads it; whoever changes it applies an
edit. Nobody else keeps a copy of its state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.portrait.brush import Rect
from faceeditor.portrait.edits import (
    MAX_TRUNCATION,
    AdoptMask,
    Change,
    Edit,
    PaintMask,
    PortraitState,
    ReplaceFace,
    ReplaceFaces,
    ReplaceMask,
    SelectFace,
    SetAdjustments,
    SetComb,
    SetHead,
    SetStyle,
    SetTruncation,
    checked_mask,
    checked_truncation,
    difference,
)
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.history import HISTORY_LIMIT, History, Node
from faceeditor.portrait.state import CombStroke
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

__all__ = [
    "MAX_RECENT_STYLES", "MAX_TRUNCATION", "AdoptMask", "Change", "Edit", "PaintMask", "Portrait", "PortraitState",
    "ReplaceFace", "ReplaceFaces", "ReplaceMask", "SelectFace", "SetAdjustments", "SetComb", "SetHead", "SetStyle",
    "SetTruncation", "Snapshot", "checked_mask", "checked_truncation",
]  # fmt: skip

MAX_RECENT_STYLES = 24
"""How many styles a portrait remembers."""

UnmoveStroke = Callable[[MaskArray, MaskArray], MaskArray | None]
"""(moved mask before a stroke, the same after it) -> painted mask with the stroke; None if it has no place there."""

UnmovePoints = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""(N, 2) points on the moved mask -> the same on the painted one."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A portrait at one moment, immutable: what is saved, and safe to hand to another thread.

    Attributes:
        state: the tree.
        recent_styles: newest first.
        path: where the portrait is kept, or None.
        revision: the revision it was taken at.
        board: the board of the same person as `identity.board_store` packs it; empty if there is none.
    """

    state: PortraitState
    recent_styles: tuple[StyleCode, ...] = ()
    path: Path | None = None
    revision: int = 0
    board: bytes = b""


class Portrait:
    """A state and its history.

    The painted mask belongs to ``base_head``. What is drawn is that mask moved to ``head``; it is derived whenever it
    is needed and never stored, so that a slider moved there and back leaves the mask as it was painted.

    Args:
        mask: (256, 256) uint8 region indices, copied.
        style: the style code.
        truncation: 0..2.
        recent_styles: newest first; the style itself is put in front if it is not there.
        path: the file that it came from.
        head: the present head, or None while no slider was touched.
        base_head: the head at which the mask was painted; by default the present one.
        note: what the user should know about how it was opened, one sentence or empty.
        history_limit: bytes that the history may take.

    Raises:
        PortraitError: the mask or the truncation is out of range.
    """

    def __init__(
        self,
        mask: MaskArray,
        style: StyleCode,
        truncation: float = 1.0,
        recent_styles: tuple[StyleCode, ...] = (),
        path: Path | None = None,
        *,
        head: HeadCoefficients | None = None,
        base_head: HeadCoefficients | None = None,
        note: str = "",
        history_limit: int = HISTORY_LIMIT,
    ) -> None:
        state = PortraitState.of(mask, style, truncation, head=head, base_head=base_head)
        self._begin(Snapshot(state, tuple(recent_styles), path), note, history_limit)

    @classmethod
    def of(cls, snapshot: Snapshot, note: str = "", history_limit: int = HISTORY_LIMIT) -> "Portrait":
        """A portrait with a snapshot's state, recent styles and path, unmodified and with an empty history."""
        portrait = cls.__new__(cls)
        portrait._begin(snapshot, note, history_limit)
        return portrait

    def _begin(self, snapshot: Snapshot, note: str, history_limit: int) -> None:
        self._state = snapshot.state
        self._recent = snapshot.recent_styles[:MAX_RECENT_STYLES]
        self._remember(self._state.style, to_front=False)
        self._path = snapshot.path
        self._note = note
        self._board = self._saved_board = snapshot.board
        self._styles_edited = False
        self._revision = 0
        self._history = History(self._state, history_limit)
        self._saved: int | None = self._history.present.number
        self._open: _Open | None = None
        self._subscribers: dict[int, Callable[[Change], None]] = {}
        self._next_subscriber = 0

    def adopt_history(self, root: Node, present: Node) -> None:
        """Take over the history of a file, whose present node shows the portrait's state."""
        self._history.adopt(root, present)
        self._state = self._history.present.restore()
        self._saved = present.number

    # What it is.

    @property
    def mask(self) -> MaskArray:
        """(256, 256) uint8, read-only: the painted mask of the active face as it is now."""
        return self._state.mask

    @property
    def style(self) -> StyleCode:
        """The style code."""
        return self._state.style

    @property
    def truncation(self) -> float:
        """0 (the mean person) .. 1 (the style as it is) .. 2 (exaggerated)."""
        return self._state.truncation

    @property
    def recent_styles(self) -> tuple[StyleCode, ...]:
        """The styles used, newest first, at most 24."""
        return self._recent

    @property
    def head(self) -> HeadCoefficients | None:
        """The present head, or None until a slider is touched."""
        return self._state.head

    @property
    def base_head(self) -> HeadCoefficients | None:
        """The head at which the mask was painted; None as long as ``head`` is."""
        return self._state.base_head

    @property
    def shown_head(self) -> HeadCoefficients | None:
        """The present head with the expressions of the adjustments: the head that is drawn."""
        return self._state.face.shown_head

    @property
    def moved(self) -> bool:
        """Whether what is drawn is not the painted mask itself: head and base head differ in what moves a mask."""
        return self._state.face.moved

    @property
    def note(self) -> str:
        """What the user should know about how the portrait was opened, one sentence; empty if there is nothing."""
        return self._note

    @property
    def path(self) -> Path | None:
        """The file that the portrait is kept in, or None."""
        return self._path

    @property
    def revision(self) -> int:
        """Grows by one with every change; undo and redo are changes, too."""
        return self._revision

    @property
    def modified(self) -> bool:
        """Whether it differs from what was last saved or opened."""
        unfinished = self._open is not None and self._open.before is not self._state
        kept = self._board == self._saved_board and not self._styles_edited
        return unfinished or self._history.present.number != self._saved or not kept

    @property
    def undo_stack(self) -> tuple[str, ...]:
        """Names of the steps, oldest first; the first ``position`` of them are in effect."""
        return self._history.names

    @property
    def position(self) -> int:
        """How many steps of ``undo_stack`` are in effect."""
        return self._history.position

    @property
    def history(self) -> History:
        """The tree of all steps, for whoever shows it."""
        return self._history

    @property
    def can_undo(self) -> bool:
        """Whether ``undo`` would do something."""
        return self._open is None and self._history.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether ``redo`` would do something."""
        return self._open is None and bool(self._history.present.children)

    @property
    def busy(self) -> bool:
        """Whether a stroke or a gesture is open."""
        return self._open is not None

    @property
    def before_stroke(self) -> PortraitState:
        """The state before the open stroke or gesture; the present one while none is open."""
        return self._state if self._open is None else self._open.before

    def state(self) -> PortraitState:
        """The present state; immutable, shared, and free to ask for."""
        return self._state

    def snapshot(self) -> Snapshot:
        """What is saved; immutable."""
        return Snapshot(self._state, self._recent, self._path, self._revision, self._board)

    def set_recent_styles(self, styles: tuple[StyleCode, ...]) -> None:
        """Exchange the recent styles, as after one was renamed or deleted: no undo step, but the portrait counts as
        modified.
        """
        self._recent = styles[:MAX_RECENT_STYLES]
        self._styles_edited = True
        self._notify(Change(self._revision, history=True))

    @property
    def board(self) -> bytes:
        """The board of the same person, packed; it is saved with the portrait and is no part of the history."""
        return self._board

    def set_board(self, board: bytes) -> None:
        """Keep another board; the portrait counts as modified."""
        if board != self._board:
            self._board = board
            self._notify(Change(self._revision, history=True))

    # Who watches it.

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``callback`` after every change; returns a function that ends it."""
        number = self._next_subscriber
        self._next_subscriber += 1
        self._subscribers[number] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(number, None)

        return unsubscribe

    # How it changes.

    def apply(self, edit: Edit) -> None:
        """Make an edit: one undo step, or a part of the open gesture's. An edit that changes nothing leaves no step.

        Selecting another face is no step: undo leads from edit to edit.

        Raises:
            PortraitError: a stroke is open, the edit's values are out of range, or the first head has no base.
        """
        if self._open is not None and self._open.stroke:
            raise PortraitError("A brush stroke is still open; finish it before anything else is changed.")
        before, after = self._state, edit(self._state)
        if after is before:
            return
        if self._open is None:
            if isinstance(edit, SelectFace):
                self._history.amend(after)
            else:
                self._push(edit.name, before, after)
        replaced = isinstance(edit, ReplaceMask | AdoptMask | ReplaceFace | ReplaceFaces)
        self._show(after, self._open is None, replaced=replaced)

    def undo(self) -> None:
        """Take back one step, if there is one."""
        if self._history.position > 0:
            self.go_to(self._history.position - 1)

    def redo(self) -> None:
        """Repeat the next step, if there is one."""
        if self._history.present.children:
            self.go_to(self._history.position + 1)

    def go_to(self, position: int) -> None:
        """Undo or redo until ``position`` steps are in effect (0..len(undo_stack)); one change for all of them.

        Raises:
            PortraitError: there is no such position, or a stroke or gesture is open.
        """
        self._refuse_if_open()
        if not 0 <= position <= len(self._history.names):
            raise PortraitError(f"The history has no step {position}; it has {len(self._history.names)}.")
        if position != self._history.position:
            self.go_to_node(self._history.at(position))

    def go_to_node(self, node: Node) -> None:
        """Go to any step of the tree, other branches included; one change.

        Raises:
            PortraitError: a stroke or gesture is open.
        """
        self._refuse_if_open()
        if node is not self._history.present:
            self._show(self._history.go_to(node), history=True)

    def amend(self, state: PortraitState) -> None:
        """Let the last step have led to another state than it did; undo goes back to where it did before.

        Raises:
            PortraitError: a stroke or gesture is open, or no step was made.
        """
        self._refuse_if_open()
        if self._history.position == 0:
            raise PortraitError("There is no step that could be changed; nothing was edited yet.")
        if state is self._state:
            return
        self._history.amend(state)
        if self._saved == self._history.present.number:
            self._saved = None  # what was saved is another state
        self._show(state, history=True)

    def name_step(self, node: Node, label: str) -> None:
        """Give a step of the history a name of the user's own; an empty one takes it away."""
        node.label = label.strip()[:200]
        self._notify(Change(self._revision, history=True))

    def set_step_picture(self, picture: bytes) -> None:
        """Keep what the present step looks like (`portrait.step_pictures`); no change that anybody is told of."""
        self._history.set_picture(self._history.present, picture)

    def begin_stroke(
        self,
        name: str,
        moved: MaskArray | None = None,
        unmove: UnmoveStroke | None = None,
        *,
        comb: tuple[CombStroke, ...] | None = None,
        unmove_points: UnmovePoints | None = None,
    ) -> None:
        """Open a brush stroke: what ``paint`` does shows at once and becomes one undo step on ``commit_stroke``.

        Args:
            name: of the undo step.
            moved: (256, 256) uint8, the mask as it is drawn at the present head, if that is not the painted one. The
                stroke is painted on it, as the artist sees it. Undoing the stroke gives the painted mask and its base
                head back; a stroke that paints nothing leaves them as they were.
            unmove: brings a stroke on the moved mask back to the painted one (`head.motion.unmove_stroke`), where it is
                kept when the stroke is committed: turning the head back gives the old mask and the stroke. Without it,
                or where it finds no place for the stroke, the moved mask becomes the painted one at the present head.
            comb: the comb strokes as they lie on the moved mask, if that is given; None: as they are.
            unmove_points: brings points on the moved mask back to the painted one, for comb strokes that `move_comb`
                has changed.

        Raises:
            PortraitError: another stroke or gesture is open, or the moved mask is none.
        """
        self._refuse_if_open()
        before = self._state
        if moved is None:
            self._open = _Open(name, True, before)
            return
        after = AdoptMask(moved, comb=comb)(before)
        self._open = _Open(name, True, before, after, unmove, unmove_points)
        if after is not before:
            self._show(after, history=False, replaced=True)

    def paint(self, rect: Rect, values: MaskArray) -> None:
        """Change a rectangle of the mask inside the open stroke.

        Args:
            rect: x, y, width, height, inside the mask.
            values: (height, width) uint8 region indices.
        """
        self._expect_open(stroke=True)
        after = PaintMask(rect, values)(self._state)
        if after is not self._state:
            self._show(after, history=False, dirty=rect)

    def move_comb(self, strokes: tuple[CombStroke, ...]) -> None:
        """Change comb strokes along with the mask inside the open stroke; there are as many as before.

        Raises:
            PortraitError: no stroke is open, or their number is another one.
        """
        self._expect_open(stroke=True)
        if len(strokes) != len(self._state.face.comb):
            raise PortraitError("A stroke on the mask can move comb strokes, but neither add nor remove any.")
        after = SetComb(strokes)(self._state)
        if after is not self._state:
            self._show(after, history=False)

    def commit_stroke(self) -> None:
        """Close the stroke; it becomes one undo step if it painted anything."""
        stroke = self._expect_open(stroke=True)
        if stroke.adopted is not None:
            adopted, face = stroke.adopted.face, self._state.face
            if np.array_equal(adopted.mask, face.mask) and adopted.comb is face.comb:
                self._abort(stroke=True)
                return
            painted = stroke.unmove(adopted.mask, face.mask) if stroke.unmove is not None else None
            if painted is not None:
                after = stroke.before.with_face(mask=painted, comb=stroke.unmoved_comb(face.comb))
                if np.array_equal(painted, stroke.before.mask) and adopted.comb is face.comb:
                    after = stroke.before
                self._show(after, history=False)
        self._commit(stroke=True)

    def abort_stroke(self) -> None:
        """Close the stroke and take back what it painted."""
        self._abort(stroke=True)

    def begin_gesture(self, name: str) -> None:
        """Open a gesture, as a slider drag: the edits applied until ``commit_gesture`` become one undo step."""
        self._refuse_if_open()
        self._open = _Open(name, False, self._state)

    def commit_gesture(self) -> None:
        """Close the gesture; it becomes one undo step if it changed anything."""
        self._commit(stroke=False)

    def abort_gesture(self) -> None:
        """Close the gesture and take back its edits."""
        self._abort(stroke=False)

    def mark_saved(self, path: Path | None = None) -> None:
        """Note that the present state is on the disk, under a new path if one is given."""
        if path is not None:
            self._path = path
        self._saved = self._history.present.number
        self._saved_board = self._board
        self._styles_edited = False
        self._notify(Change(self._revision, history=True))

    def mark_unsaved(self) -> None:
        """Note that the present state is on no disk (a recovered portrait)."""
        self._saved = None
        self._notify(Change(self._revision, history=True))

    # Inside.

    def _show(self, state: PortraitState, history: bool, dirty: Rect | None = None, replaced: bool = False) -> None:
        """Make a state the present one and tell what changed; `dirty` where nothing but this part of the mask did."""
        before, self._state = self._state, state
        self._revision += 1
        if dirty is not None:
            self._notify(Change(self._revision, dirty))
        else:
            self._notify(difference(before, state, self._revision, history, replaced))

    def _commit(self, stroke: bool) -> None:
        done = self._expect_open(stroke)
        self._open = None
        if done.before is self._state:
            return
        if difference(done.before, self._state, 0, False).drawn:
            self._push(done.name, done.before, self._state)
            self._notify(Change(self._revision, history=True))
        else:
            self._state = done.before  # there and back again: equal, and the same objects from now on

    def _abort(self, stroke: bool) -> None:
        done = self._expect_open(stroke)
        self._open = None
        if done.before is not self._state:
            self._show(done.before, history=False)

    def _push(self, name: str, before: PortraitState, after: PortraitState) -> None:
        """Add a step; its style counts as used."""
        self._history.push(name, after)
        if after.style is not before.style:
            self._remember(after.style)

    def _remember(self, style: StyleCode, to_front: bool = True) -> None:
        """Put a style among the recent ones; one that is there keeps the name that it has there."""
        known = next((known for known in self._recent if known.key == style.key), None)
        if known is not None and not to_front:
            return
        style = style if known is None else known
        others = tuple(known for known in self._recent if known.key != style.key)
        self._recent = (style, *others)[:MAX_RECENT_STYLES]

    def _refuse_if_open(self) -> None:
        if self._open is not None:
            what = "brush stroke" if self._open.stroke else "change"
            raise PortraitError(f"A {what} (“{self._open.name}”) is still open; finish it first.")

    def _expect_open(self, stroke: bool) -> "_Open":
        if self._open is None or self._open.stroke != stroke:
            raise PortraitError(f"No {'brush stroke' if stroke else 'gesture'} is open; begin one first.")
        return self._open

    def _notify(self, change: Change) -> None:
        for callback in tuple(self._subscribers.values()):
            callback(change)


@dataclass(frozen=True, eq=False)
class _Open:
    """An open stroke or gesture.

    Attributes:
        before: the state before it.
        adopted: the state from which the stroke paints, where that shows the moved mask; else None.
        unmove, unmove_points: as in `Portrait.begin_stroke`.
    """

    name: str
    stroke: bool
    before: PortraitState
    adopted: PortraitState | None = None
    unmove: UnmoveStroke | None = None
    unmove_points: UnmovePoints | None = None

    def unmoved_comb(self, comb: tuple[CombStroke, ...]) -> tuple[CombStroke, ...]:
        """Comb strokes on the moved mask as they lie on the painted one; those that did not change as they were."""
        before = self.before.face.comb
        if self.adopted is None or comb is self.adopted.face.comb:
            return before
        unmove = self.unmove_points
        return tuple(
            old if stroke is shown else stroke if unmove is None else CombStroke(unmove(stroke.points), stroke.width)
            for old, shown, stroke in zip(before, self.adopted.face.comb, comb, strict=True)
        )
