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
from faceeditor.portrait.history import HISTORY_LIMIT, History, MaskDelta, Step
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

MAX_RECENT_STYLES = 24
"""How many styles a portrait remembers."""
MAX_TRUNCATION = 2.0
"""Largest truncation; 1 leaves a style as it is, 0 is the mean person."""

_WHOLE: Rect = (0, 0, MASK_SIZE, MASK_SIZE)


@dataclass(frozen=True, eq=False)
class PaintMask:
    """Change a rectangle of the mask: ``values`` is (height, width) uint8 of region indices."""

    rect: Rect
    values: MaskArray
    name: str = "Paint"


@dataclass(frozen=True, eq=False)
class ReplaceMask:
    """Exchange the whole mask, (256, 256) uint8."""

    mask: MaskArray
    name: str = "New mask"


@dataclass(frozen=True, eq=False)
class SetStyle:
    """Exchange the style code."""

    style: StyleCode
    name: str = "New style"


@dataclass(frozen=True)
class SetTruncation:
    """Set the truncation, 0..2."""

    truncation: float
    name: str = "Truncation"


Edit = PaintMask | ReplaceMask | SetStyle | SetTruncation


@dataclass(frozen=True)
class Change:
    """What a subscriber is told.

    Attributes:
        revision: the portrait's revision after the change.
        dirty: the rectangle of the mask that changed, or None.
        style: the style code or the truncation changed.
        history: step names, position, recent styles, path or the saved state changed.
    """

    revision: int
    dirty: Rect | None = None
    style: bool = False
    history: bool = False


@dataclass(frozen=True, eq=False)
class PortraitState:
    """A portrait at one moment, immutable: what is saved, and safe to hand to another thread.

    Attributes:
        mask: (256, 256) uint8, a read-only copy.
        style, truncation, recent_styles: as in ``Portrait``.
        path: where the portrait is kept, or None.
        revision: the revision it was taken at.
    """

    mask: MaskArray
    style: StyleCode
    truncation: float
    recent_styles: tuple[StyleCode, ...]
    path: Path | None
    revision: int


class Portrait:
    """A mask, a style and their history.

    Args:
        mask: (256, 256) uint8 region indices, copied.
        style: the style code.
        truncation: 0..2.
        recent_styles: newest first; the style itself is put in front if it is not there.
        path: the file that it came from.
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
        history_limit: int = HISTORY_LIMIT,
    ) -> None:
        self._mask: MaskArray = np.array(checked_mask(mask), order="C", copy=True)
        self._mask_view: MaskArray = self._mask.view()
        self._mask_view.flags.writeable = False
        self._style = style
        self._truncation = checked_truncation(truncation)
        self._recent = tuple(recent_styles)[:MAX_RECENT_STYLES]
        self._remember(style, to_front=False)
        self._path = path
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
        return PortraitState(mask, self._style, self._truncation, self._recent, self._path, self._revision)

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
            PortraitError: a stroke is open, or the edit's values are out of range.
        """
        if self._open is not None and self._open.stroke:
            raise PortraitError("A brush stroke is still open; finish it before anything else is changed.")
        before = _Open.of(self, edit.name, stroke=False)
        dirty, style = self._perform(edit)
        if dirty is None and not style:
            return
        if self._open is not None:
            self._open.touch(dirty)
            self._changed(dirty, style, history=False)
            return
        before.touch(dirty)
        self._finish(before)
        self._changed(dirty, style, history=True)

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
        dirty: Rect | None = None
        style = False
        if position == self._history.position:
            return
        for step, forward in self._history.walk(position):
            if step.mask is not None:
                dirty = _union(dirty, step.mask.toggle(self._mask))
            if step.styles is not None:
                self._style, style = step.styles[forward], True
            if step.truncations is not None:
                self._truncation, style = step.truncations[forward], True
        self._changed(dirty, style, history=True)

    def begin_stroke(self, name: str) -> None:
        """Open a brush stroke: what ``paint`` does shows at once and becomes one undo step on ``commit_stroke``."""
        self._refuse_if_open()
        self._open = _Open.of(self, name, stroke=True)

    def paint(self, rect: Rect, values: MaskArray) -> None:
        """Change a rectangle of the mask inside the open stroke.

        Args:
            rect: x, y, width, height, inside the mask.
            values: (height, width) uint8 region indices.
        """
        stroke = self._expect_open(stroke=True)
        dirty, _ = self._perform(PaintMask(rect, values))
        if dirty is not None:
            stroke.touch(dirty)
            self._changed(dirty, False, history=False)

    def commit_stroke(self) -> None:
        """Close the stroke; it becomes one undo step if it changed anything."""
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

    def _perform(self, edit: Edit) -> tuple[Rect | None, bool]:
        """Change the state; returns the dirty rectangle and whether the style changed."""
        if isinstance(edit, SetStyle):
            if edit.style.key == self._style.key and edit.style.label == self._style.label:
                return None, False
            self._style = edit.style
            return None, True
        if isinstance(edit, SetTruncation):
            truncation = checked_truncation(edit.truncation)
            changed = truncation != self._truncation
            self._truncation = truncation
            return None, changed
        rect, values = (_WHOLE, checked_mask(edit.mask)) if isinstance(edit, ReplaceMask) else _checked_patch(edit)
        x, y, width, height = rect
        target = self._mask[y : y + height, x : x + width]
        if np.array_equal(target, values):
            return None, False
        target[...] = values
        return rect, False

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
        self._style, self._truncation = done.style, done.truncation
        self._changed(done.dirty, style, history=False)

    def _finish(self, before: "_Open") -> bool:
        """Turn the difference to an earlier state into one step; False if there is none."""
        delta = None if before.dirty is None else MaskDelta.between(before.mask, self._mask, before.dirty)
        styles = None if before.style is self._style else (before.style, self._style)
        truncations = None if before.truncation == self._truncation else (before.truncation, self._truncation)
        if delta is None and styles is None and truncations is None:
            return False
        self._history.push(Step(before.name, delta, styles, truncations))
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

    def _changed(self, dirty: Rect | None, style: bool, history: bool) -> None:
        self._revision += 1
        self._notify(Change(self._revision, dirty, style, history))

    def _notify(self, change: Change) -> None:
        for callback in tuple(self._subscribers.values()):
            callback(change)


@dataclass(eq=False)
class _Open:
    """The state before an open stroke or gesture."""

    name: str
    stroke: bool
    mask: MaskArray
    style: StyleCode
    truncation: float
    dirty: Rect | None = None
    touched: bool = False

    @classmethod
    def of(cls, portrait: Portrait, name: str, stroke: bool) -> "_Open":
        return cls(name, stroke, portrait.mask.copy(), portrait.style, portrait.truncation)

    def touch(self, dirty: Rect | None) -> None:
        self.dirty = _union(self.dirty, dirty)
        self.touched = True


def checked_mask(mask: MaskArray) -> MaskArray:
    """The mask itself if it is (256, 256) uint8 with values 0..18, else a PortraitError."""
    if mask.shape != (MASK_SIZE, MASK_SIZE) or mask.dtype != np.uint8:
        raise PortraitError(
            f"A mask has {MASK_SIZE} x {MASK_SIZE} pixels of 8 bits; this one is {mask.shape} {mask.dtype}."
        )
    if mask.max() >= REGION_COUNT:
        raise PortraitError(f"A mask holds the regions 0 to {REGION_COUNT - 1}; this one holds {int(mask.max())}.")
    return mask


def checked_truncation(truncation: float) -> float:
    """The truncation as a float if it lies in 0..2, else a PortraitError."""
    if not 0.0 <= truncation <= MAX_TRUNCATION:  # NaN fails, too
        raise PortraitError(f"The truncation {truncation} is out of range; choose 0 to {MAX_TRUNCATION:g}.")
    return float(truncation)


def _checked_patch(edit: PaintMask) -> tuple[Rect, MaskArray]:
    """Rectangle and values of a paint edit, checked against each other and the mask."""
    x, y, width, height = edit.rect
    fits = width > 0 and height > 0 and x >= 0 and y >= 0 and x + width <= MASK_SIZE and y + height <= MASK_SIZE
    if not fits or edit.values.shape != (height, width) or edit.values.dtype != np.uint8:
        raise PortraitError(f"The painted rectangle {edit.rect} does not fit the mask or its values.")
    if edit.values.max() >= REGION_COUNT:
        raise PortraitError(
            f"A mask holds the regions 0 to {REGION_COUNT - 1}; the paint holds {int(edit.values.max())}."
        )
    return edit.rect, edit.values


def _union(a: Rect | None, b: Rect | None) -> Rect | None:
    """The smallest rectangle around both."""
    if a is None or b is None:
        return b if a is None else a
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y
