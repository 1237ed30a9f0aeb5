"""The stabiliser: the tip of the brush trails behind the pointer, so that a trembling hand draws a smooth line.

While the pointer goes the way s, the tip t moves towards it by dt/ds = (pointer - t) / lag: a low-pass filter over the
way and not over time, so that the line depends neither on the speed of the hand nor on how often the device reports.
Wiggles much shorter than 2 pi lag vanish; on a straight line the tip stays one lag behind.
"""

import math
from dataclasses import dataclass, replace

Sample = tuple[float, float, float]
"""x, y in pixels, and pressure 0..1."""

_STEP = 1.0
"""Longest way of the pointer, in pixels, between two samples of the tip."""


@dataclass(frozen=True)
class Stabiliser:
    """A stroke under way.

    Attributes:
        lag: how far the tip trails on a straight line, in pixels; 0: not at all.
        pointer: where the pointer is.
        tip: where the brush is.
    """

    lag: float
    pointer: Sample
    tip: Sample


def begin(lag: float, at: Sample) -> Stabiliser:
    """A stroke that begins at a sample; a negative lag counts as none."""
    return Stabiliser(max(lag, 0.0), at, at)


def follow(state: Stabiliser, to: Sample) -> tuple[Stabiliser, tuple[Sample, ...]]:
    """The pointer goes straight to a sample.

    Returns:
        the stroke from then on, and the samples that the tip passes; with a lag of 0 that is `to` itself.
    """
    if state.lag == 0.0:
        return replace(state, pointer=to, tip=to), (to,)
    way = math.hypot(to[0] - state.pointer[0], to[1] - state.pointer[1])
    if way == 0.0:
        return replace(state, pointer=to), ()
    count = max(1, math.ceil(way / _STEP))
    passed = tuple(_tip(state, to, way, way * (index + 1) / count) for index in range(count))
    return Stabiliser(state.lag, to, passed[-1]), passed


def catch_up(state: Stabiliser) -> tuple[Sample, ...]:
    """What the tip passes when the pen is lifted: it goes straight to the pointer."""
    return () if state.tip == state.pointer else (state.pointer,)


def _tip(state: Stabiliser, to: Sample, way: float, done: float) -> Sample:
    """Where the tip is when the pointer has gone a part of a straight way: the solution of the equation above."""
    share, rest = done / way, math.exp(-done / state.lag)

    def solved(axis: int) -> float:
        start, speed = state.pointer[axis], (to[axis] - state.pointer[axis]) / way
        trail = speed * state.lag
        return start + (to[axis] - start) * share - trail + (state.tip[axis] - start + trail) * rest

    return solved(0), solved(1), min(max(solved(2), 0.0), 1.0)
