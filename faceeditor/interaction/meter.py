"""How fast the faces come: milliseconds per frame and frames per second."""

import time
from collections import deque

from faceeditor.engine import Frame

_WINDOW_S = 1.5


class FrameMeter:
    """Counts frames as they are shown.

    Attributes:
        last_ms: time from request to frame of the last frame, in milliseconds.
    """

    def __init__(self) -> None:
        self.last_ms = 0.0
        self._times: deque[float] = deque(maxlen=240)

    def count(self, frame: Frame, now: float | None = None) -> None:
        """Note a frame that has just been shown (``now`` in seconds, for tests)."""
        self._times.append(time.monotonic() if now is None else now)
        self.last_ms = float(frame.timings.get("total", 0.0))

    def rate(self, now: float | None = None) -> float | None:
        """Frames per second over the last moments, or None while the picture stands still."""
        now = time.monotonic() if now is None else now
        while self._times and now - self._times[0] > _WINDOW_S:
            self._times.popleft()
        if len(self._times) < 5:
            return None
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-3)
