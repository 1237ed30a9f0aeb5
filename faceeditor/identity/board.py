"""Boards: a grid of pictures of one person, each scored against the pinned reference. Without Qt."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.identity.recogniser import FaceRecogniser, distance
from faceeditor.identity.variation import LOCKS, FacePicture, Method, Renderer, Variation, with_locks

FloatArray = npt.NDArray[np.float32]

MIX = "mix"
"""Every method in turn."""
SLIDERS = "sliders"
"""No method: two controls of the head, one over the columns and one over the rows (a contact sheet)."""
SIZES = ((3, 4), (4, 5), (4, 6), (6, 6), (8, 8))
"""Rows and columns that the window offers."""
VARIETY, LIKENESS = 0.6, 0.5
"""Of a new board: pictures that differ at a glance, clearly within `recogniser.SAME_PERSON` of the pinned one."""
MOST_TRIES = 8
"""Tries for a tile; each has less variety than the one before."""


@dataclass(frozen=True)
class BoardOptions:
    """What a board is made with.

    Attributes:
        method: name of a method, `MIX` or `SLIDERS`.
        variety: 0 (the reference itself) .. 1 (as far as the methods go).
        likeness: largest distance to the reference that a tile may have; misses are drawn anew.
        locks: names of `LOCKS` that every tile keeps.
        rows, columns: of the grid, 1 to 8 each.
        seed: of the board; tile I is drawn from (seed, I).
        across, down: names of the controls (`head.controls`) of `SLIDERS`.

    Raises:
        FaceEditorError: a value out of range or an unknown lock.
    """

    method: str = MIX
    variety: float = VARIETY
    likeness: float = LIKENESS
    locks: frozenset[str] = frozenset()
    rows: int = 3
    columns: int = 4
    seed: int = 0
    across: str = "yaw"
    down: str = "smile"

    def __post_init__(self) -> None:
        if not 0 <= self.variety <= 1:
            raise FaceEditorError(f"The variety {self.variety:g} is not within 0 to 1.")
        if not 0 < self.likeness <= 2:
            raise FaceEditorError(f"The likeness threshold {self.likeness:g} is not within 0 to 2.")
        if not (1 <= self.rows <= 8 and 1 <= self.columns <= 8):
            raise FaceEditorError(f"A board of {self.rows} x {self.columns} cannot be made; choose 1 to 8 each.")
        if self.locks - LOCKS.keys():
            name = sorted(self.locks - LOCKS.keys())[0]
            raise FaceEditorError(f"There is no lock “{name}”; choose from {', '.join(LOCKS)}.")
        if self.seed < 0:
            raise FaceEditorError(f"The seed {self.seed} is negative; choose a whole number from 0 up.")

    @property
    def count(self) -> int:
        """Number of tiles."""
        return self.rows * self.columns


@dataclass(frozen=True, eq=False)
class Reference:
    """The pinned person.

    Attributes:
        variation: what draws the reference; has a head.
        picture: its picture.
        embedding: (128,) float32 of the recogniser.
        photographed: (128,) the same of the person on the edited photograph; None where there is none, or where the
            person was pinned before it was opened.
    """

    variation: Variation
    picture: FacePicture
    embedding: FloatArray
    photographed: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a board.

    Attributes:
        variation: everything that draws it.
        picture: the face.
        distance: the recogniser's, to the reference.
        method: name of the method that made it.
        seed: of the tile: (board seed, index, reroll).
        embedding: (128,) float32 of the recogniser.
        tries: pictures that were drawn for it.
        alike: whether the distance is below the likeness threshold; False after the last try only.
    """

    variation: Variation
    picture: FacePicture
    distance: float
    method: str
    seed: tuple[int, int, int]
    embedding: FloatArray
    tries: int = 1
    alike: bool = True


def pinned(variation: Variation, renderer: Renderer, recogniser: FaceRecogniser) -> Reference:
    """Draw and score a reference.

    Raises:
        FaceEditorError: it has no head.
    """
    if variation.head is None:
        raise FaceEditorError("A board needs a portrait whose head is known; read the head first.")
    picture = renderer.draw(variation)
    return Reference(variation, picture, recogniser.embed([picture.pixels], [picture.frame])[0])


def method_of(options: BoardOptions, index: int, reroll: int, names: Iterable[str]) -> str:
    """Name of the method that draws a tile; `names` are those of all methods, which `MIX` takes in turn."""
    known = sorted(names)
    return known[(index + reroll) % len(known)] if options.method == MIX and known else options.method


def draw_tile(
    reference: Reference,
    options: BoardOptions,
    index: int,
    reroll: int,
    methods: Mapping[str, Method],
    renderer: Renderer,
    recogniser: FaceRecogniser,
) -> Tile:
    """Draw one tile; the same arguments give the same tile.

    Variations are always made of the pinned reference, never of another tile, so that nobody drifts away.

    Args:
        reference: the pinned person.
        options: the board's.
        index: of the tile.
        reroll: how often this tile was drawn anew at the user's wish.
        methods: by name; the options' method is one of them, or `MIX`.
        renderer, recogniser: what draws and what scores.

    Raises:
        FaceEditorError: an unknown method.
    """
    if options.method == SLIDERS:
        return _slider_tile(reference, options, index, reroll, renderer, recogniser)
    name = method_of(options, index, reroll, methods)
    if name not in methods:
        raise FaceEditorError(f"There is no method “{name}”; choose from {', '.join([*sorted(methods), MIX])}.")
    best: Tile | None = None
    seed = (options.seed, index, reroll)
    for attempt in range(MOST_TRIES):
        random = np.random.default_rng([*seed, attempt])
        variety = options.variety * (1.0 - attempt / MOST_TRIES)
        made = methods[name].variation(reference.variation, random, variety)
        made = with_locks(reference.variation, made, options.locks)
        picture = renderer.draw(made)
        vector = recogniser.embed([picture.pixels], [picture.frame])[0]
        apart = float(distance(vector, reference.embedding))
        if best is None or apart < best.distance:
            best = Tile(made, picture, apart, name, seed, vector, attempt + 1, apart < options.likeness)
        if best.alike:
            break
    assert best is not None
    return best


def _slider_tile(
    reference: Reference,
    options: BoardOptions,
    index: int,
    reroll: int,
    renderer: Renderer,
    recogniser: FaceRecogniser,
) -> Tile:
    """A tile of a contact sheet: each control at its place between both ends of its range, by variety."""
    from faceeditor.head.controls import control
    from faceeditor.head.model import HeadModel

    start, model = reference.variation.head, HeadModel.load()
    assert start is not None
    head = start
    row, column = divmod(index, options.columns)
    places = ((options.across, column, options.columns), (options.down, row, options.rows))
    for name, place, count in places:
        slider = control(name, model)
        present = slider.get(start, model)
        end = slider.low + (slider.high - slider.low) * (place / (count - 1) if count > 1 else 0.5)
        head = slider.set(head, model, present + options.variety * (end - present))
    made = with_locks(reference.variation, reference.variation.with_head(head), options.locks)
    picture = renderer.draw(made)
    vector = recogniser.embed([picture.pixels], [picture.frame])[0]
    apart = float(distance(vector, reference.embedding))
    return Tile(made, picture, apart, SLIDERS, (options.seed, index, reroll), vector, 1, apart < options.likeness)


COLUMNS = ("tile", "method", "board_seed", "index", "reroll", "tries", "distance", "alike")


def listing(tiles: Sequence[Tile]) -> str:
    """A CSV table of tiles: seeds, distances, and the style's and head's numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "style_key", "yaw", "pitch", "roll", "shape", "albedo", "expression", "gaze", "gamma"])
    for number, tile in enumerate(tiles):
        head = tile.variation.head
        numbers = ["", "", ""] if head is None else [f"{angle:.2f}" for angle in head.pose]
        parts = ("shape", "albedo", "expression", "gaze", "gamma")
        arrays = ["" if head is None else " ".join(f"{v:.5g}" for v in getattr(head, p).ravel()) for p in parts]
        facts = [number, tile.method, *tile.seed, tile.tries, f"{tile.distance:.4f}", int(tile.alike)]
        writer.writerow([*facts, tile.variation.style.key, *numbers, *arrays])
    return text.getvalue()
