"""The program as a process on a display, with events from the X server: paint, press a key, kill, recover."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from faceeditor.portrait import autosave, store
from faceeditor.portrait.masks import read_mask, sample_masks
from faceeditor.regions import Region
from tests.patience import WAIT

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not os.environ.get("DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM") == "offscreen"
        or not shutil.which("xdotool"),
        reason="needs a display and xdotool: packaging/test.sh runs it under Xvfb",
    ),
]


def xdotool(*words: object) -> str:
    return subprocess.run(
        ["xdotool", *map(str, words)], capture_output=True, text=True, timeout=WAIT, check=False
    ).stdout.strip()


def within(seconds: float, ask):
    """The first true answer, or the last one."""
    end = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


@pytest.fixture
def program(tmp_path: Path):
    folders = {f"FACEEDITOR_{name.upper()}": str(tmp_path / name) for name in ("state", "cache")}
    process = subprocess.Popen([sys.executable, "-m", "faceeditor"], env=os.environ | folders)
    yield process
    process.kill()
    process.wait()


def test_paint_draw_kill_and_recover(program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = within(WAIT, lambda: xdotool("search", "--onlyvisible", "--pid", program.pid, "--name", "Face Editor"))
    assert found, "no window came up"
    window = found.split()[-1]
    monkeypatch.setenv("FACEEDITOR_STATE", str(tmp_path / "state"))

    def saved(condition) -> bool:
        """Whether something holds for what the program has saved by itself."""
        return any(condition(store.load(file)) for file in autosave.autosave_dir().glob("*.fep"))

    def place() -> list[int]:
        known = dict(line.split("=") for line in xdotool("getwindowgeometry", "--shell", window).splitlines())
        return [int(known[key]) for key in ("X", "Y", "WIDTH", "HEIGHT")]

    def paint() -> None:
        left, top, width, height = place()
        for step in range(11):
            xdotool("mousemove", left + round((0.33 + 0.009 * step) * width), top + round(0.42 * height))
            if step == 0:
                xdotool("mousedown", 1)
        xdotool("mouseup", 1)

    before, _ = read_mask(sample_masks()[0].path)
    for _ in range(4):  # a window that has just come up may be given another size: what came too soon went astray
        paint()
        if within(WAIT / 4, lambda: saved(lambda portrait: (portrait.mask != before).any())):
            break
    xdotool("key", "n")
    assert within(WAIT, lambda: saved(lambda portrait: len(portrait.recent_styles) == 2)), "no second style was drawn"
    program.kill()
    program.wait()
    entries = autosave.recoverable()
    assert len(entries) == 1
    portrait = autosave.restore(entries[0])
    changed = portrait.mask != before
    assert 50 < changed.sum() < 8000
    assert len(np.unique(portrait.mask[changed])) == 1 and portrait.mask[changed][0] == Region.HAIR
    assert len(portrait.recent_styles) == 2
