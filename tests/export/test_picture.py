"""Exports: right pixels, right size, colour profile, provenance."""

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.export import encode_picture, scaled, sheet, side_by_side, write_mask, write_picture
from faceeditor.portrait.masks import read_mask
from faceeditor.regions import PALETTE, Region, colorize

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.fixture
def picture() -> np.ndarray:
    """(64, 64, 3) uint8, smooth."""
    y, x = np.mgrid[:64, :64]
    return np.stack([x * 4, y * 4, 255 - x * 2 - y * 2], 2).astype(np.uint8)


def xmp_of(path: Path) -> str:
    """The XMP packet by each format's own place for it."""
    with Image.open(path) as image:
        if image.format == "PNG":
            return image.text["XML:com.adobe.xmp"]  # type: ignore[attr-defined]
        if image.format == "TIFF":
            return image.tag_v2[700].decode()  # type: ignore[attr-defined]
        return image.info["xmp"].decode()


@pytest.mark.parametrize("quality", [*range(1, 101, 7), 94, 95, 96, 100])
@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_noise_is_written_at_all_qualities(quality: int, kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    data = encode_picture(noise, kind, quality)
    assert Image.open(io.BytesIO(data)).size == (300, 300)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".JPEG", ".webp", ".tif", ".tiff", ".avif"])
def test_every_format_has_provenance_and_profile(tmp_path: Path, picture: np.ndarray, ending: str) -> None:
    path = tmp_path / f"face{ending}"
    write_picture(path, picture)
    packet = ElementTree.fromstring(xmp_of(path))
    (description,) = packet.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType") == SOURCE
    with Image.open(path) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    lossless = ending in (".png", ".tif", ".tiff")
    assert np.abs(pixels - picture).mean() < (1e-9 if lossless else 3)


def test_equal_pictures_give_equal_files(picture: np.ndarray) -> None:
    assert encode_picture(picture) == encode_picture(picture.copy())


def test_a_profile_names_no_moment_of_its_making(picture: np.ndarray) -> None:
    with Image.open(io.BytesIO(encode_picture(picture))) as image:
        header = image.info["icc_profile"][:128]
    # ICC.1:2010, 7.2.1: year, month, day, hours, minutes, seconds.
    assert [int.from_bytes(header[place : place + 2], "big") for place in range(24, 36, 2)] == [2026, 1, 1, 0, 0, 0]
    assert int.from_bytes(header[:4], "big") > 128 and header[36:40] == b"acsp"


def test_quality_changes_the_size(picture: np.ndarray) -> None:
    assert encode_picture(picture, "jpeg", 150) == encode_picture(picture, "jpeg", 100)
    assert encode_picture(picture, "jpeg", -5) == encode_picture(picture, "jpeg", 1)
    assert len(encode_picture(picture, "jpeg", 40)) < len(encode_picture(picture, "jpeg", 98))
    lossless = encode_picture(picture, "webp", 100)
    with Image.open(io.BytesIO(lossless)) as image:
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize("name", ["face.xyz", "face", "face.gif"])
def test_an_unknown_ending_lists_the_formats(tmp_path: Path, picture: np.ndarray, name: str) -> None:
    with pytest.raises(ImageError, match=r"\.png, \.jpg, \.webp, \.tiff or \.avif"):
        write_picture(tmp_path / name, picture)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [16, 64, 200, 512])
def test_scaling_keeps_the_shape_and_the_picture(picture: np.ndarray, size: int) -> None:
    result = scaled(picture[:, :48], size)
    assert result.shape == (size, round(48 * size / 64), 3)
    assert abs(result.mean() - picture[:, :48].mean()) < 3


@pytest.mark.parametrize("size", [0, -5, 8193])
def test_impossible_sizes_are_refused(tmp_path: Path, picture: np.ndarray, size: int) -> None:
    with pytest.raises(ImageError, match="16 to 8192"):
        write_picture(tmp_path / "face.png", picture, size)


def test_upscaled_export(tmp_path: Path, picture: np.ndarray) -> None:
    write_picture(tmp_path / "face.png", picture, 1024)
    with Image.open(tmp_path / "face.png") as image:
        assert image.size == (1024, 1024)


def test_enlarging_lays_no_pattern_over_smooth_tones() -> None:
    """Neither over a flat tone nor over a slow change of tone, whose levels rise one by one."""
    ramp = np.rint(np.linspace(100, 112, 512)).astype(np.uint8)
    picture = np.repeat(np.tile(ramp, (512, 1))[:, :, None], 3, 2)
    picture[:256] = 60
    large = scaled(picture, 2048)
    assert (large[:1000] == 60).all()
    assert (np.diff(large[1100, :, 0].astype(int)) >= 0).all() and (large[1100:] == large[1100]).all()


def test_a_sheet_has_rows_and_margins() -> None:
    faces = [np.full((16, 20, 3), 50 + n, np.uint8) for n in range(5)]
    laid = sheet(faces, columns=3)
    assert laid.shape == (2 * 16 + 4, 3 * 20 + 8, 3)
    assert (laid[-1, -1] == 30).all() and (laid[0, -1] == 52).all() and (laid[-1, 0] == 53).all()
    assert sheet(faces[:4]).shape == (36, 44, 3) and sheet(faces).shape == laid.shape
    assert sheet(faces[:1], 7).shape == (16, 20, 3)


def test_side_by_side_adds_no_colours(picture: np.ndarray) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 128:] = Region.HAIR
    sheet = side_by_side(picture, colorize(mask))
    assert sheet.shape == (64, 128, 3)
    assert np.array_equal(sheet[:, 64:], picture)
    colours = {tuple(colour) for colour in sheet[:, :64].reshape(-1, 3).tolist()}
    assert colours == {tuple(PALETTE[0].tolist()), tuple(PALETTE[Region.HAIR].tolist())}
    odd = side_by_side(np.zeros((100, 90, 3), np.uint8), colorize(mask))[:, :90]
    assert {tuple(colour) for colour in odd.reshape(-1, 3).tolist()} == colours


def test_an_exported_mask_opens_again(tmp_path: Path) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[50:200, 60:180] = Region.SKIN
    write_mask(tmp_path / "mask.png", mask)
    assert SOURCE in xmp_of(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png")[0], mask)
    with pytest.raises(ImageError, match=r"\.png"):
        write_mask(tmp_path / "mask.jpg", mask)


def test_a_missing_folder_is_named(tmp_path: Path, picture: np.ndarray) -> None:
    with pytest.raises(FaceEditorError, match="does not exist"):
        write_picture(tmp_path / "no" / "face.png", picture)
