"""Pools: random people of a latent space with the recogniser's vectors of their pictures, kept in the cache folder.

Drawing a pool takes minutes; a boundary made from it takes a moment, so that every further person costs seconds.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from faceeditor.errors import FaceEditorError
from faceeditor.identity.recogniser import DIMENSIONS, FaceRecogniser
from faceeditor.identity.spaces import LatentSpace
from faceeditor.identity.variation import Step
from faceeditor.images import write_atomic
from faceeditor.paths import cache_dir

FloatArray = npt.NDArray[np.float32]

POOL_SIZE = 5000
"""People of a pool as published."""
MOST = 100_000
_BLOCK = 50
"""People that are drawn between two writes of the file."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Random people of one space.

    Attributes:
        latents: (N, D) float32.
        embeddings: (N, 128) float32.
    """

    latents: FloatArray
    embeddings: FloatArray

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def spread(self) -> float:
        """Root mean square distance of the latents from their mean: the unit of `ExFaceGan`'s variety."""
        return float(np.sqrt(((self.latents - self.latents.mean(0)) ** 2).sum(1).mean()))


def filled_pool(
    space: LatentSpace,
    recogniser: FaceRecogniser,
    count: int = POOL_SIZE,
    seed: int = 0,
    step: Step = lambda share, text: None,
    folder: Path | None = None,
    known: Pool | None = None,
) -> Pool:
    """The pool of a space: taken from the cache as far as it is there, drawn and kept otherwise.

    Person I depends on the seed and I alone, so that a larger pool goes on from a smaller one, and one that was
    stopped at any moment goes on where it stood.

    Args:
        space: what the people are drawn from.
        recogniser: what makes their vectors.
        count: how many people.
        seed: of the pool.
        step: told the progress; may raise to stop.
        folder: where pools are kept, by default in the program's cache folder.
        known: the first people of this very pool, as they come with the program.

    Raises:
        FaceEditorError: an impossible count, or the folder cannot be written.
    """
    if not 1 <= count <= MOST:
        raise FaceEditorError(f"A pool of {count} people cannot be drawn; choose 1 to {MOST:,}.")
    if known is not None and len(known) >= count and folder is None:
        return Pool(known.latents[:count], known.embeddings[:count])
    path = (folder if folder is not None else cache_dir() / "pools") / f"{_name(space, seed)}.safetensors"
    found = _read(path, space.dimension)
    if known is not None and len(known) > len(found):
        found = known
        if len(found) >= count:  # a folder of its own is to hold all that its pictures are drawn with
            _write(path, Pool(found.latents[:count], found.embeddings[:count]))
    latents, embeddings = list(found.latents[:count]), list(found.embeddings[:count])
    while len(latents) < count:
        start, end = len(latents), min(count, len(latents) + _BLOCK)
        block = [space.sample(np.random.default_rng([seed, index])) for index in range(start, end)]
        pictures = []
        for index, picture in enumerate(space.pictures(block)):
            pictures.append(picture)
            step((start + index) / count, f"Person {start + index + 1} of {count}")
        embeddings += list(recogniser.embed([p.pixels for p in pictures], [p.frame for p in pictures]))
        latents += block
        _write(path, Pool(np.stack(latents), np.stack(embeddings)))
    return Pool(np.stack(latents), np.stack(embeddings))


def _name(space: LatentSpace, seed: int) -> str:
    safe = "".join(letter if letter.isalnum() else "-" for letter in space.name)
    return f"{safe}-{hashlib.blake2b(f'{space.key} {seed}'.encode(), digest_size=8).hexdigest()}"


def _read(path: Path, dimension: int) -> Pool:
    """What the cache holds; a damaged file counts as none."""
    try:
        arrays: dict[str, Any] = load_tensors(path.read_bytes())
        latents, embeddings = (np.asarray(arrays[name], np.float32) for name in ("latents", "embeddings"))
        good = latents.shape == (len(embeddings), dimension) and embeddings.shape == (len(latents), DIMENSIONS)
        if good and np.isfinite(latents).all() and np.isfinite(embeddings).all():
            return Pool(latents, embeddings)
    except (OSError, SafetensorError, KeyError, ValueError):
        pass
    return Pool(np.zeros((0, dimension), np.float32), np.zeros((0, DIMENSIONS), np.float32))


def _write(path: Path, pool: Pool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FaceEditorError(
            f"The folder “{path.parent}” for pools cannot be made ({error.strerror or error}); set FACEEDITOR_CACHE."
        ) from error
    write_atomic(path, save_tensors({"latents": pool.latents, "embeddings": pool.embeddings}))
