"""What lies between a request and its pixels, and what is remembered on the way."""

import statistics
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.requests import FAST, FINE, FULL, Output, RenderRequest
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE

FAST_TIER_ABOVE_MS = 16.0
"""A full frame that takes longer than this is too slow under a moving hand.

Events come while a frame is under way: they wait for its end and then for a frame of their own, up to twice a frame's
time, and the window needs a part of the processor as well. 40 ms from the hand to the screen leave 16 ms for a frame.
"""

_TYPICAL_HEAD_MS = 5.0
"""For moving a mask and drawing maps, before it was measured."""

Pixels = npt.NDArray[np.uint8]
Value = TypeVar("Value")


class Cache(Generic[Value]):
    """The last few values by key. Not thread-safe: used behind the engine's gate."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[tuple[object, ...], Value] = OrderedDict()

    def get(self, key: tuple[object, ...], make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not there."""
        value = self._values.pop(key, None)
        if value is None:
            value = make()
        self._values[key] = value
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

    def __contains__(self, key: tuple[object, ...]) -> bool:
        """Whether a key's value is remembered."""
        return key in self._values

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()


class Drawn(NamedTuple):
    """Read-only (S, S, 3) uint8 pixels, and the side S at which the network drew them."""

    pixels: Pixels
    side: int


class Stages:
    """Caches and the choice of the tier.

    Args:
        average: the average style, which truncation draws towards; asked for only when it is needed.
    """

    def __init__(self, average: Callable[[], StyleCode]) -> None:
        self._average = average
        self._mean: StyleCode | None = None
        self._styles: Cache[StyleCode] = Cache(16)
        # Undo, redo and a release after the last move of a stroke ask for what was just drawn.
        self._frames: Cache[Drawn] = Cache(12)
        self._full_ms: deque[float] = deque(maxlen=9)
        self._head_ms: deque[float] = deque(maxlen=9)

    def reset(self, full_ms: float = 0.0) -> None:
        """Another device draws from now on: forget its predecessor's frames and speed."""
        self._frames.clear()
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
        """Take a measured stage of the head into account; one that was remembered takes next to nothing."""
        self._head_ms.append(milliseconds)

    def side(self, request: RenderRequest) -> int:
        """At which side to draw: the fast tier only where it is allowed and the full one too slow.

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

    def style(self, style: StyleCode, truncation: float) -> StyleCode:
        """The style as it is drawn."""
        if truncation == 1.0:
            return style
        return self._styles.get((style.key, truncation), lambda: style.truncated(self._mean_style(), truncation))

    def _mean_style(self) -> StyleCode:
        if self._mean is None:
            self._mean = self._average()
        return self._mean

    def drawn(self, key: tuple[object, ...], side: int, draw: Callable[[], Pixels]) -> Drawn:
        """The pixels of a key (all that they are made from but the side), drawn unless they are remembered."""
        return self._frames.get((*key, side), lambda: Drawn(draw(), side))


def tier(output: Output) -> int:
    """The smallest side of the generator that is not smaller than a face is seen in an output, else the largest."""
    seen = output.scale * MASK_SIZE
    return next((side for side in (FAST, FULL, FINE) if side >= seen - 0.5), FINE)


def framed(pixels: Pixels, output: Output) -> Pixels:
    """A drawn face as an output wants it: cut, and brought to its size (area means to reduce, cubic to enlarge).

    Args:
        pixels: (S, S, 3) uint8 sRGB, the whole face.
        output: which part of it, in pixels of a face of `MASK_SIZE`.

    Returns:
        (h, w, 3) uint8; the picture itself where nothing is to be done.
    """
    width, height = output.size(MASK_SIZE, MASK_SIZE)
    side = pixels.shape[0]
    if output.rect is None and width == height == side:
        return pixels
    import cv2

    if output.rect is None:
        method = cv2.INTER_AREA if width < side else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)
    left, top, across, down = (number * side / MASK_SIZE for number in output.rect)
    step_x, step_y = across / width, down / height
    # Pixel i of the output has its centre at i + 0.5; OpenCV counts centres from 0.
    matrix = np.array([[step_x, 0, left + step_x / 2 - 0.5], [0, step_y, top + step_y / 2 - 0.5]])
    if max(step_x, step_y) > 1:
        smoothed = cv2.GaussianBlur(pixels, (0, 0), 0.4 * step_x, sigmaY=0.4 * step_y)
        pixels = np.asarray(smoothed, np.uint8)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def average_style() -> StyleCode:
    """The average of the program's own style prior."""
    from faceeditor.generators.style_prior import StylePrior

    return StylePrior.load().mean
