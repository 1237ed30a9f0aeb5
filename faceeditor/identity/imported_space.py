"""The space W of an imported generator, for ExFaceGAN: its published setting."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.identity import exfacegan
from faceeditor.identity.boundary import boundary_of
from faceeditor.identity.exfacegan import Drawn
from faceeditor.identity.pool import POOL_SIZE, filled_pool
from faceeditor.identity.recogniser import SAME_PERSON, FaceRecogniser, distance
from faceeditor.identity.variation import FacePicture, Step

FloatArray = npt.NDArray[np.float32]

_ALIGNED = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
"""The face frame of a picture in the FFHQ layout, which most generators of faces draw."""


class ImportedSpace:
    """A `LatentSpace`: latents are vectors w, the same for all layers.

    Args:
        generator: draws; its faces are taken to be aligned as those of FFHQ.
        psi: truncation of the random people of a pool. Latents that are drawn are not truncated again.
        label: class, for generators with labels.
        progress: told the share of each picture that is drawn; may raise to stop.
    """

    name = "w"

    def __init__(
        self,
        generator: ImportedGenerator,
        psi: float = 0.7,
        label: int = 0,
        progress: Callable[[float], None] = lambda share: None,
    ) -> None:
        self.generator, self.psi, self.label = generator, psi, label
        self._progress = progress
        self.dimension = generator.w_dim

    @property
    def key(self) -> str:
        """Hash over the generator's pack, truncation and label."""
        text = f"{self.generator.key} {self.psi:.4f} {self.label}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def sample(self, random: np.random.Generator) -> FloatArray:
        """As of `LatentSpace`."""
        return self._truncated(random.standard_normal(self.generator.z_dim).astype(np.float32))

    def latent_of(self, seed: int) -> FloatArray:
        """The latent (D,) of a seed; FaceEditorError if it is out of range."""
        return self._truncated(self.generator.z(seed))

    def pictures(self, latents: Iterable[FloatArray]) -> Iterator[FacePicture]:
        """As of `LatentSpace`."""
        for latent in latents:
            ws = self.generator.ws(np.asarray(latent, np.float32))
            yield FacePicture(self.generator.draw(ws, progress=self._progress), _ALIGNED)

    def _truncated(self, z: FloatArray) -> FloatArray:
        return self.generator.ws(self.generator.w(z, self.label), self.psi)[0]


class SamePerson:
    """ExFaceGAN on W: pictures of the person of one latent.

    Args:
        space: draws.
        recogniser: scores.
        latent: (D,) of the person.
        pool: people of the pool; it is drawn once and kept in the cache folder.
        step: told the progress; may raise to stop.

    Attributes:
        reference: the person's picture.
        boundary: the person's identity boundary.

    Raises:
        FaceEditorError: as of `filled_pool` and `boundary_of`.
    """

    def __init__(
        self,
        space: ImportedSpace,
        recogniser: FaceRecogniser,
        latent: FloatArray,
        pool: int = POOL_SIZE,
        step: Step = lambda share, text: None,
    ) -> None:
        people = filled_pool(space, recogniser, pool, step=step)
        self._space, self._recogniser, self._latent, self._spread = space, recogniser, latent, people.spread
        self.reference, self._embedding = exfacegan.reference_of(space, recogniser, latent)
        self.boundary = boundary_of(people.latents, people.embeddings, self._embedding)

    def pictures(self, variety: float, seed: int = 0, likeness: float | None = SAME_PERSON) -> Iterator[Drawn]:
        """Pictures on the similar side, without end.

        Args:
            variety: largest offset of a dimension in units of `exfacegan.LARGEST_OFFSET` spreads of the pool.
            seed: where chance comes from.
            likeness: pictures at this distance from the person or farther are drawn anew; None: none is.
        """
        return exfacegan.pictures_of(
            self._space,
            self._recogniser,
            self._latent,
            self._embedding,
            self.boundary,
            self._reach(variety),
            np.random.default_rng(seed),
            threshold=likeness,
        )

    def walk(self, variety: float, count: int) -> Iterator[Drawn]:
        """Pictures along the normal of the boundary, from the similar side to the dissimilar one."""
        for latent in exfacegan.walk(self._latent, self.boundary, self._reach(variety), count):
            picture = next(iter(self._space.pictures([latent])))
            vector = self._recogniser.embed([picture.pixels], [picture.frame])[0]
            yield Drawn(latent, picture, vector, float(distance(vector, self._embedding)), 0)

    def _reach(self, variety: float) -> float:
        return variety * exfacegan.LARGEST_OFFSET * self._spread
