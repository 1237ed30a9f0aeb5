"""The window that is closed while a photograph or a head is read: exit code 0, whatever the networks are doing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.photo.people import person

_SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from faceeditor.engine.photo_edit import OpenPhotograph
from faceeditor.engine.photo_jobs import ReadHead
from faceeditor.gui import app as application

work = {"photograph": OpenPhotograph, "head": ReadHead}[sys.argv[1]]
run, began, ended = work.run, [], []

def watched(self, context):
    began.append(True)
    try:
        return run(self, context)
    finally:
        ended.append(True)

work.run = watched
start = application.Program.start

def started(self, file=None):
    start(self)
    if work is OpenPhotograph:
        self.window.files.edit_photograph(Path(sys.argv[3]))

    def close():
        print("ended before" if ended else "closed while it was read", flush=True)
        self.session.end_open_work()
        self.session.portrait.mark_saved()
        self.window.close()

    def look():
        if began:
            self.watch.stop()
            QTimer.singleShot(int(sys.argv[2]), close)

    self.watch = QTimer(self.window)
    self.watch.timeout.connect(look)
    self.watch.start(5)

application.Program.start = started
sys.exit(application.main([]))
"""


@pytest.mark.parametrize("work", ["photograph", "head"])
def test_closed_while_it_reads(tmp_path: Path, runs, record_property, work: str) -> None:
    Image.fromarray(person().picture).save(tmp_path / "anna.png")
    random = np.random.default_rng(13)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    count, busy = runs(1, 25), 0
    for _ in range(count):
        arguments = [work, str(random.integers(0, 1500)), str(tmp_path / "anna.png")]
        ended = subprocess.run(
            [sys.executable, "-c", _SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr[-2000:]
        assert "Traceback" not in ended.stderr
        busy += "while it was read" in ended.stdout
    record_property("closed while it was read", busy)
    print(f"{work}: {busy} of {count} closed while it was read, all with exit code 0")
