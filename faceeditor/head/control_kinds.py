"""What a control reads from a head and writes into it: pure functions on coefficients, one small class for each kind.

Every kind has `read(head, model) -> float`, `write(head, model, value) -> HeadCoefficients` and `touches`, the names of
the numbers that it sets. Values that reach `write` are finite and within the control's range.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.head.light import (
    LUMINANCE,
    brightness,
    gamma_to_rig,
    mean_colour,
    rig_to_gamma,
    tinted_rig,
    with_brightness,
)
from faceeditor.portrait.head import EXPRESSIONS, EYE_LOOK, SHAPE_DIM, HeadCoefficients, LightRig

if TYPE_CHECKING:
    from faceeditor.head.model import Direction

MEAN_BRIGHTNESS = 0.65
"""`light.brightness` of the mean photograph: exposure 0."""

# A light below this cannot be scaled up: it is replaced by an even one.
_OFF = 1e-4

# What is believed of the exposure and the tint of a light that was read from a photograph.
_EXPOSURES, _TINTS = (0.4, 2.5), (0.6, 1.6)

_INDEX = {name: index for index, name in enumerate(EXPRESSIONS)}


class Directed(Protocol):
    """The part of a head model that controls need."""

    @property
    def directions(self) -> "Mapping[str, Direction]":
        """The named identity directions."""


class Kind(Protocol):
    """What a control does to a head."""

    @property
    def touches(self) -> frozenset[str]:
        """Names of the numbers that it sets; two controls that share one contradict each other in a preset."""

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """The value that a head has."""

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """The head with that value."""


@dataclass(frozen=True)
class Weights:
    """Expression weights that move together: at value v each is v times its gain.

    The value of a head is the mean of weight / gain, in which a weight counts by the square of its gain: the least
    squares fit of v to the weights. Writing moves all ratios by the same amount (those that reach 0 or 1 stay there),
    so that the unevenness of a face that was read from a picture outlives small changes, and 0 and 1 are exact.
    """

    gains: tuple[tuple[str, float], ...]

    @property
    def touches(self) -> frozenset[str]:
        """The weights' names."""
        return frozenset(name for name, _ in self.gains)

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """0..1."""
        indices, gains, share = self._parts
        return min(1.0, float(share @ (head.expression[indices].astype(np.float64) / gains)))

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """Solve for the shift t at which the mean of clip(ratio + t) is the value: it rises piecewise linearly in t."""
        indices, gains, share = self._parts
        ratio = head.expression[indices].astype(np.float64) / gains
        top = np.maximum(1.0, ratio)
        bends = np.unique(np.concatenate([-ratio, top - ratio]))
        means = np.clip(ratio + bends[:, None], 0.0, top) @ share
        shift = np.interp(value, means, bends)
        expression = head.expression.copy()
        expression[indices] = np.clip(ratio + shift, 0.0, top) * gains
        return head.changed(expression=expression)

    @functools.cached_property
    def _parts(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Indices, gains, and each weight's share in the mean."""
        gains = np.array([gain for _, gain in self.gains])
        return np.array([_INDEX[name] for name, _ in self.gains]), gains, gains**2 / (gains @ gains)


@dataclass(frozen=True)
class Opposed:
    """Two expression weights that exclude each other as one value: positive is the first, negative the second."""

    plus: str
    minus: str

    @property
    def touches(self) -> frozenset[str]:
        """Both names."""
        return frozenset((self.plus, self.minus))

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """-1..1."""
        return head.expression_of(self.plus) - head.expression_of(self.minus)

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """One of both is 0 afterwards."""
        expression = head.expression.copy()
        expression[_INDEX[self.plus]], expression[_INDEX[self.minus]] = max(0.0, value), max(0.0, -value)
        return head.changed(expression=expression)


@dataclass(frozen=True)
class Gaze:
    """Where the eyes look, 0 yaw or 1 pitch, in degrees of head axes; the lids follow."""

    axis: int

    @property
    def touches(self) -> frozenset[str]:
        """The angle and the weights of its lids."""
        ways = ("In", "Out") if self.axis == 0 else ("Up", "Down")
        lids = {EXPRESSIONS[i] for i in EYE_LOOK if any(way in EXPRESSIONS[i] for way in ways)}
        return frozenset({f"gaze {self.axis}"} | lids)

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """Degrees."""
        return float(head.gaze[self.axis])

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """The lids of both angles follow."""
        from faceeditor.head.model import lids_follow

        gaze = head.gaze.copy()
        gaze[self.axis] = value
        return lids_follow(head.changed(gaze=gaze))


@dataclass(frozen=True)
class Number:
    """One number of a part of the coefficients: value = (number - zero) * sign."""

    part: str
    index: int
    zero: float = 0.0
    sign: int = 1

    @property
    def touches(self) -> frozenset[str]:
        """The part and the place."""
        return frozenset((f"{self.part} {self.index}",))

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """In the control's unit."""
        return (float(getattr(head, self.part).flat[self.index]) - self.zero) * self.sign

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """A number of the light drops the rig."""
        numbers = getattr(head, self.part).copy()
        numbers.flat[self.index] = value * self.sign + self.zero
        return head.changed(**{self.part: numbers})


@functools.lru_cache(maxsize=4)
def _dual(directions: "tuple[Direction, ...]") -> npt.NDArray[np.float64]:
    """(N, 56): row n times an identity is its share of direction n in the fit of all N (Moore-Penrose inverse)."""
    steps = np.stack([np.concatenate([each.shape, each.albedo]) for each in directions], 1)
    return np.linalg.pinv(steps.astype(np.float64))


@dataclass(frozen=True)
class Along:
    """A named direction among identities.

    Directions need not be at right angles. The values of a head are the least-squares fit of all directions together
    to its identity, so that writing one, which adds along itself only, leaves the values of all others as they are.
    """

    name: str

    @property
    def touches(self) -> frozenset[str]:
        """The direction."""
        return frozenset((f"direction {self.name}",))

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """Steps of the direction."""
        self._step(model)
        assert model is not None
        names = list(model.directions)
        identity = np.concatenate([head.shape, head.albedo]).astype(np.float64)
        return float(_dual(tuple(model.directions.values()))[names.index(self.name)] @ identity)

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """Add what lacks to the value, along the direction."""
        change = (value - self.read(head, model)) * self._step(model)
        return head.changed(shape=head.shape + change[:SHAPE_DIM], albedo=head.albedo + change[SHAPE_DIM:])

    def _step(self, model: Directed | None) -> npt.NDArray[np.float64]:
        if model is None or self.name not in model.directions:
            raise PortraitError(f"The head model knows no direction “{self.name}”; reinstall Face Editor.")
        found = model.directions[self.name]
        step = np.concatenate([found.shape, found.albedo]).astype(np.float64)
        if not step.any():
            raise PortraitError(f"The head model's direction “{self.name}” is empty; reinstall Face Editor.")
        return step


@dataclass(frozen=True)
class Lamp:
    """A value of the light rig, or one channel of a colour of it.

    A light that came without a rig gets the nearest, and keeps what that leaves over.
    """

    field: str
    channel: int | None = None

    @property
    def touches(self) -> frozenset[str]:
        """The value of the rig."""
        return frozenset((f"rig {self.field} {self.channel}",))

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """In the unit of `LightRig`."""
        value = getattr(rig_of(head), self.field)
        return float(value if self.channel is None else value[self.channel])

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """The light changes by what the lamp does."""
        rig = rig_of(head)
        change: Any = value
        if self.channel is not None:
            colour = list(getattr(rig, self.field))
            colour[self.channel] = value
            change = tuple(colour)
        return with_lamps(head, replace(rig, **{self.field: change}))


@dataclass(frozen=True)
class Exposure:
    """Brightness of the whole light in stops: 0 as in the mean photograph, 1 twice as bright."""

    @property
    def touches(self) -> frozenset[str]:
        """The exposure: it is not a number of its own, and is set after everything else of the light."""
        return frozenset(("exposure",))

    def read(self, head: HeadCoefficients, model: Directed | None) -> float:
        """Stops; a light that is as good as off counts as -12."""
        return math.log2(max(brightness(head.gamma) / MEAN_BRIGHTNESS, 2.0**-12))

    def write(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """Scale the light. Its lamps are scaled as well; if they cannot be so strong, the rig is dropped."""
        gamma = with_brightness(head.gamma, MEAN_BRIGHTNESS * 2.0**value)
        if head.rig is None or brightness(head.gamma) < _OFF:
            return head.changed(gamma=gamma)
        times = 2.0 ** (value - self.read(head, model))
        try:
            rig = replace(
                head.rig, strength=head.rig.strength * times, fill=head.rig.fill * times, rim=head.rig.rim * times
            )
        except PortraitError:
            return head.changed(gamma=gamma)
        return head.changed(gamma=gamma, rig=rig)


def rig_of(head: HeadCoefficients) -> LightRig:
    """The head's light rig, or the one nearest to its light."""
    if head.rig is not None:
        return head.rig
    have = brightness(head.gamma)
    if have < _OFF:
        return _nearest_rig(head.gamma.tobytes())
    # Lamps are found for one brightness and scaled: while the exposure is dragged they need not be found anew.
    plain = np.round(with_brightness(head.gamma, MEAN_BRIGHTNESS), 3).astype(np.float32)
    rig, times = _nearest_rig(plain.tobytes()), have / MEAN_BRIGHTNESS
    return replace(
        rig, strength=min(3.0, rig.strength * times), fill=min(1.5, rig.fill * times), rim=min(2.0, rig.rim * times)
    )


def with_rig(head: HeadCoefficients, rig: LightRig) -> HeadCoefficients:
    """The head in the light of a rig and of nothing else: what a preset gives."""
    return head.changed(gamma=rig_to_gamma(rig), rig=rig)


def exposed_like(head: HeadCoefficients, photo_light: npt.NDArray[np.floating]) -> HeadCoefficients:
    """The lamps of a head at the exposure and in the white of the light that a photograph was taken in.

    Lamps are made for the mean photograph. On another one they would change how it is exposed and how its white is
    balanced as well: a light skin goes dark, a warm room cold.

    Args:
        head: in the light of a rig and of nothing else.
        photo_light: (9, 3) the light that was read from the photograph.
    """
    if head.rig is None:
        return head
    times = mean_colour(photo_light) / MEAN_BRIGHTNESS
    level = float(np.clip(times @ LUMINANCE, *_EXPOSURES))
    tint = np.clip(times / max(float(times @ LUMINANCE), 1e-3), *_TINTS)
    return with_rig(head, tinted_rig(head.rig, level * tint / float(tint @ LUMINANCE)))


def with_lamps(head: HeadCoefficients, rig: LightRig) -> HeadCoefficients:
    """The head with its lamps set as in a rig: what a hand does to `rig_of(head)`.

    A light that was read from a picture is more than the nearest lamps. What they leave over stays, so that the picture
    changes by what the lamps change and by nothing else. Values beyond the range of gamma are clipped.
    """
    return head.changed(gamma=rig_to_gamma(rig) + beside_lamps(head), rig=rig)


def beside_lamps(head: HeadCoefficients) -> npt.NDArray[np.float32]:
    """What the head's light holds beside its lamps, (9, 3) float32: exactly zero where a rig made all of it."""
    return head.gamma - rig_to_gamma(rig_of(head))


@functools.lru_cache(maxsize=16)
def _nearest_rig(gamma: bytes) -> LightRig:
    """Remembered, because a panel reads a dozen values of one light, and finding the rig takes milliseconds."""
    return gamma_to_rig(np.frombuffer(gamma, np.float32).reshape(9, 3))
