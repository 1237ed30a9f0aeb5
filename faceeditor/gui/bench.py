"""Measures the real window: from the mouse event to the painted face, and from the start to the first face.

    python -m faceeditor.gui.bench stroke --seconds 8      prints one JSON object
    python -m faceeditor.gui.bench startup

`faceeditor bench speed` runs both in processes of their own, so that memory and start-up are the window's alone.
Without a display the window is made off the screen.
"""

import argparse
import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psutil

_EVENT_MS = 8  # an ordinary mouse reports 125 times a second
_STROKE_EVENTS = 120
_SETTLE_SECONDS = 1.0
_TIMEOUT = 60.0


def _since_start() -> float:
    """Seconds since this process was created."""
    return time.time() - psutil.Process().create_time()


def _open_program(device: str) -> Any:
    """The program with a visible window; its first face is not there yet."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from faceeditor.engine import Engine
    from faceeditor.gui.app import Program, application

    application()
    program = Program(Engine(device), remember=False)
    program.window.resize(1440, 900)
    return program


def _close(program: Any) -> None:
    program.session.portrait.mark_saved()
    program.window.close()
    program.window.shut_down()


def _watch_paint(canvas_type: Any, after: Any) -> None:
    """Call ``after()`` whenever a canvas of this type has painted."""
    original = canvas_type.paintEvent

    def painted(self: Any, event: Any) -> None:
        original(self, event)
        after()

    canvas_type.paintEvent = painted


def measure_startup(device: str = "auto") -> dict[str, float]:
    """Seconds from the start of the process to the window on screen and to the first face painted in it."""
    from faceeditor.gui.canvas_pen import Canvas
    from faceeditor.gui.snapshot import pump

    times: dict[str, float] = {}
    holder: list[Any] = []

    def after() -> None:
        times.setdefault("window", _since_start())
        if holder and holder[0].session.frame is not None:
            times.setdefault("first face", _since_start())

    _watch_paint(Canvas, after)
    program = _open_program(device)
    holder.append(program)
    program.window.show()
    pump(lambda: "window" in times, _TIMEOUT)
    program.start()
    pump(lambda: "first face" in times, _TIMEOUT)
    _close(program)
    return times


class StrokeBench:
    """Paints strokes with mouse events at the rate of a mouse and times what becomes of each of them.

    Args:
        program: the opened program, its first face shown.
        seconds: how long to paint.
    """

    def __init__(self, program: Any, seconds: float) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.program = program
        self.canvas = program.window.canvas
        self.latency: list[float] = []
        self.gaps: list[float] = []
        self.handlers: list[float] = []
        self.network: list[float] = []
        self.frames = 0
        self._pending: deque[tuple[int, float]] = deque()
        self._seen: Any = program.session.frame
        self._end = time.perf_counter() + seconds
        self._begun = time.perf_counter()
        self._event = 0
        self._last_tick: float | None = None
        self.finished = False
        self.seconds = 0.0
        self.done: list[Callable[[], object]] = []
        self._mouse = QTimer(interval=_EVENT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._mouse.timeout.connect(self._move)
        self._monitor = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._monitor.timeout.connect(self._tick)
        self._mouse.start()
        self._monitor.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._last_tick is not None:
            self.gaps.append((now - self._last_tick) * 1e3 - 1.0)
        self._last_tick = now

    def _move(self) -> None:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        from faceeditor.regions import Region

        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        step = self._event % _STROKE_EVENTS
        if step == 0:
            regions = (Region.HAIR, Region.SKIN, Region.HAT, Region.CLOTH)
            self.program.window.tools.set_region(regions[self._event // _STROKE_EVENTS % len(regions)])
            kind, button, buttons = QEvent.Type.MouseButtonPress, left, left
        elif step == _STROKE_EVENTS - 1:
            kind, button, buttons = QEvent.Type.MouseButtonRelease, left, none
        else:
            kind, button, buttons = QEvent.Type.MouseMove, none, left
        angle = self._event * 0.045
        point = 128 + 90 * math.sin(angle), 128 + 90 * math.sin(1.37 * angle + 0.5)
        at = QPointF(*self.canvas.view.to_widget(self.canvas.boxes[0], *point))
        over = QPointF(self.canvas.mapToGlobal(at.toPoint()))
        modifier = Qt.KeyboardModifier.NoModifier
        before = self.program.session.portrait.revision
        start = time.perf_counter()
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, at, over, button, buttons, modifier))
        self.handlers.append((time.perf_counter() - start) * 1e3)
        revision = self.program.session.portrait.revision
        if revision > before:
            self._pending.append((revision, start))
        self._event += 1
        if step == _STROKE_EVENTS - 1 and start > self._end:
            self._mouse.stop()
            self._monitor.stop()
            self.finished = True
            self.seconds = start - self._begun
            for callback in self.done:
                callback()

    def painted(self) -> None:
        """The canvas has painted: settle the events whose revision is on screen now."""
        now = time.perf_counter()
        frame = self.program.session.frame
        if frame is None or frame is self._seen:
            return
        self._seen = frame
        if not self.finished:
            self.frames += 1
            if frame.timings.get("network"):
                self.network.append(frame.timings["network"])
        while self._pending and self._pending[0][0] <= frame.revision:
            self.latency.append((now - self._pending.popleft()[1]) * 1e3)


def measure_stroke(device: str = "auto", seconds: float = 8.0) -> dict[str, Any]:
    """Paint for a while.

    Returns:
        device; lists of milliseconds: "latency" (mouse event -> face painted), "handler" (inside of the mouse event),
        "network"; "frames per second"; "longest block" of the GUI thread in milliseconds; memory in MiB.
    """
    from PySide6.QtCore import QEventLoop

    from faceeditor.gui.canvas_pen import Canvas
    from faceeditor.gui.snapshot import pump

    holder: list[StrokeBench] = []
    _watch_paint(Canvas, lambda: holder[0].painted() if holder else None)
    program = _open_program(device)
    program.window.show()
    program.start()
    if not pump(lambda: program.session.up_to_date, _TIMEOUT):
        _close(program)
        raise SystemExit(f"no face came within {_TIMEOUT:.0f} seconds: {program.bridge.engine.status.message}")
    pump(lambda: False, _SETTLE_SECONDS)
    bench = StrokeBench(program, seconds)
    holder.append(bench)
    # A real event loop, not a polling one, whose sleep would count as a block.
    loop = QEventLoop()
    bench.done.append(loop.quit)
    loop.exec()
    pump(lambda: not bench._pending, 2.0)
    memory = psutil.Process().memory_info().rss / 2**20
    result = {
        "device": program.bridge.engine.status.device,
        "latency": [round(value, 2) for value in bench.latency],
        "handler": [round(value, 3) for value in bench.handlers],
        "network": [round(value, 2) for value in bench.network],
        "gaps": [round(value, 2) for value in sorted(bench.gaps)[-50:]],
        "frames per second": bench.frames / bench.seconds,
        "longest block": max(bench.gaps, default=0.0),
        "memory MiB": memory,
        "unanswered": len(bench._pending),
    }
    _close(program)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Measure one thing and print it as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("stroke", "startup"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args(argv)
    result = measure_startup(args.device) if args.what == "startup" else measure_stroke(args.device, args.seconds)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
