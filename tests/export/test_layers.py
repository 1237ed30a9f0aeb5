"""Documents with layers: what programs that open them find there."""

import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import psd_tools
import pytest
from PIL import Image
from psd_tools.constants import Resource

from faceeditor.cli import main
from faceeditor.errors import ImageError
from faceeditor.export.documents import face_document, photograph_document, write_face
from faceeditor.export.encoding import Metadata
from faceeditor.export.layer_files import read_outline, write_layers
from faceeditor.export.layers import Group, Layer, LayeredPicture, region_coverage, region_layers
from faceeditor.export.photograph import Cutout, SaveOptions
from faceeditor.images import SourceImage
from faceeditor.images.provenance import source_type_of
from faceeditor.images.source import source_of
from faceeditor.photo.placement import Placement
from faceeditor.regions import PALETTE, Region
from tests.export.test_photograph import XMP, exif_block, profile

SIDE = 96
PLACEMENT = Placement(np.array([[0.25, 0.0, 8.0], [0.0, 0.25, 4.0]]))


def labels() -> np.ndarray:
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[40:, 60:200] = Region.SKIN
    mask[20:80, 50:210] = Region.HAIR
    return mask


def source(bits: int = 8, channels: int = 3) -> SourceImage:
    top = 2**bits
    dtype = np.uint8 if bits == 8 else np.uint16
    samples = np.random.default_rng(5).integers(0, top, (72, SIDE, channels)).astype(dtype)
    return SourceImage(
        name="a.jpg", kind="jpeg", data=b"", samples=samples, alpha=None, exact=True, depth=bits, icc=profile(),
        orientation=6, resolution=(300.0, 240.0), exif=exif_block(6).removeprefix(b"Exif\0\0"), xmp=XMP, iptc=None,
    )  # fmt: skip


def document(bits: int = 8, transparent: bool = False) -> tuple[SourceImage, np.ndarray, LayeredPicture]:
    """A photograph, its edited samples, and the document of both."""
    own = source(bits)
    samples = own.samples.copy()
    samples[10:20, 10:20] //= 2
    alpha = np.zeros(samples.shape[:2], np.float32)
    alpha[:, 30:60] = 1
    alpha[:, 29] = 0.5
    cutout = None
    if transparent:
        top = np.iinfo(samples.dtype).max
        cutout = Cutout(np.where(alpha[..., None] > 0, samples, 0), np.rint(alpha * top).astype(samples.dtype))
    options = SaveOptions(transparent=transparent)
    return own, samples, photograph_document(own, samples, ((PLACEMENT, labels()),), alpha, options, cutout)


def encode_layers(made: LayeredPicture, kind: str, bits: int | None = None) -> bytes:
    """What is written."""
    with tempfile.TemporaryDirectory() as folder:
        write_layers(Path(folder, "a"), made, kind, bits)
        return Path(folder, "a").read_bytes()


def members(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


def test_openraster_begins_with_its_type_uncompressed() -> None:
    data = encode_layers(document()[2], "ora")
    archive = members(data)
    first = archive.infolist()[0]
    assert first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED and not first.extra
    assert data[30:54] == b"mimetypeimage/openraster"  # where `file` and desktops look for it
    assert archive.testzip() is None
    assert {"stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} <= set(archive.namelist())


@pytest.mark.parametrize("bits", [8, 16])
def test_openraster_lists_the_layers_from_the_top(bits: int) -> None:
    own, samples, made = document(bits)
    archive = members(encode_layers(made, "ora"))
    image = ElementTree.fromstring(archive.read("stack.xml"))
    assert (image.tag, image.get("w"), image.get("h")) == ("image", str(SIDE), "72")
    assert (image.get("xres"), image.get("yres")) == ("300", "240")
    stack = image.find("stack")
    assert stack is not None
    assert [each.get("name") for each in stack] == ["Person matte", "Regions", "Background", "Result", "Source"]
    group = stack[1]
    assert group.tag == "stack" and [each.get("name") for each in group] == ["Hair", "Skin"]
    layers = list(image.iter("layer"))
    assert {each.get("composite-op") for each in layers} == {"svg:src-over"}
    assert {each.get("opacity") for each in layers} == {"1.0"}
    shown = [each.get("name") for each in layers if each.get("visibility") == "visible"]
    assert shown == ["Result", "Source"]
    by_name = {each.get("name"): each for each in layers}
    for name, wanted in (("Source", own.samples), ("Result", samples)):
        found = source_of(archive.read(str(by_name[name].get("src"))), name)
        assert found.bits == bits and found.icc == own.icc
        np.testing.assert_array_equal(found.samples, wanted)
    merged = source_of(archive.read("mergedimage.png"), "merged")
    np.testing.assert_array_equal(merged.samples, samples)
    assert source_type_of(merged.xmp) == "compositeWithTrainedAlgorithmicMedia"
    assert merged.exif is not None and b"Camera Works" in merged.exif and merged.orientation == 1


def test_a_region_lies_where_it_is_in_the_picture() -> None:
    archive = members(encode_layers(document()[2], "ora"))
    (hair,) = [e for e in ElementTree.fromstring(archive.read("stack.xml")).iter("layer") if e.get("name") == "Hair"]
    found = source_of(archive.read(str(hair.get("src"))), "hair")
    assert found.alpha is not None
    whole = np.zeros((72, SIDE))
    left, top = int(str(hair.get("x"))), int(str(hair.get("y")))
    whole[top : top + found.height, left : left + found.width] = found.alpha / 255
    inside = whole > 0.5
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    wanted = (4 + 20 / 4, 4 + 80 / 4 - 1, 8 + 50 / 4, 8 + 210 / 4 - 1)
    assert np.abs(np.array([rows[0], rows[-1], columns[0], columns[-1]]) - wanted).max() <= 1
    assert (found.samples[found.alpha > 0] == PALETTE[Region.HAIR]).all()


def test_a_region_beside_the_picture_has_no_layer() -> None:
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[100:120, 10:40] = Region.HAIR
    mask[100:120, 200:230] = Region.SKIN
    moved = Placement(np.array([[0.25, 0.0, -20.0], [0.0, 0.25, 0.0]]))  # hair lies left of the picture now
    assert [layer.name for layer in region_layers(mask, moved, 40, 64, (Region.BACKGROUND,))] == ["Skin"]
    coverage, rect = region_coverage(mask == Region.HAIR, moved, 40, 64)
    assert not coverage.size and rect.width <= 0


@pytest.mark.parametrize("scale", [1.0, 4.0, 10.0])
def test_the_edge_of_a_region_is_as_soft_in_a_large_picture_as_in_a_small_one(scale: float) -> None:
    side = round(256 * scale)
    mask = np.zeros((256, 256), bool)
    mask[100:140, 64:128] = True
    coverage, rect = region_coverage(mask, Placement(np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])), side, side)
    row = coverage[round(120 * scale) - rect.top]
    # Half of it lies inside of the outline; from nothing to all it takes about a pixel and a half of the picture.
    assert row.sum() == pytest.approx(64 * scale, abs=0.6)
    assert 2 <= ((row > 0.01) & (row < 0.99)).sum() <= 6
    if scale > 1:
        assert np.diff(row).max() == pytest.approx(1 / 1.5, abs=0.06)
    whole = np.zeros((side, side), np.float32)
    whole[rect.slices] = coverage
    assert whole[round(120 * scale), round(96 * scale)] == 1
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    assert rect.height <= 45 * scale + 1 and rect.width <= 69 * scale + 1, "not much more than the region"
    assert rows[0] > rect.top and columns[0] > rect.left, "nothing of the soft edge is cut off"


def test_regions_cover_a_face_once() -> None:
    whole = Placement(np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))
    total = np.zeros((512, 512), np.float32)
    for region in (Region.BACKGROUND, Region.SKIN, Region.HAIR):
        coverage, rect = region_coverage(labels() == region, whole, 512, 512)
        total[rect.slices] += coverage
    assert (np.abs(total - 1) < 0.02).mean() > 0.995
    assert total[0].min() == total[-1].min() == 1  # up to the border
    assert np.median(total) == 1


def test_the_thumbnail_is_small_and_srgb() -> None:
    big = np.random.default_rng(1).integers(0, 256, (300, 700, 3)).astype(np.uint8)
    made = LayeredPicture((Layer("a", big),), big, None, Metadata(icc=profile()))
    thumbnail = Image.open(io.BytesIO(members(encode_layers(made, "ora")).read("Thumbnails/thumbnail.png")))
    assert thumbnail.size == (256, 110) and "icc_profile" not in thumbnail.info


@pytest.mark.parametrize("bits", [8, 16])
def test_photoshop_reads_the_same_layers(bits: int) -> None:
    own, samples, made = document(bits)
    data = encode_layers(made, "psd")
    found = psd_tools.PSDImage.open(io.BytesIO(data))
    assert (found.width, found.height, found.depth) == (SIDE, 72, bits)
    assert [layer.name for layer in found] == ["Source", "Result", "Background", "Regions", "Person matte"]
    assert [layer.name for layer in found[3]] == ["Skin", "Hair"]
    assert [layer.visible for layer in found.descendants() if layer.kind == "pixel"] == [True, True] + 4 * [False]
    top = np.iinfo(samples.dtype).max
    for layer, wanted in ((found[0], own.samples), (found[1], samples)):
        np.testing.assert_array_equal(np.rint(layer.numpy() * top)[..., :3], wanted)
        assert layer.blend_mode.name == "NORMAL" and layer.opacity == 255
    np.testing.assert_array_equal(np.rint(found.numpy() * top), samples)
    group = made.layers[3]
    assert isinstance(group, Group)
    places = [(layer.left, layer.top, layer.width, layer.height) for layer in found[3]]
    assert places == [(each.left, each.top, *each.samples.shape[1::-1]) for each in group.layers]
    assert all(left > 0 for left, *_ in places) and len({place[:2] for place in places}) == 2
    resources = found.image_resources
    assert resources.get_data(Resource.ICC_PROFILE) == own.icc
    assert source_type_of(resources.get_data(Resource.XMP_METADATA)) == "compositeWithTrainedAlgorithmicMedia"
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + resources.get_data(Resource.EXIF_DATA_1))
    assert exif[0x010F] == "Camera Works" and exif[0x0112] == 1  # the pixels are upright
    density = resources.get_data(Resource.RESOLUTION_INFO)  # fixed-point numbers
    assert (density.horizontal / 65536, density.vertical / 65536) == (300, 240)
    if bits == 8:  # another reader; it knows no 16 bits
        other = Image.open(io.BytesIO(data))
        np.testing.assert_array_equal(np.asarray(other.convert("RGB")), samples)
        assert other.info["icc_profile"] == own.icc


@pytest.mark.parametrize("kind", ["ora", "psd"])
def test_a_transparent_result_hides_the_source(kind: str) -> None:
    _, _, made = document(transparent=True)
    assert [layer.visible for layer in made.layers if isinstance(layer, Layer)][:2] == [False, True]
    data = encode_layers(made, kind)
    if kind == "ora":
        merged = source_of(members(data).read("mergedimage.png"), "merged")
        assert merged.alpha is not None
        assert merged.alpha[0, 28:31].tolist() == [0, 128, 255]
    else:
        found = psd_tools.PSDImage.open(io.BytesIO(data))
        assert found.channels == 4
        stated = found._record.layer_and_mask_information.layer_info.layer_count
        assert stated < 0, "the fourth channel is no spot colour, but the picture's transparency"
        assert np.rint(found.numpy()[0, 28:31, 3] * 255).tolist() == [0, 128, 255]
        assert np.rint(found[1].numpy()[0, 28:31, 3] * 255).tolist() == [0, 128, 255]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_thumbnail_is_small_transparent_and_srgb(bits: int) -> None:
    top = np.iinfo(np.uint8 if bits == 8 else np.uint16).max
    dtype = np.uint8 if bits == 8 else np.uint16
    samples = np.full((200, 800, 3), (top, top // 2, 0), dtype)
    alpha = np.full((200, 800), top, dtype)
    alpha[:, 400:] = 0
    made = LayeredPicture((Layer("a", samples, alpha),), samples, alpha, Metadata())
    thumbnail = source_of(members(encode_layers(made, "ora")).read("Thumbnails/thumbnail.png"), "thumbnail")
    assert (thumbnail.width, thumbnail.height, thumbnail.bits, thumbnail.icc) == (256, 64, 8, None)
    assert thumbnail.alpha is not None
    assert thumbnail.alpha[32, 60] == 255 and thumbnail.alpha[32, 200] == 0
    assert np.abs(thumbnail.samples[32, 60].astype(int) - (255, 127, 0)).max() <= 1


def test_a_small_picture_is_its_own_thumbnail() -> None:
    made = document()[2]
    thumbnail = source_of(members(encode_layers(made, "ora")).read("Thumbnails/thumbnail.png"), "thumbnail")
    assert (thumbnail.width, thumbnail.height) == (SIDE, 72) and thumbnail.alpha is None


def handmade(stack: bytes, padding: int = 0) -> bytes:
    """An .ora file of another program."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", stack + b" " * padding, zipfile.ZIP_DEFLATED)
        archive.writestr("mergedimage.png", members(encode_layers(document()[2], "ora")).read("mergedimage.png"))
    return stream.getvalue()


def test_what_a_layer_does_not_say_has_its_usual_value() -> None:
    stack = b"<image><stack><stack name='Group'><layer visibility='hidden' name='b'/><layer/></stack></stack></image>"
    outline = read_outline(handmade(stack), "a.ora")
    assert outline is not None and outline.layers == ("(Group/b)", "Group/")
    assert (outline.kind, outline.width, outline.height, outline.bits) == ("ora", SIDE, 72, 8)


def test_a_list_of_layers_that_unfolds_without_end_is_refused() -> None:
    with pytest.raises(ImageError, match="damaged"):
        read_outline(handmade(b"<image/>", 1 << 22), "a.ora")
    assert read_outline(b"PK\x03\x04 some other archive", "a.zip") is None
    assert read_outline(b"8BPS"[:3] + b" is no document", "a.psd") is None


def test_depths_are_converted() -> None:
    _, _, made = document(16)
    archive = members(encode_layers(made, "ora", 8))
    assert source_of(archive.read("mergedimage.png"), "merged").bits == 8
    found = psd_tools.PSDImage.open(io.BytesIO(encode_layers(document(8)[2], "psd", 16)))
    assert found.depth == 16
    np.testing.assert_array_equal(np.rint(found[0].numpy()[..., :3] * 65535) % 257, 0)


def test_a_grey_photograph_has_coloured_regions() -> None:
    own = source(channels=1)
    made = photograph_document(
        own, own.samples, ((PLACEMENT, labels()),), np.ones(own.samples.shape[:2], np.float32), SaveOptions()
    )
    assert made.merged.shape == (72, SIDE, 3) and made.metadata.icc is None
    encode_layers(made, "ora")


def test_a_grey_photograph_without_profile_keeps_its_greys() -> None:
    own = replace(source(channels=1), icc=None)
    alpha = np.ones(own.samples.shape[:2], np.float32)
    made = photograph_document(own, own.samples, ((PLACEMENT, labels()),), alpha, SaveOptions())
    np.testing.assert_array_equal(made.merged, np.repeat(own.samples, 3, 2))


def test_background_and_people_share_every_pixel() -> None:
    layers = {layer.name: layer for layer in document()[2].layers}
    background, matte = layers["Background"], layers["Person matte"]
    assert isinstance(background, Layer) and isinstance(matte, Layer)
    assert background.alpha is not None and matte.alpha is not None
    assert matte.alpha[0, 28:31].tolist() == [0, 128, 255]
    assert np.abs(background.alpha.astype(int) + matte.alpha - 255).max() <= 1, "halves are rounded"


def test_several_faces_have_a_group_each() -> None:
    own = source()
    faces = ((PLACEMENT, labels()), (PLACEMENT.moved(-10, 0), labels()))
    made = photograph_document(own, own.samples, faces, np.ones(own.samples.shape[:2], np.float32), SaveOptions())
    groups = [layer.name for layer in made.layers if isinstance(layer, Group)]
    assert groups == ["Regions of face 1", "Regions of face 2"]


def test_a_drawn_face_has_no_source(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    made = face_document(pixels, labels())
    assert [layer.name for layer in made.layers] == ["Result", "Regions", "Person matte"]
    write_face(tmp_path / "face.ora", pixels, labels(), 200)
    merged = source_of(members((tmp_path / "face.ora").read_bytes()).read("mergedimage.png"), "merged")
    assert merged.samples.shape == (200, 200, 3)
    assert source_type_of(merged.xmp) == "trainedAlgorithmicMedia"
    write_face(tmp_path / "face.psd", pixels, labels())
    found = psd_tools.PSDImage.open(tmp_path / "face.psd")
    assert [layer.name for layer in found] == ["Result", "Regions", "Person matte"]


def test_equal_documents_give_equal_files() -> None:
    made = document()[2]
    for kind in ("ora", "psd"):
        assert encode_layers(made, kind) == encode_layers(replace(made), kind)


def test_a_document_too_large_for_photoshop_says_so() -> None:
    wide = np.zeros((1, 30_001, 3), np.uint8)
    largest = wide[:, 1:]
    outline = read_outline(encode_layers(LayeredPicture((Layer("a", largest),), largest, None, Metadata()), "psd"), "a")
    assert outline is not None and outline.width == 30_000
    with pytest.raises(ImageError, match="choose OpenRaster"):
        encode_layers(LayeredPicture((Layer("a", wide),), wide, None, Metadata()), "psd")


@pytest.mark.parametrize("kind", ["ora", "psd"])
def test_inspect_lists_layers_and_the_mark(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"a.{kind}"
    data = encode_layers(document(16)[2], kind)
    path.write_bytes(data)
    assert main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "(Person matte); (Regions/Hair); (Regions/Skin); (Background); Result; Source" in said
    assert f"{SIDE} x 72" in said and "16" in said and "compositeWithTrainedAlgorithmicMedia" in said
    path.write_bytes(data[: len(data) // 2])
    assert main(["inspect", str(path)]) == 1
    assert "damaged" in capsys.readouterr().err
