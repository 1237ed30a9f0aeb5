"""Making the shards of a data set: who the people are, and one shard's pictures."""

import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import save as save_tensors

from faceeditor.export.picture import encode_picture
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.board import BoardOptions, Tile, draw_tile, pinned
from faceeditor.identity.dataset import TABLE, VECTORS, Plan, table, write_shard
from faceeditor.identity.exfacegan import ExFaceGan, FarSide
from faceeditor.identity.people import calm, person_on_mask
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.variation import FacePicture, FloatArray, Method, Renderer, Variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import sample_masks
from faceeditor.regions import mirrored

QUALITY = 92
_PLAIN = ("long hair", "short hair", "bob with fringe", "bun", "curly hair", "receding hair", "earrings and necklace")
"""Sample masks that people of data sets are drawn on: seen from the front, with neither glasses nor hat."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a person of a data set.

    Attributes:
        picture: the face.
        embedding: (128,) float32 of the recogniser.
        facts: columns of its row (`dataset.COLUMNS`), without file, person and picture.
    """

    picture: FacePicture
    embedding: FloatArray
    facts: Mapping[str, Any]


class Studio(Protocol):
    """What a worker draws people with."""

    def pictures(self, plan: Plan, person: int) -> Iterator[Shot]:
        """The pictures of a person, the reference first; the same for everybody who asks."""

    def close(self) -> None:
        """Give back what draws."""


@dataclass(frozen=True, eq=False)
class PortraitStudio:
    """Draws people with the program's own generator.

    Attributes:
        renderer, recogniser: what draws and what scores.
        methods: the plan's, by name.
        bases: portraits with a head, one of which each person begins with.
        styles, heads: the priors.
        give_back: called by `close`.
    """

    renderer: Renderer
    recogniser: FaceRecogniser
    methods: Mapping[str, Method]
    bases: Sequence[Variation]
    styles: StylePrior
    heads: HeadPrior
    give_back: Callable[[], None] = lambda: None

    def close(self) -> None:
        """As of `Studio`."""
        self.give_back()

    def pictures(self, plan: Plan, person: int) -> Iterator[Shot]:
        """As of `Studio`."""
        number, far = plan.reference_of(person)
        variation, base = person_of(plan, number, self)
        methods = self.methods
        first = variation
        if far:
            near = methods[plan.method]
            assert isinstance(near, ExFaceGan)
            other = FarSide(near, plan.variety)
            methods, first = {plan.method: other}, other.person(variation)
        shown = pinned(first, self.renderer, self.recogniser)
        # Distances are those to the person's own reference; what is varied is the one whose boundary is known.
        reference = replace(shown, variation=variation)
        seed = int(np.random.SeedSequence([plan.seed, person]).generate_state(1, np.uint32)[0])
        options = BoardOptions(plan.method, plan.variety, plan.likeness, seed=seed)
        yield _shot(Tile(first, shown.picture, 0.0, "reference", (0, 0, 0), shown.embedding), base, far)
        for index in range(plan.each - 1):
            tile = draw_tile(reference, options, index, 0, methods, self.renderer, self.recogniser)
            yield _shot(tile, base, far)


def base_portraits(renderer: Renderer, styles: StylePrior) -> list[dict[str, Any]]:
    """The heads of the sample masks and their mirror images, as plain values for dataset.json.

    Raises:
        ModelError: the reader's pack or the head model is missing or damaged.
    """
    found = []
    for sample in sample_masks():
        if sample.name.lower() not in _PLAIN:
            continue
        for flipped in (False, True):
            mask = mirrored(sample.read()) if flipped else sample.read()
            head = person_on_mask(mask, styles.mean, renderer).head
            assert head is not None
            found.append({"mask": sample.name, "mirrored": flipped, "head": head.to_json()})
    return found


def portraits_of(bases: Sequence[Mapping[str, Any]], styles: StylePrior) -> list[Variation]:
    """The portraits of `base_portraits`.

    Raises:
        PortraitError: a head is damaged.
    """
    samples = {sample.name: sample for sample in sample_masks()}
    made = []
    for base in bases:
        mask = samples[base["mask"]].read()
        head = HeadCoefficients.from_json(base["head"])
        made.append(calm(Variation(mirrored(mask) if base["mirrored"] else mask, styles.mean, head, head)))
    return made


def person_of(plan: Plan, number: int, studio: PortraitStudio) -> tuple[Variation, int]:
    """A reference, and the number of its base portrait; the same for everybody who asks."""
    random = np.random.default_rng([plan.seed, number])
    base = int(random.integers(len(studio.bases)))
    portrait = studio.bases[base]
    assert portrait.head is not None
    head = studio.heads.draw("identity", random, portrait.head, 1.0)
    style = studio.styles.draw(int(random.integers(2**31)), portrait.mask)
    return replace(portrait, style=style).with_head(replace(head, rig=portrait.head.rig)), base


def make_shard(plan: Plan, folder: Path, shard: int, studio: Studio, check: Callable[[], None] = lambda: None) -> None:
    """Draw and write one shard.

    Args:
        plan, folder: the data set's.
        shard: its number.
        studio: what it is drawn with.
        check: called between pictures; its exception stops the work, and nothing half-made stays.

    Raises:
        FaceEditorError: a picture cannot be drawn, or a file not be written.
    """
    files: dict[str, bytes] = {}
    rows: list[dict[str, Any]] = []
    vectors, frames = [], []
    for person in plan.people_of(shard):
        for number, shot in enumerate(studio.pictures(plan, person)):
            check()
            name = f"{person:06}-{number:02}.jpg"
            files[name] = encode_picture(shot.picture.pixels, "jpeg", QUALITY)
            rows.append({"file": name, "person": person, "picture": number, **shot.facts})
            vectors.append(shot.embedding)
            frames.append(shot.picture.frame)
    files[VECTORS] = save_tensors({"embeddings": np.stack(vectors), "frames": np.stack(frames)})
    files[TABLE] = table(rows)
    write_shard(folder, shard, files, f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")


def side_of(far: bool) -> str:
    """What the column "side" calls it."""
    return "far" if far else "near"


def _shot(tile: Tile, base: int, far: bool) -> Shot:
    head = tile.variation.head
    assert head is not None
    angles = dict(zip(("yaw", "pitch", "roll"), (f"{angle:.1f}" for angle in head.pose), strict=True))
    facts = {"method": tile.method, "side": side_of(far), "mask": base, **angles}
    facts |= {"distance": f"{tile.distance:.4f}", "tries": tile.tries, "alike": int(tile.alike)}
    return Shot(tile.picture, tile.embedding, facts)
