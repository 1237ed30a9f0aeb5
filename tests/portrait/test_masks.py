"""Mask files: what can be opened, what is said about it, and the built-in samples."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceeditor.errors import ImageError
from faceeditor.faceframe import face_frame
from faceeditor.portrait.masks import read_mask, sample_masks, write_mask
from faceeditor.portrait.resampling import resample
from faceeditor.regions import PALETTE, MaskArray, Region, colorize


def test_our_own_file_comes_back(tmp_path: Path, face: MaskArray) -> None:
    write_mask(tmp_path / "mask.png", face)
    mask, note = read_mask(tmp_path / "mask.png")
    assert np.array_equal(mask, face)
    assert note == ""
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), face)
        assert np.array_equal(np.asarray(image.convert("RGB")), colorize(face))


def test_a_mask_is_only_written_as_png(tmp_path: Path, face: MaskArray) -> None:
    with pytest.raises(ImageError, match=r"\.png"):
        write_mask(tmp_path / "mask.jpg", face)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["grey", "grey as rgb", "rgb", "rgba", "other palette", "sorted palette"])
def test_kinds_of_files(tmp_path: Path, face: MaskArray, kind: str) -> None:
    path = tmp_path / "mask.png"
    if kind == "grey":
        Image.fromarray(face).save(path)
    elif kind == "grey as rgb":
        Image.fromarray(np.repeat(face[..., None], 3, 2)).save(path)
    elif kind == "rgb":
        Image.fromarray(colorize(face)).save(path)
    elif kind == "rgba":
        Image.fromarray(colorize(face)).convert("RGBA").save(path)
    elif kind == "other palette":
        image = Image.fromarray(face).convert("P")
        image.putpalette(np.random.default_rng(1).integers(0, 255, 768, dtype=np.uint8).tobytes())
        image.save(path)
    else:  # the same picture, its palette in another order
        order = np.roll(np.arange(19), 7)
        image = Image.fromarray(np.argsort(order).astype(np.uint8)[face]).convert("L")
        palette = Image.new("P", image.size)
        palette.putpalette(PALETTE[order].tobytes())
        palette.frombytes(image.tobytes())
        palette.save(path)
    mask, note = read_mask(path)
    assert np.array_equal(mask, face)
    assert note == ""


def test_soft_edges_are_put_right_and_noted(tmp_path: Path, face: MaskArray) -> None:
    soft = cv2.GaussianBlur(colorize(face), (0, 0), 0.45)
    Image.fromarray(soft).save(tmp_path / "soft.png")
    mask, note = read_mask(tmp_path / "soft.png")
    assert "off the palette" in note
    assert (mask != face).mean() < 0.008


def test_transparent_pixels_are_background(tmp_path: Path, face: MaskArray) -> None:
    rgba = np.dstack([colorize(face), np.full((256, 256), 255, np.uint8)])
    rgba[:40] = 0
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    mask, note = read_mask(tmp_path / "clear.png")
    assert not mask[:40].any()
    assert np.array_equal(mask[40:], face[40:])
    assert "Transparent" in note


def test_a_wrong_palette_is_explained(tmp_path: Path, face: MaskArray) -> None:
    colours = 255 - PALETTE
    Image.fromarray(colours[face]).save(tmp_path / "wrong.png")
    with pytest.raises(ImageError, match=r"100\.0% of its pixels match no region") as error:
        read_mask(tmp_path / "wrong.png")
    assert "Skin #E7B294" in str(error.value)


def test_values_above_18_are_named_and_counted(tmp_path: Path, face: MaskArray) -> None:
    face[10, 10:17] = 19
    face[11, 10] = 255
    Image.fromarray(face).save(tmp_path / "more.png")
    with pytest.raises(ImageError, match=r"19 \(7 pixels\), 255 \(1 pixels\)"):
        read_mask(tmp_path / "more.png")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((256, 255), np.uint8), "square"),
        (np.zeros((32, 32), np.uint8), "64 to 4096"),
        (np.full((256, 256), 300, np.uint16), r"300 \(65536 pixels\)"),
    ],
)
def test_shapes_and_depths_that_are_refused(tmp_path: Path, array: np.ndarray, words: str) -> None:
    Image.fromarray(array).save(tmp_path / "bad.png")
    with pytest.raises(ImageError, match=words):
        read_mask(tmp_path / "bad.png")


@pytest.mark.parametrize("side", [64, 4096])
def test_the_smallest_and_the_largest_mask(tmp_path: Path, face: MaskArray, side: int) -> None:
    scaled = cv2.resize(face, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    Image.fromarray(scaled).save(tmp_path / "sized.png")
    mask, note = read_mask(tmp_path / "sized.png", "ours")
    assert f"from {side} x {side} to 256 x 256" in note and (mask != face).mean() < 0.03
    for beyond in ((63, 63), (4097, 4097)):
        Image.new("L", beyond).save(tmp_path / "beyond.png")
        with pytest.raises(
            ImageError, match=f"{beyond[0]} x {beyond[0]} pixels; bring the mask to a side of 64 to 4096"
        ):
            read_mask(tmp_path / "beyond.png")


@pytest.mark.parametrize("kind", ["grey", "palette"])
def test_a_wide_picture_is_no_mask(tmp_path: Path, kind: str) -> None:
    Image.new("L" if kind == "grey" else "P", (256, 4000)).save(tmp_path / "wide.png")
    with pytest.raises(ImageError, match="256 x 4000 pixels; a mask must be square"):
        read_mask(tmp_path / "wide.png")


def test_text_and_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no mask")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(ImageError, match="not a picture"):
        read_mask(tmp_path / "text.png")
    with pytest.raises(ImageError, match="empty"):
        read_mask(tmp_path / "empty.png")


@pytest.mark.parametrize("side", [64, 128, 300, 512, 1536])
def test_other_sizes_are_resampled_and_noted(tmp_path: Path, face: MaskArray, side: int) -> None:
    scaled = cv2.resize(face, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    Image.fromarray(scaled).save(tmp_path / "sized.png")
    mask, note = read_mask(tmp_path / "sized.png")
    assert mask.shape == (256, 256)
    assert f"{side} x {side}" in note
    assert (mask != face).mean() < (0.03 if side < 256 else 0.01)


def test_resampling_takes_the_majority() -> None:
    mask = np.zeros((512, 512), np.uint8)
    mask[::2, ::2] = Region.SKIN  # a quarter of each 2 x 2 block
    assert not resample(mask, 256).any()
    mask[1::2] = Region.HAIR  # now half of each block
    assert (resample(mask, 256) == Region.HAIR).all()
    block = np.full((4, 4), Region.HAIR, np.uint8)
    block[1:3, 1:3] = Region.SKIN  # a quarter, in the middle
    assert (resample(np.tile(block, (256, 256)), 256) == Region.HAIR).all()


def test_enlarging_keeps_straight_edges_between_the_pixels() -> None:
    mask = np.full((64, 64), Region.SKIN, np.uint8)
    mask[:, 32:] = Region.HAIR
    large = resample(mask, 256)
    assert (large[:, :128] == Region.SKIN).all() and (large[:, 128:] == Region.HAIR).all()
    mask[:] = np.where(np.add.outer(np.arange(64), np.arange(64)) < 64, Region.SKIN, Region.HAIR)  # at 45 degrees
    slope = resample(mask, 256)
    ends = (slope == Region.SKIN).sum(1)
    assert np.diff(ends.astype(int)).min() > -4, "no stairs of 4 pixels"


def test_thin_lines_of_a_large_mask_are_not_invented_nor_lost() -> None:
    mask = np.zeros((2048, 2048), np.uint8)
    mask[:, 1000:1008] = Region.HAIR  # a pixel of the result
    small = resample(mask, 256)
    assert (small[:, 125] == Region.HAIR).all() and (small == Region.HAIR).sum() == 256


def test_there_are_twelve_samples() -> None:
    samples = sample_masks()
    assert len(samples) == 12
    assert samples[2].name == "Bob with fringe"
    masks = [sample.read() for sample in samples]
    for index, mask in enumerate(masks):
        assert all((mask != other).mean() > 0.03 for other in masks[:index])


@pytest.mark.parametrize("number", range(12))
def test_a_sample_is_a_face_in_the_usual_place(number: int) -> None:
    mask, note = read_mask(sample_masks()[number].path)
    assert note == ""

    def centre(region: Region) -> np.ndarray:
        return np.argwhere(mask == region).mean(0)[::-1] + 0.5

    # Left is the person's: it lies on the right of the picture.
    assert centre(Region.L_BROW)[0] > 140
    assert centre(Region.R_BROW)[0] < 116
    if (mask == Region.GLASSES).any():
        assert abs(centre(Region.GLASSES)[0] - 128) < 5
    else:
        assert centre(Region.L_EYE) == pytest.approx((158, 121), abs=4)
        assert centre(Region.R_EYE) == pytest.approx((98, 121), abs=4)
    for region in (Region.SKIN, Region.NOSE, Region.U_LIP, Region.L_LIP, Region.NECK, Region.HAIR, Region.CLOTH):
        assert (mask == region).sum() > 40, region
    frame = face_frame(mask)
    assert np.abs(frame - [[1, 0, 0], [0, 1, 0]]).max() < 0.15


def test_samples_show_what_their_names_say() -> None:
    masks = {sample.path.stem[3:]: sample.read() for sample in sample_masks()}
    for name, regions in {
        "glasses": (Region.GLASSES,),
        "hat": (Region.HAT,),
        "smiling": (Region.MOUTH,),
        "earrings-and-necklace": (Region.EARRING, Region.NECKLACE),
    }.items():
        for region in regions:
            assert (masks[name] == region).sum() > 60
