"""Portrait files: round trip, and every kind of damage."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceeditor.errors import PortraitError
from faceeditor.portrait import store
from faceeditor.portrait.adjustments import (
    REGION_SETS,
    Adjustment,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    LightChange,
    RegionStyle,
)
from faceeditor.portrait.document import Portrait, ReplaceFaces, SetHead, SetStyle, SetTruncation, Snapshot
from faceeditor.portrait.face_parts import adjustment_entry, pack_style
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.portrait.masks import encode_mask
from faceeditor.portrait.state import CombStroke, FaceSource, FaceState, Photo, PortraitState, same_head
from faceeditor.portrait.style import StyleCode

Styles = Callable[[int], StyleCode]


@pytest.fixture
def saved(portrait: Portrait, style: Styles, tmp_path: Path) -> Path:
    """A portrait with three recent styles in a file."""
    portrait.apply(SetStyle(style(1)))
    portrait.apply(SetStyle(style(2).with_label("Größe “foto”.jpg")))
    portrait.apply(SetTruncation(0.7))
    path = tmp_path / "anna.fep"
    store.save(portrait, path, np.full((300, 200, 3), 77, np.uint8))
    return path


def rewrite(path: Path, **members: bytes | None) -> None:
    """Replace members of the zip (name with _ for . and __ for /), or leave them out."""
    changed = {name.replace("__", "/").replace("_", "."): data for name, data in members.items()}
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content.update({name: data for name, data in changed.items() if data is not None})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if name not in changed or changed[name] is not None:
                archive.writestr(name, data)


def described(path: Path, **changes: Any) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return json.dumps({**json.loads(archive.read("portrait.json")), **changes}).encode()


def assert_refused(path: Path, words: str) -> None:
    with pytest.raises(PortraitError, match=words) as error:
        store.load(path)
    text = str(error.value)
    assert path.name in text
    assert text.endswith(".")
    assert "\n" not in text


def test_the_preview_carries_the_mark(tmp_path: Path) -> None:
    mask = np.zeros((256, 256), np.uint8)
    path = tmp_path / "marked.fep"
    store.save(Portrait(mask, StyleCode.zeros("A")), path, np.full((64, 64, 3), 90, np.uint8))
    with zipfile.ZipFile(path) as archive:
        image = Image.open(io.BytesIO(archive.read("preview.png")))
    image.load()
    assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"] and "srgb" in image.info


def test_everything_comes_back(saved: Path, portrait: Portrait) -> None:
    assert portrait.path == saved
    assert not portrait.modified
    loaded = store.load(saved)
    assert np.array_equal(loaded.mask, portrait.mask)
    assert loaded.style.key == portrait.style.key
    assert loaded.style.label == "Größe “foto”.jpg"
    assert loaded.truncation == 0.7
    assert [(code.key, code.label) for code in loaded.recent_styles] == [
        (code.key, code.label) for code in portrait.recent_styles
    ]
    assert len(loaded.recent_styles) == 3
    assert loaded.path == saved
    assert not loaded.modified
    assert loaded.undo_stack == portrait.undo_stack and loaded.position == 3
    preview = store.load_preview(saved)
    assert preview is not None
    assert preview.shape == (256, 171, 3)
    assert (preview == 77).all()


def test_saving_twice_gives_the_same_bytes(saved: Path, portrait: Portrait, tmp_path: Path) -> None:
    store.save(portrait, tmp_path / "b.fep")
    store.save(portrait, tmp_path / "c.fep")
    assert (tmp_path / "b.fep").read_bytes() == (tmp_path / "c.fep").read_bytes()


def test_a_portrait_needs_no_preview(portrait: Portrait, tmp_path: Path) -> None:
    store.save(portrait, tmp_path / "plain.fep")
    assert store.load_preview(tmp_path / "plain.fep") is None
    assert np.array_equal(store.load(tmp_path / "plain.fep").mask, portrait.mask)


def test_a_failed_save_keeps_the_old_file_and_the_unsaved_state(
    saved: Path, portrait: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = saved.read_bytes()
    portrait.apply(SetTruncation(0.2))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PortraitError, match="disk is full"):
        store.save(portrait, saved)
    assert saved.read_bytes() == old
    assert portrait.modified
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut short"])
def test_files_that_are_no_zip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.fep"
    path.write_bytes(content)
    assert_refused(path, "is no portrait")


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.fep"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "hello")
    assert_refused(path, "is no portrait")


def test_a_file_cut_short(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-200])
    assert_refused(saved, "cut short")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match="does not exist"):
        store.load(tmp_path / "nothing.fep")
    with pytest.raises(PortraitError, match="folder"):
        store.load(tmp_path)


@pytest.mark.parametrize("member", ["face0__mask_png", "face0__style_f32", "recent_f32"])
def test_a_missing_member(saved: Path, member: str) -> None:
    rewrite(saved, **{member: None})
    assert_refused(saved, f"“{member.replace('__', '/').replace('_', '.')}” is missing")


def test_a_member_whose_checksum_is_wrong(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        info = archive.getinfo("face0/mask.png")
    data[info.header_offset + 30 + len("face0/mask.png") + info.compress_size // 2] ^= 0xFF
    saved.write_bytes(data)
    assert_refused(saved, "damaged in its part “face0/mask.png”")


@pytest.mark.parametrize("member", ["face0__mask_png", "face0__style_f32", "recent_f32", "portrait_json"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"0" * (5 << 20)])
def test_members_of_another_content(saved: Path, member: str, content: bytes) -> None:
    rewrite(saved, **{member: content})
    assert_refused(saved, f"damaged in its part “{member.replace('__', '/').replace('_', '.')}”")


def test_numbers_that_are_not_finite(saved: Path) -> None:
    rewrite(saved, face0__style_f32=np.full(2720, np.nan, "<f4").tobytes())
    assert_refused(saved, "not finite")


def test_a_newer_version_says_so(saved: Path) -> None:
    # Whatever else a newer version holds: the first thing to say is that it is newer.
    newer = b'{"format": %d}' % (store.FORMAT + 1)
    rewrite(saved, portrait_json=newer, face0__mask_png=None)
    assert_refused(saved, "newer Face Editor .* update")


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "1"},
        {"format": True},
        {"format": 0},
        {"faces": [{"truncation": "much", "style": {}}]},
        {"faces": [{"truncation": 99, "style": {}}]},
        {"faces": [{"truncation": float("nan"), "style": {}}]},
        {"faces": [{"truncation": 1, "style": []}]},
        {"faces": []},
        {"faces": {}},
        {"faces": [7]},
        {"active": 1},
        {"active": -1},
        {"active": True},
        {"photo": 5},
        {"photo": {"name": "a", "sha256": "../../etc"}},
        {"recent_styles": None},
        {"recent_styles": [{}] * 25},
        {"recent_styles": [{}]},
    ],
)
def test_wrong_entries(saved: Path, changes: dict[str, Any]) -> None:
    rewrite(saved, portrait_json=described(saved, **changes))
    assert_refused(saved, "damaged")


def test_a_mask_of_another_size(saved: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("P", (128, 128)).save(tmp_path / "small.png")
    rewrite(saved, face0__mask_png=(tmp_path / "small.png").read_bytes())
    assert_refused(saved, "128 x 128")


def test_a_broken_preview_is_no_reason_to_refuse(saved: Path) -> None:
    rewrite(saved, preview_png=b"rubbish")
    assert store.load_preview(saved) is None
    assert store.load(saved).truncation == 0.7


@pytest.mark.parametrize("member", ["face0__mask_png", "face0__style_f32", "portrait_json"])
def test_a_member_that_unpacks_without_end_is_refused(saved: Path, member: str) -> None:
    rewrite(saved, **{member: bytes(8 << 20)})
    assert saved.stat().st_size < 100_000
    assert_refused(saved, "larger than")


def written(portrait: Portrait, path: Path, history: bool) -> Path:
    """A file with the history, whose present step is what opens, or without any, as an autosave is."""
    if history:
        store.save(portrait, path)
    else:
        store.write_snapshot(portrait.snapshot(), path)
    return path


@pytest.fixture(params=[True, False], ids=["with history", "without"])
def with_head(portrait: Portrait, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A portrait whose head was turned and lit, in a file."""
    base = HeadCoefficients.neutral().changed(shape=np.linspace(-1, 1, 24), pose=(3.3, -5.1, 0.7))
    gamma = np.linspace(-0.1, 1.0, 27).reshape(9, 3)
    head = base.changed(pose=(20, -5.1, 0.7), gamma=gamma, rig=LightRig(azimuth=-40.1, colour=(1.0, 0.5, 0.25)))
    portrait.apply(SetHead(head, base))
    return written(portrait, tmp_path / "berta.fep", request.param)


def heads(path: Path) -> tuple[dict[str, Any] | None, ...]:
    with zipfile.ZipFile(path) as archive:
        names = [f"face0/{name}" for name in ("head.json", "base-head.json")]
        return tuple(json.loads(archive.read(name)) if name in archive.namelist() else None for name in names)


def test_heads_come_back_to_the_last_bit(with_head: Path, portrait: Portrait) -> None:
    loaded = store.load(with_head)
    assert loaded.head is not None and portrait.head is not None and loaded.base_head is not None
    assert loaded.head.key == portrait.head.key != loaded.base_head.key
    assert portrait.base_head is not None and loaded.base_head.key == portrait.base_head.key
    assert loaded.head.rig == LightRig(azimuth=-40.1, colour=(1.0, 0.5, 0.25))
    assert loaded.base_head.rig is None
    assert loaded.moved and loaded.note == "" and not loaded.modified


def test_a_portrait_without_a_head_comes_back_without(saved: Path) -> None:
    loaded = store.load(saved)
    assert loaded.head is None and loaded.base_head is None and loaded.note == ""
    assert heads(saved) == (None, None)


def old_file(portrait: Portrait, path: Path, number: int) -> None:
    """A file as formats 1 and 2 had it."""
    description: dict[str, Any] = {
        "format": number, "application": "Face Editor", "version": "1", "truncation": portrait.truncation,
        "style": {"label": portrait.style.label},
        "recent_styles": [{"label": style.label} for style in portrait.recent_styles],
    }  # fmt: skip
    if number == 2:
        for name in ("head", "base_head"):
            head = getattr(portrait, name)
            description[name] = None if head is None else head.to_json()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("portrait.json", json.dumps(description, indent=2))
        archive.writestr("mask.png", encode_mask(portrait.mask))
        archive.writestr("style.f32", pack_style(portrait.style))
        archive.writestr("recent.f32", b"".join(pack_style(style) for style in portrait.recent_styles))


@pytest.mark.parametrize("number", [1, 2])
def test_older_formats_still_open(with_head: Path, portrait: Portrait, tmp_path: Path, number: int) -> None:
    path = tmp_path / "old.fep"
    old_file(portrait, path, number)
    loaded = store.load(path)
    assert np.array_equal(loaded.mask, portrait.mask) and loaded.note == ""
    assert loaded.style.key == portrait.style.key and loaded.truncation == portrait.truncation
    assert portrait.head is not None and portrait.base_head is not None
    wanted = (None, None) if number == 1 else (portrait.head.key, portrait.base_head.key)
    assert tuple(None if head is None else head.key for head in (loaded.head, loaded.base_head)) == wanted
    portrait.undo()  # a portrait of format 2 without a head
    old_file(portrait, path, number)
    assert store.load(path).head is None and store.load(path).note == ""


def test_an_old_file_with_a_damaged_head_keeps_the_picture(with_head: Path, portrait: Portrait, tmp_path: Path) -> None:
    old_file(portrait, tmp_path / "old.fep", 2)
    rewrite(tmp_path / "old.fep", portrait_json=described(tmp_path / "old.fep", head={"pose": [1, 2]}))
    loaded = store.load(tmp_path / "old.fep")
    assert np.array_equal(loaded.mask, portrait.mask) and "painted" in loaded.note


def test_an_old_file_that_lost_one_of_its_heads(with_head: Path, portrait: Portrait, tmp_path: Path) -> None:
    path = tmp_path / "old.fep"
    for lost, words in (("head", "reset to the one at which the mask was painted"), ("base_head", "left out")):
        old_file(portrait, path, 2)
        rewrite(path, portrait_json=described(path, **{lost: None}))
        loaded = store.load(path)
        assert words in loaded.note and (loaded.head is None) == (lost == "base_head")
        assert portrait.base_head is not None
        assert loaded.head is None or loaded.head.key == portrait.base_head.key


def changed_head() -> HeadCoefficients:
    """A head that differs from the neutral one in every part that can be limited to regions."""
    head = HeadCoefficients.neutral()
    return head.changed(
        shape=np.linspace(-1, 1, 24), albedo=np.linspace(0, 1, 32), expression=np.linspace(0, 1, 55), gaze=(3, -2),
        gamma=np.linspace(0, 2, 27).reshape(9, 3), rig=LightRig(azimuth=-20, colour=(1, 0.5, 0.25)),
    )  # fmt: skip


@pytest.fixture(params=[True, False], ids=["with history", "without"])
def with_photo(portrait: Portrait, style: Styles, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A portrait of two faces of a photograph, one with comb strokes, in a file."""
    source = FaceSource(
        (10, 20, 110, 130), (60.5, 75.25), (80, 3.5), portrait.mask, style(3), HeadCoefficients.neutral()
    )
    comb = (CombStroke(np.array([(10, 20), (30.5, 40)]), 12), CombStroke(np.array([(1, 2)]), 3.5))
    first = portrait.state().face.changed(source=source, name="Anna", comb=comb, head=source.head, read_head=True)
    adjustments = (
        Adjustment("Red hair", ColourChange((0.6, 0.1, 0.05)), REGION_SETS["hair"], strength=0.7, feather=3),
        Adjustment("Greyer", ColourChange(hue=12.5, saturation=-0.4), enabled=False),
        Adjustment("Soft skin", DetailChange(-0.3), REGION_SETS["skin"]),
        Adjustment("Other lips", RegionStyle(style(9)), REGION_SETS["lips"]),
        Adjustment("Smile", ExpressionChange(np.linspace(0, 1, 55), np.array([3, -2]), "mouth", True)),
        Adjustment("Light", LightChange(np.full((9, 3), 0.25))),
        Adjustment("Only lips", HeadChange.between(source.head, changed_head()), REGION_SETS["lips"], feather=8),
    )
    second = FaceState(np.full((256, 256), 1, np.uint8), style(5), 0.5, adjustments=adjustments)
    portrait.apply(ReplaceFaces((first, second), Photo(b"any bytes" * 1000, "zwei köpfe.jpg"), 1))
    return written(portrait, tmp_path / "clara.fep", request.param)


def test_faces_photograph_and_comb_come_back(with_photo: Path, portrait: Portrait) -> None:
    state, before = store.load(with_photo).state(), portrait.state()
    assert state.active == 1 and len(state.faces) == 2
    assert state.photo is not None and before.photo is not None and state.photo.name == "zwei köpfe.jpg"
    assert state.photo.data == before.photo.data
    for face, old in zip(state.faces, before.faces, strict=True):
        assert np.array_equal(face.mask, old.mask) and face.style.key == old.style.key
        assert (face.truncation, face.name, face.read_head) == (old.truncation, old.name, old.read_head)
        assert face.style.label == old.style.label and same_head(face.head, old.head)
        assert [stroke.key for stroke in face.comb] == [stroke.key for stroke in old.comb]
    assert len(state.faces[1].adjustments) == 7
    for adjustment, given in zip(state.faces[1].adjustments, before.faces[1].adjustments, strict=True):
        assert adjustment_entry(adjustment, "", {}) == adjustment_entry(given, "", {})
    look = state.faces[1].adjustments[3].settings
    assert isinstance(look, RegionStyle) and look.style.key == before.faces[1].adjustments[3].settings.style.key
    source, old_source = state.faces[0].source, before.faces[0].source
    assert source is not None and old_source is not None
    assert (source.box, source.centre, source.half) == (old_source.box, old_source.centre, old_source.half)
    assert source.head.key == old_source.head.key and source.style.key == old_source.style.key
    assert np.array_equal(source.mask, old_source.mask) and source.style.label == old_source.style.label


def test_a_board_comes_back_and_a_damaged_one_costs_nothing_else(portrait: Portrait, tmp_path: Path) -> None:
    path = tmp_path / "dora.fep"
    board = np.random.default_rng(0).bytes(2000)  # which no compression changes
    portrait.set_board(board)
    store.save(portrait, path)
    assert store.load(path).board == board and not store.load(path).modified
    data = bytearray(path.read_bytes())
    data[data.index(board)] ^= 1  # its checksum is wrong now
    path.write_bytes(data)
    assert store.load(path).board == b"damaged", "which whoever unpacks it refuses with a sentence"
    assert np.array_equal(store.load(path).mask, portrait.mask)


def test_the_photograph_beside_a_snapshot_is_found_and_checked(portrait: Portrait, tmp_path: Path) -> None:
    photo = Photo(b"any bytes" * 1000, "anna.jpg")
    portrait.apply(ReplaceFaces(portrait.state().faces, photo))
    path = tmp_path / "1-run.fep"
    store.write_snapshot(portrait.snapshot(), path, photo_beside=True)
    beside = store.photo_file(path, photo.digest)
    assert beside == tmp_path / f"1-run.{photo.digest[:16]}.photo" and beside.read_bytes() == photo.data
    loaded = store.load(path)
    assert loaded.state().photo is not None and loaded.state().photo.data == photo.data and loaded.note == ""
    beside.write_bytes(b"cut short")
    assert store.load(path).state().photo is None and "is damaged" in store.load(path).note
    store.write_snapshot(portrait.snapshot(), path, photo_beside=True)
    assert beside.read_bytes() == photo.data, "a file of another size is written anew"
    beside.unlink()
    assert "is missing" in store.load(path).note
    # A portrait that keeps its photograph inside looks for no file beside it.
    store.save(portrait, tmp_path / "own.fep")
    rewrite(tmp_path / "own.fep", photo=None)
    store.photo_file(tmp_path / "own.fep", photo.digest).write_bytes(photo.data)
    assert "is missing" in store.load(tmp_path / "own.fep").note


def test_a_mask_without_palette_is_read_by_its_values(saved: Path, portrait: Portrait) -> None:
    stream = io.BytesIO()
    Image.fromarray(portrait.mask).save(stream, "PNG")
    rewrite(saved, face0__mask_png=stream.getvalue())
    assert np.array_equal(store.load(saved).mask, portrait.mask)


def test_a_newer_file_is_said_with_its_whole_name_and_not_as_damaged(saved: Path) -> None:
    rewrite(saved, portrait_json=b'{"format": 99}')
    with pytest.raises(PortraitError) as error:
        store.load(saved)
    assert str(error.value).startswith("“anna.fep” was made by a newer Face Editor") and "damaged" not in str(
        error.value
    )


def test_several_notes_are_sentences_one_after_the_other(with_photo: Path) -> None:
    rewrite(with_photo, photo=None, face0__head_json=b"rubbish")
    note = store.load(with_photo).note
    assert "painted. The photograph" in note or "at which the mask was painted. The " in note


def test_names_of_any_writing_are_kept_readably(portrait: Portrait, tmp_path: Path) -> None:
    face = portrait.state().face.changed(name="Ünal 李")
    store.write_snapshot(Snapshot(PortraitState((face,))), tmp_path / "p.fep")
    assert store.load(tmp_path / "p.fep").state().face.name == "Ünal 李"
    with zipfile.ZipFile(tmp_path / "p.fep") as archive:
        assert "Ünal 李".encode() in archive.read("portrait.json")


def test_long_names_are_cut_and_missing_ones_empty(portrait: Portrait, tmp_path: Path) -> None:
    face = portrait.state().face.changed(name="n" * 300, style=portrait.style.with_label("s" * 300))
    path = tmp_path / "long.fep"
    store.write_snapshot(Snapshot(PortraitState((face,))), path)
    loaded = store.load(path).state().face
    assert loaded.name == "n" * 200 and loaded.style.label == "s" * 200
    with zipfile.ZipFile(path) as archive:
        entry = json.loads(archive.read("portrait.json"))["faces"][0]
    del entry["name"], entry["style"]["label"]
    rewrite(path, portrait_json=described(path, faces=[entry]))
    assert (store.load(path).state().face.name, store.load(path).style.label) == ("", "")


@pytest.mark.parametrize(("part", "most"), [("comb", 2000), ("adjustments", 64)])
def test_as_many_parts_as_a_face_may_have_come_back(portrait: Portrait, tmp_path: Path, part: str, most: int) -> None:
    stroke, entry = CombStroke(np.array([(1, 2), (3, 4)]), 5), Adjustment("Soft", DetailChange(-0.5))
    parts = {part: ((stroke if part == "comb" else entry),) * most}
    path = tmp_path / "many.fep"
    store.write_snapshot(Snapshot(PortraitState((portrait.state().face.changed(**parts),))), path)
    assert len(getattr(store.load(path).state().face, part)) == most
    with zipfile.ZipFile(path) as archive:
        face = json.loads(archive.read("portrait.json"))["faces"][0]
    face[part] *= 2
    rewrite(path, portrait_json=described(path, faces=[face]))
    assert_refused(path, "described wrongly")


@pytest.mark.parametrize(
    "damage",
    [7, {"box": [1, 2, 3]}, {"box": [0, 0, 1, float("nan")]}, {"centre": ["x", 2]}, {"half": [0, 0]}, {"style": 5}],
)
def test_a_place_in_the_photograph_that_makes_no_sense(with_photo: Path, damage: Any) -> None:
    with zipfile.ZipFile(with_photo) as archive:
        faces = json.loads(archive.read("portrait.json"))["faces"]
    faces[0]["source"] = {**faces[0]["source"], **damage} if isinstance(damage, dict) else damage
    rewrite(with_photo, portrait_json=described(with_photo, faces=faces))
    assert_refused(with_photo, "damaged in its part “portrait.json”")


@pytest.mark.parametrize("member", ["source-mask.png", "source-style.f32", "source-head.json"])
def test_a_source_that_is_damaged_or_missing(with_photo: Path, member: str) -> None:
    name = "face0__" + member.replace(".", "_")
    rewrite(with_photo, **{name: b"rubbish"})
    assert_refused(with_photo, f"damaged in its part “face0/{member}”")
    rewrite(with_photo, **{name: None})
    assert_refused(with_photo, f"“face0/{member}” is missing")


@pytest.mark.parametrize(
    "damage",
    [7, [7], [{}], "kind", {"kind": "os.system"}, {"strength": 5}, {"regions": [99]}, {"values": {"hue": 999}},
     {"values": {"system": 1}}, {"kind": "RegionStyle", "values": {}},
     {"kind": "LightChange", "values": {"gamma": []}}],
)  # fmt: skip
def test_adjustments_that_make_no_sense(with_photo: Path, damage: Any) -> None:
    with zipfile.ZipFile(with_photo) as archive:
        faces = json.loads(archive.read("portrait.json"))["faces"]
    if isinstance(damage, dict):
        faces[1]["adjustments"][0].update(damage)
    else:
        faces[1]["adjustments"] = damage
    rewrite(with_photo, portrait_json=described(with_photo, faces=faces))
    assert_refused(with_photo, "damaged")


def test_a_missing_or_changed_photograph_costs_nothing_else(with_photo: Path, portrait: Portrait) -> None:
    rewrite(with_photo, photo=b"something else")
    assert "damaged" in store.load(with_photo).note and store.load(with_photo).state().photo is None
    rewrite(with_photo, photo=None)
    loaded = store.load(with_photo)
    assert "missing" in loaded.note and "zwei köpfe.jpg" in loaded.note and len(loaded.state().faces) == 2


@pytest.mark.parametrize(
    "comb",
    [7, [{}], [{"width": 5, "points": 10**9}], [{"width": 5, "points": 2}], [{"width": 900, "points": 2}] * 2,
     [{"points": 2}, {"points": 1}], [None]],
)  # fmt: skip
def test_comb_strokes_that_make_no_sense(with_photo: Path, comb: Any) -> None:
    with zipfile.ZipFile(with_photo) as archive:
        faces = json.loads(archive.read("portrait.json"))["faces"]
    faces[0]["comb"] = comb
    rewrite(with_photo, portrait_json=described(with_photo, faces=faces))
    assert_refused(with_photo, "damaged")


def damaged_heads() -> list[Any]:
    good = HeadCoefficients.neutral().to_json()
    return [
        {**good, "pose": [float("nan"), 0, 0]},
        {**good, "pose": [float("inf"), 0, 0]},
        {**good, "pose": [10**400, 0, 0]},
        {**good, "pose": [90, 0, 0]},
        {**good, "pose": [0, 0]},
        {**good, "pose": [[0], 0, 0]},
        {**good, "shape": "wide"},
        {**good, "rig": {"azimuth": 999}},
        {**good, "rig": {"colour": 5}},
        {**good, "rig": [1]},
        {name: part for name, part in good.items() if name != "gamma"},
        {}, [1, 2], "head", 7, None,
    ]  # fmt: skip


@pytest.mark.parametrize("damage", damaged_heads())
def test_a_damaged_head_is_reset_to_the_base_head(with_head: Path, portrait: Portrait, damage: Any) -> None:
    base = heads(with_head)[1]
    rewrite(with_head, face0__head_json=json.dumps(damage).encode())
    loaded = store.load(with_head)
    assert np.array_equal(loaded.mask, portrait.mask) and loaded.style.key == portrait.style.key
    assert loaded.head is not None and loaded.head.to_json() == base
    assert not loaded.moved
    assert "berta.fep" in loaded.note and "painted" in loaded.note and loaded.note.endswith(".")


@pytest.mark.parametrize("damage", damaged_heads())
def test_without_the_base_head_the_head_goes_and_the_picture_stays(
    with_head: Path, portrait: Portrait, damage: Any
) -> None:
    rewrite(with_head, **{"face0__base-head_json": json.dumps(damage).encode()})
    loaded = store.load(with_head)
    assert np.array_equal(loaded.mask, portrait.mask) and loaded.style.key == portrait.style.key
    assert loaded.head is None and loaded.base_head is None
    assert "left out" in loaded.note and loaded.note.endswith(".")
    store.save(loaded, with_head)
    assert store.load(with_head).note == ""
