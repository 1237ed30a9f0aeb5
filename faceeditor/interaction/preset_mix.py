"""Mixtures of presets, free of Qt: a handle in a ring of presets, and what the head becomes under it.

The weights fall with the distance to each preset on the ring and to its middle, where the head is as it was before
(inverse distance weighting: Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.head.model import HeadModel
from faceeditor.head.presets import Preset, apply_preset, mix_heads
from faceeditor.portrait.head import GROUPS, HeadCoefficients

MIN_PRESETS, MAX_PRESETS = 3, 6
"""How many presets a ring may have."""
_POWER = 3.0
_KEPT = 4096


@dataclass(frozen=True, eq=False)
class Mix:
    """How a group came about.

    Attributes:
        x, y: where the handle of the ring is, in the unit disc, x to the right and y down.
        base: the head in the middle of the ring, or before the preset; None: the present one.
        preset: the one preset that was applied, or None.
        amount: how much of it, 0..1.
    """

    x: float = 0.0
    y: float = 0.0
    base: HeadCoefficients | None = None
    preset: Preset | None = None
    amount: float = 1.0


def places(count: int) -> list[tuple[float, float]]:
    """Where the presets of a ring lie: on the unit circle, the first one on top, clockwise. x right, y down."""
    return [(math.sin(2 * math.pi * index / count), -math.cos(2 * math.pi * index / count)) for index in range(count)]


def inside(x: float, y: float) -> tuple[float, float]:
    """The point of the unit disc that is nearest."""
    length = math.hypot(x, y)
    return (x, y) if length <= 1.0 else (x / length, y / length)


def ring_weights(count: int, x: float, y: float) -> tuple[float, tuple[float, ...]]:
    """Weights of the middle and of the presets for a handle at (x, y); together they are 1."""
    sites = [(0.0, 0.0), *places(count)]
    distances = [math.hypot(x - sx, y - sy) for sx, sy in sites]
    nearest = min(range(len(sites)), key=distances.__getitem__)
    if distances[nearest] < 0.02:
        weights = [1.0 if index == nearest else 0.0 for index in range(len(sites))]
    else:
        weights = [distance**-_POWER for distance in distances]
    total = sum(weights)
    return weights[0] / total, tuple(weight / total for weight in weights[1:])


def place_of_mix(mix: Mix, ring: Sequence[str]) -> tuple[float, float]:
    """Where the handle of a ring stands for a mixture: a preset that was applied alone lies on the way to it."""
    if mix.preset is None:
        return mix.x, mix.y
    if mix.preset.name not in ring:
        return 0.0, 0.0
    x, y = places(len(ring))[list(ring).index(mix.preset.name)]
    return x * mix.amount, y * mix.amount


class PresetMixer:
    """Knows the mixtures of this portrait's history, so that undo leads the handle back, too."""

    def __init__(self) -> None:
        self._mixes: dict[str, Mix] = {}
        self._full: dict[tuple[str, str, str], HeadCoefficients] = {}
        self._photo_light: npt.NDArray[np.float32] | None = None

    def set_photo_light(self, light: npt.NDArray[np.float32] | None) -> None:
        """The light (9, 3) that the photograph of the present face was taken in; None where there is no photograph."""
        if light is not self._photo_light:
            self._photo_light = light
            self._full.clear()

    def forget(self) -> None:
        """Another portrait is open."""
        self._mixes.clear()
        self._full.clear()

    def mix_of(self, group: str, head: HeadCoefficients | None) -> Mix:
        """How the group of this head was mixed; the handle is in the middle if it was not."""
        return Mix() if head is None else self._mixes.get(_group_key(group, head), Mix(base=head))

    def applied(self, preset: Preset, amount: float, head: HeadCoefficients, model: HeadModel) -> HeadCoefficients:
        """The head with a preset at an amount of 0..1; 1 is the preset itself.

        A preset that follows another one begins where that one began, so that trying several does not add them up.
        """
        mix = self.mix_of(preset.group, head)
        base = mix.base if mix.preset is not None and mix.base is not None else head
        full = self._preset_head(preset, base, model)
        result = head.with_group(preset.group, mix_heads(preset.group, [(full, amount)], base))
        self._keep(preset.group, result, Mix(base=base, preset=preset, amount=amount))
        return result

    def mixed(
        self, group: str, ring: Sequence[Preset], at: tuple[float, float], head: HeadCoefficients, model: HeadModel
    ) -> HeadCoefficients:
        """The head with a group mixed from a ring of presets, the handle at a point of the unit disc."""
        x, y = inside(*at)
        mix = self.mix_of(group, head)
        foreign = mix.preset is not None and mix.preset.name not in [preset.name for preset in ring]
        base = head if foreign or mix.base is None else mix.base
        _, shares = ring_weights(len(ring), x, y)
        targets = [(self._preset_head(preset, base, model), share) for preset, share in zip(ring, shares, strict=True)]
        result = head.with_group(group, mix_heads(group, targets, base))
        self._keep(group, result, Mix(x, y, base))
        return result

    def _keep(self, group: str, head: HeadCoefficients, mix: Mix) -> None:
        if len(self._mixes) >= _KEPT:
            self._mixes.pop(next(iter(self._mixes)))
        self._mixes[_group_key(group, head)] = mix

    def _preset_head(self, preset: Preset, head: HeadCoefficients, model: HeadModel) -> HeadCoefficients:
        """The head with the whole preset, remembered for the drag that is under way."""
        key = (preset.group, preset.name, head.key)
        if key not in self._full:
            if len(self._full) > 64:
                self._full.clear()
            self._full[key] = apply_preset(preset, head, model, self._photo_light)
        return self._full[key]


def _group_key(group: str, head: HeadCoefficients) -> str:
    digest = hashlib.blake2b(group.encode(), digest_size=16)
    for part in GROUPS[group]:
        value = getattr(head, part)
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else b"")
    return digest.hexdigest()
