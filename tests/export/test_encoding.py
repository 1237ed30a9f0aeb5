"""Files by libvips: what becomes of transparency, quality, density, subsampling and XMP, IPTC and EXIF blocks."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from faceeditor.errors import ImageError
from faceeditor.export.encoding import Metadata, encode
from faceeditor.export.metadata import (
    has_position,
    photoshop_iptc,
    plain_iptc,
    tiff_with,
    upright_exif,
    without_position,
)
from faceeditor.export.photograph import SaveOptions, encode_photograph
from faceeditor.images.source import source_of
from tests.export.test_photograph import IPTC, exif_block, photograph


def noise(channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    top = np.iinfo(dtype).max
    return np.random.default_rng(6).integers(0, top, (48, 64, channels), endpoint=True).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_formats_without_transparency_lay_the_picture_over_neutral_grey(dtype: type) -> None:
    top = np.iinfo(dtype).max
    samples = np.zeros((32, 96, 3), dtype)
    samples[..., 0] = top
    alpha = np.repeat(np.array([0, top // 2, top], dtype), 32)[None].repeat(32, 0)
    data = encode(samples, "jpeg", Metadata(), alpha=alpha, quality=100)
    found = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    for column, wanted in ((16, (128, 128, 128)), (48, (191, 64, 64)), (80, (255, 0, 0))):
        assert np.abs(found[16, column] - wanted).max() <= 3


def test_colours_below_transparent_pixels_are_kept_by_lossless_webp() -> None:
    samples = noise()
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, 32:] = 255
    found = source_of(encode(samples, "webp", Metadata(), alpha=alpha, quality=100), "a")
    assert found.alpha is not None and np.array_equal(found.alpha, alpha)
    np.testing.assert_array_equal(found.samples, samples)


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_quality_is_that_of_every_lossy_format(kind: str) -> None:
    sizes = [len(encode(noise(), kind, Metadata(), quality=quality)) for quality in (20, 60, 95)]
    assert sizes[0] < 0.8 * sizes[1] and sizes[1] < 0.8 * sizes[2]


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_the_highest_quality_is_lossless(kind: str) -> None:
    np.testing.assert_array_equal(source_of(encode(noise(), kind, Metadata(), quality=100), "a").samples, noise())


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff"])
def test_a_picture_of_unknown_density_has_72_pixels_per_inch(kind: str) -> None:
    plain = Image.open(io.BytesIO(encode(noise(), kind, Metadata())))
    assert plain.info["dpi"] == pytest.approx((72, 72), rel=0.01)
    stated = source_of(encode(noise(), kind, Metadata(resolution=(300, 240))), "a")
    assert stated.resolution == pytest.approx((300, 240), rel=0.01)


def test_a_picture_too_large_for_its_format_says_what_to_choose() -> None:
    wide = np.zeros((1, 16_384, 3), np.uint8)  # a WebP has at most 16,383 pixels a side
    with pytest.raises(ImageError, match=r"cannot be written as WEBP \(.+\); choose PNG or TIFF"):
        encode(wide, "webp", Metadata())


def test_a_kind_that_is_not_written_is_refused() -> None:
    with pytest.raises(ImageError, match=r"“bmp” cannot be written; choose PNG, JPEG, .* or Photoshop"):
        encode(noise(), "bmp", Metadata())


@pytest.mark.parametrize("halved", [False, True])
def test_an_edited_jpeg_keeps_the_resolution_of_its_colours(halved: bool) -> None:
    stream = io.BytesIO()
    Image.fromarray(noise()).save(stream, "JPEG", quality=95, subsampling="4:2:0" if halved else "4:4:4")
    source = source_of(stream.getvalue(), "a.jpg")
    samples = source.samples.copy()
    samples[0, 0] ^= 255
    data = encode_photograph(source, samples)
    assert JpegImagePlugin.get_sampling(Image.open(io.BytesIO(data))) == (2 if halved else 0)


def test_a_grey_jpeg_stays_grey() -> None:
    stream = io.BytesIO()
    Image.fromarray(noise()[..., 0]).save(stream, "JPEG", quality=95)
    source = source_of(stream.getvalue(), "a.jpg")
    again = source_of(encode_photograph(source, 255 - source.samples, SaveOptions(quality=100)), "b.jpg")
    assert again.samples.shape == (48, 64, 1)
    assert np.abs(again.samples.astype(int) - (255 - source.samples)).max() <= 2


def resource(identifier: int, name: bytes, content: bytes) -> bytes:
    """One of Photoshop's image resources: name and content are padded to even lengths."""
    pascal = bytes([len(name)]) + name
    pascal += bytes(len(pascal) % 2)
    return b"8BIM" + struct.pack(">H", identifier) + pascal + struct.pack(">I", len(content)) + content + bytes(
        len(content) % 2
    )  # fmt: skip


@pytest.mark.parametrize("name", [b"", b"odd", b"even"])
@pytest.mark.parametrize("size", [4, 5])
def test_iptc_is_found_behind_other_resources(name: bytes, size: int) -> None:
    block = b"Photoshop 3.0\0" + resource(0x03ED, name, bytes(size)) + resource(0x0404, b"", IPTC)
    assert plain_iptc(block + resource(0x040F, b"", b"profile")) == IPTC
    assert plain_iptc(b"Photoshop 3.0\0" + resource(0x03ED, name, bytes(size))) is None
    assert plain_iptc(None) is None


def test_a_wrapped_block_is_well_formed() -> None:
    for records in (IPTC, IPTC + b"\0"):  # of even and of odd length
        assert photoshop_iptc(records) == b"Photoshop 3.0\0" + resource(0x0404, b"", records)
    assert photoshop_iptc(photoshop_iptc(IPTC)) == photoshop_iptc(IPTC)
    assert photoshop_iptc(None) is None


@pytest.mark.parametrize("exif", [False, True])
@pytest.mark.parametrize("odd", [0, 1])
def test_a_tiff_keeps_its_pixels_beside_added_tags(exif: bool, odd: int) -> None:
    plain = encode(noise(), "tiff", Metadata()) + bytes(odd)
    records = IPTC + bytes(odd)
    data = tiff_with(plain, exif_block().removeprefix(b"Exif\0\0") if exif else None, records)
    image = Image.open(io.BytesIO(data))
    assert np.array_equal(np.asarray(image), noise())
    assert bytes(image.tag_v2[33723]) == records  # type: ignore[attr-defined]
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    tags = [struct.unpack_from("<H", data, first + 2 + 12 * entry)[0] for entry in range(count)]
    assert tags == sorted(set(tags)) and first % 2 == 0, "as TIFF 6.0 asks for (section 2)"
    assert data[first + 2 + 12 * count :] == bytes(4), "no further directory"
    found = image.getexif()
    assert (0x010F in found) == exif
    if exif:
        assert found[0x010F] == "Camera Works" and found.get_ifd(0x8769)[0xA434] == "Lens 50"
        assert found.get_ifd(0x8825)[1] == "N"


def test_what_is_no_tiff_or_damaged_stays_as_it_is() -> None:
    plain = encode(noise(), "tiff", Metadata())
    for data in (b"", b"II+\0" + plain[4:], plain[:4] + struct.pack("<I", len(plain) - 3) + plain[8:]):
        assert tiff_with(data, None, IPTC) == data


def exif_in(order: str) -> bytes:
    """An EXIF block written by hand: maker, orientation 6, and a place of 48 degrees and 8.5 minutes north."""
    entry = struct.Struct(order + "HHI4s").pack
    short = struct.Struct(order + "Hxx").pack
    long = struct.Struct(order + "I").pack
    after = 8 + 2 + 3 * 12 + 4  # of the header and the first directory
    gps = after + 8  # behind the maker's name
    values = gps + 2 + 2 * 12 + 4
    return b"".join(
        (
            {"<": b"II*\0", ">": b"MM\0*"}[order], long(8),
            struct.pack(order + "H", 3),
            entry(0x010F, 2, 8, long(after)), entry(0x0112, 3, 1, short(6)), entry(0x8825, 4, 1, long(gps)), bytes(4),
            b"Cameras\0",
            struct.pack(order + "H", 2),
            entry(0x0001, 2, 2, b"N\0\0\0"), entry(0x0002, 5, 3, long(values)), bytes(4),
            struct.pack(order + "6I", 48, 1, 17, 2, 0, 1),
            b"other",
        )
    )  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_alone_is_taken_out_of_exif(order: str) -> None:
    block = exif_in(order)
    assert has_position(block, None) and not has_position(None, None)
    bare, _ = without_position(block, None)
    assert bare is not None and not has_position(bare, None)
    gps = 8 + 2 + 3 * 12 + 4 + 8
    end = len(block) - len(b"other")
    directory = 2 + 2 * 12
    assert bare[:gps] == block[:gps] and bare[end:] == b"other", "all else stays where it is"
    assert bare[gps : gps + directory] == bytes(directory) and bare[gps + directory : end] == bytes(
        end - gps - directory
    )
    assert without_position(bare, None) == (bare, None)
    cut = block[: gps + 20]  # a directory that is not whole is none
    assert not has_position(cut, None) and without_position(cut, None)[0] == cut


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_alone_becomes_upright(order: str) -> None:
    block = exif_in(order)
    place = 8 + 2 + 12 + 8  # value of the second entry
    assert upright_exif(block) == block[:place] + struct.pack(order + "H", 1) + block[place + 2 :]
    for damaged in (b"", b"XX*\0", block[:20]):
        assert upright_exif(damaged) == damaged


@pytest.mark.parametrize(
    ("packet", "wanted"),
    [
        (b'<a x="1" exif:GPSLatitude="48,8N" y="2"/>', b'<a x="1" y="2"/>'),
        (b"<a exif:GPSLatitude = '48,8N'/>", b"<a/>"),
        (b"<a><exif:GPSLatitude>48,8N</exif:GPSLatitude><b/></a>", b"<a><b/></a>"),
        (b"<a><exif:GPSDest\n rdf:x='1'>\n<b>48</b>\n</exif:GPSDest ><c/></a>", b"<a><c/></a>"),
        (b"<a><exif:GPSMapDatum/></a>", b"<a></a>"),
    ],
)
def test_the_place_alone_is_taken_out_of_xmp(packet: bytes, wanted: bytes) -> None:
    assert has_position(None, packet) and not has_position(None, wanted)
    assert without_position(None, packet) == (None, wanted)


def test_exif_states_its_density_in_inches() -> None:
    source = photograph("webp")
    data = encode_photograph(source, 255 - source.samples, SaveOptions("jpeg"))
    found = Image.open(io.BytesIO(data)).getexif()
    assert found[0x0128] == 2 and float(found[0x011A]) == pytest.approx(300, rel=0.01)


def test_a_photograph_of_another_kind_of_transparency_is_written_with_its_own() -> None:
    source = photograph("png", alpha=True)
    assert source.alpha is not None
    narrow = replace(source, samples=source.samples[:, :20])
    again = source_of(encode_photograph(narrow, narrow.samples, SaveOptions("tiff")), "b")
    assert again.alpha is None, "opacity of another size says nothing of these samples"
