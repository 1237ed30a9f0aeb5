"""Mutated files of every kind give a sentence or are read; nothing else is raised and nothing hangs."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceeditor.errors import FaceEditorError
from faceeditor.gui.settings import Settings, settings
from faceeditor.head.presets import presets, read_preset
from faceeditor.images import open_picture
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import load_mask
from faceeditor.portrait.style import StyleCode
from tests.generators import tiny


def encoded(kind: str) -> bytes:
    """A small picture in a format."""
    stream = io.BytesIO()
    y, x = np.mgrid[:48, :64]
    pixels = np.stack([x * 4, y * 5, x + y], 2).astype(np.uint8)
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Data with bytes changed, cut off, repeated or left out."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 8))):
        if len(changed) < 4:
            break
        place = int(random.integers(0, len(changed)))
        what = random.random()
        if what < 0.6:
            changed[place] = int(random.integers(0, 256))
        elif what < 0.75:
            changed[place : place + int(random.integers(1, 9))] = b""
        elif what < 0.9:
            changed[place:place] = changed[place : place + int(random.integers(1, 9))]
        else:
            del changed[place:]
    return bytes(changed)


def check(path: Path, content: bytes, count: int, read: Callable[[Path], object]) -> int:
    """Read so many mutations of a file; returns how many of them were refused with a sentence."""
    random = np.random.default_rng(len(content))
    refused = 0
    for _ in range(count):
        path.write_bytes(mutated(content, random))
        try:
            read(path)
        except FaceEditorError as error:
            refused += 1
            assert "\n" not in str(error) and str(error).endswith(".")
    return refused


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_pictures(tmp_path: Path, runs, kind: str) -> None:
    assert check(tmp_path / "picture", encoded(kind), runs(40, 3000), open_picture) > 0


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_masks(tmp_path: Path, runs, kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(tiny.face_mask()).save(stream, kind)
    assert check(tmp_path / "mask", stream.getvalue(), runs(25, 2000), load_mask) > 0


def test_portraits(tmp_path: Path, runs) -> None:
    store.save(Portrait(tiny.face_mask(), StyleCode.zeros("A")), tmp_path / "a.fep")
    assert check(tmp_path / "b.fep", (tmp_path / "a.fep").read_bytes(), runs(60, 3000), store.load) > 0


def test_presets(tmp_path: Path, runs) -> None:
    preset = presets("expression")[1]
    assert preset.path is not None
    assert check(tmp_path / "preset.json", preset.path.read_bytes(), runs(150, 5000), read_preset) > 0


def test_settings(tmp_path: Path, runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "_unwritten", {})
    settings().setValue("recent", ["/a", "/b"])
    settings().setValue("geometry", bytes(range(64)))
    content = settings()._file.read_bytes()
    json.loads(content)

    def read(path: Path) -> None:
        for name in ("recent", "geometry", "folder"):
            Settings(path).value(name)

    check(tmp_path / "settings.json", content, runs(200, 5000), read)
