"""Garbage collection on the GUI thread only.

Python collects cyclic garbage on whichever thread happens to allocate. When that is the engine's worker thread, widgets
of a closed window are destroyed beside Qt's event loop, which then crashes. So the automatic collection is switched off
and a timer of the GUI thread does the same work by the same thresholds.
"""

import gc

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

_INTERVAL_MS = 400


class Collector(QObject):
    """Collects garbage on its own thread; the oldest generation only while no mouse button is held.

    Args:
        parent: the application, which ends it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.check)
        gc.disable()
        self._timer.start()

    def check(self) -> int:
        """Collect the generations that are due; returns the oldest one collected, -1 for none."""
        due = [count > limit for count, limit in zip(gc.get_count(), self._thresholds, strict=True)]
        if not due[0]:
            return -1
        oldest = 2 if due[1] and due[2] else 1 if due[1] else 0
        if oldest == 2 and QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            oldest = 1
        gc.collect(oldest)
        return oldest
