"""Random people: a seed becomes a plausible style code. Needs numpy alone, so that it loads in milliseconds."""

from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.packs import ModelPack
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode

PACK = "mask-guided"
FILE = "prior.safetensors"
FIRST_SEED = 52
"""The person that is seen first."""

_LENGTHS = tuple(int(np.prod(shape)) for shape in (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE))
_LAYERS = 3
_SLOPE = 0.2
_INVERSION_STEPS = 12

Vector = npt.NDArray[np.float32]


class StylePrior:
    """The distribution of style codes, learnt as the decoder of a variational autoencoder over encoded photographs.

    A latent vector z ~ N(0, 1) goes through three linear layers (leaky ReLU 0.2 between them) to a whitened vector,
    which gets its unexplained part back as Gaussian noise and is turned into a code by a linear basis.

    Args:
        arrays: `w0, b0, w1, b1, w2, b2` (matrices as outputs x inputs), `residual_std` (H), `basis` (H, K),
            `offset` (K), where K counts the numbers of a style code: regions, overall, detail in this order.

    Raises:
        ModelError: an array is missing or does not fit to the others.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        try:
            self._layers = [
                (arrays[f"w{i}"].astype(np.float32), arrays[f"b{i}"].astype(np.float32)) for i in range(_LAYERS)
            ]
            self._residual = arrays["residual_std"].astype(np.float32)
            self._basis = arrays["basis"].astype(np.float32)
            self._offset = arrays["offset"].astype(np.float32)
        except KeyError as error:
            raise ModelError(
                f"The model of random people is damaged: it lacks “{error.args[0]}”; reinstall Face Editor."
            ) from None
        self._check()
        self.mean = self._code(np.zeros(len(self._residual), np.float32), "Average")

    @classmethod
    def load(cls) -> "StylePrior":
        """Read the prior of the model pack `mask-guided`; ModelError if it is missing or damaged."""
        return cls(ModelPack.open(PACK).load(FILE))

    def _check(self) -> None:
        width = self._layers[0][0].shape[-1] if self._layers[0][0].ndim == 2 else -1
        for weight, bias in self._layers:
            fits = weight.ndim == 2 and bias.ndim == 1 and weight.shape == (len(bias), width)
            width = len(bias) if fits else -1
            if not fits:
                break
        total = sum(_LENGTHS)
        if self._residual.shape != (width,) or self._basis.shape != (width, total) or self._offset.shape != (total,):
            raise ModelError("The model of random people does not fit to this program; reinstall Face Editor.")

    @property
    def latent_size(self) -> int:
        """Length of the latent vector z."""
        return int(self._layers[0][0].shape[1])

    def draw(self, seed: int) -> StyleCode:
        """A random person; the same seed gives the same person on every machine (up to rounding).

        Raises:
            FaceEditorError: the seed is negative.
        """
        if seed < 0:
            raise FaceEditorError(f"The seed {seed} is negative; choose a whole number from 0 up.")
        random = np.random.Generator(np.random.PCG64(seed))
        latent = random.standard_normal(self.latent_size).astype(np.float32)
        noise = random.standard_normal(len(self._residual)).astype(np.float32)
        return self._code(self.decode(latent) + self._residual * noise, f"Seed {seed}")

    def of_latent(self, latent: Vector, label: str = "") -> StyleCode:
        """The style code of a latent vector (D,), without the unexplained part that `draw` adds."""
        return self._code(self.decode(np.asarray(latent, np.float32)), label)

    def latent_of(self, style: StyleCode) -> Vector:
        """The latent (D,) whose code is nearest to a style: Gauss-Newton, exact at once for a Gaussian of codes."""
        flat = np.concatenate([style.regions.ravel(), style.overall, style.detail.ravel()]) - self._offset
        wanted = np.linalg.lstsq(self._basis.T, flat, rcond=None)[0]
        latent = np.zeros(self.latent_size, np.float32)
        for _ in range(_INVERSION_STEPS):
            x, slope = latent, np.eye(self.latent_size, dtype=np.float32)
            for index, (weight, bias) in enumerate(self._layers):
                x, slope = weight @ x + bias, weight @ slope
                if index < _LAYERS - 1:
                    factor = np.where(x > 0, np.float32(1), np.float32(_SLOPE))
                    x, slope = x * factor, slope * factor[:, None]
            step = np.linalg.lstsq(slope, wanted - x, rcond=None)[0].astype(np.float32)
            latent = latent + step
            if float(np.abs(step).max()) < 1e-4:
                break
        return latent

    def decode(self, latent: Vector) -> Vector:
        """Latent vector (D,) -> whitened vector (H,)."""
        x = latent
        for index, (weight, bias) in enumerate(self._layers):
            x = weight @ x + bias
            if index < _LAYERS - 1:
                x = np.where(x > 0, x, _SLOPE * x)
        return x.astype(np.float32)

    def _code(self, whitened: Vector, label: str) -> StyleCode:
        flat = whitened @ self._basis + self._offset
        regions, overall, detail = np.split(flat, np.cumsum(_LENGTHS)[:-1])
        return StyleCode(
            regions.reshape(REGIONS_SHAPE), overall.reshape(OVERALL_SHAPE), detail.reshape(DETAIL_SHAPE), label
        )
