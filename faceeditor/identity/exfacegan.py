"""ExFaceGAN: pictures of a person from offsets along the normal of that person's identity boundary.

After Boutros et al., "ExFaceGAN" (IJCB 2023), section 3.2: w' = w - u * n stays on the person's side of the boundary,
w' = w + u * n crosses it and counts as a second identity; u ~ U(0, largest offset) is drawn for each picture and each
dimension. Beyond the paper: an identity filter, and boundaries whose scaling is undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.identity.boundary import Boundary, boundary_of
from faceeditor.identity.pool import Pool
from faceeditor.identity.recogniser import SAME_PERSON, FaceRecogniser, distance
from faceeditor.identity.spaces import LatentSpace, PortraitSpace
from faceeditor.identity.variation import FacePicture, Renderer, Variation

FloatArray = npt.NDArray[np.float32]

LARGEST_OFFSET = 1.5
"""Largest offset of a dimension by default, in units of the pool's spread."""
MOST_REDRAWS = 20
"""Tries for one picture before the nearest of them is taken."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One picture of a person.

    Attributes:
        latent: (D,) float32.
        picture: the face.
        embedding: (128,) float32.
        distance: the recogniser's, to the reference.
        redraws: tries that the identity filter refused before.
        kept: whether the identity filter accepts it; False: the nearest of all tries was still too far away.
    """

    latent: FloatArray
    picture: FacePicture
    embedding: FloatArray
    distance: float
    redraws: int
    kept: bool = True


def shifted(
    latent: FloatArray,
    boundary: Boundary,
    largest: float,
    random: np.random.Generator,
    far: bool = False,
    centred: bool = False,
) -> FloatArray:
    """A new latent on one side of the boundary: per-dimension offsets u ~ U(0, largest) along the normal.

    Args:
        latent: (D,) of the reference.
        boundary: the reference's.
        largest: largest offset, in the latent's own unit.
        random: where chance comes from.
        far: on the dissimilar side: pictures of a second identity.
        centred: take off what all offsets have in common, so that pictures lie around the reference.
    """
    amounts = random.uniform(0.0, largest, len(latent)).astype(np.float32)
    offset = (amounts - np.float32(0.5 * largest) if centred else amounts) * boundary.normal
    return np.asarray(latent + offset if far else latent - offset, np.float32)


def far_centre(latent: FloatArray, boundary: Boundary, largest: float) -> FloatArray:
    """The mean (D,) of what `shifted` gives on the far side: the reference of the second identity."""
    return np.asarray(latent + 0.5 * largest * boundary.normal, np.float32)


def reference_of(space: LatentSpace, recogniser: FaceRecogniser, latent: FloatArray) -> tuple[FacePicture, FloatArray]:
    """The picture and the (128,) embedding of a reference's latent."""
    picture = next(iter(space.pictures([latent])))
    return picture, recogniser.embed([picture.pixels], [picture.frame])[0]


def pictures_of(
    space: LatentSpace,
    recogniser: FaceRecogniser,
    latent: FloatArray,
    embedding: FloatArray,
    boundary: Boundary,
    largest: float,
    random: np.random.Generator,
    far: bool = False,
    threshold: float | None = SAME_PERSON,
) -> Iterator[Drawn]:
    """Pictures of a reference, without end.

    Args:
        space, recogniser: what draws and what scores.
        latent, embedding: of the reference.
        boundary: the reference's.
        largest: largest offset.
        random: where chance comes from.
        far: on the dissimilar side.
        threshold: pictures at this distance from the reference or farther are drawn anew, at most `MOST_REDRAWS`
            times; None: nothing is.
    """
    while True:
        best: Drawn | None = None
        for redraws in range(MOST_REDRAWS + 1):
            new = shifted(latent, boundary, largest, random, far)
            picture = next(iter(space.pictures([new])))
            vector = recogniser.embed([picture.pixels], [picture.frame])[0]
            apart = float(distance(vector, embedding))
            good = threshold is None or apart < threshold
            if best is None or apart < best.distance or good:
                best = Drawn(new, picture, vector, apart, redraws, good)
            if good:
                break
        assert best is not None
        yield best


def walk(latent: FloatArray, boundary: Boundary, reach: float, count: int) -> list[FloatArray]:
    """Latents along the normal, from `reach` on the similar side over the reference to `reach` on the other side.

    Raises:
        FaceEditorError: fewer than 2 latents.
    """
    if count < 2:
        raise FaceEditorError(f"A walk of {count} pictures leads nowhere; choose at least 2.")
    return [np.asarray(latent + amount * boundary.normal, np.float32) for amount in np.linspace(-reach, reach, count)]


class ExFaceGan:
    """ExFaceGAN as a `Method` on our own generator: the boundary of each reference is worked out once.

    Args:
        pool: people of the space.
        space: the space, seen from the portrait that the pool was drawn with.
        recogniser, renderer: what scores and what draws the reference.
        published: as of `boundary_of`.
        centred: as of `shifted`: for boards, whose pictures are to lie around the pinned person. The mean of the
            published offsets moves all pictures alike, and is most of their distance to the reference.
    """

    name, title = "exfacegan", "ExFaceGAN"

    def __init__(
        self,
        pool: Pool,
        space: PortraitSpace,
        recogniser: FaceRecogniser,
        renderer: Renderer,
        published: bool = False,
        centred: bool = False,
    ) -> None:
        self.pool, self.space, self._recogniser, self._renderer = pool, space, recogniser, renderer
        self._published, self._centred = published, centred
        self._known: tuple[str, Boundary] | None = None

    def boundary(self, reference: Variation) -> Boundary:
        """The boundary of a reference's person, seen as the people of the pool are."""
        assert reference.head is not None
        key = reference.style.key + reference.head.key
        if self._known is None or self._known[0] != key:
            latent = self.space.latent_of(reference)
            picture = self._renderer.draw(self.space.person(latent))
            embedding = self._recogniser.embed([picture.pixels], [picture.frame])[0]
            made = boundary_of(self.pool.latents, self.pool.embeddings, embedding, published=self._published)
            self._known = (key, made)
        return self._known[1]

    def prepare(self, reference: Variation) -> None:
        """As of `identity.variation.Method`: the boundary."""
        self.boundary(reference)

    def variation(self, reference: Variation, random: np.random.Generator, variety: float) -> Variation:
        """As of `identity.variation.Method`; variety 1 is an offset of `LARGEST_OFFSET` spreads."""
        latent = self.space.latent_of(reference)
        largest = variety * LARGEST_OFFSET * self.pool.spread
        new = shifted(latent, self.boundary(reference), largest, random, centred=self._centred)
        return self.space.moved(reference, new, latent)


class FarSide:
    """The second identity of a reference as a `Method`: pictures on the far side of its boundary.

    Args:
        near: what knows the boundaries.
        variety: how far the person is from the reference, as of `ExFaceGan.variation`; above 0.
    """

    name, title = "exfacegan", "ExFaceGAN, far side"

    def __init__(self, near: ExFaceGan, variety: float) -> None:
        self._near, self._variety = near, variety
        self._largest = variety * LARGEST_OFFSET * near.pool.spread

    def person(self, reference: Variation) -> Variation:
        """The second identity's own reference: the middle of its pictures."""
        latent = self._near.space.latent_of(reference)
        centre = far_centre(latent, self._near.boundary(reference), self._largest)
        return self._near.space.moved(reference, centre, latent)

    def prepare(self, reference: Variation) -> None:
        """As of `identity.variation.Method`: the boundary."""
        self._near.boundary(reference)

    def variation(self, reference: Variation, random: np.random.Generator, variety: float) -> Variation:
        """As of `identity.variation.Method`; less variety than the person's own gathers the pictures at the middle."""
        latent, boundary = self._near.space.latent_of(reference), self._near.boundary(reference)
        centre = far_centre(latent, boundary, self._largest)
        new = shifted(latent, boundary, self._largest, random, far=True)
        new = centre + np.float32(min(1.0, variety / self._variety)) * (new - centre)
        return self._near.space.moved(reference, new, latent)
