"""Plausible heads at random: a small variational autoencoder for each factor (Deng et al., DiscoFaceGAN, section 3.1).

Identity, expression, pose and light each have latents with the prior N(0, 1), learnt by `training.head_prior`. Decoders
of one hidden layer run in numpy, so that the window draws without torch.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ModelError, PortraitError
from faceeditor.packs import ModelPack
from faceeditor.portrait.head import GROUPS, LATENT_PARTS, HeadCoefficients

Floats = npt.NDArray[np.float32]

FILE = "head_prior.safetensors"
"""Beside the generator's weights in the pack `mask-guided`."""


def vector_of(group: str, head: HeadCoefficients) -> Floats:
    """The numbers of a factor, (D,) float32."""
    return np.concatenate([np.asarray(getattr(head, part), np.float32).ravel() for part in LATENT_PARTS[group]])


def with_vector(group: str, head: HeadCoefficients, vector: Floats) -> HeadCoefficients:
    """A head with the numbers of a factor exchanged."""
    parts, start = {}, 0
    for part in LATENT_PARTS[group]:
        shape = getattr(head, part).shape
        count = int(np.prod(shape))
        parts[part] = vector[start : start + count].reshape(shape)
        start += count
    return head.changed(**parts)


class HeadPrior:
    """The four decoders and encoders.

    Args:
        arrays: by `<group>.<layer>.<weight or bias>`, as `training.head_prior` writes them.

    Raises:
        ModelError: an array is missing.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._arrays = {name: np.asarray(value, np.float32) for name, value in arrays.items()}
        for group in GROUPS:
            for name in ("mean", "scale", "decode1.weight", "decode2.weight", "encode1.weight", "encode2.weight"):
                if f"{group}.{name}" not in self._arrays:
                    raise ModelError(f"The model of random heads lacks “{group}.{name}”; reinstall Face Editor.")

    @classmethod
    def load(cls) -> "HeadPrior":
        """The program's own; ModelError if it is missing or damaged."""
        return _load()

    def latents(self, group: str) -> int:
        """Number of latents of a factor."""
        return int(self._array(group, "decode1.weight").shape[1])

    def draw(
        self, group: str, random: np.random.Generator, head: HeadCoefficients, variety: float = 0.9
    ) -> HeadCoefficients:
        """Put a random identity, expression, pose or light into a head.

        Args:
            group: one of `GROUPS`.
            random: where chance comes from.
            head: keeps its other factors.
            variety: standard deviation of the latents, 1 for the whole population.
        """
        z = (random.standard_normal(self.latents(group)) * variety).astype(np.float32)
        return self.decode(group, z, head)

    def decode(self, group: str, z: Floats, head: HeadCoefficients) -> HeadCoefficients:
        """Put the factor of latents z into a head; a light drawn has no rig."""
        hidden = _leaky(self._layer(group, "decode1", np.asarray(z, np.float32)))
        vector = self._layer(group, "decode2", hidden) * self._array(group, "scale") + self._array(group, "mean")
        return with_vector(group, head, vector)

    def encode(self, group: str, head: HeadCoefficients) -> Floats:
        """The latents of a head's factor (their means)."""
        vector = (vector_of(group, head) - self._array(group, "mean")) / self._array(group, "scale")
        hidden = _leaky(self._layer(group, "encode1", vector))
        return self._layer(group, "encode2", hidden)[: self.latents(group)]

    def _array(self, group: str, name: str) -> Floats:
        if group not in GROUPS:
            raise PortraitError(f"A head has no group “{group}”; it has {', '.join(GROUPS)}.")
        return self._arrays[f"{group}.{name}"]

    def _layer(self, group: str, name: str, x: Floats) -> Floats:
        return self._array(group, f"{name}.weight") @ x + self._array(group, f"{name}.bias")


def _leaky(x: Floats) -> Floats:
    return np.where(x > 0, x, np.float32(0.1) * x)


@functools.cache
def _load() -> HeadPrior:
    return HeadPrior(ModelPack.open("mask-guided").load(FILE))
