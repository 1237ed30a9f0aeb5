"""Random people: a seed becomes a plausible style code. Needs numpy alone, so that it loads in milliseconds."""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.packs import ModelPack
from faceeditor.portrait.mask_descriptors import DESCRIPTORS, mask_descriptors
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode
from faceeditor.regions import MaskArray

PACK = "mask-guided"
FILE = "style_gaussian.safetensors"
FIRST_SEED = 11
"""The person that is seen first."""

_LENGTHS = tuple(int(np.prod(shape)) for shape in (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE))
_TOTAL = sum(_LENGTHS)

Vector = npt.NDArray[np.float32]


class StylePrior:
    """The distribution of style codes: a Gaussian over the encoded training photographs in principal directions.

    A latent z ~ N(0, 1) gives the code `mean + z @ directions`. For a mask, what its regions tell of the person is
    taken into account: `mean + (d - d0) @ slopes + z @ fitting`, where d describes the mask
    (`portrait.mask_descriptors`) and `fitting` are the directions of what it leaves open. The scale of z is the variety
    of a draw.

    Args:
        arrays: `mean` (C), `directions` (K, C), `plain` (C) a plain, evenly lit person's code, `mask_mean` (D),
            `slopes` (D, C) and `fitting` (L, C), where C counts the numbers of a style code: regions, overall, detail
            in this order.

    Raises:
        ModelError: an array is missing or does not fit to the others.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        try:
            self._mean, self._directions, self._plain, self._mask_mean, self._slopes, self._fitting = (
                np.asarray(arrays[name], np.float32)
                for name in ("mean", "directions", "plain", "mask_mean", "slopes", "fitting")
            )
        except KeyError as error:
            raise ModelError(
                f"The model of random people is damaged: it lacks “{error.args[0]}”; reinstall Face Editor."
            ) from None
        shapes = {
            "mean": (self._mean.shape, (_TOTAL,)),
            "plain": (self._plain.shape, (_TOTAL,)),
            "directions": (self._directions.shape, (len(self._directions), _TOTAL)),
            "fitting": (self._fitting.shape, (len(self._fitting), _TOTAL)),
            "mask_mean": (self._mask_mean.shape, (DESCRIPTORS,)),
            "slopes": (self._slopes.shape, (DESCRIPTORS, _TOTAL)),
        }
        if any(found != wanted for found, wanted in shapes.values()):
            raise ModelError("The model of random people does not fit to this program; reinstall Face Editor.")
        self.mean = _code(self._plain, "Average")
        """The plain person that less variety leads to."""

    @classmethod
    def load(cls) -> "StylePrior":
        """Read the prior of the model pack `mask-guided`; ModelError if it is missing or damaged."""
        return cls(ModelPack.open(PACK).load(FILE))

    @property
    def latent_size(self) -> int:
        """Length of the latent vector z."""
        return len(self._directions)

    def draw(self, seed: int, mask: MaskArray | None = None) -> StyleCode:
        """A random person; the same seed (and mask) gives the same person on every machine (up to rounding).

        Args:
            seed: a whole number from 0 up.
            mask: (256, 256) uint8: a person who fits it; None: anyone.

        Raises:
            FaceEditorError: the seed is negative.
        """
        if seed < 0:
            raise FaceEditorError(f"The seed {seed} is negative; choose a whole number from 0 up.")
        random = np.random.Generator(np.random.PCG64(seed))
        label = f"Seed {seed}"
        if mask is None:
            return self.of_latent(random.standard_normal(self.latent_size).astype(np.float32), label)
        z = random.standard_normal(len(self._fitting)).astype(np.float32)
        usual = self._mean + (mask_descriptors(mask) - self._mask_mean) @ self._slopes
        return _code(usual + z @ self._fitting, label)

    def of_latent(self, latent: Vector, label: str = "") -> StyleCode:
        """The style code of a latent (D,)."""
        return _code(self._mean + np.asarray(latent, np.float32) @ self._directions, label)

    def latent_of(self, style: StyleCode) -> Vector:
        """The latent (D,) whose code is nearest to a style's (least squares: directions need not be orthogonal)."""
        flat = np.concatenate([style.regions.ravel(), style.overall, style.detail.ravel()]) - self._mean
        return np.asarray((self._directions @ flat) @ self._inverse, np.float32)

    @cached_property
    def _inverse(self) -> npt.NDArray[np.float64]:
        """(K, K) inverse of the directions' products, worked out once: boards ask for the latent of every tile."""
        products = np.asarray(self._directions @ self._directions.T, np.float64)
        return np.asarray(np.linalg.pinv(products, hermitian=True))


def _code(flat: Vector, label: str) -> StyleCode:
    regions, overall, detail = np.split(flat.astype(np.float32), np.cumsum(_LENGTHS)[:-1])
    return StyleCode(
        regions.reshape(REGIONS_SHAPE), overall.reshape(OVERALL_SHAPE), detail.reshape(DETAIL_SHAPE), label
    )
