"""Edited pixels of a photograph: its own, moved over the background and relit, with patches where it shows nothing.

Everything works on rectangles of the picture at its own scale or any other, in floats between the file's samples and
the samples of the result, so that a window can draw what it shows and an export the whole picture by tiles. A pixel
that no edit touches keeps its sample.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo import kernels
from faceeditor.photo.matte import Matte
from faceeditor.photo.placement import WIDE, Placement, Rect, widened
from faceeditor.photo.tone import TO_ENCODED, TO_LINEAR
from faceeditor.photo.warp import STILL, resample
from faceeditor.regions import MaskArray, Region

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Samples = npt.NDArray[Any]
"""(H, W, 3) uint8 or uint16."""

TILE = 512
"""Side of the tiles in which a picture is worked on."""
LEAST_GAIN = 1 / 512
"""A gain that is nearer to 1 leaves the pixel as it is."""
_MOST_THREADS = 8
"""Tiles that are worked on at a time at most; each takes about 50 MB."""
_PADDING = 6
"""Pixels around the source of a tile that its filters read."""


@dataclass(frozen=True, eq=False)
class Finish:
    """A change of values in a part of the picture, after motion and patches and before the light.

    Attributes:
        weight: (N, N) float32 0..1 on the wide grid, where and how far.
        apply: (values (h, w, 3) 0..1 in the picture's encoding, weight (h, w)) -> new values; one pixel's result must
            not depend on another one's.
        broad: (N, N, 3) float32, the values without their fine detail. Where it is given, `apply` takes the detail
            instead of the values, and what it returns is added to them.
        person: True: the change ends with the person's opacity, so that the background between hairs keeps its colour;
            False: with that of the background; None: nothing but the weight limits it.
    """

    weight: FloatArray
    apply: Callable[[FloatArray, FloatArray], FloatArray]
    broad: FloatArray | None = None
    person: bool | None = None

    def limited(self, weight: FloatArray, opacity: FloatArray, covered: FloatArray | None) -> FloatArray:
        """A weight (h, w) within the person's opacity (h, w); what a patch covers (h, w) belongs to what it shows."""
        if self.person is None:
            return weight
        share = opacity if self.person else 1 - opacity
        if covered is not None:
            share = share + covered * (1 - share)
        return np.asarray(weight * share, np.float32)

    def applied(
        self, values: FloatArray, weight: FloatArray, sampled: Callable[[FloatArray], npt.NDArray[Any]]
    ) -> FloatArray:
        """Values (h, w, 3) changed with a weight (h, w); `sampled` reads a field of the wide grid at their places."""
        if self.broad is None:
            return self.apply(values, weight)
        return values + self.apply(values - np.asarray(sampled(self.broad), np.float32), weight)


@dataclass(frozen=True, eq=False)
class Edit:
    """What is done to one face of a photograph, on the wide grid of its placement; None leaves that as it is.

    Attributes:
        displacement: (N, N, 2) float32 mask pixels, source place minus place.
        patch: (M, M, 4) float32, colour 0..1 in the picture's own encoding, and how far it covers 0..1.
        restyle: (N, N, 3) float32 what another style adds to the person, in the picture's own encoding.
        restyle_behind: the same for what is behind the person.
        gain: (N, N, 3) float32 factors on linear light for the person.
        surroundings: (N, N, 3) float32 factors on linear light for the background.
        grain: standard deviation of the noise that patches are given, in 0..1.
        finishes: changes of colour and detail, in order.
        labels: (256, 256) uint8 regions of the new view; None where they are not known.
    """

    displacement: FloatArray | None = None
    patch: FloatArray | None = None
    restyle: FloatArray | None = None
    restyle_behind: FloatArray | None = None
    gain: FloatArray | None = None
    surroundings: FloatArray | None = None
    grain: float = 0.0
    finishes: tuple[Finish, ...] = ()
    labels: MaskArray | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        fields = (
            self.displacement, self.patch, self.restyle, self.restyle_behind, self.gain, self.surroundings,
        )  # fmt: skip
        return not self.finishes and all(field is None for field in fields)


def tiles(rect: Rect, side: int = TILE) -> Iterator[Rect]:
    """The tiles of a rectangle, row by row."""
    for top in range(rect.top, rect.bottom, side):
        for left in range(rect.left, rect.right, side):
            yield Rect(left, top, min(left + side, rect.right), min(top + side, rect.bottom))


def edited(
    picture: Samples,
    placement: Placement,
    matte: Matte,
    edit: Edit,
    rect: Rect | None = None,
    step: Callable[[float], None] = lambda share: None,
) -> Samples:
    """A rectangle of the edited picture.

    Args:
        picture: (H, W, 3) uint8 or uint16.
        placement: where the face lies in the picture.
        matte: the person, as found in this picture at any scale.
        edit: what is done.
        rect: what is wanted, in pixels of the picture; by default all of it.
        step: called with the share done; may raise to stop the work.

    Returns:
        (height, width, 3) of the picture's type, a new array. Pixels that are not `touched` are the picture's.
    """
    height, width = picture.shape[:2]
    rect = Rect(0, 0, width, height) if rect is None else rect.within(width, height)
    out = np.array(picture[rect.slices], order="C")
    if edit.empty:
        return out
    parts = _tiles_within(rect, placement.bounds(width, height))

    def work(part: Rect) -> None:
        made = _Tile(picture, placement, matte, part).edited(edit)
        if made is not None:
            most = np.float32(np.iinfo(picture.dtype).max)
            kernels.as_samples(*made, most, out, part.left - rect.left, part.top - rect.top)

    # The loops and OpenCV release the interpreter's lock, and each tile writes to its own part of the result.
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        working = [pool.submit(work, part) for part in parts]
        try:
            for index, each in enumerate(working):
                step(index / len(parts))
                each.result()
        finally:
            pool.shutdown(cancel_futures=True)
    step(1.0)
    return out


def layers(
    picture: Samples, placement: Placement, matte: Matte, rect: Rect
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A rectangle of a picture taken apart.

    Returns:
        (h, w, 4) what the person adds to the background and its opacity, (h, w, 3) the background, and (h, w), 1 where
        the picture shows nothing but that.
    """
    return _Tile(picture, placement, matte, rect).layers(rect)


def _tiles_within(rect: Rect, bounds: Rect) -> list[Rect]:
    """The tiles of the part of a rectangle that lies within bounds."""
    touched = rect.common(bounds)
    return list(tiles(touched)) if touched.width > 0 and touched.height > 0 else []


def person_alpha(picture: Samples, placement: Placement, matte: Matte, edit: Edit, rect: Rect) -> FloatArray:
    """How opaque the person is in the edited picture.

    Args:
        picture: (H, W, 3) uint8 or uint16, as before the edit.
        placement, matte, edit: as of `edited`.
        rect: what is wanted, in pixels of the picture.

    Returns:
        (height, width) float32 0..1; 0 beyond the wide grid of the placement.
    """
    out = np.zeros((rect.height, rect.width), np.float32)
    for part in _tiles_within(rect, placement.bounds(*picture.shape[1::-1])):
        view = out[part.top - rect.top : part.bottom - rect.top, part.left - rect.left : part.right - rect.left]
        view[:] = _Tile(picture, placement, matte, part).person(edit)
    return out


def pixel_origin(picture: Samples, placement: Placement, matte: Matte, edit: Edit, rect: Rect) -> FloatArray:
    """Where the pixels of the edited picture come from.

    Args:
        picture: (H, W, 3) uint8 or uint16, as before the edit.
        placement, matte, edit: as of `edited`.
        rect: what is wanted, in pixels of the picture.

    Returns:
        (height, width, 2) float32 0..1: the share that was moved, and the share that was made: by the generator, by the
            head model, or by filling the background behind a moved outline. What is left is the photograph's own.
    """
    out = np.zeros((rect.height, rect.width, 2), np.float32)
    for part in _tiles_within(rect, placement.bounds(*picture.shape[1::-1])):
        view = out[part.top - rect.top : part.bottom - rect.top, part.left - rect.left : part.right - rect.left]
        view[:] = _Tile(picture, placement, matte, part).origin(edit)
    return out


def touched(picture: Samples, placement: Placement, matte: Matte, edit: Edit, rect: Rect | None = None) -> BoolArray:
    """Where `edited` may change a pixel: it moves by more than `STILL` pixels, a gain leaves 1 by `LEAST_GAIN`, a patch
    covers it, or another style or a finish reaches it.

    Args:
        picture, placement, matte, edit, rect: as of `edited`.

    Returns:
        (height, width) bool. Fewer pixels change: the background does not move with the person, for one.
    """
    height, width = picture.shape[:2]
    rect = Rect(0, 0, width, height) if rect is None else rect.within(width, height)
    out = np.zeros(rect.shape, np.bool_)
    for part in _tiles_within(rect, placement.bounds(width, height)):
        out[part.moved(-rect.left, -rect.top).slices] = _Tile(picture, placement, matte, part).touched(edit)
    return out


class _Moved(NamedTuple):
    """A tile with the person moved over the background: values (h, w, 3), which pixels are changed, the person's
    opacity, and how far the filled background is seen."""

    values: FloatArray
    changed: BoolArray
    alpha: FloatArray
    filled: FloatArray


@dataclass(frozen=True, eq=False)
class _Tile:
    """One tile of a picture."""

    picture: Samples
    placement: Placement
    matte: Matte
    rect: Rect

    def edited(self, edit: Edit) -> tuple[FloatArray, BoolArray] | None:
        """The tile's values (h, w, 3) 0..1 and which pixels (h, w) are changed; None if none is."""
        moved = self._moved(edit)
        if moved is None and not self._changes_values(edit):
            return None
        values = self._values(self.rect) if moved is None else moved.values
        changed = np.zeros(values.shape[:2], bool) if moved is None else moved.changed
        alpha = None if moved is None else moved.alpha
        if alpha is None and (
            any(field is not None for field in (edit.restyle, edit.restyle_behind, edit.gain, edit.surroundings))
            or any(finish.person is not None for finish in edit.finishes)
        ):
            alpha = self._alpha(self.rect)
        if edit.restyle is not None or edit.restyle_behind is not None:
            assert alpha is not None
            values = self._restyled(edit, values, alpha, changed)
        if edit.patch is not None:
            values = self._patched(edit, edit.patch, values, changed)
        for finish in edit.finishes:
            values = self._finished(edit, finish, values, alpha, changed)
        if edit.gain is not None or edit.surroundings is not None:
            assert alpha is not None
            self._light_up(edit, values, alpha, changed)
        return (values, changed) if changed.any() else None

    def touched(self, edit: Edit) -> BoolArray:
        """(h, w) as `touched`, decided as each step of `edited` decides it."""
        out = np.zeros(self.rect.shape, np.bool_)
        kernels.touched(
            self.rect.left, self.rect.top, *self._field(edit.displacement), self._linear, np.float32(STILL),
            *self._field(edit.gain), *self._field(edit.surroundings), np.float32(LEAST_GAIN), out,
        )  # fmt: skip
        for field in (edit.restyle, edit.restyle_behind):
            if field is not None:
                out |= _counts(self.placement.to_picture(field, self.rect, cv2.INTER_CUBIC))
        if edit.patch is not None:
            out |= self._patch(edit.patch)[1] > 0
        for finish in edit.finishes:
            out |= self.placement.to_picture(finish.weight, self.rect) >= LEAST_GAIN
        return out

    def person(self, edit: Edit) -> FloatArray:
        """(h, w) how opaque the person is after an edit."""
        moved = self._moved(edit)
        alpha = self._alpha(self.rect) if moved is None else moved.alpha
        if edit.patch is None or edit.labels is None:
            return alpha
        _, share = self._patch(edit.patch)
        painted = cv2.GaussianBlur((edit.labels != Region.BACKGROUND).astype(np.float32), (0, 0), 0.8)
        wanted = self.placement.to_picture(widened(painted), self.rect)
        return np.asarray(alpha + share * (wanted - alpha), np.float32)

    def origin(self, edit: Edit) -> FloatArray:
        """(h, w, 2) shares of what was moved and of what was made."""
        out = np.zeros((self.rect.height, self.rect.width, 2), np.float32)
        moved = self._moved(edit)
        if moved is not None:
            out[..., 1] = moved.filled
            out[..., 0] = moved.changed - moved.filled
        if edit.patch is not None:
            _, share = self._patch(edit.patch)
            out[..., 0] *= 1 - share
            out[..., 1] += share * (1 - out[..., 1])
        return out

    def layers(self, rect: Rect) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As `layers`."""
        behind, clear = np.empty((rect.height, rect.width, 3), np.float32), np.empty(rect.shape, np.float32)
        kernels.backgrounds(*self._pixels(rect), *self._background, behind, clear)
        return self._person(rect), behind, clear

    def _changes_values(self, edit: Edit) -> bool:
        """Whether an edit does more here than moving the person."""
        if edit.restyle is not None or edit.restyle_behind is not None or edit.surroundings is not None:
            return True
        fields = [] if edit.gain is None else [(self.matte.alpha, 0.0)]
        fields += [] if edit.patch is None else [(edit.patch[..., 3], 0.0)]
        fields += [(finish.weight, LEAST_GAIN) for finish in edit.finishes]
        return any(self._highest(field) > least for field, least in fields)

    def _highest(self, grid: FloatArray) -> float:
        """The largest value of a field (N, N) that is looked up in the tile."""
        rect = self.rect
        corners = np.array([(x, y) for x in (rect.left, rect.right) for y in (rect.top, rect.bottom)], np.float64)
        matrix = self.placement.grid_matrix(grid.shape[0] / WIDE)
        points = corners @ matrix[:, :2].T + matrix[:, 2]
        left, top = np.clip(np.floor(points.min(0)).astype(int) - 2, 0, grid.shape[0] - 1)
        right, bottom = np.clip(np.ceil(points.max(0)).astype(int) + 3, 1, grid.shape[0])
        return float(grid[top:bottom, left:right].max())

    def _patch(self, patch: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(h, w, 3) colours of a patch, and (h, w) how far it covers."""
        found = self.placement.to_picture(patch, self.rect, cv2.INTER_CUBIC)
        share = np.clip(found[..., 3], 0, 1)
        return found[..., :3], np.where(share < 1 / 256, 0, share).astype(np.float32)

    def _pixels(self, rect: Rect) -> tuple[Any, Any, int, int]:
        """The picture, what its samples are multiplied by, and where a rectangle begins: arguments of `kernels`."""
        picture = self.picture.view()
        picture.flags.writeable = False  # one kind of array less to compile for
        return picture, np.float32(1 / np.iinfo(picture.dtype).max), rect.left, rect.top

    def _field(self, grid: FloatArray | None) -> tuple[FloatArray, npt.NDArray[np.float64]]:
        """A field (N, N, C) and the way from pixels to its grid; an empty one if there is none."""
        if grid is None:
            return np.empty((0, 0, 3), np.float32), np.zeros((2, 3))
        return np.ascontiguousarray(grid, np.float32), self.placement.grid_matrix(grid.shape[0] / WIDE)

    @property
    def _linear(self) -> FloatArray:
        """(2, 2) offsets in mask pixels -> pixels of the picture."""
        return np.ascontiguousarray(self.placement.matrix[:, :2], np.float32)

    @property
    def _to_matte(self) -> npt.NDArray[np.float64]:
        return self.placement.grid_matrix(self.matte.alpha.shape[0] / WIDE)

    @property
    def _background(self) -> tuple[Any, Any, Any, Any, Any, bool]:
        """What `kernels` need to tell what is behind the person."""
        matte = self.matte
        textured = self.placement.unit >= 1.2 * matte.behind.shape[0] / 448
        return matte.clear, matte.behind, matte.mirror, self._to_matte, self._linear, textured

    def _values(self, rect: Rect) -> FloatArray:
        """A rectangle of the picture, (h, w, 3) 0..1."""
        out = np.empty((*rect.shape, 3), np.float32)
        picture, scale, left, top = self._pixels(rect)
        kernels.as_values(picture, scale, left, top, out)
        return out

    def _alpha(self, rect: Rect) -> FloatArray:
        """(h, w) opacity of the person in the photograph as it is: exactly 0 and 1 where the matte is."""
        out = np.empty(rect.shape, np.float32)
        kernels.opacities(*self._pixels(rect), self.matte.alpha, self.matte.model, self._to_matte, out)
        return out

    def _person(self, rect: Rect) -> FloatArray:
        """(h, w, 4) what the person adds to the background, and its opacity."""
        out = np.empty((*rect.shape, 4), np.float32)
        kernels.take_apart(*self._pixels(rect), self.matte.alpha, self.matte.model, *self._background, out)
        return out

    def _moved(self, edit: Edit) -> _Moved | None:
        """The person moved over the background; None if it stays."""
        if edit.displacement is None:
            return None
        rect, shape = self.rect, self.rect.shape
        x, y, changed = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, bool)
        offsets, to_offsets = self._field(edit.displacement)
        first_row, last_row, first_column, last_column, low_x, low_y, high_x, high_y = kernels.places(
            rect.left, rect.top, offsets, to_offsets, self._linear, self.matte.clear, self._to_matte,
            np.float32(STILL), x, y, changed,
        )  # fmt: skip
        height, width = self.picture.shape[:2]
        source = Rect(
            int(np.floor(low_x)) - _PADDING, int(np.floor(low_y)) - _PADDING,
            int(np.ceil(high_x)) + _PADDING + 1, int(np.ceil(high_y)) + _PADDING + 1,
        ).within(width, height)  # fmt: skip
        if last_row <= first_row or source.width < 2 or source.height < 2:
            return None
        here = slice(first_row, last_row), slice(first_column, last_column)
        shrunk = kernels.most_shrunk(x, y)
        person = self._person(source)
        found = resample(person, x[here] - np.float32(source.left), y[here] - np.float32(source.top), float(shrunk))
        values, alpha, filled = self._values(rect), self._alpha(rect), np.zeros(shape, np.float32)
        corner = first_column, first_row
        kernels.put_over(*self._pixels(rect), *corner, found, *self._background, changed, values, alpha, filled)
        return _Moved(values, changed, alpha, filled)

    def _restyled(self, edit: Edit, values: FloatArray, alpha: FloatArray, changed: BoolArray) -> FloatArray:
        """Add what another style adds; marks what it changes."""
        total, reached = np.zeros_like(values), np.zeros(self.rect.shape, np.bool_)
        for field, share in ((edit.restyle, alpha), (edit.restyle_behind, 1 - alpha)):
            if field is not None:
                added = self.placement.to_picture(field, self.rect, cv2.INTER_CUBIC)
                reached |= _counts(added)
                total += share[..., None] * added
        active = reached & _counts(total)
        changed |= active
        return np.asarray(np.where(active[..., None], np.clip(values + total, 0, 1), values), np.float32)

    def _patched(self, edit: Edit, patch: FloatArray, values: FloatArray, changed: BoolArray) -> FloatArray:
        """Lay the patch over the values; marks what it changes."""
        if self._highest(patch[..., 3]) <= 0:
            return values
        colour, share = self._patch(patch)
        covered = share > 0
        if not covered.any():
            return values
        changed |= covered
        if edit.grain > 0:
            colour = colour + grain(self.rect, self.placement.unit)[..., None] * np.float32(edit.grain)
        return np.asarray(values + share[..., None] * (np.clip(colour, 0, 1) - values), np.float32)

    def _finished(
        self, edit: Edit, finish: Finish, values: FloatArray, alpha: FloatArray | None, changed: BoolArray
    ) -> FloatArray:
        """Apply a change of colour or detail; marks what it changes."""
        if self._highest(finish.weight) < LEAST_GAIN:
            return values
        weight = np.asarray(self.placement.to_picture(finish.weight, self.rect), np.float32)
        wanted = weight >= LEAST_GAIN
        if finish.person is not None:
            assert alpha is not None
            weight = finish.limited(weight, alpha, None if edit.patch is None else self._patch(edit.patch)[1])
            wanted &= weight >= LEAST_GAIN
        if not wanted.any():
            return values
        made = finish.applied(values, weight, lambda grid: self.placement.to_picture(grid, self.rect))
        changed |= wanted
        return np.asarray(np.where(wanted[..., None], np.clip(made, 0, 1), values), np.float32)

    def _light_up(self, edit: Edit, values: FloatArray, alpha: FloatArray, changed: BoolArray) -> None:
        """Apply the gains to the values; marks what they change."""
        kernels.light_up(
            self.rect.left, self.rect.top, values, alpha, changed, *self._field(edit.gain),
            *self._field(edit.surroundings), np.float32(LEAST_GAIN), TO_LINEAR, TO_ENCODED,
        )  # fmt: skip


def _counts(added: npt.NDArray[Any]) -> BoolArray:
    """(h, w) where what is added (h, w, 3) is enough to be added."""
    return np.asarray((np.abs(added) >= LEAST_GAIN).any(-1), np.bool_)


def grain(rect: Rect, unit: float) -> FloatArray:
    """(h, w) noise of unit variance as film and sensors make it, the same at every place whatever rectangle is asked.

    Each tile of `TILE` pixels has its own seed; the noise is a little blurred, as that of a picture is by its
    demosaicing.
    """
    out = np.empty((rect.height, rect.width), np.float32)
    for row in range(rect.top // TILE, -(-rect.bottom // TILE)):
        for column in range(rect.left // TILE, -(-rect.right // TILE)):
            random = np.random.default_rng((row & 0xFFFF, column & 0xFFFF, 77))
            noise = random.standard_normal((TILE, TILE)).astype(np.float32)
            soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7), np.float32)
            soft /= np.float32(soft.std())
            whole = Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)
            left, top = max(rect.left, whole.left), max(rect.top, whole.top)
            right, bottom = min(rect.right, whole.right), min(rect.bottom, whole.bottom)
            out[top - rect.top : bottom - rect.top, left - rect.left : right - rect.left] = soft[
                top - whole.top : bottom - whole.top, left - whole.left : right - whole.left
            ]
    return out


def warm_up(kind: type[np.uint8] | type[np.uint16] = np.uint8) -> None:
    """Compile the loops, or load their machine code, for photographs with this kind of samples."""
    picture, side = np.zeros((8, 8, 3), kind), 8
    planes = [np.zeros((side, side, count), np.float32) for count in (4, 3, 2)]
    flat = np.zeros((side, side), np.float32)
    matte = Matte(flat, planes[0], flat, planes[1], planes[2])
    edit = Edit(displacement=planes[2] + np.float32(2), gain=planes[1] + np.float32(2), surroundings=planes[1])
    placement = Placement(np.array([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]))
    edited(picture, placement, matte, edit)
    touched(picture, placement, matte, edit)
    layers(picture, placement, matte, Rect(0, 0, 8, 8))
