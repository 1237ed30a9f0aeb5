"""The window opens whatever its folders are, and says what is not kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from faceeditor.gui import app as application

start = application.Program.start

def started(self, file=None):
    told = []
    self.session.failed.connect(told.append)
    self.bridge.start = lambda: None
    start(self, file)
    self.window.remember = True
    print("SAID", *told, sep="\\n", flush=True)
    QTimer.singleShot(0, self.window.close)

application.Program.start = started
sys.exit(application.main([]))
"""


@pytest.mark.parametrize(
    "state", ["missing", "a file", "a link to itself", "logs is a file", "all is bad", "read-only"]
)
def test_the_window_opens_with_a_sentence(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "state"
    if state == "a file":
        folder.write_text("in the way")
    elif state == "a link to itself":
        folder.symlink_to(folder)
    elif state == "logs is a file":
        folder.mkdir()
        for name in ("logs", "autosave", "theme"):
            (folder / name).write_text("in the way")
    elif state == "all is bad":
        (folder / "logs" / "faceeditor.log").mkdir(parents=True)
        (folder / "logs" / "crash.log").mkdir()
        (folder / "settings.json").write_text("[" * 9000)
        (folder / "presets" / "expression").mkdir(parents=True)
        number = "1" + "0" * 400
        (folder / "presets" / "expression" / "x.json").write_text(f'{{"format": 1, "values": {{"smile": {number}}}}}')
        (folder / "window.ini").write_text("[General]\nrecent=@Variant(\\0\\0\\0\\t\\x7f\\xff\\xff\\xff)\n")
    elif state == "read-only":
        folder.mkdir(mode=0o500)
    environment = {**os.environ, "FACEEDITOR_STATE": str(folder), "FACEEDITOR_CACHE": str(tmp_path / "cache")}
    environment["QT_QPA_PLATFORM"] = "offscreen"
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr
    said = ended.stdout.partition("SAID\n")[2]
    if state == "missing" or (state == "read-only" and os.geteuid() == 0):
        assert said.strip() == ""
        assert json.loads((folder / "settings.json").read_text())["values"]["geometry"]
    else:
        assert "not kept" in said or "defaults are used" in said


def test_the_clipboard_carries_mark_and_colour_space():
    import io

    import numpy as np
    from PIL import Image

    from faceeditor.export import encode_picture
    from faceeditor.gui.controllers.copy_jobs import CopiedPicture

    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    data = CopiedPicture.of(pixels, encode_picture(pixels)).mime_data()
    image = Image.open(io.BytesIO(bytes(data.data("image/png"))))
    assert np.array_equal(np.asarray(image), pixels)
    assert "trainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"] and image.info["icc_profile"]
    assert data.hasImage() and data.imageData().colorSpace().isValid()
