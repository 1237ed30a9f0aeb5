"""An edited photograph while a hand moves: two layers kept at the scale of the screen, and one compiled pass over them.

`composite.edited` takes person and background apart anew for every tile, in floats, by cubic samples. Here both are
made once for what is visible; each move of a slider looks them up bilinearly, in 8 bits, without grain. At rest the
picture comes from `composite`.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from faceeditor.head.jit import compiled
from faceeditor.photo import composite, matting
from faceeditor.photo.composite import LEAST_GAIN, Edit, Finish, layers, tiles
from faceeditor.photo.consistency import forward_backward_error
from faceeditor.photo.kernels import at
from faceeditor.photo.matte import Matte
from faceeditor.photo.placement import WIDE, Placement, Rect
from faceeditor.photo.tone import KNEE, encoded_bytes, rolled_off, to_linear
from faceeditor.photo.warp import STILL

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_REACH = 32
"""Mask pixels around what is visible that are kept ready to move into it."""
_ONE = 8191
"""The number that stands for 1 in what the person adds, which may be a little negative or larger than 1."""
_LIGHT = to_linear(np.arange(256, dtype=np.float32) / np.float32(255))
_ROLLED = rolled_off(_LIGHT)
_BYTES = encoded_bytes()
_MOST_BANDS, _LEAST_BAND = 4, 50_000
"""Bands that a picture is drawn in at most, and the fewest pixels of one."""
_NO_MATRIX = np.zeros((2, 3), np.float32)


@dataclass(frozen=True, eq=False)
class Preview:
    """A part of a photograph taken apart into person and background.

    Attributes:
        rect: the part, in pixels of the picture.
        placement: where the face lies in the picture.
        person: (h, w, 4) int16, what the person adds to the background, and its opacity, in units of 1/8191.
        background: (h, w, 3) uint8, what is behind the person.
        clear: (h, w) uint8, 1 where nothing but background is to be seen.
    """

    rect: Rect
    placement: Placement
    person: npt.NDArray[np.int16]
    background: Pixels
    clear: Pixels

    @classmethod
    def of(cls, picture: Pixels, placement: Placement, matte: Matte, rect: Rect) -> "Preview":
        """Take a picture apart around a rectangle.

        Args:
            picture: (H, W, 3) uint8, at any scale.
            placement: where the face lies in it.
            matte: the person.
            rect: what is visible.
        """
        reach = round(_REACH * placement.unit)
        height, width = picture.shape[:2]
        wide = Rect(rect.left - reach, rect.top - reach, rect.right + reach, rect.bottom + reach)
        wide = wide.common(placement.bounds(width, height))
        shape = (wide.height, wide.width)
        person = np.empty((*shape, 4), np.int16)
        background = np.empty((*shape, 3), np.uint8)
        clear = np.empty(shape, np.uint8)
        for part in tiles(wide):
            added, behind, free = layers(picture, placement, matte, part)
            here = part.moved(-wide.left, -wide.top).slices
            person[here] = np.rint(np.clip(added, -3, 3) * np.float32(_ONE))
            background[here] = np.rint(np.clip(behind, 0, 1) * np.float32(255))
            clear[here] = free >= 1
        return cls(wide, placement, person, background, clear)

    def covers(self, placement: Placement, rect: Rect, width: int, height: int) -> bool:
        """Whether a rectangle of a picture (width x height) can be drawn."""
        touched = rect.common(placement.bounds(width, height))
        return placement.unit == self.placement.unit and touched == touched.common(self.rect)

    def draw(self, edit: Edit, out: Pixels, rect: Rect) -> None:
        """Draw an edit.

        Args:
            edit: what is done.
            out: (height, width, 3) the rectangle of the picture, written to where the edit changes it.
            rect: the rectangle.
        """
        part = rect.common(self.rect)
        if part.width <= 0 or part.height <= 0:
            return
        # Every pixel is drawn by itself: bands of rows on all cores.
        count = min(_MOST_BANDS, os.cpu_count() or 1, max(1, part.width * part.height // _LEAST_BAND))
        edges = [part.top + part.height * index // count for index in range(count + 1)]
        bands = [Rect(part.left, top, part.right, bottom) for top, bottom in pairwise(edges)]
        if count == 1:
            self._draw(edit, out, rect, part)
            return
        with ThreadPoolExecutor(count - 1) as pool:
            others = [pool.submit(self._draw, edit, out, rect, band) for band in bands[1:]]
            self._draw(edit, out, rect, bands[0])
            for other in others:
                other.result()

    def _draw(self, edit: Edit, out: Pixels, rect: Rect, part: Rect) -> None:
        """Draw a part of the rectangle that `out` is."""
        view = out[part.moved(-rect.left, -rect.top).slices]
        opacity = np.empty(view.shape[:2], np.float32)
        _moved(
            view, opacity, self.person, self.background, self.clear, part.left - self.rect.left,
            part.top - self.rect.top, *self._field(edit.displacement, 2, part),
            self.placement.matrix[:, :2].astype(np.float32),
        )  # fmt: skip
        if edit.restyle is not None or edit.restyle_behind is not None:
            _added(view, opacity, *self._field(edit.restyle, 3, part), *self._field(edit.restyle_behind, 3, part))
        if edit.patch is not None:
            _patched(view, *self._field(edit.patch, 4, part))
        for finish in edit.finishes:
            self._finish(view, part, finish, opacity, edit.patch)
        if edit.gain is not None or edit.surroundings is not None:
            fields = *self._field(edit.gain, 3, part), *self._field(edit.surroundings, 3, part)
            _lit(view, opacity, *fields, _LIGHT, _ROLLED, _BYTES)

    def _field(self, grid: FloatArray | None, planes: int, part: Rect) -> tuple[FloatArray, FloatArray]:
        """A field on the wide grid, and (2, 3) from pixels of a part to the grid; empty if there is none."""
        if grid is None:
            return np.empty((0, 0, planes), np.float32), _NO_MATRIX
        matrix = self.placement.moved(part.left, part.top).grid_matrix(grid.shape[0] / WIDE)
        return np.ascontiguousarray(grid, np.float32), matrix.astype(np.float32)

    def _finish(self, view: Pixels, part: Rect, finish: Finish, opacity: FloatArray, patch: FloatArray | None) -> None:
        """Apply a change of colour or detail."""
        weight = np.asarray(self.placement.to_picture(finish.weight, part), np.float32)
        if finish.person is not None:
            covered = None
            if patch is not None:
                covered = np.asarray(self.placement.to_picture(np.ascontiguousarray(patch[..., 3]), part), np.float32)
            weight = finish.limited(weight, opacity, covered)
        rows, columns = np.flatnonzero((weight >= LEAST_GAIN).any(1)), np.flatnonzero((weight >= LEAST_GAIN).any(0))
        if not len(rows):
            return
        where = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        values, share = view[where].astype(np.float32) / np.float32(255), weight[where]
        made = finish.applied(values, share, lambda grid: self.placement.to_picture(grid, part)[where])
        view[where] = np.rint(np.clip(made, 0, 1) * np.float32(255))


def warm_up() -> None:
    """Compile the passes, those of `composite` and what comes before them, or load their machine code."""
    composite.warm_up()
    flat = np.zeros((4, 4), np.float32)
    forward_backward_error(np.zeros((4, 4, 2), np.float32), flat, 1.0)
    matting.solve(np.zeros((4, 4, 3)), np.eye(4), np.eye(4) > 0)
    out, opacity = np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32)
    fields = [np.zeros((2, 2, planes), np.float32) for planes in (2, 4, 3)]
    person, background, clear = np.zeros((2, 2, 4), np.int16), np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8)
    linear = np.eye(2, dtype=np.float32)
    moves, patch, gain = ((field, _NO_MATRIX) for field in fields)
    _moved(out, opacity, person, background, clear, 0, 0, *moves, linear)
    _added(out, opacity, *gain, *gain)
    _patched(out, *patch)
    _lit(out, opacity, *gain, *gain, _LIGHT, _ROLLED, _BYTES)


@compiled
def _corner(grid, matrix, x, y):  # type: ignore[no-untyped-def]
    """Row and column of the grid at a pixel, and how far it lies towards the next ones."""
    column = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    row = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    column = min(max(column, np.float32(0)), np.float32(grid.shape[1] - 1.001))
    row = min(max(row, np.float32(0)), np.float32(grid.shape[0] - 1.001))
    j, i = int(column), int(row)
    return i, j, row - np.float32(i), column - np.float32(j)


@compiled
def _byte(value):  # type: ignore[no-untyped-def]
    """A value 0..255 as a sample."""
    return np.uint8(min(max(value, np.float32(0)), np.float32(255)) + np.float32(0.5))


@compiled
def _moved(  # type: ignore[no-untyped-def]
    out, opacity, person, background, clear, left, top, offsets, to_offsets, linear
):
    """Move the person over the background; `opacity` (h, w) becomes the person's."""
    unit, full = np.float32(1.0 / _ONE), np.float32(255)
    moves = offsets.shape[0] > 0
    last_row, last_column = np.float32(person.shape[0] - 1.001), np.float32(person.shape[1] - 1.001)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            fx, fy = np.float32(x), np.float32(y)
            cover = np.float32(person[top + y, left + x, 3]) * unit
            if moves:
                i, j, down, across = _corner(offsets, to_offsets, fx, fy)
                du, dv = at(offsets, i, j, down, across, 0), at(offsets, i, j, down, across, 1)
                dx, dy = linear[0, 0] * du + linear[0, 1] * dv, linear[1, 0] * du + linear[1, 1] * dv
                if dx * dx + dy * dy > np.float32(STILL * STILL):
                    column = min(max(np.float32(left + x) + dx, np.float32(0)), last_column)
                    row = min(max(np.float32(top + y) + dy, np.float32(0)), last_row)
                    j, i = int(column), int(row)
                    across, down = column - np.float32(j), row - np.float32(i)
                    free = clear[i, j] & clear[i, j + 1] & clear[i + 1, j] & clear[i + 1, j + 1]
                    if not (free and clear[top + y, left + x]):
                        cover = min(max(at(person, i, j, down, across, 3) * unit, np.float32(0)), np.float32(1))
                        for c in range(3):
                            own = at(person, i, j, down, across, c) * unit * full
                            out[y, x, c] = _byte(own + (1 - cover) * np.float32(background[top + y, left + x, c]))
            opacity[y, x] = cover


@compiled
def _added(out, opacity, person, to_person, behind, to_behind):  # type: ignore[no-untyped-def]
    """Add what another style adds to the person and to what is behind."""
    one, full = np.float32(1), np.float32(255)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            fx, fy = np.float32(x), np.float32(y)
            cover = opacity[y, x]
            if person.shape[0] > 0 and cover > 0:
                i, j, down, across = _corner(person, to_person, fx, fy)
                for c in range(3):
                    more = cover * at(person, i, j, down, across, c)
                    out[y, x, c] = _byte(np.float32(out[y, x, c]) + more * full)
            if behind.shape[0] > 0 and cover < 1:
                i, j, down, across = _corner(behind, to_behind, fx, fy)
                for c in range(3):
                    more = (one - cover) * at(behind, i, j, down, across, c)
                    out[y, x, c] = _byte(np.float32(out[y, x, c]) + more * full)


@compiled
def _patched(out, patch, to_patch):  # type: ignore[no-untyped-def]
    """Lay the patch over the picture."""
    least, full = np.float32(1 / 256), np.float32(255)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            i, j, down, across = _corner(patch, to_patch, np.float32(x), np.float32(y))
            share = at(patch, i, j, down, across, 3)
            if share >= least:
                for c in range(3):
                    value = np.float32(out[y, x, c])
                    out[y, x, c] = _byte(value + share * (at(patch, i, j, down, across, c) * full - value))


@compiled
def _lit(out, opacity, gain, to_gain, around, to_around, light, rolled, encoded):  # type: ignore[no-untyped-def]
    """Multiply linear light by the gains of the person and of what is around; highlights roll off (`tone`)."""
    one, knee, least = np.float32(1), np.float32(KNEE), np.float32(LEAST_GAIN)
    room, top = np.float32(1 - KNEE), np.float32(encoded.shape[0] - 1)
    total = np.empty(3, np.float32)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            fx, fy = np.float32(x), np.float32(y)
            cover = opacity[y, x]
            total[:] = one
            if gain.shape[0] > 0 and cover > 0:
                i, j, down, across = _corner(gain, to_gain, fx, fy)
                for c in range(3):
                    total[c] += cover * (at(gain, i, j, down, across, c) - one)
            if around.shape[0] > 0 and cover < 1:
                i, j, down, across = _corner(around, to_around, fx, fy)
                for c in range(3):
                    total[c] += (one - cover) * (at(around, i, j, down, across, c) - one)
            if max(abs(total[0] - one), abs(total[1] - one), abs(total[2] - one)) < least:
                continue
            for c in range(3):
                before = out[y, x, c]
                value = light[before] * total[c]
                if value > knee:
                    value = knee + room * (one - np.exp((knee - value) / room))
                value = min(max(light[before] + value - rolled[before], np.float32(0)), one)
                out[y, x, c] = encoded[int(np.sqrt(value) * top + np.float32(0.5))]
