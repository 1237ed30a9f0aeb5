"""People of data sets drawn in the W of an imported generator: ExFaceGAN in its published setting."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from faceeditor.generators.devices import cpu_threads
from faceeditor.generators.imported.generator import open_installed
from faceeditor.identity import recogniser
from faceeditor.identity.boundary import Boundary, boundary_of
from faceeditor.identity.dataset import POOLS, Plan
from faceeditor.identity.exfacegan import LARGEST_OFFSET, Drawn, far_centre, pictures_of, reference_of
from faceeditor.identity.imported_space import ImportedSpace
from faceeditor.identity.pool import filled_pool
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.shards import Shot, side_of
from faceeditor.identity.variation import FloatArray, Step

_PEOPLE = 1
"""Told apart from the stream of the pool, so that nobody is a member of it."""


class ImportedStudio:
    """A `shards.Studio` on an imported generator.

    Args:
        plan, folder: the data set's; the pool lies in the folder and is drawn as far as it is missing.
        space: draws.
        net: scores.
        step: told the progress of the pool; may raise to stop.
        give_back: called by `close`.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        space: ImportedSpace,
        net: FaceRecogniser,
        step: Step = lambda share, text: None,
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        self._space, self._net, self._give_back = space, net, give_back
        self._pool = filled_pool(space, net, plan.pool, plan.seed, step, folder / POOLS)
        self._largest = plan.variety * LARGEST_OFFSET * self._pool.spread
        self._known: tuple[int, Drawn, Boundary] | None = None

    def close(self) -> None:
        """As of `shards.Studio`."""
        self._give_back()

    def pictures(self, plan: Plan, person: int) -> Iterator[Shot]:
        """As of `shards.Studio`."""
        number, far = plan.reference_of(person)
        own, boundary = self._reference(plan, number)
        latent = own.latent
        if far:
            own = self._seen(far_centre(latent, boundary, self._largest))
        yield _shot(own, "reference", far)
        for picture in range(1, plan.each):
            random = np.random.default_rng([plan.seed, person, picture, _PEOPLE])
            drawn = pictures_of(self._space, self._net, latent, own.embedding, boundary, self._largest, random, far,
                                plan.likeness)  # fmt: skip
            yield _shot(next(drawn), plan.method, far)

    def _reference(self, plan: Plan, number: int) -> tuple[Drawn, Boundary]:
        """A reference and its boundary; both sides of one come one after the other."""
        if self._known is None or self._known[0] != number:
            own = self._seen(self._space.sample(np.random.default_rng([plan.seed, number, _PEOPLE])))
            people = self._pool
            made = boundary_of(people.latents, people.embeddings, own.embedding, published=plan.published)
            self._known = number, own, made
        return self._known[1:]

    def _seen(self, latent: FloatArray) -> Drawn:
        return Drawn(latent, *reference_of(self._space, self._net, latent), 0.0, 0)


def open_imported(plan: Plan, folder: Path, step: Step = lambda share, text: None) -> ImportedStudio:
    """The studio of a plan with an imported generator; torch computes with the worker's number of threads until close.

    Raises:
        FaceEditorError: the generator or the recogniser is missing or damaged, or the pool cannot be drawn.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(cpu_threads())  # sums depend on it
    try:
        space = ImportedSpace(open_installed(plan.generator), plan.truncation, plan.label)
        return ImportedStudio(plan, folder, space, recogniser.load(), step, lambda: torch.set_num_threads(threads))
    except BaseException:
        torch.set_num_threads(threads)
        raise


def _shot(drawn: Drawn, method: str, far: bool) -> Shot:
    facts = {"method": method, "side": side_of(far), "distance": f"{drawn.distance:.4f}", "tries": drawn.redraws + 1}
    return Shot(drawn.picture, drawn.embedding, facts | {"alike": int(drawn.kept)})
