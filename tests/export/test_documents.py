"""A drawn face in a file: cut out of its background, with layers or without."""

from pathlib import Path

import numpy as np
import pytest

from faceeditor.errors import ImageError
from faceeditor.export.documents import cut_face, face_alpha, face_document, write_face
from faceeditor.export.layers import Group, Layer
from faceeditor.images.source import source_of
from faceeditor.regions import Region

RED, GREEN = (200, 40, 30), (10, 180, 90)


def half_mask() -> np.ndarray:
    """A person in the right half of the picture."""
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[:, 128:] = Region.SKIN
    return mask


def red_on_green(side: int = 512) -> np.ndarray:
    pixels = np.full((side, side, 3), GREEN, np.uint8)
    pixels[:, side // 2 :] = RED
    return pixels


@pytest.mark.parametrize("side", [128, 256, 512])
def test_the_soft_edge_lies_inside_of_the_outline(side: int) -> None:
    alpha = face_alpha(half_mask(), side)
    assert alpha.shape == (side, side) and alpha.dtype == np.float32
    unit = side // 128  # two pixels of the mask
    edge = side // 2
    assert not alpha[:, : edge - unit].any(), "nothing of the background, up to the border of the picture"
    assert (alpha[:, edge + 2 * unit :] == 1).all(), "opaque, also where the person leaves the picture"
    assert alpha[0, edge - 1] < 0.1, "transparent at the outline"
    across = alpha[0, edge - unit : edge + 2 * unit]
    assert (np.diff(across) >= 0).all() and ((across > 0) & (across < 1)).any()
    assert np.ptp(alpha, axis=0).max() < 1e-5, "the same in every row"


def test_a_cut_face_has_its_own_colours_up_to_the_edge() -> None:
    share = face_alpha(half_mask(), 512)[..., None]
    fading = np.rint(share * RED + (1 - share) * GREEN).astype(np.uint8)  # as drawn hair fades into its background
    colours, alpha = cut_face(fading, half_mask())
    assert alpha.dtype == np.uint8 and alpha[0, 0] == 0 and alpha[-1, -1] == 255
    seen = alpha > 25
    assert np.abs(fading[seen].astype(int) - RED).max() > 100
    assert np.abs(colours[seen].astype(int) - RED).max() <= 12, "no green shines through"


def test_a_face_is_written_without_its_background(tmp_path: Path) -> None:
    pixels = red_on_green(128)
    write_face(tmp_path / "cut.png", pixels, half_mask(), transparent=True)
    found = source_of((tmp_path / "cut.png").read_bytes(), "cut.png")
    assert found.alpha is not None
    assert found.alpha[64, 10] == 0 and found.alpha[64, 100] == 255
    assert found.samples[64, 100].tolist() == list(RED)
    write_face(tmp_path / "whole.png", pixels, half_mask())
    whole = source_of((tmp_path / "whole.png").read_bytes(), "whole.png")
    assert whole.alpha is None and np.array_equal(whole.samples, pixels)


def test_a_format_without_transparency_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="JPEG keeps no transparent background; choose one of PNG, WebP, TIFF, AVIF"):
        write_face(tmp_path / "face.jpg", red_on_green(128), half_mask(), transparent=True)
    with pytest.raises(ImageError, match="quality 101"):
        write_face(tmp_path / "face.jpg", red_on_green(128), half_mask(), quality=101)
    assert list(tmp_path.iterdir()) == []


def test_the_quality_reaches_the_file(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    for quality in (30, 95):
        write_face(tmp_path / f"{quality}.jpg", noise, half_mask(), quality=quality)
    assert (tmp_path / "30.jpg").stat().st_size < 0.6 * (tmp_path / "95.jpg").stat().st_size


def test_regions_lie_over_the_face_they_belong_to() -> None:
    mask = half_mask()
    mask[40:100, 140:220] = Region.HAIR
    made = face_document(red_on_green(512), mask, transparent=True)
    result, group, matte = made.layers
    assert isinstance(result, Layer) and isinstance(group, Group) and isinstance(matte, Layer)
    assert made.merged_alpha is not None and made.merged_alpha[0, 0] == 0 and made.merged_alpha[0, -1] == 255
    assert matte.alpha is not None and np.array_equal(matte.alpha, made.merged_alpha)
    (hair,) = [layer for layer in group.layers if layer.name == "Hair"]
    assert hair.alpha is not None
    inside = np.argwhere(hair.alpha > 127) + np.array([hair.top, hair.left])
    assert inside.min(0).tolist() == [2 * 40, 2 * 140] and inside.max(0).tolist() == [2 * 100 - 1, 2 * 220 - 1]
