"""Simulated input for the window's benchmark: painting and dragging sliders at the rate of a mouse."""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from faceeditor.gui.app import Program
from faceeditor.gui.canvas.canvas import Canvas
from faceeditor.gui.panels.head_panel import HeadPanel
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.regions import Region

_EVENT_MS = 8
"""An ordinary mouse reports 125 times a second."""
STROKE_EVENTS = 120
"""Events of one stroke or drag, about a second."""
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def watch_paint(after: Callable[[], object]) -> None:
    """Call ``after()`` whenever a canvas has painted, from now on and for the life of the process."""
    original = Canvas.paintEvent

    def painted(self: Canvas, event: QPaintEvent) -> None:
        original(self, event)
        after()

    Canvas.paintEvent = painted  # type: ignore[method-assign, assignment]


class EventBench:
    """Sends mouse events at the rate of a mouse and times what becomes of each of them.

    Args:
        program: the opened program, its first face shown.
        seconds: how long to go on; the last stroke is finished.

    Attributes:
        pending: events whose face is not painted yet: (revision, time, group).
        done: called when the input has ended.
    """

    rest_ms = 0
    """Pause before each stroke, which is not counted."""

    def __init__(self, program: Program, seconds: float) -> None:
        self.program = program
        self.latency: list[float] = []
        self.by_group: dict[str, list[float]] = {}
        self.gaps: list[float] = []
        self.handlers: list[float] = []
        self.display: list[float] = []
        self.timings: dict[str, list[float]] = {"network": [], "head": []}
        self.frames = 0
        self.pending: deque[tuple[int, float, str]] = deque()
        self.finished = False
        self.seconds = 0.0
        self.done: list[Callable[[], object]] = []
        self._seen: Any = program.session.frame
        self._arrived = 0.0
        self._begun = time.perf_counter()
        self._end = self._begun + seconds
        self._event = 0
        self._last_tick: float | None = None
        program.session.frame_shown.connect(self._arrive)
        self._mouse = QTimer(interval=_EVENT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._mouse.timeout.connect(self._move)
        self._monitor = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._monitor.timeout.connect(self._tick)
        self._rested = 0.0
        self._monitor.start()
        self._next_stroke()

    # Simulated input.

    def begin(self, number: int) -> None:
        """Prepare the stroke of this number."""

    def target(self) -> tuple[QWidget, QPointF]:
        """Widget and position of the next event."""
        raise NotImplementedError

    @property
    def group(self) -> str:
        """What the present stroke changes."""
        return ""

    # Timing it.

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._last_tick is not None:
            self.gaps.append((now - self._last_tick) * 1e3 - 1.0)
        self._last_tick = now if self._mouse.isActive() else None

    def _next_stroke(self) -> None:
        """Prepare a stroke and, after a rest, begin it."""
        self._mouse.stop()
        self.begin(self._event // STROKE_EVENTS)
        if self.rest_ms:
            self._rested += self.rest_ms / 1e3
            QTimer.singleShot(self.rest_ms, self._mouse.start)
        else:
            self._mouse.start()

    def _move(self) -> None:
        step = self._event % STROKE_EVENTS
        if step == 0:
            kind, button, buttons = QEvent.Type.MouseButtonPress, _LEFT, _LEFT
        elif step == STROKE_EVENTS - 1:
            kind, button, buttons = QEvent.Type.MouseButtonRelease, _LEFT, _NONE
        else:
            kind, button, buttons = QEvent.Type.MouseMove, _NONE, _LEFT
        widget, at = self.target()
        over = QPointF(widget.mapToGlobal(at.toPoint()))
        portrait = self.program.session.portrait
        before = portrait.revision
        start = time.perf_counter()
        QApplication.sendEvent(widget, QMouseEvent(kind, at, over, button, buttons, Qt.KeyboardModifier.NoModifier))
        self.handlers.append((time.perf_counter() - start) * 1e3)
        if portrait.revision > before:
            self.pending.append((portrait.revision, start, self.group))
        self._event += 1
        if step < STROKE_EVENTS - 1:
            return
        if start < self._end:
            self._next_stroke()
            return
        self._mouse.stop()
        self._monitor.stop()
        self.finished = True
        self.seconds = start - self._begun - self._rested
        for callback in self.done:
            callback()

    def _arrive(self) -> None:
        self._arrived = time.perf_counter()

    def painted(self) -> None:
        """The canvas has painted: settle the events whose revision is on screen now."""
        now = time.perf_counter()
        frame = self.program.session.frame
        if frame is None or frame is self._seen:
            return
        self._seen = frame
        if self._mouse.isActive():
            self.frames += 1
            self.display.append((now - self._arrived) * 1e3)
            for name, values in self.timings.items():
                if frame.timings.get(name):
                    values.append(frame.timings[name])
        while self.pending and self.pending[0][0] <= frame.revision:
            _, start, group = self.pending.popleft()
            self.latency.append((now - start) * 1e3)
            self.by_group.setdefault(group, []).append((now - start) * 1e3)

    def figures(self) -> dict[str, Any]:
        """What was measured, as `bench.measure_hand` returns it."""

        def rounded(values: list[float]) -> list[float]:
            return [round(value, 3) for value in values]

        return {
            "latency": rounded(self.latency),
            "latency by group": {group: rounded(values) for group, values in self.by_group.items() if group},
            "handler": rounded(self.handlers),
            "display": rounded(self.display),
            "network": rounded(self.timings["network"]),
            "head": rounded(self.timings["head"]),
            "gaps": rounded(sorted(self.gaps)[-50:]),
            "frames per second": self.frames / self.seconds if self.seconds else 0.0,
            "longest block": max(self.gaps, default=0.0),
            "unanswered": len(self.pending),
        }


class StrokeBench(EventBench):
    """Paints strokes of hair, skin, hat and cloth all over the mask."""

    def begin(self, number: int) -> None:
        """Take another region."""
        regions = (Region.HAIR, Region.SKIN, Region.HAT, Region.CLOTH)
        self.program.window.tools.set_region(regions[number % len(regions)])

    def target(self) -> tuple[QWidget, QPointF]:
        """The canvas, along a curve that crosses all of the picture."""
        canvas = self.program.window.canvas
        angle = self._event * 0.045
        point = 128 + 90 * math.sin(angle), 128 + 90 * math.sin(1.37 * angle + 0.5)
        return canvas, QPointF(*canvas.view.to_widget(canvas.boxes[0], *point))


class SliderBench(EventBench):
    """Drags sliders of pose, expression, identity and light to and fro, one after the other, each in its panel."""

    SLIDERS = (("pose", "yaw"), ("expression", "smile"), ("identity", ""), ("light", ""))
    """Panel and control; no name takes the first slider that the panel shows."""

    rest_ms = 400

    @classmethod
    def warm_up(cls, program: Program) -> None:
        """Show each panel once, as a user has done before he drags: panels are filled when they are first seen."""
        for group, _ in cls.SLIDERS:
            program.window.show_panel(group)
            QApplication.processEvents()

    @staticmethod
    def row_of(panel: HeadPanel, name: str) -> SliderRow:
        """The slider of a panel; the first one that is shown where the name is not there."""
        shown = {key: row for key, row in panel.rows.items() if row.isVisible()}
        return shown[name] if name in shown else next(iter(shown.values()))

    def begin(self, number: int) -> None:
        """Take another slider by its handle."""
        self._group, name = self.SLIDERS[number % len(self.SLIDERS)]
        window = self.program.window
        window.show_panel(self._group)
        QApplication.processEvents()
        panel = window.head_panels[self._group]
        self._row = self.row_of(panel, name)
        panel.area.ensureWidgetVisible(self._row)
        self._start = self._row.place_of(self._row.real)

    @property
    def group(self) -> str:
        """The group of the dragged slider."""
        return self._group

    def target(self) -> tuple[QWidget, QPointF]:
        """The handle, to and fro over the middle three fifths of the groove, begun and ended where it was."""
        row = self._row
        share = (self._event % STROKE_EVENTS) / (STROKE_EVENTS - 1)
        low, high = row.width() * 0.2, row.width() * 0.8
        swing = (low + high) / 2 + (high - low) / 2 * math.sin(2 * math.pi * 2 * share)
        # Held by the handle at both ends of the drag, all of the way in between.
        hold = min(1.0, 8.0 * min(share, 1.0 - share))
        return row, QPointF(self._start + hold * (swing - self._start), row.height() - 11.0)
