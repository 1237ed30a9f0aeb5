"""Undo steps: compressed tile deltas of the mask and pairs of values, bounded in memory and not in number."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faceeditor.portrait.brush import Rect
from faceeditor.portrait.edits import HeadPair
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

HISTORY_LIMIT = 256 * 1024 * 1024
"""Bytes that a portrait's history may take; the oldest steps go first."""
TILE = 32
"""Side of a tile in pixels."""

_OVERHEAD = 1024  # Python objects of one step, roughly
_HEAD_BYTES = 2048  # a head's 146 numbers and its Python objects, roughly


@dataclass(frozen=True)
class MaskDelta:
    """The difference of two masks: the exclusive-or of old and new per tile, so that undo and redo are one operation.

    Attributes:
        rect: x, y, width, height of the area around the changed tiles.
        tiles: (row, column) of each changed tile.
        data: zlib of the tiles, (n, 32, 32) uint8.
    """

    rect: Rect
    tiles: tuple[tuple[int, int], ...]
    data: bytes

    @classmethod
    def between(cls, before: MaskArray, after: MaskArray, rect: Rect) -> "MaskDelta | None":
        """The delta of two masks (sides a multiple of 32) that are equal outside ``rect``; None if they are equal."""
        x, y, width, height = rect
        rows = range(y // TILE, (y + height - 1) // TILE + 1)
        columns = range(x // TILE, (x + width - 1) // TILE + 1)
        tiles: list[tuple[int, int]] = []
        parts: list[MaskArray] = []
        for row, column in itertools.product(rows, columns):
            part = np.s_[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            difference = before[part] ^ after[part]
            if difference.any():
                tiles.append((row, column))
                parts.append(difference)
        if not tiles:
            return None
        top, left = min(row for row, _ in tiles), min(column for _, column in tiles)
        bottom, right = max(row for row, _ in tiles) + 1, max(column for _, column in tiles) + 1
        area = (left * TILE, top * TILE, (right - left) * TILE, (bottom - top) * TILE)
        return cls(area, tuple(tiles), zlib.compress(np.stack(parts).tobytes(), 1))

    def toggle(self, mask: MaskArray) -> Rect:
        """Turn the old mask into the new one or back, in place; returns the rectangle that may have changed."""
        parts = np.frombuffer(zlib.decompress(self.data), np.uint8).reshape(-1, TILE, TILE)
        for (row, column), part in zip(self.tiles, parts, strict=True):
            mask[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] ^= part
        return self.rect


@dataclass(frozen=True, eq=False)
class Step:
    """One undo step; each part is None where the step leaves it alone. Pairs are (before, after).

    A head stands with its base head: (head, base head), both None while the portrait has none.
    """

    name: str
    mask: MaskDelta | None = None
    styles: tuple[StyleCode, StyleCode] | None = None
    truncations: tuple[float, float] | None = None
    heads: tuple[HeadPair, HeadPair] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that the step takes, roughly."""
        size = _OVERHEAD
        if self.mask is not None:
            size += len(self.mask.data) + 64 * len(self.mask.tiles)
        if self.styles is not None:
            size += sum(style.nbytes for style in self.styles)
        if self.heads is not None:
            # Neighbouring steps share their heads, so that each is charged for the one it brought.
            size += _HEAD_BYTES
        return size


class History:
    """The steps and which of them are in effect.

    Args:
        limit: bytes that the steps may take together.
    """

    def __init__(self, limit: int = HISTORY_LIMIT) -> None:
        self._limit = limit
        self._steps: list[Step] = []
        self._states: list[int] = [0]  # number of the state before each step, and after the last
        self._next_state = 1
        self._position = 0
        self._bytes = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all steps, oldest first."""
        return tuple(step.name for step in self._steps)

    @property
    def position(self) -> int:
        """How many steps are in effect."""
        return self._position

    @property
    def state(self) -> int:
        """A number for the present state; the same number means the same content."""
        return self._states[self._position]

    @property
    def nbytes(self) -> int:
        """Bytes that the steps take."""
        return self._bytes

    def push(self, step: Step) -> None:
        """Add a step that was just made; steps that were undone are forgotten, and the oldest if memory is short."""
        self._bytes -= sum(gone.nbytes for gone in self._steps[self._position :])
        del self._steps[self._position :]
        del self._states[self._position + 1 :]
        self._steps.append(step)
        self._states.append(self._next_state)
        self._next_state += 1
        self._bytes += step.nbytes
        drop = 0
        while self._bytes > self._limit and drop < len(self._steps) - 1:
            self._bytes -= self._steps[drop].nbytes
            drop += 1
        del self._steps[:drop]
        del self._states[:drop]
        self._position = len(self._steps)

    def walk(self, position: int) -> Iterator[tuple[Step, bool]]:
        """Move to a position, yielding each step to carry out and whether it goes forward."""
        while self._position < position:
            self._position += 1
            yield self._steps[self._position - 1], True
        while self._position > position:
            self._position -= 1
            yield self._steps[self._position], False
