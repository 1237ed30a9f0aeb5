"""Kinds of picture files whose pixels are easily read wrongly, and the metadata that comes with them."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceeditor.errors import ImageError
from faceeditor.images import open_picture, read_source
from faceeditor.images.cicp import icc_of
from faceeditor.images.limits import check_size
from faceeditor.images.orientation import stored, turned
from faceeditor.images.source import source_of, to_srgb
from tests.test_images import gradient


def tiff(pixels: np.ndarray, photometric: int, planar: bool = False, sample_format: int = 1) -> bytes:
    """An uncompressed little-endian TIFF of pixels (H, W) or (H, W, 3) of any kind of numbers."""
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    planes = [np.ascontiguousarray(plane) for plane in np.moveaxis(pixels.reshape(height, width, bands), 2, 0)]
    strips = [plane.tobytes() for plane in planes] if planar else [np.ascontiguousarray(pixels).tobytes()]
    bits = pixels.dtype.itemsize * 8
    count = 12
    extra = 8 + 2 + 12 * count + 4
    lists = {258: [bits] * bands, 339: [sample_format] * bands}
    blob, places = b"", {}
    for tag, values in lists.items():
        places[tag] = extra + len(blob)
        blob += struct.pack(f"<{len(values)}H", *values) + bytes(2 * (len(values) % 2))
    start = extra + len(blob) + 8 * len(strips)
    offsets = [start + sum(len(s) for s in strips[:i]) for i in range(len(strips))]
    offset_place, size_place = extra + len(blob), extra + len(blob) + 4 * len(strips)
    blob += struct.pack(f"<{len(strips)}I", *offsets) + struct.pack(f"<{len(strips)}I", *(len(s) for s in strips))

    def short_list(tag: int) -> tuple[int, int, int, int]:
        return (tag, 3, bands, places[tag]) if bands > 2 else (tag, 3, bands, lists[tag][0])

    many = len(strips) > 1
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), short_list(258), (259, 3, 1, 1), (262, 3, 1, photometric),
        (273, 4, len(strips), offset_place if many else offsets[0]), (277, 3, 1, bands), (278, 3, 1, height),
        (279, 4, len(strips), size_place if many else len(strips[0])), (284, 3, 1, 2 if planar else 1),
        (296, 3, 1, 1), short_list(339),
    ]  # fmt: skip
    table = struct.pack("<H", count) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + table + blob + b"".join(strips)


def grey() -> np.ndarray:
    """(40, 60) uint8 ramp."""
    return np.ascontiguousarray(gradient()[..., 0])


def chunk_added(png: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (tiff(255 - grey(), photometric=0), grey()),
        (tiff(65535 - grey().astype(np.uint16) * 257, photometric=0), grey()),
        (tiff(gradient().astype(np.uint16) * 257, photometric=2, planar=True), gradient()),
        (tiff(gradient(), photometric=2, planar=True), gradient()),
        (tiff((gradient() / 255).astype(np.float32), photometric=2, sample_format=3), gradient()),
        (tiff(gradient().astype(np.float32), photometric=2, sample_format=3), gradient()),
        (tiff((grey() / 255).astype(np.float32), photometric=1, sample_format=3), grey()),
        (tiff((grey() / 255).astype(np.float64), photometric=1, sample_format=3), grey()),
        (tiff(grey().astype(np.uint32) * 16843009, photometric=1), grey()),
        (tiff(grey().astype(np.uint32) * 257, photometric=1), grey()),
    ],
    ids=[
        "min is white", "min is white 16", "planar 16", "planar 8", "float", "float to 255", "float grey", "double",
        "32 bits", "16 of 32 bits",
    ],
)  # fmt: skip
def test_kinds_of_tiff(tmp_path: Path, content: bytes, wanted: np.ndarray) -> None:
    path = tmp_path / "picture.tif"
    path.write_bytes(content)
    if wanted.ndim == 2:
        wanted = np.repeat(wanted[..., None], 3, 2)
    assert np.array_equal(open_picture(path), wanted)
    assert np.array_equal(read_source(path).srgb, wanted)


def test_floats_above_white_are_clipped(tmp_path: Path) -> None:
    values = (grey() / 255).astype(np.float32)
    values[0, :5] = 1.02, 40.0, np.inf, np.nan, -3.0
    path = tmp_path / "over.tif"
    path.write_bytes(tiff(values, photometric=1, sample_format=3))
    picture = open_picture(path)[..., 0]
    assert np.array_equal(picture[1:], grey()[1:])
    assert picture[0, :5].tolist() == [255, 255, 255, 0, 0]


@pytest.mark.parametrize("space", ["lab", "labs"])
def test_lab_is_converted(tmp_path: Path, space: str) -> None:
    from faceeditor.images.vips import library

    image = library().Image.new_from_array(gradient()).copy(interpretation="srgb")
    image.colourspace(space).tiffsave(str(tmp_path / "lab.tif"))
    assert np.abs(open_picture(tmp_path / "lab.tif").astype(int) - gradient()).max() <= 2
    assert read_source(tmp_path / "lab.tif").icc is None


def test_luma_and_chroma_without_compression(tmp_path: Path) -> None:
    Image.fromarray(gradient()).convert("YCbCr").save(tmp_path / "ycc.tif")
    assert np.abs(open_picture(tmp_path / "ycc.tif").astype(int) - gradient()).max() <= 4


def test_avif_is_read(tmp_path: Path) -> None:
    path = tmp_path / "picture.avif"
    Image.fromarray(gradient()).save(path, quality=95)
    assert np.abs(open_picture(path).astype(int) - gradient()).mean() < 3
    assert read_source(path).kind == "avif"


def grey_profile(gamma: float) -> bytes:
    """A minimal grey profile with a power curve."""
    from faceeditor.images import cicp

    profile = bytearray(
        cicp._profile(
            {
                b"desc": cicp._description("grey"),
                b"cprt": struct.pack(">4sI", b"text", 0) + b"No copyright\0",
                b"wtpt": cicp._xyz(cicp._D50),
                b"kTRC": struct.pack(">4sIIHxx", b"curv", 0, 1, round(gamma * 256)),
            }
        )
    )
    profile[16:20] = b"GRAY"
    return bytes(profile)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_profiles_are_converted(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "grey.png"
    Image.fromarray(np.full((4, 4), 100, np.uint8)).convert(mode).save(path, icc_profile=grey_profile(1.0))
    value = int(open_picture(path)[0, 0, 0])
    linear = 100 / 255
    assert abs(value - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)) < 2
    assert read_source(path).icc == grey_profile(1.0)


def test_a_profile_for_other_channels_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "colour.png"
    Image.fromarray(gradient()).save(path, icc_profile=grey_profile(1.0))
    assert np.array_equal(open_picture(path), gradient())


def test_code_points_of_png_and_avif_name_the_colour_space(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 100, 100)).save(stream, "PNG")
    plain = source_of(stream.getvalue(), "plain.png")
    wide = source_of(chunk_added(stream.getvalue(), b"cICP", bytes([12, 13, 0, 1])), "wide.png")
    assert plain.icc is None and wide.icc == icc_of(12, 13)
    # The colour of Display P3 in sRGB: the linear values through both sets of primaries, by hand.
    linear = np.where(np.array([200, 100, 100]) > 10, ((np.array([200, 100, 100]) / 255 + 0.055) / 1.055) ** 2.4, 0)
    to_srgb_linear = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
    expected = 255 * (1.055 * np.clip(to_srgb_linear @ linear, 0, 1) ** (1 / 2.4) - 0.055)
    assert np.abs(wide.srgb[0, 0] - expected).max() < 1.6
    assert wide.srgb[0, 0, 0] > 205 > plain.srgb[0, 0, 0]
    assert source_of(chunk_added(stream.getvalue(), b"cICP", bytes([1, 13, 0, 1])), "same.png").icc is None


def test_code_points_rule_over_an_embedded_profile() -> None:
    stream = io.BytesIO()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4), (200, 100, 100)).save(stream, "PNG", icc_profile=srgb)
    assert source_of(chunk_added(stream.getvalue(), b"cICP", bytes([9, 16, 0, 1])), "hdr.png").icc == icc_of(9, 16)


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bit_colour_keeps_its_samples(tmp_path: Path, ending: str) -> None:
    deep = np.minimum(gradient().astype(np.uint16) * 257, 65532) + 3
    path = tmp_path / f"deep.{ending}"
    if ending == "tiff":
        path.write_bytes(tiff(deep, photometric=2))
    else:
        import cv2

        path.write_bytes(cv2.imencode(".png", deep[..., ::-1])[1].tobytes())
    source = read_source(path)
    assert source.bits == 16 and source.exact
    assert np.array_equal(source.samples, deep)
    assert np.array_equal(source.srgb, gradient())


def test_metadata_is_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(gradient()).save(
        path, exif=exif, icc_profile=profile, dpi=(300, 300), xmp=b"<x:xmpmeta/>", quality=98
    )
    source = read_source(path)
    assert source.kind == "jpeg" and source.data == path.read_bytes() and source.exact
    assert source.orientation == 6 and source.samples.shape == (60, 40, 3)
    assert source.resolution == pytest.approx((300, 300), rel=0.01)
    assert source.icc == profile and source.xmp == b"<x:xmpmeta/>"
    assert source.exif is not None and b"Maker" in source.exif and source.exif[:2] in (b"II", b"MM")
    tiff_path = tmp_path / "photo.tif"
    Image.fromarray(gradient()).save(tiff_path, exif=exif, icc_profile=profile, dpi=(300, 300))
    tiff_source = read_source(tiff_path)
    assert tiff_source.exif is not None and b"Maker" in tiff_source.exif
    assert tiff_source.orientation == 6 and tiff_source.icc == profile


def test_alpha_is_kept_apart(tmp_path: Path) -> None:
    rgba = np.dstack([gradient(), grey()])
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    source = read_source(tmp_path / "alpha.png")
    assert source.alpha is not None and np.array_equal(source.alpha, grey())
    assert np.array_equal(source.samples, gradient())
    assert np.abs(source.srgb.astype(int) - open_picture(tmp_path / "alpha.png")).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_agree_with_pillow_and_can_be_undone(tmp_path: Path, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(gradient()).save(path, exif=exif)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(open_picture(path), upright)
    assert np.array_equal(turned(gradient(), orientation), upright)
    assert np.array_equal(stored(upright, orientation), gradient())


def test_edited_samples_become_srgb_with_their_profile() -> None:
    wide = icc_of(12, 13)
    red = np.zeros((2, 2, 3), np.uint16)
    red[..., 0] = 52_000
    assert to_srgb(red, wide)[0, 0, 0] > to_srgb(red)[0, 0, 0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(40), "HEIC"),
        (b"8BPS\0\1" + bytes(40), "Photoshop"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\n<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=words) as error:
        open_picture(path)
    assert str(error.value).endswith(" first.") or "choose" in str(error.value) or "save" in str(error.value)


def test_a_picture_that_does_not_fit_into_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from faceeditor.images import limits

    monkeypatch.setattr(limits, "free_memory", lambda: 500 * 2**20)
    check_size("small.png", 6000, 4000)
    with pytest.raises(ImageError, match="free memory"):
        check_size("large.png", 10_000, 11_000)


def test_nothing_is_printed_of_a_damaged_picture(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = tiff((gradient() / 255).astype(np.float64), photometric=2, sample_format=3)
    path = tmp_path / "cut.tif"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError):
        open_picture(path)
    assert capfd.readouterr() == ("", "")


def test_mutated_pictures_never_raise_anything_but_sentences() -> None:
    random = np.random.default_rng(5)
    contents = []
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
        stream = io.BytesIO()
        Image.fromarray(gradient()).save(stream, kind)
        contents.append(stream.getvalue())
    contents += [tiff(gradient(), 2, planar=True), tiff((grey() / 255).astype(np.float32), 1, sample_format=3)]
    refused = 0
    for content in contents:
        for _ in range(60):
            data = bytearray(content)
            for place in random.integers(0, len(data), random.integers(1, 6)):
                data[place] = random.integers(0, 256)
            if random.random() < 0.2:
                del data[random.integers(1, len(data)) :]
            try:
                source_of(bytes(data), "mutated")
            except ImageError as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > 100
