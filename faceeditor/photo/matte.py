"""The person of a photograph apart from the background: a mask, an alpha matte, and the background behind.

The regions of a face parser are rough at hats and do not reach beyond the aligned square. They start a GrabCut (Rother
et al. 2004) on the wide grid; closed-form matting (Levin et al. 2008) then reads the opacity of hair in a band around
its outline.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.fields import fill, local_mean, spread
from faceeditor.photo.placement import MARGIN, WIDE, widened
from faceeditor.regions import MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MATTE_DENSITY = 2
"""Grid pixels per mask pixel of the matte."""
_SURE = 8
"""Mask pixels inside of the regions' outline that are certainly the person."""
_FAR = 40
"""Mask pixels beyond the outline that are certainly background."""
_SMOOTH = np.float32(1e-4)
"""Regularisation of the guided filter, in squares of 0..1."""
_STRAY = 3
"""Mask pixels beyond the matte in which single hairs may stand."""
_BAND, _HAIR_BAND = 3, 7
"""Half widths of the matting band in mask pixels: at skin and cloth, at hair."""


@dataclass(frozen=True, eq=False)
class Matte:
    """A person apart from the background, on the wide grid with `MATTE_DENSITY`.

    Attributes:
        alpha: (N, N) float32 0..1, opacity of the person.
        model: (N, N, 4) float32, the opacity as a local linear function of the photograph's colour (0..1): slopes and
            offset, for finer mattes than the grid's.
        clear: (N, N) float32 0..1, where the photograph shows nothing but background: 0 on the person and in a ring in
            which single hairs may stand.
        behind: (N, N, 3) float32 0..1, the background, filled where it is not clear.
        mirror: (N, N, 2) float32 mask pixels from each place to its mirror image across the person's outline, where the
            background's texture is taken from; zero on the background itself.
    """

    alpha: FloatArray
    model: FloatArray
    clear: FloatArray
    behind: FloatArray
    mirror: FloatArray


def person_mask(wide: Pixels, mask: MaskArray, coverage: npt.NDArray[Any] | None = None) -> MaskArray:
    """Where the person is.

    Args:
        wide: (WIDE, WIDE, 3) uint8 the photograph on the wide grid, one grid pixel per mask pixel.
        mask: (256, 256) uint8 its regions.
        coverage: (256, 256) where the fitted head covers the picture, if known.

    Returns:
        (WIDE, WIDE) uint8, 1 on the person.
    """
    square = (mask != Region.BACKGROUND).astype(np.uint8)
    if coverage is not None:
        square |= cv2.erode((coverage > 0.5).astype(np.uint8), _disc(3))
    square = np.asarray(cv2.morphologyEx(square, cv2.MORPH_CLOSE, _disc(5)), np.uint8)
    rough = widened(square, cv2.BORDER_CONSTANT)
    known = widened(np.ones_like(square), cv2.BORDER_CONSTANT) > 0
    guess = np.where(rough > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    # Shoulders go on below the square; above it and beside the head nobody knows.
    below = widened(square)
    guess[MARGIN + MASK_SIZE :][below[MARGIN + MASK_SIZE :] > 0] = cv2.GC_PR_FGD
    guess[~spread(rough == 0, _SURE) & known] = cv2.GC_FGD
    guess[~spread(below, _FAR) & known] = cv2.GC_BGD
    if not (guess == cv2.GC_FGD).any() or not np.isin(guess, (cv2.GC_BGD, cv2.GC_PR_BGD)).any():
        return rough
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    smooth = cv2.GaussianBlur(wide, (0, 0), 1.0)
    cv2.grabCut(smooth, guess, (0, 0, 1, 1), *models, 5, cv2.GC_INIT_WITH_MASK)
    person = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_OPEN, _disc(1)), np.uint8)
    return _with_the_face(person, rough)


def _with_the_face(person: MaskArray, rough: MaskArray) -> MaskArray:
    """The connected part of a mask that overlaps the rough one most, without small holes."""
    count, parts = cv2.connectedComponents(person, connectivity=4)
    if count < 2:
        return rough
    shared = np.bincount(parts[rough > 0].ravel(), minlength=count)
    shared[0] = 0
    whole = parts == shared.argmax()
    _, holes, facts, _ = cv2.connectedComponentsWithStats((~whole).astype(np.uint8), connectivity=4)
    small = facts[:, cv2.CC_STAT_AREA] < 150
    small[0] = False
    return np.asarray(whole | small[holes], np.uint8)


def make_matte(wide: Pixels, person: MaskArray, mask: MaskArray) -> Matte:
    """The alpha matte of a person, and what is behind.

    Args:
        wide: (N, N, 3) uint8 the photograph on the wide grid, N = `MATTE_DENSITY` * `WIDE`.
        person: (WIDE, WIDE) uint8, 1 on the person.
        mask: (256, 256) uint8 regions, which say where hair is.
    """
    colours = wide.astype(np.float32) / np.float32(255)
    trimap = _trimap(person, mask, wide.shape[0])
    alpha = _closed_form(wide.astype(np.float64) / 255.0, trimap)
    clear = _clear(alpha, mask)
    mirror = _mirror(clear)
    return Matte(alpha, local_model(colours, alpha), clear, _behind(colours, clear, mirror), mirror)


def _trimap(person: MaskArray, mask: MaskArray, side: int) -> npt.NDArray[np.float64]:
    """(N, N) 1 the person, 0 the background, 0.5 in between."""
    size = (side, side)
    wide = (cv2.resize(person.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
    scale = side / WIDE
    hair = widened(np.isin(mask, (Region.HAIR, Region.HAT)).astype(np.uint8))
    hair = cv2.resize(cv2.dilate(hair, _disc(8)), size, interpolation=cv2.INTER_NEAREST) > 0
    trimap = wide.astype(np.float64)
    for half, where in ((_BAND, ~hair), (_HAIR_BAND, hair)):
        band = spread(wide, half * scale) & spread(wide == 0, half * scale)
        trimap[band & where] = 0.5
    return trimap


def _closed_form(colours: npt.NDArray[np.float64], trimap: npt.NDArray[np.float64]) -> FloatArray:
    """(N, N) opacity where the trimap is between 0 and 1, else the trimap.

    Closed-form matting with the known pixels as boundary values (`matting`).

    Args:
        colours: (N, N, 3) 0..1.
        trimap: (N, N) 1 the person, 0 the background, 0.5 in between.
    """
    from faceeditor.photo import matting  # Compiled by numba, which a window without a photograph does not need.

    unknown = (trimap > 0) & (trimap < 1)
    if not unknown.any() or not (trimap == 1).any() or not (trimap == 0).any():
        return np.asarray(trimap, np.float32)
    alpha = trimap.copy()
    # Traces of opacity would mark half of the background as moved.
    alpha[unknown] = (np.clip(matting.solve(colours, trimap, unknown), 0, 1) - 0.02) / 0.96
    return np.clip(alpha, 0, 1).astype(np.float32)


def _clear(alpha: FloatArray, mask: MaskArray) -> FloatArray:
    """(N, N) 1 on background that is far enough from the person to be free of stray hairs, soft towards it."""
    distance = cv2.distanceTransform((alpha <= 0).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(MATTE_DENSITY)
    hair = widened(np.isin(mask, (Region.HAIR, Region.HAT)).astype(np.uint8), cv2.BORDER_CONSTANT)
    near = cv2.GaussianBlur(cv2.dilate(hair, _disc(8)).astype(np.float32), (0, 0), 3.0)
    reach = 1.0 + (_STRAY - 1.0) * cv2.resize(near, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    t = np.clip((distance - 0.4 * reach) / (0.6 * reach), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _behind(colours: FloatArray, clear: FloatArray, mirror: FloatArray) -> FloatArray:
    """(N, N, 3) the background: the photograph's where it is clear; behind the person its broad colours go on, and its
    texture is mirrored across the outline."""
    weight = (clear >= 1).astype(np.float32)
    broad = local_mean(colours, weight, 3.0 * MATTE_DENSITY)
    known = weight[..., None] * np.ones(3, np.float32)
    low = fill(np.where(known > 0, broad, 0).astype(np.float32), weight)
    detail = np.concatenate([(colours - broad) * known, weight[..., None]], 2)
    mirrored = _at(detail, mirror * np.float32(clear.shape[0] / WIDE))
    texture = mirrored[..., :3] * (mirrored[..., 3:] > 0.99)
    return np.asarray(np.where(known > 0, colours, np.clip(low + texture, 0, 1)), np.float32)


def _at(values: FloatArray, offset: FloatArray) -> FloatArray:
    """Values (N, N, C) sampled at an offset (N, N, 2) in pixels from each place."""
    height, width = values.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(cv2.remap(values, across + offset[..., 0], down + offset[..., 1], cv2.INTER_LINEAR), np.float32)


def local_model(colours: FloatArray, alpha: FloatArray) -> FloatArray:
    """(N, N, 4) a local linear model of the opacity: slopes over R, G, B, and an offset.

    The coefficients of the guided filter (He et al. 2013, equations 14-16), which give a finer picture a finer matte.
    """
    radius = 2 * MATTE_DENSITY + 1

    def mean(plane: FloatArray) -> FloatArray:
        return np.asarray(cv2.blur(plane, (radius, radius)), np.float32)

    centre = mean(colours)
    level = mean(alpha)
    covariance = np.empty((*alpha.shape, 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            value = mean(colours[..., i] * colours[..., j]) - centre[..., i] * centre[..., j]
            covariance[..., i, j] = covariance[..., j, i] = value
    covariance[..., range(3), range(3)] += _SMOOTH
    with_alpha = mean(colours * alpha[..., None]) - centre * level[..., None]
    out = np.zeros((*alpha.shape, 4), np.float32)
    doubt = cv2.dilate(((alpha > 0) & (alpha < 1)).astype(np.uint8), _disc(radius)) > 0
    out[doubt, :3] = np.linalg.solve(covariance[doubt], with_alpha[doubt][..., None])[..., 0]
    out[..., 3] = level - (out[..., :3] * centre).sum(-1)
    return mean(out)


def _mirror(clear: FloatArray) -> FloatArray:
    """(N, N, 2) mask pixels to the mirror image across the outline of what is not clear background."""
    scale = np.float32(clear.shape[0] / WIDE)
    person = (clear < 1).astype(np.uint8)
    out = np.zeros((*clear.shape, 2), np.float32)
    if person.all() or not person.any():
        return out
    _, nearest = cv2.distanceTransformWithLabels(person, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(person == 0)
    place = np.zeros((int(nearest.max()) + 1, 2), np.float32)
    place[nearest[rows, columns]] = np.stack([columns, rows], 1)
    height, width = clear.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    offset = place[nearest] - np.stack([across, down], -1)
    # Smooth, so that the texture is not cut into slivers at the rays between two nearest places.
    offset = cv2.GaussianBlur(offset, (0, 0), 2.0)
    out[:] = 2 * offset / scale
    out[person == 0] = 0
    return out


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
