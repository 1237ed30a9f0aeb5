"""The program with its window: start, crash log, recovery, clean end."""

import faulthandler
import logging
import logging.handlers
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import cv2  # noqa: F401 - imported before Qt's application exists, see forget_cv2_plugins
import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMessageBox

from faceeditor import __version__, fileio
from faceeditor.engine import Engine
from faceeditor.errors import FaceEditorError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import FIRST_SEED, StylePrior
from faceeditor.gui.collector import Collector
from faceeditor.gui.controllers.bridge import Bridge
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.icons import app_icon
from faceeditor.gui.main_window import MainWindow
from faceeditor.gui.theme import apply_theme
from faceeditor.head.model import HeadModel
from faceeditor.leaving import note_exit_code
from faceeditor.locales import use_plain_rules
from faceeditor.paths import state_folder
from faceeditor.portrait import autosave
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import sample_masks
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray, Region

_log = logging.getLogger("faceeditor")
_LOG_BYTES = 1 << 20
_START_MS = 40


def forget_cv2_plugins() -> None:
    """Take back what the OpenCV wheel sets as it is imported: it points Qt to plugins of another Qt version."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def application(argv: Sequence[str] = ()) -> QApplication:
    """The one QApplication, made and themed if there is none yet."""
    forget_cv2_plugins()
    present = QApplication.instance()
    if isinstance(present, QApplication):
        return present
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication([sys.argv[0] if sys.argv else "faceeditor", *argv])
    use_plain_rules()
    app.setApplicationName("Face Editor")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("faceeditor")
    app.setWindowIcon(app_icon())
    apply_theme(app)
    Collector(app)
    return app


class CrashReporter(QObject):
    """Unexpected errors, of any thread, go to the log with their traceback and to the user as one sentence."""

    _crashed = Signal(str)

    def __init__(self, log_file: Path) -> None:
        super().__init__()
        self._log_file = log_file
        self._open = False
        self._started = False
        self._crashed.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the interpreter's hooks."""
        sys.excepthook = self.report
        threading.excepthook = lambda args: self.report(args.exc_type, args.exc_value, args.exc_traceback)

    def window_is_shown(self) -> None:
        """From now on messages reach the user."""
        self._started = True

    def report(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Log an error and tell the user."""
        if issubclass(kind, KeyboardInterrupt):
            QTimer.singleShot(0, QApplication.quit)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _log.critical("unexpected error\n%s", details)
        if not self._started:  # there is no window yet that could show a message
            print(f"faceeditor: {error or kind.__name__}; details are in {self._log_file}", file=sys.stderr)
        if isinstance(error, FaceEditorError):
            sentence = str(error)
        else:
            sentence = self.tr(
                "An unexpected error occurred ({kind}). Your portrait is still open; save it under another "
                "name to be safe. Details are in {file}."
            ).format(kind=kind.__name__, file=self._log_file)
        self._crashed.emit(sentence)

    def _show(self, sentence: str) -> None:
        if self._open:  # one at a time: an error in a repeated event would pile them up
            return
        self._open = True
        QMessageBox.warning(QApplication.activeWindow(), self.tr("Face Editor"), sentence)
        self._open = False


def start_logging() -> Path:
    """Write the log into the state folder; returns the file."""
    file = state_folder("logs") / "faceeditor.log"
    handler: logging.Handler
    try:
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8")
    except OSError as error:
        fileio.report(f"The log “{file}” cannot be written ({error.strerror or error}); there is none this time.")
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return file


def _crash_log(file: Path) -> IO[str]:
    """Where the interpreter writes what every thread did when it crashed."""
    try:
        return file.open("a", encoding="utf-8")
    except OSError:
        return Path(os.devnull).open("a", encoding="utf-8")


def first_mask() -> MaskArray:
    """The first sample mask; a plain oval head if the samples are missing."""
    for sample in sample_masks():
        try:
            return sample.read()
        except FaceEditorError as error:
            _log.warning("sample mask %s: %s", sample.name, error)
    y, x = np.mgrid[0:MASK_SIZE, 0:MASK_SIZE]
    mask = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
    mask[((x - 128) / 74.0) ** 2 + ((y - 136) / 96.0) ** 2 <= 1.0] = Region.SKIN
    return mask


class Program:
    """Window, session and engine, put together; used by ``main``, by the snapshot and by the tests.

    Args:
        engine: the engine; the program's own by default.
        prior: loads the model of random people.
        mask: the first portrait's mask; the first sample mask by default.
        remember: keep geometry and autosave.
        head_model: loads the head model; called on the engine's background thread.
        head_prior: loads the model of random heads.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        prior: Callable[[], StylePrior] = StylePrior.load,
        mask: MaskArray | None = None,
        remember: bool = True,
        head_model: Callable[[], HeadModel] = HeadModel.load,
        head_prior: Callable[[], HeadPrior] = HeadPrior.load,
    ) -> None:
        problem, mask = "", first_mask() if mask is None else mask
        loaded: list[StylePrior] = []
        try:
            loaded.append(prior())
            style = loaded[0].draw(FIRST_SEED, mask)
        except FaceEditorError as error:
            style, problem = StyleCode.zeros("Average"), str(error)
        portrait = Portrait(mask, style)
        self.bridge = Bridge(engine if engine is not None else Engine())
        self.session = PortraitSession(self.bridge, portrait)
        self.styles = StyleController(self.session, (lambda: loaded[0]) if loaded else prior)
        self.heads = HeadController(self.session, head_model, head_prior)
        self.saver = autosave.Autosave(on_error=self._autosave_failed) if remember else None
        self.window = MainWindow(self.session, self.styles, self.heads, self.saver, remember)
        if problem:
            self.session.failed.emit(problem)

    def _autosave_failed(self, error: FaceEditorError) -> None:
        self.window.files.report_autosave(error)

    def start(self, file: Path | None = None) -> None:
        """Start the engine; open a file if one was named, else offer unsaved portraits of a crashed run."""
        self.bridge.start()
        self.session.request_frame()
        for sentence in fileio.take_reports():
            self.session.failed.emit(sentence)
        if file is not None and file.suffix.lower() in (".fep", ".png"):
            self.window.files.open_path(file)
        elif file is not None:
            self.window.files.take_drop(file)
        elif self.saver is not None:
            self.window.files.offer_recovery()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window until it is closed.

    Args:
        argv: arguments without the program's name: at most one file, a portrait, a mask or a photograph.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    files = [Path(argument) for argument in arguments if not argument.startswith("-")]
    log_file = start_logging()
    with _crash_log(log_file.parent / "crash.log") as crash_log:
        faulthandler.enable(crash_log)
        try:
            app = application()
            reporter = CrashReporter(log_file)
            reporter.install()
            program = Program()
            program.window.show()
            reporter.window_is_shown()
            # Once the window is on the screen: a question may follow, and the engine's imports slow the first painting.
            QTimer.singleShot(_START_MS, lambda: program.start(files[0] if files else None))
            code = app.exec()
            program.window.shut_down()
            return note_exit_code(code)
        finally:
            faulthandler.disable()


if __name__ == "__main__":
    raise SystemExit(main())
