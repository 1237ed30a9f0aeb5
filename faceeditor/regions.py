"""The 19 regions of a face mask, in the order of CelebAMask-HQ.

Left and right are the *person's*: the person's left eye (``L_EYE``) appears on the right side of the picture.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

MaskArray = npt.NDArray[np.uint8]

MASK_SIZE = 256
"""Side of a portrait's mask in pixels."""


class Region(IntEnum):
    """Index of a region in a mask."""

    BACKGROUND = 0
    SKIN = 1
    L_BROW = 2
    R_BROW = 3
    L_EYE = 4
    R_EYE = 5
    GLASSES = 6
    L_EAR = 7
    R_EAR = 8
    EARRING = 9
    NOSE = 10
    MOUTH = 11
    U_LIP = 12
    L_LIP = 13
    NECK = 14
    NECKLACE = 15
    CLOTH = 16
    HAIR = 17
    HAT = 18


REGION_COUNT = len(Region)

REGION_NAMES: tuple[str, ...] = (
    "Background", "Skin", "Left brow", "Right brow", "Left eye", "Right eye", "Glasses", "Left ear", "Right ear",
    "Earring", "Nose", "Inner mouth", "Upper lip", "Lower lip", "Neck", "Necklace", "Cloth", "Hair", "Hat",
)  # fmt: skip

PALETTE: npt.NDArray[np.uint8] = np.array(
    [
        (38, 40, 46), (231, 178, 148), (133, 92, 62), (94, 64, 45), (84, 168, 222), (44, 112, 178), (150, 130, 205),
        (222, 140, 110), (196, 112, 88), (244, 208, 84), (240, 150, 128), (120, 28, 44), (206, 66, 84),
        (226, 104, 112), (204, 150, 122), (214, 182, 66), (76, 132, 118), (92, 68, 110), (170, 72, 142),
    ],
    dtype=np.uint8,
)  # fmt: skip
"""(19, 3) uint8 sRGB: the colour of each region on the canvas and in palette PNGs."""

MIRROR: npt.NDArray[np.uint8] = np.arange(REGION_COUNT, dtype=np.uint8)
"""(19,) uint8: the region that takes a region's place when the picture is mirrored."""
for _left, _right in (
    (Region.L_BROW, Region.R_BROW),
    (Region.L_EYE, Region.R_EYE),
    (Region.L_EAR, Region.R_EAR),
):
    MIRROR[_left], MIRROR[_right] = _right, _left

FACE_REGIONS: tuple[Region, ...] = (
    Region.SKIN, Region.L_BROW, Region.R_BROW, Region.L_EYE, Region.R_EYE, Region.GLASSES, Region.NOSE,
    Region.MOUTH, Region.U_LIP, Region.L_LIP,
)  # fmt: skip
"""Regions inside the outline of the face."""


def mirrored(mask: MaskArray) -> MaskArray:
    """The mask (H, W) uint8 as seen in a mirror: flipped, with left and right regions exchanged."""
    return np.ascontiguousarray(MIRROR[mask[:, ::-1]])


def colorize(mask: MaskArray) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 region indices -> (H, W, 3) uint8 sRGB in the palette's colours."""
    return PALETTE[mask]


def mask_fidelity(read: Sequence[MaskArray], wanted: Sequence[MaskArray]) -> dict[str, Any]:
    """Pixel accuracy, mean IoU over the regions that occur, and IoU per region name, of read against wanted masks."""
    confusion = np.zeros((REGION_COUNT, REGION_COUNT), np.int64)
    for guess, truth in zip(read, wanted, strict=True):
        pairs = truth.astype(np.int64) * REGION_COUNT + guess
        confusion += np.bincount(pairs.ravel(), minlength=REGION_COUNT**2).reshape(REGION_COUNT, REGION_COUNT)
    hit = np.diag(confusion).astype(np.float64)
    union = confusion.sum(0) + confusion.sum(1) - hit
    occurs = confusion.sum(1) > 0
    iou = {REGION_NAMES[i]: float(hit[i] / union[i]) for i in range(REGION_COUNT) if occurs[i]}
    return {
        "pixel_accuracy": float(hit.sum() / confusion.sum()),
        "mean_iou": float(np.mean(list(iou.values()))),
        "iou": iou,
    }
