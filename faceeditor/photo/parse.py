"""Read the 19 regions of an aligned photograph."""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.networks import open_parser
from faceeditor.portrait.label_fill import fill_from_nearest
from faceeditor.regions import REGION_COUNT, MaskArray, Region

_SPECK = 40
_SMALL_SPECK = 6
_SMALL_REGIONS = frozenset(
    (Region.L_BROW, Region.R_BROW, Region.L_EYE, Region.R_EYE, Region.EARRING, Region.MOUTH, Region.U_LIP, Region.L_LIP)
)
"""Regions that may be a few pixels large in a whole face."""


def parse_photo(photo: npt.NDArray[np.uint8]) -> MaskArray:
    """The regions (S, S) uint8 of an aligned photograph (S, S, 3) uint8 sRGB, S a multiple of 32.

    Raises:
        ModelError: the parser's model pack is missing or damaged.
    """
    import torch

    from faceeditor.nets.parser import parse

    with torch.inference_mode():
        pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None].float() / 127.5 - 1.0
        mask = parse(open_parser(), pixels)[0].numpy().astype(np.uint8)
    return without_specks(np.ascontiguousarray(mask))


def without_specks(mask: MaskArray) -> MaskArray:
    """A mask without its tiny islands: each of their pixels takes the region of the nearest other pixel.

    Args:
        mask: (H, W) uint8; islands under 40 pixels go, of eyes, brows, lips, mouth and earrings those under 6.
    """
    speck = np.zeros(mask.shape, bool)
    for region in range(REGION_COUNT):
        here = (mask == region).astype(np.uint8)
        if not here.any():
            continue
        _, islands, facts, _ = cv2.connectedComponentsWithStats(here, connectivity=8)
        small = facts[:, cv2.CC_STAT_AREA] < (_SMALL_SPECK if region in _SMALL_REGIONS else _SPECK)
        small[0] = False
        speck |= small[islands]
    return fill_from_nearest(mask, speck)
