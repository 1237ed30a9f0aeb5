"""The pool that comes with the program (model pack `identity-pool`), so that the first ExFaceGAN picture comes at once.

Only the recogniser's vectors are kept, as bytes: the latents come from their seeds. It belongs to the weights that drew
it; with others it counts as none, and the pool is drawn in the background as before.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.generators.style_prior import PACK as GENERATOR
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.people import calm
from faceeditor.identity.pool import Pool
from faceeditor.identity.recogniser import DIMENSIONS
from faceeditor.identity.recogniser import PACK as RECOGNISER
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.identity.variation import Variation
from faceeditor.packs import ModelPack
from faceeditor.paths import resources_dir
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import sample_masks

FloatArray = npt.NDArray[np.float32]

PACK, FILE = "identity-pool", "pool.safetensors"
SPACE, SEED = "person", 0
"""Latent space and seed of the pool."""
_DRAWN_BY = ("generator.safetensors", "style_gaussian.safetensors", "head_prior.safetensors")
_STEPS = 127
"""Levels of a byte to each side of 0."""


@dataclass(frozen=True, eq=False)
class PackedPool:
    """The pool of the pack.

    Attributes:
        portrait: what its people were drawn on.
        embeddings: (N, 128) float32, rounded to the steps of a byte.
        first: (D,) float32, the latent of person 0, by which another stream of random numbers is noticed.
        styles: the prior that the portrait's style and the latents come from.
    """

    portrait: Variation
    embeddings: FloatArray
    first: FloatArray
    styles: StylePrior

    def pool_of(self, space: PortraitSpace, seed: int) -> Pool | None:
        """The pool for a space and a seed, latents drawn from their seeds; None: the pack has none of it."""
        if (space.name, seed) != (SPACE, SEED):
            return None
        if space.portrait is not self.portrait:
            own = PortraitSpace(SPACE, self.portrait, styles=self.styles)
            if own.key != space.key:
                return None
        latents = [space.sample(np.random.default_rng([seed, index])) for index in range(len(self.embeddings))]
        if latents[0].shape != self.first.shape or not np.allclose(latents[0], self.first, atol=2e-3):
            return None
        return Pool(np.stack(latents), self.embeddings)


def packed_pool() -> PackedPool | None:
    """The pool of the program's own pack; None if it is missing, damaged or of other weights than those in use."""
    try:
        pack = ModelPack.open(PACK)
        if pack.config.get("weights") != weights_digest():
            return None
        arrays = pack.load(FILE)
        levels, scale = arrays["embeddings"], arrays["scale"]
        if levels.dtype != np.int8 or levels.ndim != 2 or levels.shape[1] != DIMENSIONS or not len(levels):
            return None
        head = HeadCoefficients.from_json(pack.config["head"])
        embeddings = np.asarray(levels * (scale / _STEPS), np.float32)
        styles = StylePrior.load()
        return PackedPool(_portrait(head, styles), embeddings, arrays["first"], styles)
    except (FaceEditorError, PortraitError, KeyError, ValueError, TypeError):
        return None


def packed(pool: Pool, base: HeadCoefficients) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Arrays and config of the pack.

    Args:
        pool: of the space `SPACE` with the seed `SEED`, drawn on the portrait of `pool_portrait`.
        base: the head that was read from the portrait's mask.
    """
    scale = np.maximum(np.abs(pool.embeddings).max(0), 1e-6).astype(np.float16).astype(np.float32)
    levels = np.clip(np.rint(pool.embeddings / scale * _STEPS), -_STEPS, _STEPS).astype(np.int8)
    arrays = {"embeddings": levels, "scale": scale, "first": pool.latents[0]}
    config = {"space": SPACE, "seed": SEED, "people": len(pool), "weights": weights_digest(), "head": base.to_json()}
    return arrays, config


def weights_digest() -> str:
    """Hash over what decides the pool's pictures and vectors: generator, priors, head, mask and recogniser.

    Raises:
        ModelError: a pack is missing or damaged.
    """
    files = ModelPack.open(GENERATOR).files
    parts = [files[name].sha256 for name in _DRAWN_BY if name in files]
    parts += [ModelPack.open(RECOGNISER).key, ModelPack.open("head", resources_dir()).key]
    digest = hashlib.blake2b(" ".join(parts).encode(), digest_size=16)
    digest.update(sample_masks()[0].read().tobytes())
    return digest.hexdigest()


def _portrait(base: HeadCoefficients, styles: StylePrior) -> Variation:
    """As `methods.pool_portrait`, without reading the head."""
    return calm(Variation(sample_masks()[0].read(), styles.mean, base, base))
