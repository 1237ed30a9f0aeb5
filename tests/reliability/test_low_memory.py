"""With little memory the window opens and says what does not fit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import resource, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from faceeditor.gui import app as application

start = application.Program.start

def started(self, file=None):
    told = []
    self.session.failed.connect(told.append)
    # What is free now, and little more: the engine's libraries do not fit.
    pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + (64 << 20), resource.RLIM_INFINITY))
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory cannot be limited")
def test_the_window_says_what_does_not_fit(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "FACEEDITOR_STATE": str(tmp_path / "state")}
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "SAID The engine could not be started" in ended.stdout or "memory" in ended.stdout
