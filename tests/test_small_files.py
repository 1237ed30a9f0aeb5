"""One bad small file never stops the program: device choice, presets, autosave locks, the clipboard, packs."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from faceeditor import fileio
from faceeditor.engine import devices
from faceeditor.errors import FaceEditorError, ModelError, PortraitError
from faceeditor.head.jit import is_private
from faceeditor.head.presets import own_folder, presets, read_preset
from faceeditor.interaction.head_values import group_from_text, group_of_text, group_to_text
from faceeditor.packs import ModelPack
from faceeditor.portrait import autosave, store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from tests.generators import tiny

BAD = [
    b"[" * 6000, b"", b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}',
    b'{"a": ' + b"1" * 5000 + b"}", b'{"\\ud800": 1}', b"{" + b'"a":{' * 3000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State and cache folders of the test's own."""
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"FACEEDITOR_{name}", str(tmp_path / name))
    fileio.take_reports()
    return tmp_path


@pytest.mark.parametrize("content", BAD)
def test_a_bad_device_choice_is_set_aside(folders: Path, content: bytes) -> None:
    file = folders / "CACHE" / devices._CHOICE_FILE
    file.parent.mkdir()
    file.write_bytes(content)
    assert devices._remembered() is None
    assert len(fileio.take_reports()) <= 1


@pytest.mark.parametrize("content", BAD)
def test_a_bad_lock_leaves_other_snapshots_reachable(folders: Path, content: bytes) -> None:
    folder = autosave.autosave_dir()
    portrait = Portrait(tiny.face_mask(), StyleCode.zeros("A"))
    store.save(portrait, folder / "1-aaaa.fep")
    (folder / "1-aaaa.lock").write_text("{}")
    (folder / "2-bbbb.lock").write_bytes(content)
    store.save(portrait, folder / "3-cccc.fep")
    (folder / "3-cccc.lock").write_bytes(content)
    found = {entry.file.name for entry in autosave.recoverable()}
    assert found == {"1-aaaa.fep", "3-cccc.fep"}


@pytest.mark.parametrize(
    "content",
    [
        *BAD,
        b'{"format": 1, "group": "expression", "name": "Mine", "order": 3, "values": {"smile": 1' + b"0" * 300 + b"}}",
        b'{"format": 1, "group": "expression", "name": "Mine", "order": 3, "values": {"smile": [1]}}',
        b'{"format": 1, "group": ["expression"], "name": "Mine", "values": {}}',
    ],
)
def test_a_bad_preset_is_left_out_with_a_sentence(content: bytes) -> None:
    folder = own_folder("expression")
    folder.mkdir(parents=True)
    (folder / "mine.json").write_bytes(content)
    told: list[PortraitError] = []
    found = presets("expression", told.append)
    assert len(found) >= 5 and len(told) == 1 and str(told[0]).endswith(".")
    with pytest.raises(PortraitError):
        read_preset(folder / "mine.json")


def test_a_fifo_among_the_presets_does_not_hang() -> None:
    import os

    folder = own_folder("pose")
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.json")
    told: list[PortraitError] = []
    presets("pose", told.append)
    assert len(told) == 1


@pytest.mark.parametrize("group", ["identity", "expression", "pose", "light"])
def test_mutated_texts_of_the_clipboard_raise_sentences_only(group: str) -> None:
    head = HeadCoefficients.neutral()
    text = group_to_text(group, head)
    random = np.random.default_rng(7)
    fragments = [
        "[",
        "{",
        "}",
        "]",
        ",",
        ":",
        '"',
        "null",
        "1e400",
        "-",
        "NaN",
        "[1]",
        "true",
        "9" * 40,
        "\ud800",
        "{}",
    ]
    for _ in range(1500):
        data = list(text)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            data[place] = fragments[random.integers(len(fragments))]
        mutated = "".join(data)
        group_of_text(mutated)
        try:
            group_from_text(group, mutated, head)
        except FaceEditorError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "values",
    [{"rig": [1]}, {"rig": {"key": {}}}, {"rig": "x"}, {"gamma": [[1]]}, {"pose": [1e300, 0, 0]}, {"pose": {}}],
)
def test_odd_values_of_the_clipboard(values: dict) -> None:
    head = HeadCoefficients.neutral()
    for group in ("light", "pose"):
        text = json.dumps({"kind": "faceeditor/head-group", "format": 1, "group": group, "values": values})
        try:
            group_from_text(group, text, head)
        except PortraitError as error:
            assert str(error).endswith(".")
    assert group_of_text(json.dumps({"kind": "faceeditor/head-group", "format": 1, "group": ["pose"]})) is None


@pytest.mark.parametrize("content", BAD)
def test_a_bad_list_of_a_pack_is_a_model_error(tiny_models: Path, tmp_path: Path, content: bytes) -> None:
    shutil.copytree(tiny_models, tmp_path / "models")
    (tmp_path / "models" / "mask-guided" / "pack.json").write_bytes(content)
    with pytest.raises(ModelError):
        ModelPack.open("mask-guided", tmp_path / "models")


def test_the_folder_of_machine_code_is_private(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "numba"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert is_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert not is_private(link)
    assert not is_private(tmp_path / "missing")
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
        assert not is_private(folder)
