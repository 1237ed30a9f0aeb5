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

from faceeditor.photo.matte import Matte
from faceeditor.photo.placement import Placement, Rect, widened
from faceeditor.photo.tone import applied_gain
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
    """

    weight: FloatArray
    apply: Callable[[FloatArray, FloatArray], FloatArray]
    broad: FloatArray | None = None

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
        (height, width, 3) of the picture's type, a new array. Pixels that the edit does not touch are the picture's.
    """
    height, width = picture.shape[:2]
    rect = Rect(0, 0, width, height) if rect is None else rect.within(width, height)
    out = np.array(picture[rect.slices])
    if edit.empty:
        return out
    parts = _tiles_within(rect, placement.bounds(width, height))

    def work(part: Rect) -> None:
        made = _Tile(picture, placement, matte, part).edited(edit)
        if made is not None:
            values, changed = made
            view = out[part.moved(-rect.left, -rect.top).slices]
            top = float(np.iinfo(picture.dtype).max)
            samples = np.clip(np.rint(values * np.float32(top)), 0, top).astype(picture.dtype)
            np.copyto(view, samples, where=changed[..., None])

    # NumPy and OpenCV release the interpreter's lock, and each tile writes to its own part of the result.
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
        own = self._values(self.rect)
        values, changed = own, np.zeros(own.shape[:2], bool)
        alpha: FloatArray | None = None
        moved = self._moved(edit, own)
        if moved is not None:
            values, changed, alpha = moved.values, moved.changed, moved.alpha
        if edit.restyle is not None or edit.restyle_behind is not None:
            alpha = self._alpha(self.rect, own) if alpha is None else alpha
            values = self._restyled(edit, values, alpha, changed)
        if edit.patch is not None:
            values = self._patched(edit, edit.patch, values, changed)
        for finish in edit.finishes:
            values = self._finished(finish, values, changed)
        if edit.gain is not None or edit.surroundings is not None:
            if alpha is None:
                alpha = self._alpha(self.rect, own)
            values = self._lit(edit, values, alpha, changed)
        return (values, changed) if changed.any() else None

    def person(self, edit: Edit) -> FloatArray:
        """(h, w) how opaque the person is after an edit."""
        own = self._values(self.rect)
        moved = self._moved(edit, own)
        alpha = self._alpha(self.rect, own) if moved is None else moved.alpha
        if edit.patch is None or edit.labels is None:
            return alpha
        _, share = self._patch(edit.patch)
        painted = cv2.GaussianBlur((edit.labels != Region.BACKGROUND).astype(np.float32), (0, 0), 0.8)
        wanted = self.placement.to_picture(widened(painted), self.rect)
        return np.asarray(alpha + share * (wanted - alpha), np.float32)

    def origin(self, edit: Edit) -> FloatArray:
        """(h, w, 2) shares of what was moved and of what was made."""
        out = np.zeros((self.rect.height, self.rect.width, 2), np.float32)
        moved = self._moved(edit, self._values(self.rect))
        if moved is not None:
            out[..., 1] = moved.filled
            out[..., 0] = moved.changed - moved.filled
        if edit.patch is not None:
            _, share = self._patch(edit.patch)
            out[..., 0] *= 1 - share
            out[..., 1] += share * (1 - out[..., 1])
        return out

    def _patch(self, patch: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(h, w, 3) colours of a patch, and (h, w) how far it covers."""
        found = self.placement.to_picture(patch, self.rect, cv2.INTER_CUBIC)
        share = np.clip(found[..., 3], 0, 1)
        return found[..., :3], np.where(share < 1 / 256, 0, share).astype(np.float32)

    def _values(self, rect: Rect) -> FloatArray:
        """A rectangle of the picture, (h, w, 3) 0..1."""
        part = self.picture[rect.slices]
        return np.asarray(part, np.float32) * np.float32(1 / np.iinfo(self.picture.dtype).max)

    def _alpha(self, rect: Rect, values: FloatArray) -> FloatArray:
        """(h, w) opacity of the person in the photograph as it is: exactly 0 and 1 where the matte is."""
        coarse = self.placement.to_picture(self.matte.alpha, rect)
        doubt = (coarse > 0) & (coarse < 1)
        if not doubt.any():
            return np.asarray(coarse, np.float32)
        model = self.placement.to_picture(self.matte.model, rect)
        fine = np.clip((model[..., :3] * values).sum(-1) + model[..., 3], 0, 1)
        # Where the local model is far off, as in texture, the coarse matte is the safer one.
        fine = np.clip(fine, coarse - 0.35, coarse + 0.35)
        return np.asarray(np.where(doubt, np.clip(fine, 0, 1), coarse), np.float32)

    def _clear(self, rect: Rect) -> FloatArray:
        """(h, w) exactly 1 where the photograph shows nothing but background."""
        return np.asarray(self.placement.to_picture(self.matte.clear, rect), np.float32)

    def _background(self, rect: Rect, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(h, w, 3) what is behind the person, the photograph itself where that is clear, and (h, w) where it is."""
        clear = self._clear(rect)
        if (clear >= 1).all():
            return values, clear
        behind = self.placement.to_picture(self.matte.behind, rect) + self._texture(rect)
        mixed = np.clip(behind, 0, 1) + clear[..., None] * (values - behind)
        return np.asarray(np.where((clear < 1)[..., None], mixed, values), np.float32), clear

    def _texture(self, rect: Rect) -> FloatArray:
        """(h, w, 3) detail finer than the matte's grid, from the mirror image across the person's outline."""
        if self.placement.unit < 1.2 * self.matte.behind.shape[0] / 448:
            return np.zeros((rect.height, rect.width, 3), np.float32)
        offset = self._pixels(self.placement.to_picture(self.matte.mirror, rect))
        down, across = np.mgrid[rect.top : rect.bottom, rect.left : rect.right].astype(np.float32)
        x, y = across + offset[..., 0], down + offset[..., 1]
        height, width = self.picture.shape[:2]
        source = _around(x, y, 1).within(width, height)
        if source.width < 2 or source.height < 2:
            return np.zeros((rect.height, rect.width, 3), np.float32)
        part = self._values(source)
        coarse = self.placement.to_picture(self.matte.behind, source)
        clear = (self._clear(source) >= 1).astype(np.float32)
        detail = np.concatenate([(part - coarse) * clear[..., None], clear[..., None]], 2).astype(np.float32)
        found = cv2.remap(detail, x - source.left, y - source.top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(found[..., :3] * (found[..., 3:] > 0.99), np.float32)

    def _pixels(self, offset: npt.NDArray[Any]) -> FloatArray:
        """Offsets (h, w, 2) of mask pixels in pixels of the picture."""
        return np.asarray(offset @ self.placement.matrix[:, :2].T.astype(np.float32), np.float32)

    def _moved(self, edit: Edit, own: FloatArray) -> _Moved | None:
        """The person moved over the background; None if it stays."""
        if edit.displacement is None:
            return None
        offset = self._pixels(self.placement.to_picture(edit.displacement, self.rect))
        moving = np.hypot(offset[..., 0], offset[..., 1]) > STILL
        if not moving.any():
            return None
        rect = self.rect
        down, across = np.mgrid[rect.top : rect.bottom, rect.left : rect.right].astype(np.float32)
        x, y = across + offset[..., 0], down + offset[..., 1]
        height, width = self.picture.shape[:2]
        source = _around(x, y, _PADDING).within(width, height)
        if source.width < 2 or source.height < 2:
            return None
        source = source.joined(rect)
        person, behind, clear = self.layers(source)
        here = rect.moved(-source.left, -source.top).slices
        x, y = x - np.float32(source.left), y - np.float32(source.top)
        found = resample(person, x, y)
        moved_in = cv2.remap(clear, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) < 1
        opacity = np.clip(found[..., 3], 0, 1)
        values = np.clip(found[..., :3] + (1 - opacity[..., None]) * behind[here], 0, 1)
        changed = moving & (moved_in | (clear[here] < 1))
        values = np.where(changed[..., None], values, own)
        alpha = np.where(changed, opacity, person[here][..., 3])
        filled = np.where(changed, (1 - opacity) * (1 - clear[here]), 0)
        return _Moved(values.astype(np.float32), changed, alpha.astype(np.float32), filled.astype(np.float32))

    def layers(self, rect: Rect) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As `layers`.

        The colours are what is left of the photograph without the background that shines through: put back where they
        were, they give the photograph again. Single hairs beside the matte are in them too.
        """
        values = self._values(rect)
        alpha = self._alpha(rect, values)
        behind, clear = self._background(rect, values)
        out = np.empty((*alpha.shape, 4), np.float32)
        out[..., :3] = values - (1 - alpha[..., None]) * behind
        out[..., 3] = alpha
        return out, behind, clear

    def _restyled(self, edit: Edit, values: FloatArray, alpha: FloatArray, changed: BoolArray) -> FloatArray:
        """Add what another style adds; marks what it changes."""
        total = np.zeros_like(values)
        for field, share in ((edit.restyle, alpha), (edit.restyle_behind, 1 - alpha)):
            if field is not None:
                total += share[..., None] * self.placement.to_picture(field, self.rect, cv2.INTER_CUBIC)
        active: BoolArray = np.asarray((np.abs(total) >= LEAST_GAIN).any(-1), np.bool_)
        changed |= active
        return np.asarray(np.where(active[..., None], np.clip(values + total, 0, 1), values), np.float32)

    def _patched(self, edit: Edit, patch: FloatArray, values: FloatArray, changed: BoolArray) -> FloatArray:
        """Lay the patch over the values; marks what it changes."""
        colour, share = self._patch(patch)
        covered = share > 0
        if not covered.any():
            return values
        changed |= covered
        if edit.grain > 0:
            colour = colour + grain(self.rect, self.placement.unit)[..., None] * np.float32(edit.grain)
        return np.asarray(values + share[..., None] * (np.clip(colour, 0, 1) - values), np.float32)

    def _finished(self, finish: Finish, values: FloatArray, changed: BoolArray) -> FloatArray:
        """Apply a change of colour or detail; marks what it changes."""
        weight = np.asarray(self.placement.to_picture(finish.weight, self.rect), np.float32)
        wanted = weight >= LEAST_GAIN
        if not wanted.any():
            return values
        made = finish.applied(values, weight, lambda grid: self.placement.to_picture(grid, self.rect))
        changed |= wanted
        return np.asarray(np.where(wanted[..., None], np.clip(made, 0, 1), values), np.float32)

    def _lit(self, edit: Edit, values: FloatArray, alpha: FloatArray, changed: BoolArray) -> FloatArray:
        """Apply the gains; marks what they change."""
        total = np.ones_like(values)
        for field, share in ((edit.gain, alpha), (edit.surroundings, 1 - alpha)):
            if field is not None:
                total += share[..., None] * (self.placement.to_picture(field, self.rect) - 1)
        active: BoolArray = np.asarray((np.abs(total - 1) >= LEAST_GAIN).any(-1), np.bool_)
        if not active.any():
            return values
        lit = applied_gain(values, total)
        changed |= active
        return np.asarray(np.where(active[..., None], lit, values), np.float32)


def _around(x: FloatArray, y: FloatArray, padding: int) -> Rect:
    """The rectangle of pixels that sampling at these indices reads."""
    return Rect(
        int(np.floor(x.min())) - padding, int(np.floor(y.min())) - padding,
        int(np.ceil(x.max())) + padding + 1, int(np.ceil(y.max())) + padding + 1,
    )  # fmt: skip


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
