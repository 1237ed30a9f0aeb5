"""How fast the faces come: milliseconds per frame and frames per second."""

import time
from collections import deque
from dataclasses import dataclass

from faceeditor.engine import Frame

_WINDOW_S = 1.5


@dataclass(frozen=True)
class FrameTime:
    """Milliseconds of one frame: the head (moving the mask, drawing maps), the network, all since the request."""

    head: float
    network: float
    total: float


class FrameMeter:
    """Counts frames as they are shown.

    Attributes:
        last_ms: time from request to frame of the last frame, in milliseconds.
    """

    def __init__(self) -> None:
        self.last_ms = 0.0
        self._times: deque[float] = deque(maxlen=240)
        self._took: deque[FrameTime] = deque(maxlen=240)

    def count(self, frame: Frame, now: float | None = None) -> None:
        """Note a frame that has just been shown (``now`` in seconds, for tests)."""
        self._times.append(time.monotonic() if now is None else now)
        head, network, total = (float(frame.timings.get(name, 0.0)) for name in ("head", "network", "total"))
        self.last_ms = total
        self._took.append(FrameTime(head, network, total))

    @property
    def times(self) -> tuple[FrameTime, ...]:
        """The last 240 frames, the newest last."""
        return tuple(self._took)

    def rate(self, now: float | None = None) -> float | None:
        """Frames per second over the last moments, or None while the picture stands still."""
        now = time.monotonic() if now is None else now
        while self._times and now - self._times[0] > _WINDOW_S:
            self._times.popleft()
        if len(self._times) < 5:
            return None
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-3)
