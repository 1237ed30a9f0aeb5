"""Pinned styles on the disk: kept in their order for all portraits; a bad file never stops anything."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait import style_library
from faceeditor.portrait.style import StyleCode
from faceeditor.portrait.style_library import library_folder, pin_style, pinned_styles, unpin_style

Styles = Callable[[int], StyleCode]


def test_styles_are_kept_in_the_order_of_pinning(style: Styles) -> None:
    assert pinned_styles() == ()
    for number in (3, 1, 2):
        pin_style(style(number).with_label(f"Nr {number}"))
    kept = pinned_styles()
    assert [each.label for each in kept] == ["Nr 3", "Nr 1", "Nr 2"]
    assert kept[0].key == style(3).key and np.array_equal(kept[0].detail, style(3).detail)
    pin_style(style(1).with_label("Auburn"))
    assert [each.label for each in pinned_styles()] == ["Nr 3", "Auburn", "Nr 2"]
    unpin_style(style(3))
    unpin_style(style(3))
    assert [each.label for each in pinned_styles()] == ["Auburn", "Nr 2"]


def test_there_is_an_end_to_pinning(style: Styles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_library, "MAX_PINNED", 2)
    pin_style(style(1))
    pin_style(style(2))
    with pytest.raises(PortraitError, match="unpin one"):
        pin_style(style(3))
    pin_style(style(2).with_label("again"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"", lambda data: b"[]", lambda data: b"\xff" * 99, lambda data: b"[" * 5000,
        lambda data: json.dumps({**data, "style": "AAAA"}).encode(),
        lambda data: json.dumps({**data, "style": "*"}).encode(),
        lambda data: json.dumps({**data, "order": "x"}).encode(),
        lambda data: json.dumps({**data, "style": "AADAfw" + data["style"][6:]}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_file_is_set_aside(style: Styles, damage: Callable[[dict], bytes]) -> None:  # type: ignore[type-arg]
    pin_style(style(1))
    pin_style(style(2).with_label("good"))
    path = library_folder() / f"{style(1).key}.json"
    path.write_bytes(damage(json.loads(path.read_bytes())))
    assert [each.label for each in pinned_styles()] == ["good"]
    assert not path.exists() and len(list(library_folder().iterdir())) == 2
    pin_style(style(1))
    assert len(pinned_styles()) == 2


def test_a_file_of_a_newer_version_stays(style: Styles) -> None:
    pin_style(style(1))
    path = library_folder() / f"{style(1).key}.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "format": 2}))
    assert pinned_styles() == () and path.exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(style: Styles) -> None:
    library_folder().parent.mkdir(parents=True, exist_ok=True)
    library_folder().write_bytes(b"")
    with pytest.raises(PortraitError):
        pin_style(style(1))
    assert pinned_styles() == ()


def test_a_pinned_style_that_cannot_be_written_or_removed_is_a_sentence(
    style: Styles, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin_style(style(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(PortraitError, match="disk is full"):
            pin_style(style(2))
    assert len(pinned_styles()) == 1 and len(list(library_folder().iterdir())) == 1
    path = library_folder() / f"{style(2).key}.json"
    path.mkdir()
    with pytest.raises(PortraitError, match="cannot be unpinned"):
        unpin_style(style(2))
    assert [each.key for each in pinned_styles()] == [style(1).key], "a folder is no style, and stays"
    assert path.is_dir()


def test_long_and_foreign_names_are_kept_readably(style: Styles) -> None:
    pin_style(style(1).with_label("Größe " + "x" * 300))
    (kept,) = pinned_styles()
    assert kept.label == ("Größe " + "x" * 300)[:200]
    assert "Größe" in (library_folder() / f"{kept.key}.json").read_text("utf-8")
