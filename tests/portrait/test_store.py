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
from faceeditor.portrait.document import Portrait, SetStyle, SetTruncation
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
    rewrite(saved, portrait_json=b'{"format": 2}', mask_png=None)
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
