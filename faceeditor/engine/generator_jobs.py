"""Background work with imported generators: import, faces of recipes, pictures of one person, walks.

torch is loaded when a job runs, on its thread.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.jobs import JobContext
from faceeditor.generators.imported.recipe import Recipe

if TYPE_CHECKING:
    from faceeditor.generators.imported.generator import ImportedGenerator

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

POOL_SIZES = (200, 1000, 5000)
"""People of a pool for ExFaceGAN, 5000 as published."""
_POOL_SHARE = 0.7
"""Of the progress of `DrawSamePerson`."""


@dataclass(frozen=True, eq=False)
class GeneratedFace:
    """A face that an imported generator drew.

    Attributes:
        pixels: (S, S, 3) uint8 sRGB.
        ws: (num_ws, w_dim) float32, what it was drawn from.
        title: a short text.
        distance: the recogniser's, to the person of reference; None where there is none.
    """

    pixels: Pixels
    ws: Floats
    title: str
    distance: float | None = None


Show = Callable[[int, GeneratedFace], None]
"""Called on the job's thread with the number of a face and the face."""


class OpenGenerators:
    """Keeps the generator that was used last, since loading one takes seconds. Safe for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: ImportedGenerator | None = None

    def get(self, name: str) -> "ImportedGenerator":
        """A generator by name; ModelError if it is missing or damaged."""
        from faceeditor.generators.imported.generator import open_installed

        with self._lock:
            if self._last is None or self._last.name != name:
                self._last = None  # frees its memory before the next one is loaded
                self._last = open_installed(name)
            return self._last

    def forget(self) -> None:
        """Load anew the next time: a pack was replaced or removed."""
        with self._lock:
            self._last = None


@dataclass(frozen=True, eq=False)
class ImportGenerator:
    """Convert a checkpoint of the user -> name of its pack.

    Attributes:
        source: a pickle of StyleGAN2-ADA or StyleGAN3, or a folder of GAN-Control.
        name: of the pack.
        replace: whether a pack of that name may be replaced.
    """

    long: ClassVar[bool] = True

    source: Path
    name: str
    replace: bool = False

    def run(self, context: JobContext) -> str:
        """Raises ModelError and FaceEditorError, as of `import_generator`."""
        from faceeditor.generators.imported.importing import import_generator

        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(share, text)

        return import_generator(self.source, self.name, replace=self.replace, step=step).name


@dataclass(frozen=True, eq=False)
class DrawRecipes:
    """Draw faces of an imported generator one after the other -> their number.

    Attributes:
        generators, name: which generator.
        recipes: what to draw, with the title of each.
        show: takes each face as it is drawn.
    """

    long: ClassVar[bool] = True

    generators: OpenGenerators
    name: str
    recipes: Sequence[tuple[str, Recipe]]
    show: Show

    def run(self, context: JobContext) -> int:
        """Raises ModelError, EngineError and FaceEditorError."""
        context.progress(0.0, "Loading the generator")
        generator = self.generators.get(self.name)
        for index, (title, recipe) in enumerate(self.recipes):
            ws = recipe.ws(generator)
            pixels = generator.draw(ws, progress=_part(context, index, len(self.recipes), title))
            self.show(index, GeneratedFace(pixels, ws, title))
        return len(self.recipes)


@dataclass(frozen=True, eq=False)
class DrawSamePerson:
    """Pictures of one person (ExFaceGAN) -> accuracy of the identity boundary on people kept out of it.

    The first face is the person of reference. With `walk`, the others lie along the normal of the boundary, from the
    similar side to the dissimilar one; else they are drawn at random on the similar side.

    Attributes:
        generators, name: which generator.
        recipe: the person; style mixing is left out, since all layers share one w here.
        count: how many pictures beside the reference.
        variety: largest offset of a dimension, in units of `LARGEST_OFFSET` spreads of the pool; reach of a walk.
        likeness: largest distance to the reference.
        pool: people of the pool; it is drawn once and kept.
        seed: where chance comes from.
        walk: see above.
        show: takes each face as it is drawn.
    """

    long: ClassVar[bool] = True

    generators: OpenGenerators
    name: str
    recipe: Recipe
    count: int
    show: Show
    variety: float = 2.0
    likeness: float = 0.6
    pool: int = POOL_SIZES[0]
    seed: int = 0
    walk: bool = False

    def run(self, context: JobContext) -> float:
        """Raises ModelError, EngineError and FaceEditorError."""
        from faceeditor.identity import recogniser
        from faceeditor.identity.imported_space import ImportedSpace, SamePerson

        context.progress(0.0, "Loading the generator")
        net, generator = recogniser.load(), self.generators.get(self.name)
        space = ImportedSpace(generator, self.recipe.psi, self.recipe.label, lambda share: context.ticket.check())

        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(_POOL_SHARE * share, text)

        latent = space.latent_of(self.recipe.seed)
        person = SamePerson(space, net, latent, self.pool, step)
        title = f"Seed {self.recipe.seed}"
        self.show(0, GeneratedFace(person.reference.pixels, generator.ws(latent), title, 0.0))
        if self.walk:
            faces = person.walk(self.variety, self.count)
        else:
            faces = person.pictures(self.variety, self.seed, self.likeness)
        for index in range(self.count):
            step(1.0 + (1 / _POOL_SHARE - 1) * index / self.count, f"Picture {index + 1} of {self.count}")
            face = next(faces)
            ws = generator.ws(face.latent)
            self.show(index + 1, GeneratedFace(face.picture.pixels, ws, str(index + 1), face.distance))
        return person.boundary.accuracy


def _part(context: JobContext, index: int, count: int, title: str) -> Callable[[float], None]:
    def progress(share: float) -> None:
        context.ticket.check()
        context.progress((index + share) / count, title)

    return progress
