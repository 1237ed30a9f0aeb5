"""Opening a picture of any kind takes at most 12 bytes a pixel beside its file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceeditor.images.limits import BYTES_PER_PIXEL
from faceeditor.images.vips import library

_SCRIPT = """
import ctypes, sys
from pathlib import Path
from faceeditor.images import open_picture, read_source

def status(name):
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1])

small, large = Path(sys.argv[1]), Path(sys.argv[2])
for read in (open_picture, read_source):
    read(small)  # libraries and their tables
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    read(large)
    print(status("VmHWM") - before)
"""
_SIDE = 2400
_SLACK = 16 << 20
"""Bytes of buffers whose size does not depend on the picture's."""


def picture(side: int) -> np.ndarray:
    """(side, side, 3) uint8, smooth with some grain."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 2, (side, side)).astype(np.float32)
    waves = (120 + 80 * np.sin(x / 90), 120 + 80 * np.cos(y / 70), (x + y) / side * 100)
    return np.stack([np.clip(wave + grain, 0, 255).astype(np.uint8) for wave in waves], 2)


def write(path: Path, kind: str, side: int) -> None:
    """A picture of a kind that some decoder keeps in memory more than once."""
    pixels = picture(side)
    clear = np.dstack([pixels, pixels[..., 0] // 2])
    vips = library().Image
    deep = vips.new_from_array(clear.astype(np.uint16) * 257).copy(interpretation="rgb16")
    if kind == "avif":
        Image.fromarray(pixels).save(path, "AVIF", subsampling="4:4:4", speed=10)
    elif kind == "avif-alpha":
        Image.fromarray(clear).save(path, "AVIF", speed=10)
    elif kind == "webp-alpha":
        Image.fromarray(clear).save(path, "WEBP", method=0)
    elif kind == "cmyk-tiff":
        Image.fromarray(pixels).convert("CMYK").save(path, "TIFF", compression="tiff_lzw")
    elif kind == "cmyk-jpeg":
        Image.fromarray(pixels).convert("CMYK").save(path, "JPEG", progressive=True)
    elif kind == "float-tiff":
        floats = vips.new_from_array((pixels / 255).astype(np.float32)).copy(interpretation="scrgb")
        floats.tiffsave(str(path), compression="deflate")
    elif kind == "bmp":
        Image.fromarray(pixels).save(path, "BMP")
    elif kind == "deep-png":
        deep.pngsave(str(path), compression=1)
    else:
        deep.tiffsave(str(path), compression="lzw")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory cannot be told")
@pytest.mark.parametrize(
    "kind",
    ["avif", "avif-alpha", "webp-alpha", "cmyk-tiff", "cmyk-jpeg", "float-tiff", "bmp", "deep-png", "deep-tiff"],
)
def test_memory_of_a_kind(tmp_path: Path, kind: str) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    write(small, kind, 64)
    write(large, kind, _SIDE)
    # Freed planes go back to the system at once, as those of large pictures always do.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(small), str(large)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    peaks = [int(line) - large.stat().st_size for line in told.split()]
    print(kind, [round(peak / _SIDE**2, 1) for peak in peaks])
    assert max(peaks) <= BYTES_PER_PIXEL * _SIDE**2 + _SLACK
