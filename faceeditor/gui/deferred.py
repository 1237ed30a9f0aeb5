"""Deferred and throttled calls on the event loop."""

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

SLICE_S = 0.006
"""How long one piece of the work may keep the events waiting, in seconds; a single call may take longer."""


class DeferredCalls(QObject):
    """Calls that are made one after the other as soon as the event loop has time, a few milliseconds at once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], object]] = deque()
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._work)

    @property
    def busy(self) -> bool:
        """Whether calls are waiting."""
        return bool(self._calls)

    def add(self, call: Callable[[], object]) -> None:
        """Append a call."""
        self._calls.append(call)
        self._timer.start()

    def clear(self) -> None:
        """Forget the calls that are waiting."""
        self._calls.clear()

    def finish(self) -> None:
        """Make all calls now."""
        while self._calls:
            self._calls.popleft()()

    def _work(self) -> None:
        end = time.perf_counter() + SLICE_S
        while self._calls and time.perf_counter() < end:
            self._calls.popleft()()
        if self._calls:
            self._timer.start()


class Throttle(QObject):
    """A call that is made at once when it is asked for, but not again before a pause is over.

    What is asked for during the pause is done at its end, once: the last state is never missed.
    """

    def __init__(self, call: Callable[[], object], pause_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._call = call
        self._asked = False
        self._pause = QTimer(self, interval=pause_ms, singleShot=True)
        self._pause.timeout.connect(self._end)

    def ask(self) -> None:
        """Make the call, or as soon as the pause is over."""
        if self._pause.isActive():
            self._asked = True
        else:
            self._make()

    def now(self) -> None:
        """Make the call whatever was asked for; nothing is left to be done."""
        self._pause.stop()
        self._asked = False
        self._call()

    def _end(self) -> None:
        if self._asked:
            self._make()

    def _make(self) -> None:
        self._asked = False
        self._pause.start()
        self._call()
