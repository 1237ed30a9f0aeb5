"""When a change by hand begins and when it is over, for every control that makes one undo step of it."""

from PySide6.QtCore import QObject, QTimer, Signal

KEYBOARD_GESTURE_MS = 700
"""Steps made with keys or the wheel within this time are one gesture."""


class Gesture(QObject):
    """The change that a control is making.

    Signals:
        started: the first change of it is about to come.
        ended: it is over.
    """

    started = Signal()
    ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.active = False
        self._idle = QTimer(self, interval=KEYBOARD_GESTURE_MS, singleShot=True)
        self._idle.timeout.connect(self.end)

    def begin(self) -> None:
        """Open the gesture if none is open; it stays open until `end`."""
        self._idle.stop()
        if not self.active:
            self.active = True
            self.started.emit()

    def end(self) -> None:
        """Close the gesture if one is open."""
        self._idle.stop()
        if self.active:
            self.active = False
            self.ended.emit()

    def forget(self) -> None:
        """The gesture was closed by something else: it is over, and no signal says so."""
        self._idle.stop()
        self.active = False

    def end_when_idle(self) -> None:
        """Close the gesture unless another step by keys or wheel follows soon."""
        self._idle.start()
