"""At which side the generator draws: by what is seen of the face, and smaller while a hand moves a slow one."""

import statistics
from collections import deque

from faceeditor.engine.requests import FAST, FINE, FULL, Output, RenderRequest
from faceeditor.regions import MASK_SIZE

FAST_TIER_ABOVE_MS = 16.0
"""A full frame that takes longer than this is too slow under a moving hand.

Events come while a frame is under way: they wait for its end and then for a frame of their own, up to twice a frame's
time, and the window needs a part of the processor as well. 40 ms from the hand to the screen leave 16 ms for a frame.
"""

_TYPICAL_HEAD_MS = 5.0
"""For moving a mask and drawing maps, before it was measured."""


def tier(output: Output) -> int:
    """The smallest side of the generator that is not smaller than a face is seen in an output, else the largest."""
    seen = output.scale * MASK_SIZE
    return next((side for side in (FAST, FULL, FINE) if side >= seen - 0.5), FINE)


class Tiers:
    """Chooses the tier of interactive frames by what frames took so far."""

    def __init__(self) -> None:
        self._full_ms: deque[float] = deque(maxlen=9)
        self._head_ms: deque[float] = deque(maxlen=9)

    def reset(self, full_ms: float = 0.0) -> None:
        """Another device draws from now on: forget its predecessor's speed."""
        self._full_ms.clear()
        if full_ms > 0:
            self._full_ms.append(full_ms)

    @property
    def full_ms(self) -> float:
        """Typical milliseconds of a full frame, 0 if none was drawn yet."""
        return statistics.median(self._full_ms) if self._full_ms else 0.0

    def note(self, side: int, milliseconds: float) -> None:
        """Take a measured frame into account."""
        if side == FULL:
            self._full_ms.append(milliseconds)

    def note_head(self, milliseconds: float) -> None:
        """Take a measured head into account; one that was remembered takes next to nothing."""
        self._head_ms.append(milliseconds)

    def side(self, request: RenderRequest) -> int:
        """At which side to draw: the fast tier only where it is allowed and the fitting one too slow.

        With a head, moving the mask and drawing the maps come on top of the network.
        """
        wanted = tier(request.output)
        whole = self.full_ms
        if request.head is not None and self._head_ms:
            whole += statistics.median(self._head_ms)
        return FAST if request.output.fast and whole > FAST_TIER_ABOVE_MS else wanted

    @property
    def fast_likely(self) -> bool:
        """Whether heads that move will be drawn in the fast tier on this device."""
        return self.full_ms + _TYPICAL_HEAD_MS > FAST_TIER_ABOVE_MS
