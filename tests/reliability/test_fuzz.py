"""Mutated files of every kind give a sentence or are read; nothing else is raised and nothing hangs."""

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.gui.settings import Settings, settings
from faceeditor.head.presets import presets, read_preset
from faceeditor.images import open_picture, read_source
from faceeditor.images.cicp import icc_of
from faceeditor.images.vips import library
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import encode_mask, load_mask
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import colorize
from tests.generators import tiny
from tests.test_picture_kinds import chunk_added, tiff


def small() -> np.ndarray:
    """(48, 64, 3) uint8 with all kinds of values."""
    y, x = np.mgrid[:48, :64]
    return np.stack([x * 4, y * 5, x + y], 2).astype(np.uint8)


def saved(pixels: np.ndarray, kind: str, mode: str | None = None, **options: Any) -> bytes:
    """Pixels as Pillow writes them."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(stream, kind, **options)
    return stream.getvalue()


def deep_png(bands: int, **options: Any) -> bytes:
    """A PNG of 16 bits."""
    pixels = np.dstack([small(), small()[..., :1]])[..., :bands].astype(np.uint16) * 257
    space = "rgb16" if bands > 2 else "grey16"
    return bytes(library().Image.new_from_array(pixels).copy(interpretation=space).pngsave_buffer(**options))


def deep_avif() -> bytes:
    """An AVIF of 10 bits."""
    image = library().Image.new_from_array(small().astype(np.uint16) * 257).copy(interpretation="rgb16")
    return bytes(image.heifsave_buffer(compression="av1", bitdepth=10, effort=0))


PICTURES: dict[str, Callable[[], bytes]] = {
    **{kind: partial(saved, small(), kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF")},
    "16-bit RGBA": lambda: deep_png(4),
    "16-bit interlaced": lambda: deep_png(3, interlace=True),
    "16-bit grey with alpha": lambda: deep_png(2),
    "cICP": lambda: chunk_added(saved(small(), "PNG"), b"cICP", bytes([9, 16, 0, 1])),
    "palette": lambda: saved(small(), "PNG", "P", transparency=3),
    "CMYK": lambda: saved(small(), "JPEG", "CMYK", progressive=True),
    "WebP with alpha": lambda: saved(np.dstack([small(), small()[..., 0]]), "WEBP", lossless=True),
    "AVIF of 10 bits": deep_avif,
    "planar": lambda: tiff(small().astype(np.uint16) * 257, 2, planar=True),
    "min is white": lambda: tiff(small()[..., 0].astype(np.uint16) * 257, 0),
    "floats": lambda: tiff((small() / 255).astype(np.float32), 2, sample_format=3),
    "doubles": lambda: tiff((small() / 255).astype(np.float64), 2, sample_format=3),
}  # fmt: skip


def bits_png(mask: np.ndarray) -> bytes:
    """A grey PNG of 4 bits."""
    image = library().Image.new_from_array(np.minimum(mask, 15) * 17)
    return bytes(image.copy(interpretation="b-w").pngsave_buffer(bitdepth=4))


def turned_exif() -> Image.Exif:
    """Metadata that turn a picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


MASKS: dict[str, Callable[[], bytes]] = {
    "palette PNG": lambda: encode_mask(tiny.face_mask()),
    "grey GIF": lambda: saved(tiny.face_mask(), "GIF"),
    "grey TIFF": lambda: saved(tiny.face_mask(), "TIFF"),
    "4-bit grey": lambda: bits_png(tiny.face_mask()),
    "16-bit RGB": lambda: bytes(
        library().Image.new_from_array(np.repeat(tiny.face_mask()[..., None], 3, 2).astype(np.uint16))
        .copy(interpretation="rgb16").pngsave_buffer()
    ),
    "colours in Adobe RGB": lambda: saved(colorize(tiny.face_mask()), "PNG", icc_profile=adobe_rgb()),
    "turned by EXIF": lambda: saved(tiny.face_mask(), "PNG", exif=turned_exif()),
    "min is white": lambda: tiff(255 - tiny.face_mask(), 0),
    "colours, erased": lambda: saved(np.dstack([colorize(tiny.face_mask()), 255 - small_alpha()]), "PNG"),
}  # fmt: skip


def small_alpha() -> np.ndarray:
    """(256, 256) uint8, 255 in the upper half."""
    alpha = np.zeros((256, 256), np.uint8)
    alpha[:128] = 255
    return alpha


def adobe_rgb() -> bytes:
    """A profile of Adobe RGB's kind: other primaries than sRGB's and a power curve."""
    profile = icc_of(12, 4)
    assert profile is not None
    return profile


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


def read_both(path: Path) -> None:
    """As pixels to be seen, and with all metadata."""
    open_picture(path)
    read_source(path)


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures(tmp_path: Path, runs, kind: str) -> None:
    content = PICTURES[kind]()
    (tmp_path / "picture").write_bytes(content)
    read_both(tmp_path / "picture")
    assert check(tmp_path / "picture", content, runs(20, 1164), read_both) > 0  # 20,952 in all


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_that_are_cut_short(tmp_path: Path, kind: str) -> None:
    content, path = PICTURES[kind](), tmp_path / "picture"
    for share in np.linspace(0.02, 0.9, 12):
        path.write_bytes(content[: int(len(content) * share)])
        for read in (open_picture, read_source):
            with pytest.raises(ImageError) as error:
                read(path)
            assert "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize("kind", MASKS)
def test_masks(tmp_path: Path, runs, kind: str) -> None:
    content = MASKS[kind]()
    (tmp_path / "mask").write_bytes(content)
    load_mask(tmp_path / "mask")
    assert check(tmp_path / "mask", content, runs(15, 700), load_mask) > 0


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
