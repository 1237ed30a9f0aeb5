"""With little memory the window opens and says what does not fit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from faceeditor.generators import mask_guided
from faceeditor.gui import app as application

def full(*arguments):
    raise MemoryError

mask_guided._open_backend = full  # the engine's libraries do not fit
start = application.Program.start

def started(self, file=None):
    told = []
    self.session.failed.connect(told.append)
    start(self, file)

    def look():
        if told:
            print("SAID", told[0], flush=True)
            QApplication.exit(0)

    self.watch = QTimer(self.window)
    self.watch.timeout.connect(look)
    self.watch.start(50)

application.Program.start = started
sys.exit(application.main([]))
"""

_LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
"""


def _run(script: str, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "FACEEDITOR_STATE": str(tmp_path / "state")}
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def test_the_window_says_what_does_not_fit(tmp_path: Path) -> None:
    ended = _run(_SCRIPT, tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "SAID The engine could not be started" in ended.stdout and "memory" in ended.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory cannot be limited")
def test_the_window_itself_opens_in_one_gibibyte(tmp_path: Path) -> None:
    """What the libraries take beyond the window differs from machine to machine; the window itself must fit."""
    ended = _run(_LIMITED + _SCRIPT, tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]
