"""Patches of the generator for what a photograph cannot show, matched to what is around them."""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.fields import local_mean, spread
from faceeditor.photo.placement import widened
from faceeditor.regions import MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

KINDS: tuple[tuple[Region, ...], ...] = (
    (Region.SKIN, Region.NOSE, Region.L_EAR, Region.R_EAR, Region.NECK),
    (Region.HAIR, Region.HAT),
    (Region.U_LIP, Region.L_LIP),
    (Region.MOUTH,),
    (Region.L_BROW, Region.R_BROW),
    (Region.L_EYE, Region.R_EYE),
    (Region.CLOTH, Region.NECKLACE),
    (Region.BACKGROUND,),
    (Region.GLASSES,),
    (Region.EARRING,),
)
"""Regions whose colours are matched together."""

_KIND = np.zeros(256, np.uint8)
for _index, _regions in enumerate(KINDS):
    _KIND[list(_regions)] = _index

_RING = 24
"""Mask pixels around a patch from which its colours are matched."""
_SIGMA = 9.0
_STRIP = 128
"""Rows of a photograph whose grain is measured at a time."""
_FEWEST = 12
"""Pixels of one kind that a match is made from at least."""
_MOST = np.array([30.0, 25.0, 25.0], np.float32)
"""Largest shift of L, a and b."""
_OF_BYTES = np.array([100 / 255, 1.0, 1.0], np.float32)
"""Steps of L, a and b of OpenCV's 8-bit Lab."""


def repainted(painted: MaskArray, original: MaskArray) -> FloatArray:
    """(S, S) 0..1 how far a place is to be drawn anew because its region was painted over; soft over a narrow ring."""
    changed = (painted != original).astype(np.uint8)
    if not changed.any():
        return np.zeros(painted.shape, np.float32)
    # Single pixels of difference come from moving two masks, not from a brush.
    solid = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    grown = cv2.dilate(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return np.asarray(cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 1.4), np.float32)


def matched(drawn: Pixels, shown: Pixels, labels: MaskArray, share: FloatArray, scale: float = 1.0) -> FloatArray:
    """A generated picture in the colours of the photograph around a patch.

    For each kind of region the mean difference in Lab between photograph and generated picture, where both show that
    kind outside of the patch, is added to the generated one; near places count most.

    Args:
        drawn: (S, S, 3) uint8, the generator's picture of the new view.
        shown: (S, S, 3) uint8, the photograph moved to the new view.
        labels: (S, S) uint8 regions of the new view.
        share: (S, S) 0..1, how far the patch covers.
        scale: pixels per mask pixel.

    Returns:
        (S, S, 3) float32 0..1 in the photograph's encoding, where the patch covers.
    """
    # Eight bits are enough for means; single pixels are converted in floats, where they are seen.
    own, wanted = (cv2.cvtColor(picture, cv2.COLOR_RGB2Lab).astype(np.float32) for picture in (drawn, shown))
    difference = np.clip((wanted - own) * _OF_BYTES, -_MOST, _MOST)
    covered = share > 0.02
    ring = spread(covered, _RING * scale) & ~covered
    kinds = _KIND[labels]
    out = drawn.astype(np.float32) / np.float32(255)
    seen = share > 0
    if not seen.any():
        return out
    near_by, sigma = _around(seen), _SIGMA * scale
    shift = np.zeros_like(difference[near_by])
    for kind in np.unique(kinds[covered]) if covered.any() else ():
        here = kinds == kind
        # The seam between two kinds lies a pixel elsewhere in each picture.
        core = cv2.erode(here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        for reference in (core & ring, core & ~covered, here & ~covered):
            if reference.sum() >= _FEWEST:
                break
        else:
            continue
        weight = reference[near_by].astype(np.float32)
        mean = difference[reference].mean(0)
        near = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
        local = local_mean(difference[near_by], weight, sigma)
        trust = near / (near + np.float32(0.02))
        shift[here[near_by]] = (mean + trust * (local - mean))[here[near_by]]
    shift = cv2.GaussianBlur(shift, (0, 0), 1.0 * scale)
    lab = cv2.cvtColor(out[seen][None], cv2.COLOR_RGB2Lab) + shift[seen[near_by]][None]
    out[seen] = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)[0], 0, 1)
    return out


def _around(seen: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rectangle of all pixels that a match looks at for those that are seen."""
    reach = int(4 * _SIGMA) + 6
    edges = []
    for axis in (1, 0):
        places = np.flatnonzero(seen.any(axis))
        edges.append(slice(max(0, places[0] - reach), places[-1] + reach + 1))
    return edges[0], edges[1]


def as_patch(colour: FloatArray, share: FloatArray) -> FloatArray:
    """(N, N, 4) patch on the wide grid from colours (S, S, 3) and coverage (S, S) of the square."""
    faded = share.copy()
    # Nothing was drawn beyond the square.
    rim = max(2, share.shape[0] // 85)
    faded[:rim] = faded[-rim:] = 0
    faded[:, :rim] = faded[:, -rim:] = 0
    whole = widened(np.concatenate([colour, faded[..., None]], 2))
    whole[..., 3] = widened(faded, cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(whole, np.float32)


def grain_of(picture: npt.NDArray[np.unsignedinteger], mask: npt.NDArray[np.bool_]) -> float:
    """Standard deviation 0..1 of a photograph's grain where the mask is true: the quiet half of its finest detail.

    Args:
        picture: (H, W, 3) uint8 or uint16.
        mask: (H, W) where the surface is smooth, as skin.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0.0
    # Immerkaer, "Fast Noise Variance Estimation" (1996): a mask that is blind to planes and edges of first order.
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    scale = np.float32(1 / (3 * np.iinfo(picture.dtype).max))
    left, right = max(0, columns[0] - 1), columns[-1] + 2
    found = []
    for top in range(rows[0], rows[-1] + 1, _STRIP):
        bottom = min(top + _STRIP, rows[-1] + 1)
        above = max(0, top - 1)
        strip = picture[above : bottom + 1, left:right].astype(np.float32)
        grey = (strip[..., 0] + strip[..., 1] + strip[..., 2]) * scale
        response = cv2.filter2D(grey, -1, kernel)[top - above : top - above + bottom - top]
        found.append(np.abs(response[mask[top:bottom, left:right]]))
    response = np.concatenate(found)
    return float(np.median(response) * 1.4826) if response.size > 100 else 0.0
