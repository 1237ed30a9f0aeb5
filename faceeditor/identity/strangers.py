"""People whom a recogniser is tried on: renderings of heads, and photographs whose heads are changed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.faceframe import face_frame
from faceeditor.identity.people import HeadChanges
from faceeditor.identity.variation import FacePicture, Renderer, Variation

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Strangers:
    """Pictures of people, several of each.

    Attributes:
        pictures: the faces.
        persons: (N,) int64.
    """

    pictures: list[FacePicture]
    persons: npt.NDArray[np.int64]


def rendered_people(count: int, each: int, seed: int = 0) -> Strangers:
    """Renderings of random heads: the same shape, skin and hair in other poses, expressions and lights.

    Raises:
        ModelError: the head model is missing or damaged.
    """
    from faceeditor.head.model import HeadModel
    from faceeditor.head.render import render_scene
    from faceeditor.head.samples import sample_head, sample_look

    model = HeadModel.load()
    pictures, persons = [], []
    for person in range(count):
        random = np.random.default_rng([seed, person])
        head, look = sample_head(random), sample_look(random, model)
        for _ in range(each):
            other = sample_head(random)
            for group in ("expression", "pose", "light"):
                head = head.with_group(group, other)
            scene = render_scene(model, head, look, 256, 1, 128)
            pictures.append(FacePicture(scene.picture, face_frame(scene.regions)))
            persons.append(person)
    return Strangers(pictures, np.array(persons))


def changed_people(
    people: Iterable[tuple[Variation, Renderer]], each: int, seed: int = 0, method: HeadChanges | None = None
) -> Strangers:
    """Portraits with other expressions, poses and lights.

    Args:
        people: a portrait with a head of each, and what draws it.
        each: pictures of each, the portrait as it is counted.
        seed: of the changes.
        method: makes the changes, by default with the program's own prior.
    """
    method = method or HeadChanges()
    pictures, persons = [], []
    for person, (portrait, renderer) in enumerate(people):
        random = np.random.default_rng([seed, person])
        for number in range(each):
            pictures.append(renderer.draw(portrait if number == 0 else method.variation(portrait, random, 0.7)))
            persons.append(person)
    return Strangers(pictures, np.array(persons))
