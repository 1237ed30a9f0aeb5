"""Background work of the board: the tiles of one person, one after the other, and the score of a face."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.drawing import request_of
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.photo_edit import composed_face
from faceeditor.identity.board import MIX, SLIDERS, BoardOptions, Reference, Tile, draw_tile, method_of, pinned
from faceeditor.identity.board_store import SavedBoard, unpacked
from faceeditor.identity.methods import METHODS, OPENING_ORDER, MethodContext
from faceeditor.identity.recogniser import FaceRecogniser, distance, load
from faceeditor.identity.variation import FacePicture, Method, Pixels, Variation
from faceeditor.photo.placement import inner
from faceeditor.portrait.adjustments import Adjustments
from faceeditor.portrait.state import FaceState
from faceeditor.regions import MaskArray

if TYPE_CHECKING:
    from faceeditor.photo.face import PhotoFace

FloatArray = npt.NDArray[np.float32]

ShowTile = Callable[[int, Tile], None]
"""Called on the job's thread with the index of a tile and the tile."""


class ContextRenderer:
    """Draws variations inside of a job; gives way to the pen."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def draw(self, variation: Variation) -> FacePicture:
        """As of `identity.variation.Renderer`."""
        frame = self._context.frame(request_of(variation))
        return FacePicture.of_mask(frame.pixels, frame.mask if frame.mask is not None else variation.mask)


class BoardTools:
    """What boards are drawn with, opened at the first need and kept between jobs. Used by one job at a time.

    Args:
        recogniser: opens the recogniser (tests pass a stand-in).
        openers: how methods are opened, by name.
        pools: folder of pools, by default in the program's cache.
    """

    def __init__(
        self,
        recogniser: Callable[[], FaceRecogniser] = load,
        openers: dict[str, Callable[[MethodContext], Method]] | None = None,
        pools: Path | None = None,
    ) -> None:
        self._load = recogniser
        self._openers = openers or {name: opener for name, (_, opener) in METHODS.items()}
        self._pools = pools
        self._methods: dict[str, Method] = {}
        self._renderer = _CurrentRenderer()

    @property
    def recogniser(self) -> FaceRecogniser:
        """The recogniser; ModelError if it is missing or damaged."""
        return self._load()

    def embedding(self, pixels: Pixels, mask: MaskArray) -> FloatArray:
        """(128,) the recogniser's vector of a face (S, S, 3) with its (256, 256) mask; ModelError as `recogniser`."""
        picture = FacePicture.of_mask(pixels, mask)
        return np.asarray(self.recogniser.embed([picture.pixels], [picture.frame])[0], np.float32)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(self._openers)

    def use(self, context: JobContext) -> "ContextRenderer":
        """Draw with a job's context from now on; methods that were opened in earlier jobs do so, too."""
        self._renderer.inner = ContextRenderer(context)
        return self._renderer.inner

    def opening_rank(self, name: str) -> int:
        """0 for a method that is open; else the larger, the longer opening it takes."""
        slow = name not in self._methods and name in OPENING_ORDER
        return OPENING_ORDER.index(name) + 1 if slow else 0

    def method(self, name: str, context: JobContext) -> Method:
        """A method; opening it may take long and tells the job's progress.

        Raises:
            FaceEditorError: what it needs is missing. Cancelled: the job was stopped.
        """
        if name not in self._methods:

            def step(share: float, text: str) -> None:
                context.ticket.check()
                context.progress(share, text)

            prepared = MethodContext(self._renderer, self.recogniser, step=step, pools=self._pools, centred=True)
            self._methods[name] = self._openers[name](prepared)
        return self._methods[name]


class _OnDemand(Mapping[str, Method]):
    """Methods that are opened by the first tile that needs them."""

    def __init__(self, tools: BoardTools, names: Sequence[str], context: JobContext) -> None:
        self._tools, self._names, self._context = tools, names, context

    def __getitem__(self, name: str) -> Method:
        if name not in self._names:
            raise KeyError(name)
        return self._tools.method(name, self._context)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _CurrentRenderer:
    """The renderer of the job under way, for methods that outlive a job."""

    inner: ContextRenderer

    def draw(self, variation: Variation) -> FacePicture:
        return self.inner.draw(variation)


@dataclass(frozen=True, eq=False)
class PhotoOfFace:
    """A face of an edited photograph, to be measured as the photograph shows it.

    Attributes:
        photo: the face as it was found.
        face: what is wanted of it.
    """

    photo: "PhotoFace"
    face: FaceState

    def embedding(self, tools: BoardTools, context: JobContext) -> FloatArray:
        """(128,) of the composed face. Raises ModelError and EngineError."""
        return tools.embedding(*composed_face(context.frame, self.face, self.photo))

    def distance(self, reference: Reference, tools: BoardTools, context: JobContext) -> float:
        """To the pinned person on the photograph; to the photograph itself where the person was pinned without one."""
        person = reference.photographed
        if person is None:
            person = tools.embedding(np.ascontiguousarray(inner(self.photo.wide)), self.photo.mask)
        return float(distance(self.embedding(tools, context), person))


@dataclass(frozen=True, eq=False)
class PinPerson:
    """Draw and score the person of a portrait -> `identity.board.Reference`.

    Attributes:
        tools: of the board.
        variation: the portrait; has a head.
        photo: its face on a photograph, if it is on one.
    """

    long: ClassVar[bool] = True

    tools: BoardTools
    variation: Variation
    photo: "PhotoOfFace | None" = None

    def run(self, context: JobContext) -> Reference:
        """Raises ModelError and EngineError."""
        context.progress(0.0, "Looking at the person")
        found = pinned(self.variation, self.tools.use(context), self.tools.recogniser)
        if self.photo is None:
            return found
        return replace(found, photographed=self.photo.embedding(self.tools, context))


@dataclass(frozen=True, eq=False)
class RestoredBoard:
    """What `RestoreBoard` draws: the pinned person, what is varied in the person's place, the starred tiles."""

    saved: SavedBoard
    reference: Reference
    origin: Tile | None
    starred: list[Tile]


@dataclass(frozen=True, eq=False)
class RestoreBoard:
    """Draw what a portrait's file keeps of a board -> `RestoredBoard`.

    Attributes:
        tools: of the board.
        data: as `identity.board_store.packed` made them.
        adjustments: of the portrait.
    """

    long: ClassVar[bool] = True

    tools: BoardTools
    data: bytes
    adjustments: Adjustments = ()

    def run(self, context: JobContext) -> RestoredBoard:
        """Raises FaceEditorError (a damaged board), ModelError and EngineError."""
        saved = unpacked(self.data)
        renderer, recogniser = self.tools.use(context), self.tools.recogniser
        reference = pinned(replace(saved.person, adjustments=self.adjustments), renderer, recogniser)

        def again(variation: Variation, method: str, seed: tuple[int, int, int]) -> Tile:
            context.ticket.check()
            variation = replace(variation, adjustments=self.adjustments)
            picture = renderer.draw(variation)
            vector = recogniser.embed([picture.pixels], [picture.frame])[0]
            apart = float(distance(vector, reference.embedding))
            return Tile(variation, picture, apart, method, seed, vector, 1, apart < saved.options.likeness)

        origin = None if saved.origin is None else again(saved.origin, "", (0, 0, 0))
        starred = [again(tile.variation, tile.method, tile.seed) for tile in saved.starred]
        return RestoredBoard(saved, reference, origin, starred)


@dataclass(frozen=True, eq=False)
class DrawBoard:
    """Draw tiles of a board -> their number.

    Tiles of methods that are open come first, so that none waits for a pool that it does not need.

    Attributes:
        tools: of the board.
        reference: the pinned person, or what is to be varied with the person's own vector.
        options: the board's.
        tiles: index and reroll of each tile.
        show: takes each tile as it is drawn.
    """

    long: ClassVar[bool] = True

    tools: BoardTools
    reference: Reference
    options: BoardOptions
    tiles: Sequence[tuple[int, int]]
    show: ShowTile

    def run(self, context: JobContext) -> int:
        """Raises ModelError, EngineError and FaceEditorError."""
        renderer, recogniser = self.tools.use(context), self.tools.recogniser
        names = {MIX: self.tools.names, SLIDERS: ()}.get(self.options.method, (self.options.method,))
        methods = _OnDemand(self.tools, names, context)

        def wait(tile: tuple[int, int]) -> int:
            return self.tools.opening_rank(method_of(self.options, *tile, names))

        for done, (index, reroll) in enumerate(sorted(self.tiles, key=wait)):
            context.ticket.check()
            context.progress(done / len(self.tiles), f"Picture {done + 1} of {len(self.tiles)}")
            tile = draw_tile(self.reference, self.options, index, reroll, methods, renderer, recogniser)
            context.ticket.check()
            self.show(index, tile)
        context.progress(1.0, "Done")
        return len(self.tiles)


@dataclass(frozen=True, eq=False)
class PrepareMethods:
    """Open methods and work out what their pictures of a person share, before they are asked for -> None.

    A pool that has to be drawn takes a minute, once; stopped, it goes on from where it was.

    Attributes:
        tools: of the board.
        reference: the pinned person.
    """

    long: ClassVar[bool] = True

    tools: BoardTools
    reference: Reference

    def run(self, context: JobContext) -> None:
        """Raises ModelError, EngineError and FaceEditorError."""
        self.tools.use(context)
        for name in sorted(self.tools.names, key=self.tools.opening_rank):
            context.ticket.check()
            self.tools.method(name, context).prepare(self.reference.variation)


@dataclass(frozen=True, eq=False)
class ScoreFace:
    """Distance of a shown face to a person -> float.

    Attributes:
        tools: of the board.
        pixels: (S, S, 3) uint8, the face.
        mask: (256, 256) uint8 that was drawn.
        reference: the person.
        photo: the face on a photograph, if it is on one: then it is composed and measured in place of the drawn one.
    """

    tools: BoardTools
    pixels: Pixels
    mask: MaskArray
    reference: Reference
    photo: "PhotoOfFace | None" = None

    def run(self, context: JobContext) -> float:
        """Raises ModelError and EngineError."""
        if self.photo is not None:
            return self.photo.distance(self.reference, self.tools, context)
        return float(distance(self.tools.embedding(self.pixels, self.mask), self.reference.embedding))
