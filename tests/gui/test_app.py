"""Start and end of the program: light imports, cv2's environment, crash dialog, snapshot, geometry."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QMessageBox

from faceeditor.errors import ModelError
from faceeditor.gui import app as gui_app
from faceeditor.gui.snapshot import draw_stroke, window_snapshot
from faceeditor.paths import state_dir
from faceeditor.regions import Region
from tests.gui.fake_engine import FakeGenerator, FakePrior, face_mask, fake_engine

ROOT = Path(__file__).parents[2]


def test_window_needs_no_heavy_modules():
    script = (
        "import sys, faceeditor.gui.app\n"
        "print([name for name in ('torch', 'openvino', 'pyqtgraph', 'scipy', 'numba', 'face_alignment')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_none_and_bools_outlive_wrong_counting():
    script = (
        "from faceeditor.gui.app import application\n"
        "app = application()\n"
        "from PySide6.QtWidgets import QWidget\n"
        "from PySide6.QtCore import QObject, Signal\n"
        "class Sender(QObject):\n    sent = Signal()\n"
        "widget, sender = QWidget(), Sender()\n"
        "sender.sent.connect(lambda: None)\n"
        "for _ in range(60_000):\n    widget.update(); sender.sent.emit()\n"
        "print('alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "alive" and done.returncode == 0, done.stderr


def test_what_cv2_sets_is_taken_back(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/lib/python/cv2/qt/plugins")
    monkeypatch.setenv("QT_QPA_FONTDIR", "/home/me/fonts")
    gui_app.forget_cv2_plugins()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert os.environ["QT_QPA_FONTDIR"] == "/home/me/fonts"


def test_unexpected_error_is_a_sentence_and_a_log_entry(app, monkeypatch, caplog):
    shown = []
    monkeypatch.setattr(QMessageBox, "warning", lambda parent, title, text: shown.append(text))
    reporter = gui_app.CrashReporter(state_dir() / "logs" / "faceeditor.log")
    try:
        raise ZeroDivisionError("secret detail")
    except ZeroDivisionError as error:
        reporter.report(type(error), error, error.__traceback__)
    app.wait(lambda: bool(shown))
    assert "Traceback" not in shown[0] and "faceeditor.log" in shown[0]
    assert "secret detail" in caplog.text and "Traceback" in caplog.text


def test_missing_model_is_explained_and_painting_works(run, monkeypatch):
    def missing():
        raise ModelError("The model of random people is missing; reinstall Face Editor.")

    monkeypatch.setattr(FakePrior, "__new__", lambda cls: missing())
    app = run(start=False)
    assert app.window.banner.isVisible() and "missing" in app.window.banner.text
    draw_stroke(app.canvas, [(20.0, 60.0)])
    assert app.portrait.undo_stack == ("Brush",)


def test_engine_without_a_device_is_explained(run, monkeypatch):
    app = run(start=False)
    failures = []
    app.program.bridge.failed.connect(lambda *_: failures.append(1))
    monkeypatch.setattr(
        app.program.bridge.engine, "_opener", lambda device: (_ for _ in ()).throw(ModelError("The model is damaged."))
    )
    app.program.start()
    app.wait(lambda: app.window.banner.isVisible())
    assert "damaged" in app.window.banner.text
    app.window.banner.close_button.click()
    told = len(failures)
    draw_stroke(app.canvas, [(20.0, 60.0)])
    app.wait(lambda: len(failures) > told)
    assert app.portrait.undo_stack == ("Brush",)
    assert not app.window.banner.isVisible(), "told once is enough"


def test_geometry_is_kept(run):
    app = run(remember=True)
    app.window.docks["history"].hide()
    app.window.resize(1010, 720)
    app.close()
    again = run(remember=True)
    again.window.docks["history"].isVisible()
    assert not again.window.docks["history"].isVisible()


def test_snapshot_paints_and_saves(tmp_path):
    seen = {}

    def script(program):
        program.window.tools.set_region(Region.HAT)
        program.window.tools.set_size(40)
        draw_stroke(program.window.canvas, [(100.0, 40.0), (150.0, 40.0)])
        seen["mask"] = program.session.portrait.mask.copy()

    path = window_snapshot(
        tmp_path / "window.png", script, width=1100, height=760, engine=fake_engine(FakeGenerator()), prior=FakePrior
    )
    picture = np.asarray(Image.open(path).convert("RGB"))
    assert picture.shape[:2] == (760, 1100) and (seen["mask"][40, 100:150] == Region.HAT).all()
    hat = np.array([170, 72, 142])
    assert (np.abs(picture.astype(int) - hat).max(-1) < 8).sum() > 1000


def test_first_mask_is_a_face():
    mask = gui_app.first_mask()
    assert mask.shape == face_mask().shape and (mask == Region.SKIN).any()


def test_a_photograph_named_at_the_start_is_offered(run, monkeypatch, tmp_path):
    app = run(start=False)
    taken = []
    monkeypatch.setattr(app.files, "take_drop", taken.append)
    app.program.start(tmp_path / "anna.JPG")
    assert taken == [tmp_path / "anna.JPG"]
