"""Settings: kept as JSON, checked value by value, never executed; damaged files and folders never stop the window."""

import json
import os
from pathlib import Path

import pytest

from faceeditor import fileio
from faceeditor.gui import settings as kept
from faceeditor.gui.settings import Settings, recent_files, remember_file, settings
from faceeditor.paths import state_dir


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("FACEEDITOR_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(Settings, "_unwritten", {})
    fileio.take_reports()
    return tmp_path / "state"


def test_values_come_back(state: Path) -> None:
    settings().setValue("geometry", b"\x00\xff bytes")
    settings().setValue("folder", "/somewhere/ä")
    assert settings().value("geometry") == b"\x00\xff bytes"
    assert settings().value("folder") == "/somewhere/ä"
    assert settings().value("panels") == b"" and settings().value("photo/take", "style") == "style"
    assert json.loads((state / "settings.json").read_text())["format"] == 1


def test_unknown_names_and_wrong_values_are_faults_of_the_program() -> None:
    with pytest.raises(KeyError):
        settings().value("nothing")
    with pytest.raises(ValueError, match="folder"):
        settings().setValue("folder", 7)


def test_two_windows_do_not_undo_each_other() -> None:
    first, second = settings(), settings()
    first.setValue("folder", "/a")
    second.setValue("photo/take", "head")
    assert first.value("photo/take") == "head" and second.value("folder") == "/a"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"values": 3}',
        b'{"values": {"folder": 1' + b"0" * 400 + b"}}", b'{"values": {"folder": NaN}}', b"x" * (2 << 20),
        b"[General]\nrecent=@Variant(\\0\\0\\0\\t\\x7f\\xff\\xff\\xff)\n",
    ],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_with_a_sentence(state: Path, content: bytes) -> None:
    state.mkdir()
    (state / "settings.json").write_bytes(content)
    assert settings().value("folder") == ""
    assert (state / "settings.json.damaged").read_bytes() == content
    reports = fileio.take_reports()
    assert len(reports) == 1 and reports[0].endswith(".") and "settings.json.damaged" in reports[0]
    settings().setValue("folder", "/a")
    assert settings().value("folder") == "/a"


def test_a_wrong_value_does_not_take_the_others_with_it(state: Path) -> None:
    state.mkdir()
    values = {"recent": {"rect": [1, 2, 3, 4]}, "geometry": "no base64!", "panels": 5, "folder": "/a", "new": True}
    (state / "settings.json").write_text(json.dumps({"format": 1, "values": values}))
    assert (
        settings().value("recent") == [] and settings().value("geometry") == b"" and settings().value("panels") == b""
    )
    assert settings().value("folder") == "/a"
    assert recent_files() == []


def test_ini_files_of_older_versions_are_not_read(state: Path) -> None:
    state.mkdir()
    (state / "window.ini").write_text("[General]\nrecent=@Variant(\\0\\0\\0\\t\\x7f\\xff\\xff\\xff)\n")
    assert recent_files() == []


def test_no_module_uses_settings_that_unpickle() -> None:
    for path in Path(kept.__file__).parents[1].rglob("*.py"):
        assert "QSettings(" not in path.read_text(encoding="utf-8"), path


def test_recent_files(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.fep" for number in range(12)]
    for file in files:
        file.touch()
        remember_file(file)
    assert recent_files() == files[:1:-1]
    remember_file(files[5])
    assert recent_files()[0] == files[5] and len(recent_files()) == 10
    odd = tmp_path / os.fsdecode(b"caf\xe9.fep")
    odd.touch()
    remember_file(odd)
    assert recent_files()[0] == files[5], "a name that is no text is left out"


@pytest.mark.parametrize("obstacle", ["a file", "a link to itself"])
def test_a_state_folder_that_cannot_be_used(state: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if obstacle == "a file":
        state.write_text("in the way")
    else:
        state.symlink_to(state)
    folder = state_dir()
    assert folder.is_dir() and folder != state and state_dir() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    settings().setValue("folder", "/a")
    assert settings().value("folder") == "/a"
    reports = fileio.take_reports()
    assert len(reports) == 1 and "not kept" in reports[0]


def test_values_last_while_the_file_cannot_be_written(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceeditor.errors import FaceEditorError

    def full(path: Path, data: bytes) -> None:
        raise FaceEditorError("The disk is full.")

    monkeypatch.setattr(kept, "write_atomic", full)
    settings().setValue("folder", "/a")
    assert settings().value("folder") == "/a"
