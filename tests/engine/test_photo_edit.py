"""Edits of photographs through jobs of the engine: what a face of a portrait asks for, adjustments, kinds of files."""

import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from faceeditor.engine import Frame, JobContext
from faceeditor.engine.edit_list import edit_list
from faceeditor.engine.lanes import JobHandle
from faceeditor.engine.photo_edit import (
    EditPhoto,
    FaceEdit,
    FoundFace,
    edit_of_face,
    eight_bit,
    like,
    three_channels,
)
from faceeditor.engine.photo_export import ExportPhotograph
from faceeditor.engine.photo_view import MADE_TINT, MOVED_TINT, OWN_TINT, PhotoView, ViewRequest
from faceeditor.export.photograph import SaveOptions
from faceeditor.head.controls import control
from faceeditor.images import SourceImage
from faceeditor.images.provenance import source_type_of
from faceeditor.images.source import read_source
from faceeditor.images.source import source_of as picture_source
from faceeditor.photo.placement import Rect
from faceeditor.portrait.adjustments import (
    REGION_SETS,
    Adjustment,
    ColourChange,
    DetailChange,
    HeadChange,
    RegionStyle,
)
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.photo.people import found_person, person

BOX = (120.0, 150.0, 240.0, 290.0)


def source_of(samples: np.ndarray) -> SourceImage:
    return SourceImage(
        name="a.png", kind="png", data=b"", samples=samples, alpha=None, exact=True, depth=8 * samples.itemsize,
        icc=None, orientation=1, resolution=None, exif=None, xmp=None, iptc=None,
    )  # fmt: skip


def context() -> JobContext:
    def frame(request: object) -> Frame:
        return Frame(0, np.full((256, 256, 3), 80, np.uint8), "torch-cpu")

    nothing = lambda *_: None  # noqa: E731
    return JobContext(JobHandle(), nothing, nothing, frame, nothing, nothing)  # type: ignore[arg-type]


def styled_context() -> JobContext:
    """Draws each region as bright as the first number of its vector, and all by the overall vector's first."""

    def frame(request) -> Frame:
        value = 90 + 100 * (request.style.regions[request.mask, 0] + request.style.overall[0])
        return Frame(0, np.repeat(np.rint(value).astype(np.uint8)[..., None], 3, 2), "torch-cpu")

    return replace(context(), frame=frame)


def brighter(regions=(), overall: float = 0.0) -> StyleCode:
    """A style whose regions are drawn brighter by 0.2 than those of the photograph's own."""
    zeros = StyleCode.zeros("bright")
    vectors, whole = zeros.regions.copy(), zeros.overall.copy()
    vectors[list(regions), 0] = 0.2
    whole[0] = overall
    return StyleCode(vectors, whole, zeros.detail, "bright")


def restyled(source: SourceImage, **parts) -> np.ndarray:
    face = face_state().changed(**parts)
    return EditPhoto(source, (edit_of_face(face, found_person()),)).run(styled_context())


def face_state():
    found = FoundFace(found_person(), StyleCode.zeros("a"), person().square, (BOX,), 0, "")
    return found.state()


def edited(source: SourceImage, **parts) -> np.ndarray:
    face = face_state().changed(**parts)
    return EditPhoto(source, (edit_of_face(face, found_person()),)).run(context())


def in_regions(name: str) -> np.ndarray:
    inside = np.zeros((400, 360), bool)
    inside[80:336, 50:306] = np.isin(person().mask, list(REGION_SETS[name]))
    return inside


def test_a_face_without_edits_gives_the_same_array() -> None:
    source = source_of(person().picture)
    assert edited(source) is source.samples


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_on_lips_changes_lips_only(bits: int) -> None:
    samples = person().picture if bits == 8 else person().picture.astype(np.uint16) * 257
    source = source_of(samples)
    change = Adjustment("lips", ColourChange((0.5, 0.1, 0.3)), REGION_SETS["lips"], feather=1.0)
    result = edited(source, adjustments=(change,))
    assert result.dtype == samples.dtype
    changed = (result != samples).any(-1)
    lips = in_regions("lips")
    assert changed[lips].mean() > 0.9
    rows, columns = np.nonzero(lips)
    outside = changed.copy()
    outside[rows.min() - 4 : rows.max() + 5, columns.min() - 4 : columns.max() + 5] = False
    assert not outside.any()
    # A purple: more blue than before, beside red.
    scale = np.iinfo(samples.dtype).max
    before, after = (x[lips].astype(float).mean(0) / scale for x in (samples, result))
    assert after[2] / after[1] > before[2] / before[1] + 0.3


def test_another_hair_colour_leaves_the_background_between_hairs() -> None:
    """Rough regions took a part of the background along: a red rim around the head."""
    face = face_state()
    grown = np.asarray(face.mask).copy()
    hair = cv2.dilate((grown == Region.HAIR).astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    grown[hair & (grown == Region.BACKGROUND)] = Region.HAIR
    photo = replace(found_person(), mask=grown)
    change = Adjustment("hair", ColourChange((0.8, 0.1, 0.1)), REGION_SETS["hair"])
    source = source_of(person().picture)
    result = EditPhoto(source, (FaceEdit(photo, face.style, mask=grown, adjustments=(change,)),)).run(context())
    shift = np.abs(result.astype(int) - source.samples).max(-1)
    behind = np.zeros((400, 360), bool)
    behind[80:336, 50:306] = (person().mask == Region.BACKGROUND) & (grown == Region.HAIR)
    assert behind.sum() > 300
    far = behind & (photo.placement.to_picture(photo.matte.alpha, Rect(0, 0, 360, 400)) <= 0)
    assert far.sum() > 100 and shift[far].max() == 0
    assert shift[in_regions("hair")].mean() > 10


def test_sixteen_bits_stay_sixteen_bits() -> None:
    samples = person().picture.astype(np.uint16) * 257
    change = Adjustment("skin", ColourChange(lightness=0.2), REGION_SETS["skin"])
    result = edited(source_of(samples), adjustments=(change,))
    assert len(np.unique(result[in_regions("skin")])) > 1000


def test_an_adjustment_goes_with_the_head() -> None:
    source = source_of(person().picture)
    change = Adjustment("lips", ColourChange((0.1, 0.1, 0.9)), REGION_SETS["lips"], feather=1.0)
    head = control("yaw").set(person().head, None, 15.0)
    plain, coloured = edited(source, head=head), edited(source, head=head, adjustments=(change,))
    still = edited(source, adjustments=(change,))
    moved = [np.nonzero((a != b).any(-1))[1].mean() for a, b in ((still, source.samples), (coloured, plain))]
    assert moved[1] > moved[0] + 4


def test_smoothing_takes_detail_from_the_skin() -> None:
    source = source_of(person().picture)
    change = Adjustment("smooth", DetailChange(-1.0), REGION_SETS["skin"])
    result = edited(source, adjustments=(change,))
    cheek = np.s_[240:260, 150:165]
    fine = [np.abs(np.diff(x[cheek].astype(float), axis=1)).mean() for x in (result, source.samples)]
    assert fine[0] < 0.7 * fine[1]
    np.testing.assert_array_equal(result[:60], source.samples[:60])


def test_a_switched_off_adjustment_does_nothing() -> None:
    source = source_of(person().picture)
    change = Adjustment("lips", ColourChange((0.5, 0.1, 0.3)), REGION_SETS["lips"], enabled=False)
    assert edited(source, adjustments=(change,)) is source.samples


def test_a_grey_photograph_stays_grey() -> None:
    grey = np.ascontiguousarray(person().picture.mean(-1, keepdims=True).astype(np.uint8))
    source = source_of(grey)
    result = edited(source, head=control("yaw").set(person().head, None, 8.0))
    assert result.shape == grey.shape
    assert (result != grey).any() and not (result[:40] != grey[:40]).any()
    assert three_channels(grey).shape == (400, 360, 3)
    assert like(three_channels(grey), grey) is not None
    assert eight_bit(grey.astype(np.uint16) * 257).max() == grey.max()


def test_a_stroke_painted_on_a_turned_head_is_brought_back() -> None:
    """The mask belongs to the turned head; its place on the photograph follows the head back."""
    turned = control("yaw").set(person().head, None, 12.0)
    mask = face_state().mask.copy()
    mask[60:75, 120:140] = Region.HAIR
    face = face_state().changed(mask=mask, head=turned, base_head=turned)
    wanted = edit_of_face(face, found_person())
    assert wanted.mask is not None
    columns = np.nonzero(wanted.mask[66] == Region.HAIR)[0]
    inner = columns[(columns > 90) & (columns < 150)]
    assert len(inner) and inner.mean() < 130 - 3


def test_an_export_is_cut_and_reduced(tmp_path: Path) -> None:
    source = source_of(person().picture)
    face = FaceEdit(found_person(), StyleCode.zeros("a"))
    ExportPhotograph(source, (face,), tmp_path / "cut.png", SaveOptions("png"), (50, 80, 306, 336)).run(context())
    np.testing.assert_array_equal(read_source(tmp_path / "cut.png").samples, source.samples[80:336, 50:306])
    ExportPhotograph(source, (face,), tmp_path / "small.png", SaveOptions("png"), None, 200).run(context())
    assert read_source(tmp_path / "small.png").samples.shape == (200, 180, 3)


def turned() -> FaceEdit:
    return FaceEdit(found_person(), StyleCode.zeros("a"), control("yaw").set(person().head, None, 8.0))


def test_an_export_tells_whether_anything_was_edited(tmp_path: Path) -> None:
    source = source_of(person().picture)
    for edit, told in ((turned(), True), (FaceEdit(found_person(), StyleCode.zeros("a")), False)):
        written = ExportPhotograph(source, (edit,), tmp_path / "a.png", SaveOptions()).run(context())
        assert (written.path, written.edited) == (tmp_path / "a.png", told)


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "avif"])
def test_an_export_without_background(tmp_path: Path, kind: str) -> None:
    source = source_of(person().picture)
    path = tmp_path / f"a.{kind}"
    ExportPhotograph(source, (turned(),), path, SaveOptions(quality=100, transparent=True)).run(context())
    found = read_source(path)
    assert found.alpha is not None and found.samples.shape == source.samples.shape
    assert found.alpha[:60].max() == 0 and found.alpha[80 + 140, 50 + 128] == 255
    if kind != "avif":
        whole = EditPhoto(source, (turned(),)).run(context())
        np.testing.assert_array_equal(found.samples[found.alpha == 255], whole[found.alpha == 255])


def test_leaving_the_background_out_is_no_generative_edit(tmp_path: Path) -> None:
    source = source_of(person().picture)
    edit = FaceEdit(found_person(), StyleCode.zeros("a"))
    ExportPhotograph(source, (edit,), tmp_path / "a.png", SaveOptions(transparent=True)).run(context())
    found = read_source(tmp_path / "a.png")
    assert found.alpha is not None and source_type_of(found.xmp) is None


def test_a_signed_export_lists_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("c2pa", reason="content credentials are an extra: pip install 'faceeditor[c2pa]'")
    from faceeditor.export.credentials import read_credentials

    monkeypatch.setenv("FACEEDITOR_STATE", str(tmp_path / "state"))
    first = tmp_path / "photo.png"
    ExportPhotograph(source_of(person().picture), (), first, SaveOptions(transparent=True)).run(context())
    source = read_source(first)
    path = tmp_path / "out.jpg"
    ExportPhotograph(source, (turned(),), path, SaveOptions(sign=True), (50, 80, 306, 336), 128).run(context())
    found = read_credentials(path.read_bytes(), "jpeg")
    assert found is not None and found.intact and found.ingredients == (("photo.png", False),)
    assert [action.name for action in found.actions] == ["opened", "edited", "cropped", "resized", "converted"]
    assert found.actions[1].description == "Yaw: 0 to 8 degrees"
    # Nothing is edited: the file is the photograph's own, and is not signed.
    edit = FaceEdit(found_person(), StyleCode.zeros("a"))
    ExportPhotograph(source, (edit,), tmp_path / "same.png", SaveOptions(sign=True)).run(context())
    assert (tmp_path / "same.png").read_bytes() == first.read_bytes()


def test_an_edit_is_told_in_words() -> None:
    mask = person().mask.copy()
    mask[60:75, 120:140] = Region.HAIR
    head = control("smile").set(control("yaw").set(person().head, None, 8.0), None, 0.4)
    lips = Adjustment("Red lips", ColourChange((0.5, 0.1, 0.3)), REGION_SETS["lips"])
    hidden = Adjustment("Not seen", ColourChange((0.5, 0.1, 0.3)), REGION_SETS["lips"], enabled=False)
    told = edit_list(FaceEdit(found_person(), StyleCode.zeros("a"), head, mask, adjustments=(lips, hidden)))
    assert told == ("Smile: 0 to 40 %", "Yaw: 0 to 8 degrees", "Painted: Hair", "Adjustment: Red lips")
    assert edit_list(FaceEdit(found_person(), StyleCode.zeros("a"), person().head, person().mask)) == ()


def test_a_document_has_source_result_and_regions_in_place(tmp_path: Path) -> None:
    source = source_of(person().picture.astype(np.uint16) * 257)
    path = tmp_path / "a.ora"
    ExportPhotograph(source, (turned(),), path, SaveOptions(), (50, 80, 306, 336), 128).run(context())
    with zipfile.ZipFile(path) as archive:
        layers = {e.get("name"): e for e in ElementTree.fromstring(archive.read("stack.xml")).iter("layer")}
        read = {name: picture_source(archive.read(str(e.get("src"))), str(name)) for name, e in layers.items()}
    assert read["Source"].samples.shape == read["Result"].samples.shape == (128, 128, 3)
    assert read["Source"].bits == 16 and (read["Source"].samples != read["Result"].samples).any()
    # The nose of the new view: where the generator's mask has it, at half the size.
    nose = layers["Nose"]
    middle = int(str(nose.get("x"))) + read["Nose"].width / 2
    columns = np.nonzero(person().mask == Region.NOSE)[1]
    assert 1 < abs(middle - columns.mean() / 2) < 12
    assert {"Skin", "Background", "Person matte"} <= set(layers)


def test_the_view_shows_what_the_export_writes() -> None:
    source = source_of(person().picture)
    face = face_state().changed(head=control("yaw").set(person().head, None, 8.0))
    view = PhotoView(context().frame)
    request = ViewRequest(4, source, ((found_person(), face),), (40.0, 60.0, 320.0, 380.0), 1.0)
    picture = view.draw(request)
    whole = EditPhoto(source, (edit_of_face(face, found_person()),)).run(context())
    assert picture.revision == 4 and picture.rect == (40.0, 60.0, 320.0, 380.0) and not picture.untouched
    assert np.abs(picture.pixels.astype(int) - whole[60:380, 40:320]).max() <= 2
    plain = view.draw(replace(request, faces=((found_person(), face_state()),)))
    assert plain.untouched
    np.testing.assert_array_equal(plain.pixels, source.samples[60:380, 40:320])


@pytest.mark.parametrize("quick", [False, True])
def test_the_seam_view_tells_own_moved_and_made_pixels(quick: bool) -> None:
    source = source_of(np.full((400, 360, 3), 128, np.uint8))
    mask = person().mask.copy()
    mask[20:50, 20:60] = Region.HAIR  # beside the head: made
    face = face_state().changed(head=control("yaw").set(person().head, None, 10.0), mask=mask)
    request = ViewRequest(1, source, ((found_person(), face),), (0.0, 0.0, 360.0, 400.0), 1.0, quick, seams=True)
    picture = PhotoView(context().frame).draw(request)
    assert picture.seams

    def like_tint(x: int, y: int, tint: tuple[int, int, int]) -> bool:
        """On even grey a tint is seen by the order of its channels."""
        height, width = picture.pixels.shape[:2]
        pixel = picture.pixels[y * height // 400, x * width // 360].astype(int)
        return bool((np.argsort(pixel) == np.argsort(tint)).all())

    assert like_tint(10, 390, OWN_TINT)
    assert like_tint(50 + 128, 80 + 140, MOVED_TINT)  # the nose
    assert like_tint(50 + 40, 80 + 35, MADE_TINT)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("as_adjustment", [False, True])
def test_the_style_of_a_region_changes_it_alone_and_keeps_the_grain(bits: int, as_adjustment: bool) -> None:
    samples = person().picture if bits == 8 else person().picture.astype(np.uint16) * 257 + 3
    source, style = source_of(samples), brighter(REGION_SETS["lips"])
    if as_adjustment:
        result = restyled(source, adjustments=(Adjustment("lips", RegionStyle(style), REGION_SETS["lips"]),))
    else:
        result = restyled(source, style=style)
    assert result.dtype == samples.dtype
    added = (result.astype(float) - samples) / np.iinfo(samples.dtype).max
    lips = in_regions("lips")
    rows, columns = np.nonzero(lips)
    middle = added[int(rows.mean()) + 2, int(columns.mean())]
    np.testing.assert_allclose(middle, 20 / 255, atol=0.03)
    # Smooth: what is added has none of the grain, which stays as it was.
    inside = np.s_[rows.min() + 3 : rows.max() - 3, columns.min() + 12 : columns.max() - 12]
    assert np.abs(np.diff(added[inside], axis=1)).mean() < 0.01
    outside = np.ones(lips.shape, bool)
    outside[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9] = False
    np.testing.assert_array_equal(result[outside], samples[outside])


def test_half_the_strength_of_a_style_is_half_the_change() -> None:
    source, style = source_of(person().picture), brighter(REGION_SETS["hair"])
    whole = Adjustment("hair", RegionStyle(style), REGION_SETS["hair"])
    changes = [
        restyled(source, adjustments=(whole.changed(strength=strength),)).astype(float) - source.samples
        for strength in (1.0, 0.5)
    ]
    hair = in_regions("hair") & (changes[0].min(-1) > 15)
    assert hair.sum() > 500
    assert changes[1][hair].mean() == pytest.approx(changes[0][hair].mean() / 2, abs=1)


def test_a_whole_style_leaves_the_background_and_its_own_vector_does_not() -> None:
    source = source_of(person().picture)
    made = restyled(source, style=brighter(overall=0.2))
    clear = found_person().placement.to_picture(found_person().matte.alpha, found_person().placement.bounds(360, 400))
    background = clear == 0
    np.testing.assert_array_equal(made[background], source.samples[background])
    assert (made.astype(float) - source.samples)[in_regions("skin")].mean() > 10
    made = restyled(source, style=brighter(REGION_SETS["background"]))
    changed = (made != source.samples).any(-1)
    assert changed[in_regions("background") & background].mean() > 0.9
    assert not changed[200:260, 160:190].any()


def test_the_photograph_s_own_style_changes_nothing() -> None:
    source = source_of(person().picture)
    same = StyleCode.zeros("under another name")
    assert restyled(source, style=same) is source.samples


def test_a_smile_in_the_lips_moves_the_mouth_alone() -> None:
    source, read = source_of(person().picture), person().head
    smile = HeadChange.between(read, control("smile").set(read, None, 1.0))
    mouth = frozenset({Region.U_LIP, Region.L_LIP, Region.MOUTH})
    everywhere = edited(source, adjustments=(Adjustment("smile", smile),))
    limited = edited(source, adjustments=(Adjustment("smile", smile, mouth, feather=4.0),))
    lips = in_regions("lips")
    rows, columns = np.nonzero(lips)
    changed = (limited != source.samples).any(-1)
    assert changed[lips].mean() > 0.5
    around = np.ones(lips.shape, bool)
    around[rows.min() - 26 : rows.max() + 27, columns.min() - 26 : columns.max() + 27] = False
    np.testing.assert_array_equal(limited[around], source.samples[around])
    assert (everywhere != source.samples).any(-1)[around].sum() > 500


def test_light_in_a_region_changes_that_region_alone() -> None:
    source, read = source_of(person().picture), person().head
    brighter_light = HeadChange.between(read, read.changed(gamma=read.gamma * 1.6))
    result = edited(source, adjustments=(Adjustment("light", brighter_light, frozenset({Region.NOSE}), feather=2.0),))
    nose = np.zeros((400, 360), bool)
    nose[80:336, 50:306] = person().mask == Region.NOSE
    rows, columns = np.nonzero(nose)
    assert result[nose].mean() > source.samples[nose].mean() + 5
    outside = np.ones(nose.shape, bool)
    outside[rows.min() - 10 : rows.max() + 11, columns.min() - 10 : columns.max() + 11] = False
    np.testing.assert_array_equal(result[outside], source.samples[outside])


def test_a_moving_hand_sees_the_edit_of_every_face() -> None:
    source = source_of(person().picture)
    turned = face_state().changed(head=control("yaw").set(person().head, None, 8.0))
    view = PhotoView(context().frame)
    request = ViewRequest(1, source, ((found_person(), turned),), (40.0, 60.0, 320.0, 380.0), 1.0)
    view.prepare(request)
    still, moving = view.draw(request), view.draw(replace(request, quick=True))
    assert moving.quick and moving.rect == still.rect and not moving.untouched
    assert np.abs(moving.pixels.astype(int) - still.pixels).mean() < 2.0
    two = view.draw(replace(request, quick=True, faces=((found_person(), face_state()), (found_person(), turned))))
    np.testing.assert_array_equal(two.pixels, moving.pixels)
    assert view.draw(replace(request, quick=True, faces=((found_person(), face_state()),))).untouched
