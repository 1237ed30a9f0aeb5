"""A whole program with a stand-in generator, closed after each test."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.engine import ReadHead
from faceeditor.gui import app as gui_app
from faceeditor.gui.controllers import file_jobs, head_reader
from faceeditor.gui.settings import settings
from faceeditor.gui.snapshot import pump
from faceeditor.interaction.view import ViewMode
from tests.gui.fake_engine import READ_HEAD, FakeGenerator, FakeHeadPrior, FakePrior, face_mask, fake_engine
from tests.patience import WAIT

# What Qt says of the offscreen platform and of nothing that the program does.
_HARMLESS = ("This plugin does not support ",)


@pytest.fixture(autouse=True)
def no_qt_warnings():
    """A warning of Qt fails the test that caused it."""
    warnings: list[str] = []
    serious = (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)

    def note(kind, context, text) -> None:
        if kind in serious and not text.startswith(_HARMLESS):
            warnings.append(text)

    before = qInstallMessageHandler(note)
    yield warnings
    qInstallMessageHandler(before)
    assert not warnings, "Qt warned:\n" + "\n".join(warnings)


class Running:
    """A program under test with shortcuts to its parts.

    Args:
        delay: seconds that the stand-in takes for a face.
        remember: keep settings.
        start: start the engine and wait for the first face.
        first_view: leave the view as the window chooses it at its first start; else mask and face are side by side.
    """

    def __init__(
        self, delay: float = 0.0, remember: bool = False, start: bool = True, first_view: bool = False
    ) -> None:
        gui_app.application()
        if remember and not first_view and not settings().value("view/mode"):
            settings().setValue("view/mode", ViewMode.SIDE_BY_SIDE.value)
        self.closed = False
        self.generator = FakeGenerator(delay)
        self.program = gui_app.Program(
            fake_engine(self.generator), FakePrior, face_mask(), remember, head_prior=FakeHeadPrior
        )
        self.window = self.program.window
        self.session = self.program.session
        self.styles = self.program.styles
        self.heads = self.program.heads
        self.canvas = self.window.canvas
        self.tools = self.window.tools
        self.files = self.window.files
        self.session.unmove_stroke = self._unmove_stroke
        self.window.resize(1200, 800)
        self.window.show()
        if not remember and not first_view:
            self.canvas.set_mode(ViewMode.SIDE_BY_SIDE)
        if QApplication.platformName() == "xcb":
            # No window manager hands out the focus on a virtual display, and keys go to the active window.
            self.window.activateWindow()
            QTest.qWaitForWindowActive(self.window, 20_000)
        if start:
            self.program.start()
            self.wait(lambda: self.session.up_to_date)

    def _unmove_stroke(self, before, after):
        """The way back of the stand-in's motion, which shifts a mask."""
        state = self.portrait.before_stroke
        shift = -round(float(state.head.pose[0] - state.base_head.pose[0]))
        stroke = np.roll(before != after, shift, axis=1)
        return np.where(stroke, np.roll(after, shift, axis=1), state.mask).astype(np.uint8)

    @property
    def portrait(self):
        return self.session.portrait

    def wait(self, until, seconds: float = WAIT) -> None:
        """Run the event loop until something holds; fails if it does not."""
        assert pump(until, seconds), "it did not happen in time"

    def read_head(self) -> None:
        """Wait until the head of the face is read and the sliders can be moved."""
        self.wait(lambda: self.heads.ready)

    def settle(self) -> None:
        """Wait for the face of the present revision."""
        self.wait(lambda: self.session.up_to_date)

    def finish_jobs(self) -> None:
        """Wait until every background job has ended, and what it said has arrived."""
        self.wait(lambda: not self.session.bridge._tickets)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.generator.let_go()
        self.session.end_open_work()
        self.portrait.mark_saved()
        self.window.close()
        self.window.shut_down()
        self.window.deleteLater()
        QGuiApplication.clipboard().clear()  # what is left on it crashes the offscreen platform at the end
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def run(monkeypatch):
    """Makes programs; all are closed at the end."""
    monkeypatch.setattr(ReadHead, "run", lambda self, context: READ_HEAD)
    monkeypatch.setattr(head_reader, "_IDLE_MS", 10)
    monkeypatch.setattr(file_jobs, "find_faces", lambda picture: ((1.0, 1.0, 9.0, 9.0),))
    running: list[Running] = []

    def make(**options) -> Running:
        running.append(Running(**options))
        return running[-1]

    yield make
    for program in running:
        program.close()


@pytest.fixture
def app(run):
    """One running program with its first face on the screen."""
    return run()
