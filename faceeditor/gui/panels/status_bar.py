"""The status bar: message, long work with a cancel button, frames per second, milliseconds, device."""

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from faceeditor.engine import EngineStatus
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.controllers.identity_hold import IdentityHold
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.widgets.hold_switch import HoldSwitch
from faceeditor.gui.widgets.identity_meter import IdentityMeter
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.interaction.meter import FrameMeter
from faceeditor.regions import Region

_REFRESH_MS = 250
_PATIENCE = 0.8
"""Seconds without a new picture after which the bar says that one is being drawn."""

_DEVICES = {"cuda": "CUDA", "torch-cpu": "CPU · PyTorch", "openvino-cpu": "CPU · OpenVINO"}


class _Hint(QLabel):
    """A sentence that is shortened where there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(8, 0, 8, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return QSize(0, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(color("text-dim"))
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class StatusBar(QStatusBar):
    """Reads the session's meter four times a second, so that it costs nothing while painting."""

    def __init__(self, session: PortraitSession, styles: StyleController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meter: FrameMeter = session.meter
        self.setSizeGripEnabled(False)
        self.message = QLabel()
        self.message.setContentsMargins(8, 0, 0, 0)
        self.addWidget(self.message)
        self.hint = _Hint()
        self.addWidget(self.hint, 1)
        self.work = QWidget()
        row = QHBoxLayout(self.work)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(8)
        self._work_text = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(120)
        self.progress.setTextVisible(False)
        self.cancel = QToolButton()
        self.cancel.setText(self.tr("Cancel"))
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cancel.clicked.connect(self._cancel_work)
        row.addWidget(self._work_text)
        row.addWidget(self.progress)
        row.addWidget(self.cancel)
        self.work.hide()
        self.addPermanentWidget(self.work)
        self.person = IdentityMeter()
        self.person.setFixedWidth(140)
        self.person.hide()
        self.addPermanentWidget(self.person)
        self.rate = self._figure(self.tr("Frames per second"), 56)
        self.time = self._figure(self.tr("Milliseconds from a change to its face"), 78)
        self.device = self._figure(self.tr("Device that draws the face"), 0)
        self._timer = QTimer(self, interval=_REFRESH_MS)
        self._timer.timeout.connect(self._show_figures)
        self._timer.start()
        self._drawing: Callable[[], tuple[bool, object]] = lambda: (False, None)
        self._shown: object = None
        self._shown_at = time.monotonic()
        self._cancels: dict[object, Callable[[], None]] = {}
        self._working: object = None
        self.follow_work(styles, styles.cancel_photo)
        session.status_changed.connect(self._show_engine)

    def _figure(self, name: str, width: int) -> QLabel:
        figure = QLabel()
        figure.setToolTip(name)
        figure.setAccessibleName(name)
        figure.setMinimumWidth(width)
        figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        figure.setContentsMargins(0, 0, 12, 0)
        self.addPermanentWidget(figure)
        return figure

    def follow_work(self, controller: Any, cancel: Callable[[], None]) -> None:
        """Show the long work of a controller: its signals are work_started, work_progress and work_ended.

        Of several the one that began last is shown.
        """
        self._cancels[controller] = cancel
        controller.work_started.connect(lambda sentence: self._begin_work(controller, sentence))
        controller.work_progress.connect(lambda fraction: self._show_progress(controller, fraction))
        controller.work_ended.connect(lambda: self._end_work(controller))

    def follow_drawing(self, drawing: Callable[[], tuple[bool, object]]) -> None:
        """Say so where the picture lags behind the portrait: `drawing` tells whether it does, and which is shown."""
        self._drawing = drawing

    def follow_person(self, board: BoardController) -> None:
        """Show the distance to the board's pinned person while there is one."""
        board.score_changed.connect(self.person.show_distance)
        board.pinned_changed.connect(lambda: self.person.setVisible(board.pinned is not None))

    def follow_hold(self, hold: IdentityHold, action: QAction) -> None:
        """Put the switch that holds identity beside the meter, and show its limit there."""
        self.hold = HoldSwitch(hold, action)
        self.insertPermanentWidget(2, self.hold)  # after message and hint
        self.person.follow(hold)

    def _cancel_work(self) -> None:
        if self._working in self._cancels:
            self._cancels[self._working]()

    def _end_work(self, controller: object) -> None:
        if self._working is controller:
            self._working = None
            self.work.hide()

    def _begin_work(self, controller: object, sentence: str) -> None:
        self._working = controller
        self._work_text.setText(sentence)
        self.progress.setAccessibleName(sentence)
        self.progress.setRange(0, 0)
        self.work.show()

    def _show_progress(self, controller: object, fraction: float) -> None:
        if self._working is not controller:
            return
        self.progress.setRange(0, 100)
        self.progress.setValue(round(fraction * 100))

    def _show_engine(self, status: EngineStatus) -> None:
        if status.failed:
            text = self.tr("No device")
        else:
            text = _DEVICES.get(status.device, status.device) if status.ready else self.tr("Starting ...")
        self.device.setText(text)
        cache = self.tr("{used} of {limit} MB keep what was drawn").format(
            used=round(status.cache.used / 2**20), limit=round(status.cache.limit / 2**20)
        )
        self.device.setToolTip(f"{status.message or self.tr('Device that draws the face')}\n{cache}")

    def _show_figures(self) -> None:
        rate = self._meter.rate()
        self.rate.setText("" if rate is None else self.tr("{n} fps").format(n=round(rate)))
        ms, (behind, shown) = self._meter.last_ms, self._drawing()
        if not behind or shown != self._shown:
            self._shown, self._shown_at = shown, time.monotonic()
        if time.monotonic() - self._shown_at > _PATIENCE:
            self.time.setText(self.tr("Drawing ..."))
        else:
            self.time.setText(self.tr("{n} ms").format(n=round(ms)) if ms else "")

    def show_hint(self, text: str) -> None:
        """Say what the tool can do now."""
        if text != self.hint.text():
            self.hint.setText(text)
            self.hint.setToolTip(text)

    def show_hover(self, region: Region | None) -> None:
        """Name the region under the pen."""
        text = "" if region is None else region_name(region)
        if text != self.message.text():
            self.message.setText(text)
