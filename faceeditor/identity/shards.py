"""Making the shards of a data set: who the people are, and one shard's pictures."""

import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_tensors

from faceeditor.export.picture import encode_picture
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.board import BoardOptions, Reference, Tile, draw_tile, pinned
from faceeditor.identity.dataset import TABLE, VECTORS, Plan, table, write_shard
from faceeditor.identity.people import calm, person_on_mask
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.variation import Method, Renderer, Variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import sample_masks
from faceeditor.regions import mirrored

QUALITY = 92
_PLAIN = ("long hair", "short hair", "bob with fringe", "bun", "curly hair", "receding hair", "earrings and necklace")
"""Sample masks that people of data sets are drawn on: seen from the front, with neither glasses nor hat."""


@dataclass(frozen=True, eq=False)
class Studio:
    """What a worker draws people with.

    Attributes:
        renderer, recogniser: what draws and what scores.
        methods: the plan's, by name.
        bases: portraits with a head, one of which each person begins with.
        styles, heads: the priors.
        close: gives the renderer back.
    """

    renderer: Renderer
    recogniser: FaceRecogniser
    methods: Mapping[str, Method]
    bases: Sequence[Variation]
    styles: StylePrior
    heads: HeadPrior
    close: Callable[[], None] = lambda: None


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


def person_of(plan: Plan, number: int, studio: Studio) -> tuple[Variation, int]:
    """The reference of a person, and the number of the base portrait; the same for everybody who asks."""
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
        variation, base = person_of(plan, person, studio)
        reference = pinned(variation, studio.renderer, studio.recogniser)
        seed = int(np.random.SeedSequence([plan.seed, person]).generate_state(1, np.uint32)[0])
        options = BoardOptions(plan.method, plan.variety, plan.likeness, seed=seed)
        for picture in range(plan.each):
            check()
            tile = _picture(reference, options, picture, studio)
            name = f"{person:06}-{picture:02}.jpg"
            files[name] = encode_picture(tile.picture.pixels, "jpeg", QUALITY)
            rows.append(_row(name, person, picture, tile, base))
            vectors.append(tile.embedding)
            frames.append(tile.picture.frame)
    files[VECTORS] = save_tensors({"embeddings": np.stack(vectors), "frames": np.stack(frames)})
    files[TABLE] = table(rows)
    write_shard(folder, shard, files, f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")


def _picture(reference: Reference, options: BoardOptions, picture: int, studio: Studio) -> Tile:
    if picture == 0:
        return Tile(reference.variation, reference.picture, 0.0, "reference", (0, 0, 0), reference.embedding)
    return draw_tile(reference, options, picture - 1, 0, studio.methods, studio.renderer, studio.recogniser)


def _row(name: str, person: int, picture: int, tile: Tile, base: int) -> dict[str, Any]:
    head = tile.variation.head
    assert head is not None
    angles = dict(zip(("yaw", "pitch", "roll"), (f"{angle:.1f}" for angle in head.pose), strict=True))
    facts = {"file": name, "person": person, "picture": picture, "method": tile.method, "mask": base, **angles}
    return facts | {"distance": f"{tile.distance:.4f}", "tries": tile.tries, "alike": int(tile.alike)}
