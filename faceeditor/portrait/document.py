"""The portrait: the document that every control edits, with its history.

A portrait lives on one thread (the window's). Whoever shows it subscribes and reads it; whoever changes it applies an
edit. Nobody else keeps a copy of its state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceeditor.errors import PortraitError
from faceeditor.portrait.brush import Rect
from faceeditor.portrait.edits import (
    MAX_TRUNCATION,
    WHOLE,
    AdoptMask,
    Change,
    Changed,
    Edit,
    HeadPair,
    PaintMask,
    PortraitState,
    ReplaceMask,
    SetHead,
    SetStyle,
    SetTruncation,
    checked_mask,
    checked_patch,
    checked_truncation,
    moves_mask,
    same_head,
    union,
)
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.history import HISTORY_LIMIT, History, MaskDelta, Step
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

__all__ = [
    "MAX_RECENT_STYLES", "MAX_TRUNCATION", "AdoptMask", "Change", "Edit", "PaintMask", "Portrait", "PortraitState",
    "ReplaceMask", "SetHead", "SetStyle", "SetTruncation", "checked_mask", "checked_truncation",
]  # fmt: skip

MAX_RECENT_STYLES = 24
"""How many styles a portrait remembers."""


class Portrait:
    """A mask, a style, a head and their history.

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
        self._mask: MaskArray = np.array(checked_mask(mask), order="C", copy=True)
        self._mask_view: MaskArray = self._mask.view()
        self._mask_view.flags.writeable = False
        self._style = style
        self._truncation = checked_truncation(truncation)
        self._recent = tuple(recent_styles)[:MAX_RECENT_STYLES]
        self._remember(style, to_front=False)
        self._heads: HeadPair = (head or base_head, base_head or head)
        self._path = path
        self._note = note
        self._revision = 0
        self._history = History(history_limit)
        self._saved_state: int | None = self._history.state
        self._open: _Open | None = None
        self._subscribers: dict[int, Callable[[Change], None]] = {}
        self._next_subscriber = 0

    # What it is.

    @property
    def mask(self) -> MaskArray:
        """(256, 256) uint8, a read-only view that follows the portrait; copy it to keep it."""
        return self._mask_view

    @property
    def style(self) -> StyleCode:
        """The style code."""
        return self._style

    @property
    def truncation(self) -> float:
        """0 (the mean person) .. 1 (the style as it is) .. 2 (exaggerated)."""
        return self._truncation

    @property
    def recent_styles(self) -> tuple[StyleCode, ...]:
        """The styles used, newest first, at most 24."""
        return self._recent

    @property
    def head(self) -> HeadCoefficients | None:
        """The present head, or None until a slider is touched."""
        return self._heads[0]

    @property
    def base_head(self) -> HeadCoefficients | None:
        """The head at which the mask was painted; None as long as ``head`` is."""
        return self._heads[1]

    @property
    def moved(self) -> bool:
        """Whether what is drawn is not the painted mask itself: head and base head differ in what moves a mask."""
        return moves_mask(self.base_head, self.head)

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
        unfinished = self._open is not None and self._open.touched
        return unfinished or self._history.state != self._saved_state

    @property
    def undo_stack(self) -> tuple[str, ...]:
        """Names of all steps, oldest first; the first ``position`` of them are in effect."""
        return self._history.names

    @property
    def position(self) -> int:
        """How many steps of ``undo_stack`` are in effect."""
        return self._history.position

    @property
    def can_undo(self) -> bool:
        """Whether ``undo`` would do something."""
        return self._open is None and self._history.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether ``redo`` would do something."""
        return self._open is None and self._history.position < len(self._history.names)

    @property
    def busy(self) -> bool:
        """Whether a stroke or a gesture is open."""
        return self._open is not None

    def state(self) -> PortraitState:
        """An immutable copy of what is saved (the history is not); takes microseconds."""
        mask = self._mask.copy()
        mask.flags.writeable = False
        return PortraitState(
            mask, self._style, self._truncation, self._recent, self._path, self._revision, self.head, self.base_head
        )

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

        Raises:
            PortraitError: a stroke is open, the edit's values are out of range, or the first head has no base.
        """
        if self._open is not None and self._open.stroke:
            raise PortraitError("A brush stroke is still open; finish it before anything else is changed.")
        before = _Open.of(self, edit.name, stroke=False)
        changed = self._perform(edit)
        if not changed:
            return
        if self._open is not None:
            self._open.touch(changed.dirty)
            self._changed(changed, history=False)
            return
        before.touch(changed.dirty)
        self._finish(before)
        self._changed(changed, history=True)

    def undo(self) -> None:
        """Take back one step, if there is one."""
        if self._history.position > 0:
            self.go_to(self._history.position - 1)

    def redo(self) -> None:
        """Repeat the next step, if there is one."""
        if self._history.position < len(self._history.names):
            self.go_to(self._history.position + 1)

    def go_to(self, position: int) -> None:
        """Undo or redo until ``position`` steps are in effect (0..len(undo_stack)); one change for all of them.

        Raises:
            PortraitError: there is no such position, or a stroke or gesture is open.
        """
        self._refuse_if_open()
        if not 0 <= position <= len(self._history.names):
            raise PortraitError(f"The history has no step {position}; it has {len(self._history.names)}.")
        if position == self._history.position:
            return
        changed = Changed()
        for step, forward in self._history.walk(position):
            if step.mask is not None:
                changed |= Changed(step.mask.toggle(self._mask))
            if step.styles is not None:
                self._style = step.styles[forward]
            if step.truncations is not None:
                self._truncation = step.truncations[forward]
            if step.heads is not None:
                self._heads = step.heads[forward]
            changed |= Changed(None, step.styles is not None or step.truncations is not None, step.heads is not None)
        self._changed(changed, history=True)

    def begin_stroke(self, name: str, moved: MaskArray | None = None) -> None:
        """Open a brush stroke: what ``paint`` does shows at once and becomes one undo step on ``commit_stroke``.

        Args:
            name: of the undo step.
            moved: (256, 256) uint8, the mask as it is drawn at the present head, if that is not the painted one. The
                stroke then starts from it and belongs to the present head. Undoing the stroke gives the painted mask
                and its base head back, so that the head's own steps can be undone afterwards; a stroke that paints
                nothing leaves them as they were.

        Raises:
            PortraitError: another stroke or gesture is open, or the moved mask is none.
        """
        self._refuse_if_open()
        stroke = _Open.of(self, name, stroke=True)
        if moved is None:
            self._open = stroke
            return
        changed = self._perform(AdoptMask(moved))
        self._open = stroke
        if changed:
            stroke.touch(changed.dirty)
            stroke.unpainted = self._mask.copy()
            self._changed(changed, history=False)

    def paint(self, rect: Rect, values: MaskArray) -> None:
        """Change a rectangle of the mask inside the open stroke.

        Args:
            rect: x, y, width, height, inside the mask.
            values: (height, width) uint8 region indices.
        """
        stroke = self._expect_open(stroke=True)
        changed = self._perform(PaintMask(rect, values))
        if changed:
            stroke.touch(changed.dirty)
            self._changed(changed, history=False)

    def commit_stroke(self) -> None:
        """Close the stroke; it becomes one undo step if it painted anything."""
        stroke = self._expect_open(stroke=True)
        if stroke.unpainted is not None and np.array_equal(stroke.unpainted, self._mask):
            self._abort(stroke=True)
        else:
            self._commit(stroke=True)

    def abort_stroke(self) -> None:
        """Close the stroke and take back what it painted."""
        self._abort(stroke=True)

    def begin_gesture(self, name: str) -> None:
        """Open a gesture, as a slider drag: the edits applied until ``commit_gesture`` become one undo step."""
        self._refuse_if_open()
        self._open = _Open.of(self, name, stroke=False)

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
        self._saved_state = self._history.state
        self._notify(Change(self._revision, history=True))

    def mark_unsaved(self) -> None:
        """Note that the present state is on no disk (a recovered portrait)."""
        self._saved_state = None
        self._notify(Change(self._revision, history=True))

    # Inside.

    def _perform(self, edit: Edit) -> Changed:
        """Change the state; returns what changed. An edit that raises has changed nothing."""
        if isinstance(edit, SetStyle):
            if edit.style.key == self._style.key and edit.style.label == self._style.label:
                return Changed()
            self._style = edit.style
            return Changed(style=True)
        if isinstance(edit, SetTruncation):
            truncation = checked_truncation(edit.truncation)
            changed = truncation != self._truncation
            self._truncation = truncation
            return Changed(style=changed)
        if isinstance(edit, SetHead):
            base = edit.base if edit.base is not None else self.base_head
            if base is None:
                raise PortraitError("This portrait has no head yet; read it from the face before it is changed.")
            return self._set_heads((edit.head, base))
        if isinstance(edit, PaintMask):
            return self._write(*checked_patch(edit))
        painted = self._write(WHOLE, checked_mask(edit.mask))
        head = edit.head if isinstance(edit, ReplaceMask) else self.head
        return painted | self._set_heads((head, head))

    def _write(self, rect: Rect, values: MaskArray) -> Changed:
        """Write checked values into the mask."""
        x, y, width, height = rect
        target = self._mask[y : y + height, x : x + width]
        if np.array_equal(target, values):
            return Changed()
        target[...] = values
        return Changed(rect)

    def _set_heads(self, heads: HeadPair) -> Changed:
        """Set head and base head, keeping the objects that are the same already."""
        if same_head(heads[0], self._heads[0]) and same_head(heads[1], self._heads[1]):
            return Changed()
        self._heads = heads
        return Changed(head=True)

    def _commit(self, stroke: bool) -> None:
        done = self._expect_open(stroke)
        self._open = None
        if done.touched and self._finish(done):
            self._notify(Change(self._revision, history=True))

    def _abort(self, stroke: bool) -> None:
        done = self._expect_open(stroke)
        self._open = None
        if not done.touched:
            return
        if done.dirty is not None:
            self._mask[...] = done.mask
        style = self._style is not done.style or self._truncation != done.truncation
        head = self._heads is not done.heads
        self._style, self._truncation, self._heads = done.style, done.truncation, done.heads
        self._changed(Changed(done.dirty, style, head), history=False)

    def _finish(self, before: "_Open") -> bool:
        """Turn the difference to an earlier state into one step; False if there is none."""
        delta = None if before.dirty is None else MaskDelta.between(before.mask, self._mask, before.dirty)
        styles = None if before.style is self._style else (before.style, self._style)
        truncations = None if before.truncation == self._truncation else (before.truncation, self._truncation)
        there_and_back = all(same_head(old, new) for old, new in zip(before.heads, self._heads, strict=True))
        heads = None if there_and_back else (before.heads, self._heads)
        if delta is None and styles is None and truncations is None and heads is None:
            return False
        self._history.push(Step(before.name, delta, styles, truncations, heads))
        if styles is not None:
            self._remember(self._style)
        return True

    def _remember(self, style: StyleCode, to_front: bool = True) -> None:
        """Put a style among the recent ones."""
        if not to_front and any(known.key == style.key for known in self._recent):
            return
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

    def _changed(self, changed: Changed, history: bool) -> None:
        self._revision += 1
        self._notify(Change(self._revision, changed.dirty, changed.style, history, changed.head))

    def _notify(self, change: Change) -> None:
        for callback in tuple(self._subscribers.values()):
            callback(change)


@dataclass(eq=False)
class _Open:
    """The state before an open stroke or gesture.

    Attributes:
        dirty, touched: where the mask changed since, and whether anything did.
        unpainted: the mask from which the stroke paints, where that is the moved one; else None.
    """

    name: str
    stroke: bool
    mask: MaskArray
    style: StyleCode
    truncation: float
    heads: HeadPair
    dirty: Rect | None = None
    touched: bool = False
    unpainted: MaskArray | None = None

    @classmethod
    def of(cls, portrait: Portrait, name: str, stroke: bool) -> "_Open":
        return cls(name, stroke, portrait.mask.copy(), portrait.style, portrait.truncation, portrait._heads)

    def touch(self, dirty: Rect | None) -> None:
        self.dirty = union(self.dirty, dirty)
        self.touched = True
