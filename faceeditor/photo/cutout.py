"""People cut out of a photograph: their opacity in the whole picture, and their colours without the background.

A face's matte (`photo.matte`) reaches over the wide grid around its square. Beyond, bodies are followed by a GrabCut
(Rother et al. 2004) of the reduced picture that begins with what the mattes know; the guided filter (He et al. 2013)
carries its outline to the picture's scale.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.matte import MATTE_DENSITY, Matte, local_model, make_matte
from faceeditor.photo.placement import MARGIN, WIDE, Rect
from faceeditor.regions import MASK_SIZE, MaskArray, Region

if TYPE_CHECKING:
    from faceeditor.photo.face import PhotoFace

FloatArray = npt.NDArray[np.float32]
Samples = npt.NDArray[Any]
"""(H, W, 3) uint8 or uint16."""

_SIDE = 720
"""Longer side of the reduced picture in which bodies are followed."""
_RIM = 0.04
"""Part of a known rectangle's shorter side over which it fades into what was followed beyond it."""
_HAZE = (0.1, 0.95)
"""Opacity that is taken for none, and for all."""
_COLOUR_SIDE = 1200
"""Longer side of the reduced picture in which colours are spread."""
_OUTLINE, _OBJECT = 3, 9
"""Mask pixels by which a person may exceed the parser's regions, and from which on that is an object beside them."""
_BROAD, _NARROW = 90, 6
"""Radii of the two blur fusions in pixels of a picture of `_COLOUR_SIDE`."""
_NEAR = 8
"""Pixels around the cut-out in which transparent pixels carry its colours."""
_LEAST = np.float32(1e-5)


def cut_matte(picture: Samples, face: "PhotoFace") -> Matte:
    """The matte that a person is cut out by.

    The matte that moves people may take objects along that touch them, such as the back of a chair, which is hardly
    seen when they move a little. Here what the face parser calls background stays behind.

    Args:
        picture: (H, W, 3) uint8, as the face was found in.
        face: the face.
    """
    person = (cv2.resize(face.matte.alpha, (WIDE, WIDE), interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    limited = without_objects(person, face.mask)
    if np.array_equal(person, limited):
        return face.matte
    return make_matte(np.asarray(face.placement.to_grid(picture, float(MATTE_DENSITY)), np.uint8), limited, face.mask)


def without_objects(person: MaskArray, mask: MaskArray) -> MaskArray:
    """A person without what sticks out of the regions of a face parser.

    Inside of the square, parts that reach further than `_OBJECT` mask pixels beyond the regions are taken off, down to
    the regions' outline. Beside the square nobody is higher than where the regions leave it.

    Args:
        person: (WIDE, WIDE) uint8, 1 on the person.
        mask: (256, 256) uint8 regions.

    Returns:
        (WIDE, WIDE) uint8.
    """
    out = person.copy()
    inside = slice(MARGIN, MARGIN + MASK_SIZE)
    regions = _without_holes(_largest((mask != Region.BACKGROUND).astype(np.uint8)))
    if not regions.any():
        return out
    square = out[inside, inside]
    distance = cv2.distanceTransform(1 - regions, cv2.DIST_L2, 5)
    extra = ((square > 0) & (distance > _OUTLINE)).astype(np.uint8)
    count, found = cv2.connectedComponents(extra, connectivity=4)
    pieces = np.asarray(found, np.int32)
    reach = np.zeros(count)
    np.maximum.at(reach, pieces.ravel(), distance.ravel())
    reach[0] = 0
    square[(reach > _OBJECT)[pieces]] = 0
    for edge, beside in ((regions[:, 0], slice(0, MARGIN)), (regions[:, -1], slice(MARGIN + MASK_SIZE, WIDE))):
        rows = np.flatnonzero(edge)
        highest = MARGIN + (int(rows[0]) - _OUTLINE if len(rows) else MASK_SIZE)
        out[: max(0, highest), beside] = 0
    return _largest(out)


def _largest(mask: MaskArray) -> MaskArray:
    """The largest connected part of a mask."""
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    sizes = facts[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    return np.asarray((pieces == sizes.argmax()) & (mask > 0), np.uint8)


def _without_holes(mask: MaskArray) -> MaskArray:
    """A mask with everything filled that it encloses."""
    _, pieces = cv2.connectedComponents((mask == 0).astype(np.uint8), connectivity=4)
    rim = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    return np.asarray(~np.isin(pieces, rim[rim > 0]), np.uint8)


def whole_alpha(picture: Samples, parts: Sequence[tuple[Rect, FloatArray]]) -> FloatArray:
    """Opacity of people in a whole picture.

    Args:
        picture: (H, W, 3) uint8 or uint16.
        parts: rectangles of the picture around faces, and the opacity 0..1 of a person in each.

    Returns:
        (H, W) float32 0..1.
    """
    return _without_haze(_joined(picture, parts))


def _without_haze(alpha: FloatArray) -> FloatArray:
    """Opacity without the traces beside outlines, which are seen once the background is another one."""
    low, high = _HAZE
    return np.asarray(np.clip((alpha - low) / (high - low), 0, 1), np.float32)


def _joined(picture: Samples, parts: Sequence[tuple[Rect, FloatArray]]) -> FloatArray:
    """(H, W) opacity of all people: what is known of them, and beyond it what was followed."""
    height, width = picture.shape[:2]
    if len(parts) == 1 and parts[0][0] == Rect(0, 0, width, height):
        return parts[0][1]
    alpha = np.zeros((height, width), np.float32)
    known = np.zeros((height, width), np.float32)
    for rect, opacity in parts:
        trust = _trust(rect, width, height)
        np.maximum(alpha[rect.slices], opacity, out=alpha[rect.slices])
        np.maximum(known[rect.slices], trust, out=known[rect.slices])
    beyond = _followed(picture, alpha, known)
    if beyond is None:
        return alpha
    return np.asarray(beyond + known * (alpha - beyond), np.float32)


def foreground(picture: Samples, alpha: FloatArray) -> Samples:
    """Colours of the people without the background that shines through at their outlines.

    Blur fusion (Forte 2021, "Approximate Fast Foreground Colour Estimation", equations 4 to 7), twice in a reduced
    picture, with its last step at the picture's own scale.

    Args:
        picture: (H, W, 3) uint8 or uint16.
        alpha: (H, W) float32 0..1, opacity of the people.

    Returns:
        (H, W, 3) of the picture's type: the picture's own samples where it is opaque, black far from the people.
    """
    height, width = picture.shape[:2]
    top = np.float32(np.iinfo(picture.dtype).max)
    scale = min(1.0, _COLOUR_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32) / top
    thin = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
    first = _spread(small, small, thin, _BROAD)
    inside = np.clip(_fused(small, thin, *first), 0, 1)
    near, behind = _spread(inside, first[1], thin, _NARROW)
    out = np.array(picture)
    doubt = (alpha > 0) & (alpha < 1)
    fringe = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((2 * _NEAR + 1, 2 * _NEAR + 1), np.uint8)) > 0
    out[~fringe] = 0
    rows = max(1, 4_000_000 // max(1, width))
    for begin in range(0, height, rows):
        part = slice(begin, min(begin + rows, height))
        wanted = doubt[part] | (fringe[part] & (alpha[part] <= 0))
        if not wanted.any():
            continue
        hat, back = (_enlarged(plane, begin, part.stop, height, width)[wanted] for plane in (near, behind))
        own = picture[part][wanted].astype(np.float32) / top
        colours = _fused(own, alpha[part][wanted], hat, back)
        out[part][wanted] = np.rint(np.clip(colours, 0, 1) * top).astype(picture.dtype)
    return out


def _fused(own: FloatArray, alpha: FloatArray, hat: FloatArray, behind: FloatArray) -> FloatArray:
    """Spread colours brought as near to the picture's own as their opacity allows."""
    share = alpha[..., None]
    return np.asarray(hat + share * (own - share * hat - (1 - share) * behind), np.float32)


def _spread(inside: FloatArray, outside: FloatArray, alpha: FloatArray, radius: int) -> tuple[FloatArray, FloatArray]:
    """Means of the people's and of the background's colours around each place."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: FloatArray, weight: FloatArray) -> FloatArray:
        total = cv2.blur(weight, size)[..., None]
        return np.asarray(cv2.blur(values * weight[..., None], size) / (total + _LEAST), np.float32)

    return mean(inside, alpha), mean(outside, 1 - alpha)


def _enlarged(plane: FloatArray, begin: int, end: int, height: int, width: int) -> FloatArray:
    """Rows of a reduced picture at the scale of the whole."""
    small_height, small_width = plane.shape[:2]
    matrix = np.array(
        [[small_width / width, 0, 0.5 * small_width / width - 0.5],
         [0, small_height / height, (begin + 0.5) * small_height / height - 0.5]]
    )  # fmt: skip
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(plane, matrix, (width, end - begin), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _trust(rect: Rect, width: int, height: int) -> FloatArray:
    """(h, w) 1 in a known rectangle, falling to 0 at those of its borders beyond which the picture goes on."""
    rim = max(1.0, _RIM * min(rect.width, rect.height))
    across, down = np.arange(rect.width, dtype=np.float32), np.arange(rect.height, dtype=np.float32)
    sides = []
    for place, first, last in ((across, rect.left > 0, rect.right < width), (down, rect.top > 0, rect.bottom < height)):
        share = np.ones_like(place)
        if first:
            share = np.minimum(share, (place + 0.5) / rim)
        if last:
            share = np.minimum(share, (len(place) - place - 0.5) / rim)
        sides.append(share)
    return np.asarray(np.minimum(sides[0][None, :], sides[1][:, None]), np.float32)


def _followed(picture: Samples, alpha: FloatArray, known: FloatArray) -> FloatArray | None:
    """(H, W) opacity of the people beyond the known rectangles; None if nothing can be told."""
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: Samples = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    inside = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    trust = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    sure = trust > 0.5
    if not (sure & (inside > 0.9)).any() or not (sure & (inside < 0.1)).any():
        return None
    guess = np.where(_continued(inside > 0.5, sure), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    guess[sure & (inside > 0.9)] = cv2.GC_FGD
    guess[sure & (inside < 0.1)] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(cv2.GaussianBlur(small, (0, 0), 1.0), guess, (0, 0, 1, 1), *models, 5, cv2.GC_INIT_WITH_MASK)
    person = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    _, pieces = cv2.connectedComponents(person, connectivity=4)
    begun = np.unique(pieces[sure & (inside > 0.9) & (person > 0)])
    joined = np.isin(pieces, begun[begun > 0]).astype(np.float32)
    colours = small.astype(np.float32) / np.float32(255)
    model = local_model(colours, np.asarray(cv2.GaussianBlur(joined, (0, 0), 0.8), np.float32))
    out = np.empty((height, width), np.float32)
    rows = max(1, 4_000_000 // max(1, width))
    top = np.float32(np.iinfo(picture.dtype).max)
    for begin in range(0, height, rows):
        end = min(begin + rows, height)
        large = _enlarged(model, begin, end, height, width)
        rough = _enlarged(joined[..., None], begin, end, height, width).reshape(end - begin, width)
        values = picture[begin:end].astype(np.float32) / top
        fine = np.clip((large[..., :3] * values).sum(-1) + large[..., 3], 0, 1)
        certain = (rough <= 0) | (rough >= 1)
        out[begin:end] = np.where(certain, rough, fine)
    return out


def _continued(inside: npt.NDArray[np.bool_], sure: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """A first guess at where people go on: straight down from where they are cut off."""
    out = np.array(inside & sure)
    lowest = sure.shape[0] - 1 - np.argmax(sure[::-1], axis=0)
    for column in np.flatnonzero(sure.any(0)):
        row = lowest[column]
        if inside[row, column]:
            out[row:, column] = True
    return out
