"""Masks of other programs: their label orders, depths, palettes, colours, turns, soft edges; and photographs."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.portrait import mask_labels
from faceeditor.portrait.mask_folders import import_masks, order_of
from faceeditor.portrait.mask_labels import (
    CELEBAMASK_PARTS,
    COLOURS,
    REGION_OF_LABEL,
    is_like_a_face,
    label_order,
    layout_likelihood,
    recognised,
)
from faceeditor.portrait.masks import load_mask, read_mask, sample_masks
from faceeditor.regions import PALETTE, MaskArray, Region, colorize, mirrored

CELEBAMASK_LABEL = np.argsort(REGION_OF_LABEL["celebamask"]).astype(np.uint8)
"""(19,) CelebAMask-HQ's label of each region."""


def saved(folder: Path, image: Image.Image, name: str = "mask.png", **options: object) -> Path:
    """The path of a saved picture."""
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("number", range(12))
def test_both_orders_are_recognised(number: int) -> None:
    mask = sample_masks()[number].read()
    assert recognised(mask) == ("bisenet", True)
    assert recognised(CELEBAMASK_LABEL[mask]) == ("celebamask", True)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_orders_are_recognised_however_the_mask_lies(turn: int, flip: bool) -> None:
    for sample in sample_masks():
        mask = np.rot90(sample.read(), turn)
        mask = np.ascontiguousarray(mask[:, ::-1] if flip else mask)
        assert recognised(mask)[0] == "bisenet"
        assert recognised(CELEBAMASK_LABEL[mask])[0] == "celebamask"


@pytest.mark.parametrize("sample", [0, 5])
def test_how_likely_a_layout_is_does_not_depend_on_how_it_lies(sample: int) -> None:
    mask = sample_masks()[sample].read()
    upright = layout_likelihood(mask, "bisenet")
    for turn in range(4):
        for lying in (np.rot90(mask, turn), np.rot90(mirrored(mask), turn)):
            assert layout_likelihood(np.ascontiguousarray(lying), "bisenet") == pytest.approx(upright, abs=1.0)
    large = cv2.resize(mask, (512, 512), interpolation=cv2.INTER_NEAREST)
    assert layout_likelihood(large, "bisenet") == pytest.approx(upright, abs=0.5)
    assert layout_likelihood(CELEBAMASK_LABEL[mask], "celebamask") == pytest.approx(upright)
    assert layout_likelihood(mask, "celebamask") < upright - 20
    speckled = mask.copy()
    speckled[2, 2:12] = Region.NECKLACE  # fewer than 13 pixels say nothing
    assert layout_likelihood(speckled, "bisenet") == pytest.approx(upright, abs=0.5)
    exchanged = np.random.default_rng(4).permutation(19).astype(np.uint8)[mask]
    assert is_like_a_face(mask, "bisenet") and not is_like_a_face(exchanged, "bisenet")


def test_labels_that_mean_the_same_in_both_orders_are_certain() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[60:200, 60:200] = Region.SKIN
    assert recognised(mask) == ("bisenet", True)


def test_orders_have_names() -> None:
    assert [label_order(name) for name in ("auto", "ours", "bisenet", "celebamask")] == [
        None, "bisenet", "bisenet", "celebamask",
    ]  # fmt: skip
    with pytest.raises(ImageError, match="no label order “coco”; choose one of auto, bisenet, celebamask, ours"):
        label_order("coco")


def test_celebamask_is_converted_with_a_note(tmp_path: Path, face: MaskArray) -> None:
    path = saved(tmp_path, Image.fromarray(CELEBAMASK_LABEL[face]))
    reading = load_mask(path)
    assert np.array_equal(reading.mask, face)
    assert reading.order == "celebamask" and reading.certain and "converted" in reading.note
    as_asked = load_mask(path, "ours")
    assert np.array_equal(as_asked.mask, CELEBAMASK_LABEL[face]) and as_asked.note == ""
    assert np.array_equal(load_mask(saved(tmp_path, Image.fromarray(CELEBAMASK_LABEL[face])), "celebamask").mask, face)


@pytest.mark.parametrize("factor", [2, 13, 14])
def test_numbers_spread_to_be_seen(tmp_path: Path, face: MaskArray, factor: int) -> None:
    worn = np.where(face == Region.NOSE, Region.HAIR, face).astype(np.uint8)
    reading = load_mask(saved(tmp_path, Image.fromarray((worn * factor).astype(np.uint8))), "ours")
    assert np.array_equal(reading.mask, worn) and f"factor {factor}" in reading.note


def test_too_few_greys_are_not_taken_for_spread_labels(tmp_path: Path, face: MaskArray) -> None:
    few = np.where(np.isin(face, [0, 1, 10]), face, 0).astype(np.uint8)
    with pytest.raises(ImageError, match=r"no regions: 140 \("):
        load_mask(saved(tmp_path, Image.fromarray(few * np.uint8(14))), "ours")


def test_exchanged_regions_are_not_taken_in_silence(tmp_path: Path) -> None:
    mask = sample_masks()[0].read()
    order = np.random.default_rng(4).permutation(19).astype(np.uint8)
    reading = load_mask(saved(tmp_path, Image.fromarray(order[mask])))
    assert not reading.certain and "where a face has them" in reading.note


def test_a_neck_below_the_face_is_no_beard(tmp_path: Path) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[60:200, 60:200] = 1
    mask[200:, 60:200] = 17  # neck of CelebAMask-HQ, or a beard of hair
    for labels, order in ((mask, "celebamask"), (np.where(mask == 17, 14, mask).astype(np.uint8), "bisenet")):
        reading = load_mask(saved(tmp_path, Image.fromarray(labels)))
        assert reading.order == order or not reading.certain
        assert load_mask(saved(tmp_path, Image.fromarray(mask)), "ours").mask[250, 100] == Region.HAIR


@pytest.mark.parametrize("order", ["bisenet", "celebamask"])
def test_an_unsure_order_is_said(tmp_path: Path, order: str) -> None:
    ears = np.zeros((256, 256), np.uint8)
    ears[100:140, 10:40], ears[100:140, 210:240] = Region.R_EAR, Region.L_EAR
    labels = ears if order == "bisenet" else CELEBAMASK_LABEL[ears]
    reading = load_mask(saved(tmp_path, Image.fromarray(labels)))
    other = {"bisenet": "celebamask", "celebamask": "bisenet"}[reading.order]
    assert reading.order == order and not reading.certain
    assert f"were read as “{order}”" in reading.note and f"again with the labels “{other}”" in reading.note


def test_only_known_orders_can_be_asked_for(tmp_path: Path, face: MaskArray) -> None:
    with pytest.raises(ImageError, match="celebamask"):
        load_mask(saved(tmp_path, Image.fromarray(face)), "ade20k")


@pytest.mark.parametrize("owner", list(COLOURS))
@pytest.mark.parametrize("kind", ["rgb", "palette"])
def test_colours_of_other_programs(tmp_path: Path, face: MaskArray, owner: str, kind: str) -> None:
    order, palette = COLOURS[owner]
    labels = face if order == "bisenet" else CELEBAMASK_LABEL[face]
    image = Image.fromarray(palette[labels])
    reading = load_mask(saved(tmp_path, image if kind == "rgb" else image.quantize(256, dither=Image.Dither.NONE)))
    assert np.array_equal(reading.mask, face)


@pytest.mark.parametrize("name", ["mask.gif", "mask.png"])
def test_a_palette_of_grey_labels_was_indexed_anew(tmp_path: Path, face: MaskArray, name: str) -> None:
    grey = Image.fromarray(face)
    used = np.unique(face)
    index = np.searchsorted(used, face).astype(np.uint8)
    image = Image.fromarray(index).convert("P")
    image.putpalette(np.repeat(used, 3).tobytes() + bytes(768 - 3 * len(used)))
    assert np.array_equal(load_mask(saved(tmp_path, image, name)).mask, face)
    assert np.array_equal(load_mask(saved(tmp_path, grey, "grey.gif")).mask, face)


def test_the_numbers_of_a_palette_count_where_its_colours_say_nothing(tmp_path: Path, face: MaskArray) -> None:
    image = Image.fromarray(face).convert("P")
    dark = np.random.default_rng(2).integers(0, 19, (256, 3), dtype=np.uint8)  # neither greys nor known colours
    dark[0] = 5
    image.putpalette(dark.tobytes())
    assert np.array_equal(load_mask(saved(tmp_path, image)).mask, face)
    beyond = Image.fromarray(np.where(face == Region.NOSE, 19, face).astype(np.uint8)).convert("P")
    beyond.putpalette((dark * 13).tobytes())
    with pytest.raises(ImageError, match="match no region; save it as a grey PNG with the values 0 to 18"):
        load_mask(saved(tmp_path, beyond))


def test_a_soft_mask_with_a_palette_is_read_by_its_colours(tmp_path: Path, face: MaskArray) -> None:
    soft = Image.fromarray(cv2.GaussianBlur(colorize(face), (0, 0), 0.6)).quantize(256, dither=Image.Dither.NONE)
    reading = load_mask(saved(tmp_path, soft))
    assert "off the palette" in reading.note and (reading.mask != face).mean() < 0.01


def test_half_transparent_entries_of_a_palette(tmp_path: Path, face: MaskArray) -> None:
    image = Image.fromarray(face).convert("P")
    image.putpalette(PALETTE.tobytes())
    opacity = bytearray(b"\xff" * 19)
    opacity[Region.NOSE], opacity[Region.L_LIP] = 127, 128
    reading = load_mask(saved(tmp_path, image, transparency=bytes(opacity)))
    assert np.array_equal(reading.mask, np.where(face == Region.NOSE, 0, face))


@pytest.mark.parametrize("deep", [False, True])
def test_opacity_decides_at_one_half_and_a_mask_without_any_is_read_whole(
    tmp_path: Path, face: MaskArray, deep: bool
) -> None:
    top = 257 if deep else 1
    labels = face.astype(np.uint16 if deep else np.uint8)
    for upper, lower, erased in ((127, 128, True), (0, 0, False)):
        alpha = np.full(face.shape, lower * top, labels.dtype)
        alpha[:128] = upper * top
        pixels = np.dstack([labels * top, labels * top, labels * top, alpha])
        assert cv2.imwrite(str(tmp_path / "a.png"), pixels)
        reading = load_mask(tmp_path / "a.png")
        wanted = face.copy()
        if erased:
            wanted[:128] = 0
        assert np.array_equal(reading.mask, wanted) and ("Transparent" in reading.note) == erased


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_labels_may_stand_in_any_one_channel(tmp_path: Path, face: MaskArray, channel: int) -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[..., channel] = face
    assert np.array_equal(load_mask(saved(tmp_path, Image.fromarray(pixels))).mask, face)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_three_channels_that_do_not_say_the_same_are_colours(tmp_path: Path, face: MaskArray, odd: int) -> None:
    pixels = np.repeat(face[..., None], 3, 2)
    pixels[..., odd] = 5
    with pytest.raises(ImageError, match="not in the colours of a mask"):
        load_mask(saved(tmp_path, Image.fromarray(pixels)))


def test_many_wrong_values_are_counted(tmp_path: Path, face: MaskArray) -> None:
    for place, value in enumerate((19, 23, 30, 31, 37)):
        face[10, 10 + place] = value
    with pytest.raises(ImageError, match=r"19 \(1 pixels\), 23 \(1 pixels\), 30 \(1 pixels\) and 2 more; .* 0 to 18"):
        load_mask(saved(tmp_path, Image.fromarray(face)))
    face[10, 10:15] = (19, 19, 23, 30, 30)
    with pytest.raises(ImageError, match=r"19 \(2 pixels\), 23 \(1 pixels\), 30 \(2 pixels\); "):
        load_mask(saved(tmp_path, Image.fromarray(face)))


def test_erased_pixels_of_a_palette_are_background(tmp_path: Path, face: MaskArray) -> None:
    indices = face.copy()
    indices[:128] = 19
    image = Image.fromarray(indices).convert("P")
    image.putpalette(PALETTE.tobytes() + PALETTE[1].tobytes())
    reading = load_mask(saved(tmp_path, image, transparency=19))
    assert not reading.mask[:128].any() and np.array_equal(reading.mask[128:], face[128:])
    assert "Transparent" in reading.note


def test_erased_pixels_of_grey_labels_are_background(tmp_path: Path, face: MaskArray) -> None:
    alpha = np.full_like(face, 255)
    alpha[:128] = 0
    reading = load_mask(saved(tmp_path, Image.merge("LA", [Image.fromarray(face), Image.fromarray(alpha)])))
    assert not reading.mask[:128].any() and np.array_equal(reading.mask[128:], face[128:])


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("kind", ["grey", "colour", "palette"])
def test_turns_are_applied(tmp_path: Path, face: MaskArray, orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = {"grey": face, "colour": colorize(face), "palette": face}[kind]
    turned = np.rot90(pixels, {3: 2, 6: 1, 8: -1}[orientation])
    image = Image.fromarray(np.ascontiguousarray(turned))
    if kind == "palette":
        image = image.convert("P")
        image.putpalette(PALETTE.tobytes())
    assert np.array_equal(load_mask(saved(tmp_path, image, exif=exif)).mask, face)


@pytest.mark.parametrize("scale", [1, 257])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits(tmp_path: Path, face: MaskArray, scale: int, channels: int) -> None:
    deep = face.astype(np.uint16) * scale
    pixels = deep if channels == 1 else np.repeat(deep[..., None], channels, 2)
    if channels == 4:
        pixels[..., 3] = 65535
    assert cv2.imwrite(str(tmp_path / "deep.png"), pixels)
    assert np.array_equal(load_mask(tmp_path / "deep.png").mask, face)
    colours = colorize(face).astype(np.uint16) * 257
    assert cv2.imwrite(str(tmp_path / "colours.png"), colours[..., ::-1])
    assert np.array_equal(load_mask(tmp_path / "colours.png").mask, face)


def test_four_bits(tmp_path: Path, face: MaskArray) -> None:
    import struct
    import zlib

    small = np.where(face > 15, 0, face).astype(np.uint8)
    rows = b"".join(b"\0" + ((row[::2] << 4) | row[1::2]).tobytes() for row in small)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 256, 256, 4, 0, 0, 0, 0)
    path = tmp_path / "four.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    assert np.array_equal(load_mask(path).mask, small)


@pytest.mark.parametrize("kind", ["uint32", "float32"])
def test_numbers_of_32_bits(tmp_path: Path, face: MaskArray, kind: str) -> None:
    from tests.test_picture_kinds import tiff

    path = tmp_path / "mask.tif"
    path.write_bytes(tiff(face.astype(kind), photometric=1, sample_format=3 if kind == "float32" else 1))
    assert np.array_equal(load_mask(path).mask, face)


def test_a_kind_of_file_that_pillow_does_not_know(tmp_path: Path, face: MaskArray) -> None:
    from tests.test_picture_kinds import tiff

    path = tmp_path / "mask.tif"
    path.write_bytes(tiff(np.repeat(face.astype(np.float32)[..., None], 3, 2), photometric=2, sample_format=3))
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(path)
    assert np.array_equal(load_mask(path).mask, face)


def test_colours_with_a_profile(tmp_path: Path, face: MaskArray) -> None:
    from faceeditor.images.cicp import icc_of

    wide = icc_of(12, 13)
    assert wide is not None
    colours = Image.fromarray(colorize(face))
    converted = ImageCms.profileToProfile(
        colours, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(wide))
    )
    assert np.array_equal(load_mask(saved(tmp_path, converted, icc_profile=wide)).mask, face)
    # A profile that was only attached leaves the colours as they are stored.
    assert np.array_equal(load_mask(saved(tmp_path, colours, icc_profile=wide)).mask, face)


@pytest.mark.parametrize("side", [300, 512, 1024, 2048])
@pytest.mark.parametrize("kind", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
def test_smoothly_enlarged_labels_have_no_rims(
    tmp_path: Path, face: MaskArray, side: int, kind: Image.Resampling
) -> None:
    for labels in (face, CELEBAMASK_LABEL[face]):
        reading = load_mask(saved(tmp_path, Image.fromarray(labels).resize((side, side), kind)))
        assert "Soft edges" in reading.note
        assert set(np.unique(reading.mask)) <= set(np.unique(face))
        assert (reading.mask != face).mean() < 0.005


@pytest.mark.parametrize("side", [512, 1024])
def test_smoothly_enlarged_colours_have_no_rims(tmp_path: Path, face: MaskArray, side: int) -> None:
    image = Image.fromarray(colorize(face)).resize((side, side), Image.Resampling.BICUBIC)
    reading = load_mask(saved(tmp_path, image))
    assert set(np.unique(reading.mask)) <= set(np.unique(face))
    assert (reading.mask != face).mean() < 0.005


@pytest.mark.parametrize(
    ("side", "quality", "wrong"), [(256, 85, 0.003), (256, 75, 0.007), (256, 40, 0.015), (512, 30, 0.005)]
)
@pytest.mark.parametrize("sample", [0, 7])
def test_a_mask_as_jpeg(tmp_path: Path, sample: int, side: int, quality: int, wrong: float) -> None:
    mask = sample_masks()[sample].read()
    image = Image.fromarray(colorize(mask)).resize((side, side), Image.Resampling.NEAREST)
    reading = load_mask(saved(tmp_path, image, "mask.jpg", quality=quality))
    assert "off the palette" in reading.note and reading.order == "bisenet"
    assert (reading.mask != mask).mean() < wrong


@pytest.mark.parametrize("radius", [1.0, 2.0])
def test_a_blurred_mask(tmp_path: Path, radius: float) -> None:
    mask = sample_masks()[0].read()
    reading = load_mask(saved(tmp_path, Image.fromarray(cv2.GaussianBlur(colorize(mask), (0, 0), radius))))
    assert (reading.mask != mask).mean() < 0.008 and set(np.unique(reading.mask)) <= set(np.unique(mask))


def test_a_smoothly_enlarged_small_mask(tmp_path: Path) -> None:
    """Of whose pixels a quarter lies on rims, far from flat areas: they are mixtures of the two that meet there."""
    mask = cv2.resize(sample_masks()[0].read(), (64, 64), interpolation=cv2.INTER_NEAREST)
    large = np.asarray(Image.fromarray(colorize(mask)).resize((1024, 1024), Image.Resampling.BILINEAR))
    reading = load_mask(saved(tmp_path, Image.fromarray(large)))
    wanted = cv2.resize(mask, (256, 256), interpolation=cv2.INTER_NEAREST)
    assert (reading.mask != wanted).mean() < 0.03


def test_a_drawing_over_a_mask_is_not_taken_for_a_region(tmp_path: Path, face: MaskArray) -> None:
    pixels = colorize(face)
    pixels[20:120, 60:160] = (255, 0, 255)  # a note of the artist's, 15 % of the picture
    with pytest.raises(ImageError, match=r"15\.3% of its pixels match no region"):
        load_mask(saved(tmp_path, Image.fromarray(pixels)))
    speckled = colorize(face)
    speckled[np.random.default_rng(0).random(face.shape) < 0.2] = (255, 0, 255)
    with pytest.raises(ImageError, match="match no region"):
        load_mask(saved(tmp_path, Image.fromarray(speckled)))


def test_colours_of_one_region_alone_are_spread_to_their_strays(tmp_path: Path) -> None:
    pixels = np.full((256, 256, 3), PALETTE[Region.HAIR], np.uint8)
    pixels[100:110, 100:110] = (255, 0, 255)
    assert (load_mask(saved(tmp_path, Image.fromarray(pixels))).mask == Region.HAIR).all()


def photograph() -> Image.Image:
    """A soft scene with shading, like a photograph to a program that counts colours."""
    random = np.random.default_rng(3)
    noise = sum(
        cv2.resize(random.normal(size=(n, n, 3)), (256, 256), interpolation=cv2.INTER_CUBIC) for n in (4, 9, 33)
    )
    return Image.fromarray(np.clip(128 + 60 * np.asarray(noise), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("colours", [4, 8, 16, 18])
def test_photographs_with_few_colours_are_no_masks(tmp_path: Path, colours: int) -> None:
    image = photograph().quantize(colours)
    path = saved(tmp_path, image, "photo.gif")
    with pytest.raises(ImageError, match="photo"):
        load_mask(path)
    with pytest.raises(ImageError, match="photo"):  # a dark grey one
        load_mask(saved(tmp_path, Image.fromarray(np.asarray(image.convert("L")) // 15)))
    assert load_mask(path, "ours").mask.max() < 19, "the order named, it is taken as a mask"


def parts(folder: Path, face: MaskArray, name: str = "00007") -> None:
    """Per-part files at twice the side, as CelebAMask-HQ has them."""
    for part, region in CELEBAMASK_PARTS:
        inside = face == region
        if inside.any():
            big = cv2.resize(inside.astype(np.uint8) * 255, (512, 512), interpolation=cv2.INTER_NEAREST)
            Image.fromarray(np.repeat(big[..., None], 3, 2)).save(folder / f"{name}_{part}.png")


def test_parts_are_put_together(tmp_path: Path, face: MaskArray) -> None:
    parts(tmp_path, face)
    reading = load_mask(tmp_path / "00007_hair.png")
    assert np.array_equal(reading.mask, face) and "parts" in reading.note


def test_folders_are_imported(tmp_path: Path, face: MaskArray) -> None:
    source, out = tmp_path / "anno", tmp_path / "out"
    (source / "0").mkdir(parents=True)
    parts(source / "0", face, "00007")
    parts(source / "0", np.ascontiguousarray(np.roll(face, 5, 1)), "00008")
    done = list(import_masks(source, out))
    assert [each.target for each in done] == [out / "0" / "00007.png", out / "0" / "00008.png"]
    assert np.array_equal(read_mask(out / "0" / "00007.png")[0], face)


def test_a_folder_of_labels_has_one_order(tmp_path: Path, face: MaskArray) -> None:
    labels = tmp_path / "data" / "labels"
    labels.mkdir(parents=True)
    bare = np.where(np.isin(face, [0, Region.SKIN, Region.L_EAR, Region.R_EAR]), face, 0).astype(np.uint8)
    for number, mask in enumerate((face, np.roll(face, 9, 0), bare)):
        saved(labels, Image.fromarray(CELEBAMASK_LABEL[mask]), f"{number}.png")
    (labels / "broken.png").write_bytes(b"no picture")
    assert order_of(sorted(labels.glob("?.png"))) == "celebamask"
    done = {each.source.name: each for each in import_masks(tmp_path / "data", tmp_path / "out")}
    assert done["broken.png"].target is None and "not a picture" in done["broken.png"].note
    assert np.array_equal(read_mask(tmp_path / "out" / "2.png")[0], bare)
    again = list(import_masks(tmp_path / "data", tmp_path / "out"))
    assert all(each.target is None for each in again), "nothing is written over"


def test_a_file_that_says_its_order_itself_keeps_it_in_a_folder_of_another(tmp_path: Path, face: MaskArray) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "0-broken.png").write_bytes(b"no picture")
    for number in (1, 2, 3):
        saved(source, Image.fromarray(CELEBAMASK_LABEL[np.roll(face, number, 0)]), f"{number}.png")
    saved(source, Image.fromarray(colorize(face)), "4-colours.png")
    assert order_of(sorted(source.iterdir())) == "celebamask", "a broken one at the beginning ends nothing"
    done = {each.source.stem: each for each in import_masks(source, tmp_path / "out")}
    assert done["0-broken"].target is None
    assert np.array_equal(read_mask(tmp_path / "out" / "4-colours.png")[0], face)
    assert np.array_equal(read_mask(tmp_path / "out" / "3.png")[0], np.roll(face, 3, 0))


def test_an_import_tells_how_far_it_is_and_refuses_what_makes_no_sense(tmp_path: Path, face: MaskArray) -> None:
    source, empty = tmp_path / "source", tmp_path / "empty"
    for folder in (source / "sub", empty):
        folder.mkdir(parents=True)
    for name in ("b.png", "a.PNG", "sub/c.bmp", "notes.txt"):
        (source / name).write_bytes(b"") if name == "notes.txt" else saved(source, Image.fromarray(face), name)
    told: list[tuple[float, str]] = []
    done = list(import_masks(source, tmp_path / "out", step=lambda share, name: told.append((share, name))))
    assert told == [(0, "a.PNG"), (pytest.approx(1 / 3), "b.png"), (pytest.approx(2 / 3), "c.bmp"), (1, "")]
    assert [each.target for each in done] == [tmp_path / "out" / name for name in ("a.png", "b.png", "sub/c.png")]
    for folder, words in ((source / "b.png", "is no folder"), (empty, "no masks in")):
        with pytest.raises(FaceEditorError, match=words):
            list(import_masks(folder, tmp_path / "out2"))
    with pytest.raises(FaceEditorError, match="The output folder is the input"):
        list(import_masks(source, source / "sub" / ".."))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FaceEditorError, match="file"):
        list(import_masks(source, tmp_path / "file" / "out"))


def test_parts_of_different_sizes_are_refused(tmp_path: Path, face: MaskArray) -> None:
    parts(tmp_path, face)
    saved(tmp_path, Image.new("L", (256, 256)), "00007_skin.png")
    with pytest.raises(ImageError, match="another size than the other parts of “00007”"):
        load_mask(tmp_path / "00007_nose.png")
    for name in ("skin", "nose"):
        saved(tmp_path, Image.new("L", (256, 255)), f"00009_{name}.png")
    with pytest.raises(ImageError, match="256 x 255 pixels; a mask must be square"):
        load_mask(tmp_path / "00009_nose.png")


def test_later_parts_lie_over_earlier_ones(tmp_path: Path) -> None:
    """Skin covers the whole face in CelebAMask-HQ, and hair lies over it."""
    for name, rows in (("hair", 100), ("skin", 200), ("l_eye", 50)):
        picture = np.zeros((256, 256), np.uint8)
        picture[:rows] = 255
        saved(tmp_path, Image.fromarray(picture), f"3_{name}.png")
    mask = load_mask(tmp_path / "3_skin.png").mask
    assert sorted({int(value) for value in mask[:, 0]}) == sorted({0, int(Region.SKIN), int(Region.HAIR)})
    assert mask[10, 0] == Region.HAIR and mask[150, 0] == Region.SKIN and mask[250, 0] == Region.BACKGROUND


def test_parts_of_another_size_are_resampled_and_half_grey_belongs_to_them(tmp_path: Path) -> None:
    for name, value, rows in (("skin", 128, 64), ("hair", 127, 32)):
        picture = np.zeros((128, 128), np.uint8)
        picture[:rows] = value
        saved(tmp_path, Image.fromarray(picture), f"4_{name}.png")
    mask = load_mask(tmp_path / "4_skin.png").mask
    assert mask.shape == (256, 256) and (mask[:128] == Region.SKIN).all() and not mask[128:].any()


def test_a_part_alone_is_a_mask_of_its_own(tmp_path: Path, face: MaskArray) -> None:
    alone = saved(tmp_path, Image.fromarray(face), "00007_hair.png")
    assert np.array_equal(load_mask(alone).mask, face)


def test_the_legend_names_all_regions() -> None:
    assert mask_labels.legend().startswith("0 background, 1 skin, 2 left brow")
    assert "13 hair" in mask_labels.legend("celebamask")
    assert mask_labels.legend("bisenet") == arguments.BISENET_LEGEND
    assert mask_labels.legend("celebamask") == arguments.CELEBAMASK_LEGEND
    assert set(arguments.LABEL_CHOICES) == set(mask_labels.LABEL_CHOICES)
