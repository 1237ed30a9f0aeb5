"""Portrait files: round trip, and every kind of damage."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait, SetHead, SetStyle, SetTruncation
from faceeditor.portrait.head import HeadCoefficients, LightRig
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
    """Replace members of the zip (name with _ for .), or leave them out."""
    changed = {name.replace("_", "."): data for name, data in members.items()}
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
    assert loaded.undo_stack == ()
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


@pytest.mark.parametrize("member", ["mask_png", "style_f32", "recent_f32"])
def test_a_missing_member(saved: Path, member: str) -> None:
    rewrite(saved, **{member: None})
    assert_refused(saved, f"“{member.replace('_', '.')}” is missing")


def test_a_member_whose_checksum_is_wrong(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        info = archive.getinfo("mask.png")
    data[info.header_offset + 30 + len("mask.png") + info.compress_size // 2] ^= 0xFF
    saved.write_bytes(data)
    assert_refused(saved, "damaged in its part “mask.png”")


@pytest.mark.parametrize("member", ["mask_png", "style_f32", "recent_f32", "portrait_json"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"0" * (5 << 20)])
def test_members_of_another_content(saved: Path, member: str, content: bytes) -> None:
    rewrite(saved, **{member: content})
    assert_refused(saved, f"damaged in its part “{member.replace('_', '.')}”")


def test_numbers_that_are_not_finite(saved: Path) -> None:
    rewrite(saved, style_f32=np.full(2720, np.nan, "<f4").tobytes())
    assert_refused(saved, "not finite")


def test_a_newer_version_says_so(saved: Path) -> None:
    # Whatever else a newer version holds: the first thing to say is that it is newer.
    newer = b'{"format": %d}' % (store.FORMAT + 1)
    rewrite(saved, portrait_json=newer, mask_png=None)
    assert_refused(saved, "newer Face Editor .* update")


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "1"},
        {"format": True},
        {"format": 0},
        {"truncation": "much"},
        {"truncation": 99},
        {"truncation": float("nan")},
        {"style": []},
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
    rewrite(saved, mask_png=(tmp_path / "small.png").read_bytes())
    assert_refused(saved, "128 x 128")


def test_a_broken_preview_is_no_reason_to_refuse(saved: Path) -> None:
    rewrite(saved, preview_png=b"rubbish")
    assert store.load_preview(saved) is None
    assert store.load(saved).truncation == 0.7


@pytest.mark.parametrize("member", ["mask_png", "style_f32", "portrait_json"])
def test_a_member_that_unpacks_without_end_is_refused(saved: Path, member: str) -> None:
    rewrite(saved, **{member: bytes(8 << 20)})
    assert saved.stat().st_size < 100_000
    assert_refused(saved, "larger than")


@pytest.fixture
def with_head(portrait: Portrait, tmp_path: Path) -> Path:
    """A portrait whose head was turned and lit, in a file."""
    base = HeadCoefficients.neutral().changed(shape=np.linspace(-1, 1, 24), pose=(3.3, -5.1, 0.7))
    gamma = np.linspace(-0.1, 1.0, 27).reshape(9, 3)
    head = base.changed(pose=(20, -5.1, 0.7), gamma=gamma, rig=LightRig(azimuth=-40.1, colour=(1.0, 0.5, 0.25)))
    portrait.apply(SetHead(head, base))
    store.save(portrait, tmp_path / "berta.fep")
    return tmp_path / "berta.fep"


def heads(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        data = json.loads(archive.read("portrait.json"))
    return data["head"], data["base_head"]


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


def test_format_1_still_opens(saved: Path, portrait: Portrait) -> None:
    with zipfile.ZipFile(saved) as archive:
        old = json.loads(archive.read("portrait.json"))
    old["format"] = 1
    del old["head"], old["base_head"]
    rewrite(saved, portrait_json=json.dumps(old, indent=2).encode())
    loaded = store.load(saved)
    assert np.array_equal(loaded.mask, portrait.mask)
    assert loaded.style.key == portrait.style.key and loaded.truncation == 0.7
    assert loaded.head is None and loaded.base_head is None and loaded.note == ""


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
    rewrite(with_head, portrait_json=described(with_head, head=damage))
    loaded = store.load(with_head)
    assert np.array_equal(loaded.mask, portrait.mask) and loaded.style.key == portrait.style.key
    assert loaded.head is not None and loaded.head.to_json() == base
    assert not loaded.moved
    assert "berta.fep" in loaded.note and "painted" in loaded.note and loaded.note.endswith(".")


@pytest.mark.parametrize("damage", damaged_heads())
def test_without_the_base_head_the_head_goes_and_the_picture_stays(
    with_head: Path, portrait: Portrait, damage: Any
) -> None:
    rewrite(with_head, portrait_json=described(with_head, base_head=damage))
    loaded = store.load(with_head)
    assert np.array_equal(loaded.mask, portrait.mask) and loaded.style.key == portrait.style.key
    assert loaded.head is None and loaded.base_head is None
    assert "left out" in loaded.note and loaded.note.endswith(".")
    store.save(loaded, with_head)
    assert store.load(with_head).note == ""
