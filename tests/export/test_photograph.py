"""Photographs keep their samples, depth, profile, metadata and orientation when they are written."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceeditor.errors import ImageError
from faceeditor.export.encoding import with_bits
from faceeditor.export.formats import format_of
from faceeditor.export.metadata import has_position, photoshop_iptc, plain_iptc, without_position
from faceeditor.export.photograph import SaveOptions, encode_photograph, write_photograph
from faceeditor.images import SourceImage
from faceeditor.images.cicp import icc_of
from faceeditor.images.orientation import stored
from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE, marked_xmp, source_type_of
from faceeditor.images.source import source_of, to_srgb

KINDS = ("png", "tiff", "jpeg", "webp", "avif")
IPTC = b"\x1c\x02\x05\x00\x05Title"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    b' dc:creator="Ada" exif:GPSLatitude="48,8.0N"/></rdf:RDF></x:xmpmeta>'
)


def exif_block(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x8298], exif[0x0112] = "Camera Works", "(c) Ada", orientation
    exif.get_ifd(0x8769)[0x829A] = 0.008
    exif.get_ifd(0x8769)[0xA434] = "Lens 50"
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (48.0, 8.0, 30.0)
    return exif.tobytes()


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photograph(kind: str = "png", bits: int = 8, alpha: bool = False, orientation: int = 1) -> SourceImage:
    """A photograph with everything: read back from a file that libvips wrote from plain metadata."""
    random = np.random.default_rng(3)
    top = 256 if bits == 8 else 65536
    samples = random.integers(0, top, (24, 40, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    clear = random.integers(1, top, (24, 40)).astype(samples.dtype) if alpha else None
    upright = SourceImage(
        name=f"a.{kind}", kind=kind, data=b"", samples=samples, alpha=clear, exact=True, depth=bits, icc=profile(),
        orientation=orientation, resolution=(300.0, 300.0), exif=exif_block(orientation).removeprefix(b"Exif\0\0"),
        xmp=XMP, iptc=IPTC,
    )  # fmt: skip
    data = encode_photograph(upright, 255 - samples if bits == 8 else 65535 - samples, SaveOptions(kind, bits, 100))
    return source_of(data, f"a.{kind}")


def facts(data: bytes) -> dict[int, object]:
    exif = Image.open(io.BytesIO(data)).getexif()
    return dict(exif) | dict(exif.get_ifd(0x8769)) | {("gps", k): v for k, v in exif.get_ifd(0x8825).items()}  # type: ignore[dict-item]


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_photograph_is_its_own_file(kind: str) -> None:
    source = photograph(kind)
    assert encode_photograph(source, source.samples) is source.data
    assert encode_photograph(source, source.samples.copy()) is source.data


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize(("kind", "bits"), [("png", 8), ("png", 16), ("tiff", 8), ("tiff", 16), ("webp", 8)])
def test_lossless_files_keep_every_other_sample(kind: str, bits: int, orientation: int) -> None:
    source = photograph(kind, bits, alpha=True, orientation=orientation)
    assert source.bits == bits and source.orientation == orientation
    samples = source.samples.copy()
    samples[3, 5] ^= 1
    again = source_of(encode_photograph(source, samples, SaveOptions(quality=100)), "b")
    np.testing.assert_array_equal(again.samples, samples)
    assert source.alpha is not None and again.alpha is not None
    np.testing.assert_array_equal(again.alpha, source.alpha)
    assert again.orientation == orientation and again.bits == bits


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_are_kept_and_the_edit_is_marked(kind: str) -> None:
    source = photograph(kind)
    samples = source.samples.copy()
    samples[0, 0] ^= 255
    data = encode_photograph(source, samples)
    again = source_of(data, "b")
    assert again.icc == source.icc
    found = facts(data)
    assert found[0x010F] == "Camera Works" and found[0x8298] == "(c) Ada"
    assert found[0xA434] == "Lens 50" and found[("gps", 1)] == "N"  # type: ignore[index]
    assert again.xmp is not None and b'dc:creator="Ada"' in again.xmp
    assert source_type_of(again.xmp) == "compositeWithTrainedAlgorithmicMedia"
    assert b'dc:creator="Ada"' in data  # in plain text, for programs that look for it there
    if kind in ("jpeg", "tiff"):
        assert plain_iptc(again.iptc) == IPTC
    if kind not in ("webp", "avif"):  # they have no place for it but EXIF
        assert again.resolution == pytest.approx((300, 300), rel=0.01)
    assert float(found[0x011A]) == pytest.approx(300, rel=0.01)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_the_place_of_the_photograph_can_be_left_out(kind: str) -> None:
    source = photograph(kind)
    assert has_position(source.exif, source.xmp)
    data = encode_photograph(source, source.samples, SaveOptions(keep_position=False))
    again = source_of(data, "b")
    assert not has_position(again.exif, again.xmp)
    assert facts(data)[0x010F] == "Camera Works"
    assert b"48,8" not in data


def test_a_deep_photograph_can_be_written_with_eight_bits_and_back() -> None:
    source = photograph("tiff", 16)
    data = encode_photograph(source, source.samples, SaveOptions("png", 8))
    again = source_of(data, "b")
    assert again.bits == 8
    np.testing.assert_array_equal(again.samples, np.rint(source.samples / 257.0).astype(np.uint8))
    np.testing.assert_array_equal(with_bits(with_bits(again.samples, 16), 8), again.samples)


def test_colours_are_converted_where_it_is_asked_for() -> None:
    wide = icc_of(12, 13)  # Display P3
    source = replace(photograph(), icc=wide)
    converted = source_of(encode_photograph(source, source.samples, SaveOptions(srgb=True)), "b")
    assert converted.icc is None and not np.array_equal(converted.samples, source.samples)
    np.testing.assert_array_equal(converted.samples, to_srgb(source.samples, wide))
    bare = replace(photograph(), icc=None)
    again = source_of(encode_photograph(bare, bare.samples, SaveOptions(srgb=True)), "b")
    np.testing.assert_array_equal(again.samples, bare.samples)
    grey = replace(bare, samples=bare.samples[..., :1])
    coloured = source_of(encode_photograph(grey, grey.samples, SaveOptions(srgb=True)), "b")
    np.testing.assert_array_equal(coloured.samples, np.repeat(grey.samples, 3, 2))


def test_other_formats_are_upright() -> None:
    source = photograph("jpeg", orientation=6)
    again = source_of(encode_photograph(source, source.samples, SaveOptions("png")), "b")
    assert again.orientation == 1
    np.testing.assert_array_equal(again.samples, source.samples)
    np.testing.assert_array_equal(stored(source.samples, 6).shape[:2], source.samples.shape[1::-1])


def test_the_ending_chooses_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    source = photograph()
    write_photograph(tmp_path / "out.TIFF", source, source.samples)
    assert (tmp_path / "out.TIFF").read_bytes()[:2] == b"II"
    with pytest.raises(ImageError, match="let it end in"):
        format_of("photo.psd")
    for quality in (0, 101):
        with pytest.raises(ImageError, match="1 to 100"):
            SaveOptions(quality=quality)
    assert (SaveOptions(quality=1).quality, SaveOptions(quality=100).quality) == (1, 100)
    with pytest.raises(ImageError, match="choose 8 or 16"):
        SaveOptions(bits=12)


def test_an_own_mark_takes_the_place_of_another() -> None:
    marked = marked_xmp(XMP, COMPOSITE_SOURCE_TYPE)
    again = marked_xmp(marked, COMPOSITE_SOURCE_TYPE)
    assert marked.count(b"DigitalSourceType") == again.count(b"DigitalSourceType") == 1
    assert source_type_of(marked_xmp(b"\xff\xfe nonsense", COMPOSITE_SOURCE_TYPE)) is not None


def test_iptc_goes_through_photoshop_blocks() -> None:
    assert plain_iptc(photoshop_iptc(IPTC)) == IPTC
    assert plain_iptc(IPTC) == IPTC


def test_damaged_exif_is_left_alone() -> None:
    for block in (b"", b"II", b"II*\0\xff\xff\xff\xff", exif_block().removeprefix(b"Exif\0\0")[:40]):
        assert without_position(block, None)[0] == block
