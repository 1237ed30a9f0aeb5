"""A drawn face and styles for the tests of the document."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from faceeditor.portrait.document import Portrait
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode
from faceeditor.regions import MaskArray, Region


@pytest.fixture
def face() -> MaskArray:
    """(256, 256) uint8: a plain, symmetric face."""
    mask = np.zeros((256, 256), np.uint8)
    cv2.ellipse(mask, (128, 135), (66, 96), 0, 0, 360, int(Region.SKIN), -1)
    for x, eye, brow in ((158, Region.L_EYE, Region.L_BROW), (97, Region.R_EYE, Region.R_BROW)):
        cv2.ellipse(mask, (x, 121), (13, 5), 0, 0, 360, int(eye), -1)
        cv2.ellipse(mask, (x, 104), (19, 4), 0, 0, 360, int(brow), -1)
    cv2.ellipse(mask, (128, 150), (18, 18), 0, 0, 360, int(Region.NOSE), -1)
    cv2.ellipse(mask, (128, 191), (25, 8), 0, 0, 360, int(Region.L_LIP), -1)
    return mask


def drawn_style(seed: int) -> StyleCode:
    """A style of random numbers."""
    rng = np.random.default_rng(seed)
    shapes = (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)
    regions, overall, detail = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    return StyleCode(regions, overall, detail, f"Seed {seed}")


@pytest.fixture
def style() -> Callable[[int], StyleCode]:
    """Styles by seed."""
    return drawn_style


@pytest.fixture
def portrait(face: MaskArray) -> Portrait:
    """A portrait of the drawn face."""
    return Portrait(face, drawn_style(0))
