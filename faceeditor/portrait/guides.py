"""Guide planes: what a mask's regions leave open and the artist or the picture may say, for the generator's condition.

Six planes over the picture. Three are the direction of hair: strength times (cos 2a, sin 2a), and the strength, where a
is the angle of the strands in the picture (x right, y down), so that a strand has no head and no tail. Three are parts
of the mouth: the shares of teeth, tongue and dark cavity inside the inner-mouth region. Zero planes say nothing.
"""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.portrait.state import CombStroke
from faceeditor.regions import MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

HAIR_CHANNELS, MOUTH_CHANNELS = 3, 3
GUIDE_CHANNELS = HAIR_CHANNELS + MOUTH_CHANNELS
"""Planes of hair direction, then of the mouth's parts."""
GUIDE_SIDE = 128
"""Side of the planes."""
TEETH, TONGUE, CAVITY = range(MOUTH_CHANNELS)

_SOFT = 1.2
"""Blur of the mouth's parts, pixels of the mask."""
# Of the inner mouth's width: height of the upper teeth that show, of the lower ones, and the opening from which the
# lower ones do; all measured on photographs of open mouths.
_UPPER_TEETH, _LOWER_TEETH, _WIDE_OPEN = 0.22, 0.09, 0.75
_TEETH_REACH, _LOWER_REACH, _TONGUE_REACH = 0.85, 0.5, 0.62
"""How far teeth and tongue reach to the corners, as a share of half the width."""
_TONGUE_SHARE, _TONGUE_FROM = 0.5, 0.14
"""Share of the opening below the upper teeth that the tongue fills, and the opening (of the width) that shows it."""
_PARTED = 0.5
"""Inner mouths narrower than this share of the lips are parted lips and not a smile: dark, with a hint of teeth."""

_SPREAD = 2.5
"""How far a comb stroke reaches, in widths of the stroke."""


def mouth_parts(mask: MaskArray) -> FloatArray:
    """Teeth, tongue and dark cavity as they usually lie in an inner mouth of this shape.

    Args:
        mask: (256, 256) uint8 regions.

    Returns:
        (3, 128, 128) float32 shares, adding up to the share of the inner-mouth region.
    """
    planes = np.zeros((MOUTH_CHANNELS, GUIDE_SIDE, GUIDE_SIDE), np.float32)
    inside = (mask == Region.MOUTH).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(inside)
    if not width:
        return planes
    # A box of even borders, so that it halves to whole pixels of the planes.
    border = 6
    x0, y0 = (max(0, (v - border) // 2 * 2) for v in (left, top))
    x1, y1 = (min(MASK_SIZE, (v + border + 1) // 2 * 2) for v in (left + width, top + height))
    box = inside[y0:y1, x0:x1].astype(np.float32)
    lips = ((mask == Region.U_LIP) | (mask == Region.L_LIP)).astype(np.uint8)
    parts = _arranged(box, width, height, max(width, cv2.boundingRect(lips)[2]))
    soft = np.stack([cv2.GaussianBlur(part, (0, 0), _SOFT) for part in parts])
    soft *= box / np.maximum(soft.sum(0), 1e-3)
    halves = soft.reshape(MOUTH_CHANNELS, (y1 - y0) // 2, 2, (x1 - x0) // 2, 2).mean((2, 4))
    planes[:, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = halves
    return planes


def _arranged(box: FloatArray, width: int, height: int, lips: int) -> FloatArray:
    """Hard shares (3, H, W) of the parts in a box around the inner mouth (H, W) 0 or 1."""
    columns = box.any(0)
    upper = np.where(columns, box.argmax(0), 0).astype(np.float32)
    lower = np.where(columns, len(box) - box[::-1].argmax(0), 0).astype(np.float32)
    row = np.arange(len(box), dtype=np.float32)[:, None] + 0.5
    below, above = row - upper, lower - row
    across = np.flatnonzero(columns)
    middle = (across[0] + across[-1]) / 2
    aside = np.abs(np.arange(box.shape[1]) - middle)[None] / max(width / 2, 1)
    parted = width < _PARTED * lips
    teeth = min(_UPPER_TEETH * width, 0.35 * height) if parted else _UPPER_TEETH * width
    open_below = height - teeth
    is_teeth = (below < teeth) & (aside < _TEETH_REACH)
    if height > _WIDE_OPEN * width:
        is_teeth |= (above < _LOWER_TEETH * width) & (aside < _LOWER_REACH)
    shows_tongue = open_below > _TONGUE_FROM * width
    is_tongue = shows_tongue & (above < _TONGUE_SHARE * open_below) & (aside < _TONGUE_REACH) & ~is_teeth
    parts = np.stack([is_teeth, is_tongue, ~(is_teeth | is_tongue)]).astype(np.float32)
    return parts * box


def hair_direction(mask: MaskArray, strokes: Sequence[CombStroke] = ()) -> FloatArray:
    """The direction that comb strokes give to the hair around them, weaker with distance.

    Args:
        mask: (256, 256) uint8 regions; nothing is laid outside of the hair.
        strokes: the later ones count as much as the earlier ones where they meet; none: the hair is left to the style.

    Returns:
        (3, 128, 128) float32: strength x cos 2a, strength x sin 2a, strength 0..1.
    """
    hair = _hair(mask)
    scale = GUIDE_SIDE / MASK_SIZE
    field, strength = np.zeros((2, GUIDE_SIDE, GUIDE_SIDE), np.float32), np.zeros_like(hair)
    for stroke in strokes:
        points = np.asarray(stroke.points, np.float32).reshape(-1, 2) * scale
        drawn = np.zeros((3, GUIDE_SIDE, GUIDE_SIDE), np.float32)
        thick = max(1, round(stroke.width * scale))
        for start, end in itertools.pairwise(points):
            dx, dy = (float(v) for v in end - start)
            length = dx * dx + dy * dy
            if length < 1e-6:
                continue
            values = (dx * dx - dy * dy) / length, 2 * dx * dy / length, 1.0
            first, second = ((round(float(x) * 16), round(float(y) * 16)) for x, y in (start, end))
            for plane, value in zip(drawn, values, strict=True):
                cv2.line(plane, first, second, value, thick, cv2.LINE_8, 4)
        drawn *= hair
        reach = max(2.0, _SPREAD * stroke.width * scale / 2)
        soft = np.stack([cv2.GaussianBlur(plane, (0, 0), reach) for plane in drawn])
        # A line of this width keeps about this share of its height under the blur.
        kept = min(1.0, thick / (reach * 2.5))
        weight = np.clip(soft[2] / max(kept, 1e-3), 0, 1)
        field += np.asarray(soft[:2], np.float32) / np.float32(max(kept, 1e-3))
        strength = np.maximum(strength, weight)
    return _planes(field, strength * hair)


def guide_planes(mask: MaskArray, hair: FloatArray | None = None) -> FloatArray:
    """All planes for a mask: hair direction (3, 128, 128) as given, or none, and the usual parts of its mouth.

    Returns:
        (6, 128, 128) float32.
    """
    planes = np.zeros((GUIDE_CHANNELS, GUIDE_SIDE, GUIDE_SIDE), np.float32)
    if hair is not None:
        planes[:HAIR_CHANNELS] = hair
    planes[HAIR_CHANNELS:] = mouth_parts(mask)
    return planes


def mirrored_guides(planes: FloatArray) -> FloatArray:
    """The planes (..., 6, S, S), or those of the hair alone, as they are in a mirror."""
    flipped = np.ascontiguousarray(planes[..., ::-1])
    flipped[..., 1, :, :] *= -1
    return flipped


def _hair(mask: MaskArray) -> FloatArray:
    hair = (mask == Region.HAIR).astype(np.float32)
    return np.asarray(cv2.resize(hair, (GUIDE_SIDE, GUIDE_SIDE), interpolation=cv2.INTER_AREA), np.float32)


def _planes(field: FloatArray, strength: FloatArray) -> FloatArray:
    """Doubled directions (2, S, S) of any length and strength (S, S) -> (3, S, S)."""
    unit = field / (np.hypot(field[0], field[1]) + np.float32(1e-6))
    return np.concatenate([unit * strength, strength[None]]).astype(np.float32)
