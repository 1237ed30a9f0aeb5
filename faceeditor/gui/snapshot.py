"""Screenshots of the window driven by synthetic events; no display needed."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from faceeditor.engine import Engine
from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.gui.app import Program, application
from faceeditor.gui.canvas.canvas import Canvas
from faceeditor.portrait.brush import Point

Script = Callable[[Program], None]


def pump(until: Callable[[], bool], seconds: float) -> bool:
    """Run the event loop until something holds; False if it does not within the time."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        QApplication.processEvents()
        time.sleep(0.002)
    QApplication.processEvents()
    return True


def draw_stroke(
    canvas: Canvas, points: Sequence[Point], pane: int = 0, release: bool = True, pause: float = 0.0
) -> None:
    """Paint with mouse events.

    Args:
        canvas: where to paint.
        points: the stroke in picture coordinates (0..256).
        pane: index in `Canvas.shown`; side by side 0 for the mask, 1 for the face.
        release: let go of the button at the end.
        pause: seconds between two points.
    """
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    moving = [(QEvent.Type.MouseMove, none, left)] * (len(points) - 1)
    events = [(QEvent.Type.MouseButtonPress, left, left), *moving]
    for (kind, button, buttons), point in zip(events, points, strict=True):
        _send(canvas, kind, point, pane, button, buttons)
        time.sleep(pause)
    if release:
        _send(canvas, QEvent.Type.MouseButtonRelease, points[-1], pane, left, none)


def _send(
    canvas: Canvas, kind: QEvent.Type, point: Point, pane: int, button: Qt.MouseButton, buttons: Qt.MouseButton
) -> None:
    at = QPointF(*canvas.view.to_widget(canvas.boxes[pane], *point))
    over = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, over, button, buttons, Qt.KeyboardModifier.NoModifier))
    QApplication.processEvents()


def window_snapshot(
    path: Path | str,
    script: Script | None = None,
    *,
    file: Path | None = None,
    width: int = 1440,
    height: int = 900,
    engine: Engine | None = None,
    prior: Callable[[], StylePrior] = StylePrior.load,
    timeout: float = 60.0,
) -> Path:
    """Open the window, wait for the first face, do what ``script`` says, save a PNG of the window and close it.

    Without a display the window is made off the screen. Nothing of the user's settings is read or written.

    Args:
        path: the PNG to write.
        script: called with the program once the first face is shown; may paint with ``draw_stroke``.
        file: a portrait or mask to open; the first sample mask by default.
        width, height: of the window, in device-independent pixels.
        engine, prior: stand-ins for the program's own.
        timeout: seconds to wait for each face.

    Returns:
        The path that was written.

    Raises:
        EngineError: no face came in time.
        FaceEditorError: the file or the picture could not be written or read.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application()
    program = Program(engine, prior, remember=False)
    problems: list[str] = []
    program.session.failed.connect(problems.append)
    try:
        program.window.resize(width, height)
        program.window.show()
        program.start(file)
        _wait(program, timeout, problems)
        if script is not None:
            script(program)
            _wait(program, timeout, problems)
        # Thumbnails follow a moment later; a window without them is a picture, too.
        pump(lambda: all(program.styles.picture(style) is not None for style in program.styles.recent), 5.0)
        panels = [panel for panel in program.window.head_panels.values() if panel.seen]
        pump(lambda: all(panel.pictured for panel in panels), _PRESET_SECONDS)
        pump(lambda: program.session.fine_frame is not None, _FINE_SECONDS)
        if not program.window.grab().save(str(path), "PNG"):
            raise FaceEditorError(f"“{path}” was not written; choose a folder that can be written to.")
    finally:
        program.session.portrait.mark_saved()
        program.window.close()
        program.window.shut_down()
    return Path(path)


_PRESET_SECONDS = 8.0
_FINE_SECONDS = 3.0
"""For the finest face: it has to be compiled first. A picture without it is a picture, too."""


def _wait(program: Program, timeout: float, problems: list[str]) -> None:
    pump(lambda: program.session.up_to_date or bool(problems), timeout)
    if not program.session.up_to_date:
        raise EngineError(problems[-1] if problems else f"No face was drawn within {timeout:.0f} seconds; try again.")
