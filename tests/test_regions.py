"""The regions: pairs exchanged in the mirror, and how well one mask agrees with another."""

import numpy as np
import pytest

from faceeditor.regions import FACE_REGIONS, MIRROR, PALETTE, REGION_NAMES, Region, colorize, mask_fidelity, mirrored


def test_only_brows_eyes_and_ears_change_sides() -> None:
    pairs = {
        Region.L_BROW: Region.R_BROW,
        Region.L_EYE: Region.R_EYE,
        Region.L_EAR: Region.R_EAR,
    }
    both_ways = pairs | {right: left for left, right in pairs.items()}
    assert [Region(int(region)) for region in MIRROR] == [both_ways.get(region, region) for region in Region]
    row = np.array([[Region.HAIR, Region.R_EYE, Region.NOSE, Region.L_EYE]], np.uint8)
    assert mirrored(row).tolist() == [[Region.R_EYE, Region.NOSE, Region.L_EYE, Region.HAIR]]


def test_every_region_has_a_name_and_a_colour_of_its_own() -> None:
    assert len(set(REGION_NAMES)) == len(Region)
    assert REGION_NAMES[Region.MOUTH] == "Inner mouth" and REGION_NAMES[Region.HAT] == "Hat"
    assert np.array_equal(colorize(np.array([[Region.HAT, Region.SKIN]], np.uint8)), PALETTE[[[18, 1]]])
    distances = np.abs(PALETTE[:, None].astype(int) - PALETTE[None]).max(2)
    assert distances[~np.eye(len(Region), dtype=bool)].min() > 12, "what reading a mask takes for the same colour"


def test_the_face_is_what_its_outline_holds() -> None:
    around = {
        Region.BACKGROUND, Region.L_EAR, Region.R_EAR, Region.EARRING, Region.NECK, Region.NECKLACE, Region.CLOTH,
        Region.HAIR, Region.HAT,
    }  # fmt: skip
    assert set(FACE_REGIONS) == set(Region) - around


def test_fidelity_counts_pixels_over_all_masks() -> None:
    wanted = [np.array([[Region.SKIN, Region.SKIN], [Region.HAIR, Region.HAIR]], np.uint8)] * 2
    read = [
        np.array([[Region.SKIN, Region.HAIR], [Region.HAIR, Region.HAIR]], np.uint8),
        np.array([[Region.SKIN, Region.SKIN], [Region.HAT, Region.HAIR]], np.uint8),
        np.array([[Region.NOSE]], np.uint8),
    ]
    figures = mask_fidelity(read, [*wanted, np.array([[Region.NOSE]], np.uint8)])
    assert figures["pixel_accuracy"] == 7 / 9
    # Hat was read but does not occur: it counts against hair alone.
    assert figures["iou"] == {"Skin": pytest.approx(3 / 4), "Nose": 1, "Hair": pytest.approx(3 / 5)}
    assert figures["mean_iou"] == pytest.approx((3 / 4 + 1 + 3 / 5) / 3)


def test_fidelity_wants_a_mask_for_each() -> None:
    mask = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="longer"):
        mask_fidelity([mask], [mask, mask])
