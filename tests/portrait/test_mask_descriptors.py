"""Numbers that describe a mask."""

import numpy as np
import pytest

from faceeditor.portrait.mask_descriptors import DESCRIPTORS, mask_descriptors
from faceeditor.regions import Region


def test_shares_fields_of_hair_and_widths() -> None:
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[:64, 64:192] = Region.HAIR  # the two middle fields of the first row
    mask[64:192, 96:160] = Region.SKIN  # a quarter of the width in bands 2 to 5
    described = mask_descriptors(mask)
    assert described.shape == (DESCRIPTORS,) == (51,) and described.dtype == np.float32
    shares, fields, skin, hair = np.split(described, np.cumsum([19, 16, 8]))
    wanted = {Region.HAIR: 64 * 128, Region.SKIN: 128 * 64, Region.BACKGROUND: 256 * 256 - 2 * 64 * 128}
    for region in Region:
        assert shares[region] ** 2 == pytest.approx(wanted.get(region, 0) / 256**2, abs=1e-6)
    assert fields.reshape(4, 4).tolist() == [[0, 1, 1, 0], [0] * 4, [0] * 4, [0] * 4]
    assert skin.tolist() == [0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0]
    assert hair.tolist() == [0.5, 0.5, 0, 0, 0, 0, 0, 0]
