"""The edits of a portrait, what they change, what its subscribers are told, and the checks of what an edit brings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceeditor.errors import PortraitError
from faceeditor.portrait.brush import Rect
from faceeditor.portrait.head import MOVING_PARTS, HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

MAX_TRUNCATION = 2.0
"""Largest truncation; 1 leaves a style as it is, 0 is the mean person."""
WHOLE: Rect = (0, 0, MASK_SIZE, MASK_SIZE)
"""The rectangle of a whole mask."""

HeadPair = tuple[HeadCoefficients | None, HeadCoefficients | None]
"""The present head and the base head; both or neither."""


@dataclass(frozen=True, eq=False)
class PaintMask:
    """Change a rectangle of the painted mask: ``values`` is (height, width) uint8 of region indices."""

    rect: Rect
    values: MaskArray
    name: str = "Paint"


@dataclass(frozen=True, eq=False)
class ReplaceMask:
    """Exchange the whole mask, (256, 256) uint8, and with it the head.

    Attributes:
        mask: the new mask.
        name: of the undo step.
        head: the head at which the new mask was painted, or None if it is not known: the portrait then has no head
            until one is read from its face.
    """

    mask: MaskArray
    name: str = "New mask"
    head: HeadCoefficients | None = None


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


@dataclass(frozen=True, eq=False)
class SetHead:
    """Exchange the head; the painted mask stays, and what is drawn is the mask moved to the new head.

    Attributes:
        head: the new head.
        base: the head at which the mask was painted. It is needed with a portrait's first head (what was read from the
            face before a slider was moved); later it replaces the known one if it is given.
        name: of the undo step.
    """

    head: HeadCoefficients
    base: HeadCoefficients | None = None
    name: str = "Head"


@dataclass(frozen=True, eq=False)
class AdoptMask:
    """Make the moved mask the painted one, (256, 256) uint8: from now on the mask belongs to the present head."""

    mask: MaskArray
    name: str = "Adopt the moved mask"


Edit = PaintMask | ReplaceMask | SetStyle | SetTruncation | SetHead | AdoptMask


@dataclass(frozen=True)
class Change:
    """What a subscriber is told.

    Attributes:
        revision: the portrait's revision after the change.
        dirty: the rectangle of the painted mask that changed, or None.
        style: the style code or the truncation changed.
        history: step names, position, recent styles, path or the saved state changed.
        head: the head or the base head changed.
    """

    revision: int
    dirty: Rect | None = None
    style: bool = False
    history: bool = False
    head: bool = False


@dataclass(frozen=True, eq=False)
class PortraitState:
    """A portrait at one moment, immutable: what is saved, and safe to hand to another thread.

    Attributes:
        mask: (256, 256) uint8, a read-only copy.
        style, truncation, recent_styles: as in ``Portrait``.
        path: where the portrait is kept, or None.
        revision: the revision it was taken at.
        head, base_head: as in ``Portrait``.
    """

    mask: MaskArray
    style: StyleCode
    truncation: float
    recent_styles: tuple[StyleCode, ...]
    path: Path | None
    revision: int
    head: HeadCoefficients | None = None
    base_head: HeadCoefficients | None = None


@dataclass(frozen=True)
class Changed:
    """Which parts of the state a piece of work changed."""

    dirty: Rect | None = None
    style: bool = False
    head: bool = False

    def __bool__(self) -> bool:
        return self.dirty is not None or self.style or self.head

    def __or__(self, other: "Changed") -> "Changed":
        return Changed(union(self.dirty, other.dirty), self.style or other.style, self.head or other.head)


def moves_mask(base: HeadCoefficients | None, head: HeadCoefficients | None) -> bool:
    """Whether a mask painted at ``base`` looks different at ``head``; skin colour and light move nothing."""
    if base is None or head is None or base is head:
        return False
    return not all(np.array_equal(getattr(base, part), getattr(head, part)) for part in MOVING_PARTS)


def same_head(a: HeadCoefficients | None, b: HeadCoefficients | None) -> bool:
    """Whether two heads have the same numbers and the same light rig; None equals None only."""
    if a is None or b is None:
        return a is b
    return a is b or (a.key == b.key and a.rig == b.rig)


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


def checked_patch(edit: PaintMask) -> tuple[Rect, MaskArray]:
    """Rectangle and values of a paint edit, checked against each other and the mask, else a PortraitError."""
    x, y, width, height = edit.rect
    fits = width > 0 and height > 0 and x >= 0 and y >= 0 and x + width <= MASK_SIZE and y + height <= MASK_SIZE
    if not fits or edit.values.shape != (height, width) or edit.values.dtype != np.uint8:
        raise PortraitError(f"The painted rectangle {edit.rect} does not fit the mask or its values.")
    if edit.values.max() >= REGION_COUNT:
        raise PortraitError(
            f"A mask holds the regions 0 to {REGION_COUNT - 1}; the paint holds {int(edit.values.max())}."
        )
    return edit.rect, edit.values


def union(a: Rect | None, b: Rect | None) -> Rect | None:
    """The smallest rectangle around both; None is the empty one."""
    if a is None or b is None:
        return b if a is None else a
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y
