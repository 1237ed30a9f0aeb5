"""A rendered person in a picture, with all that would be read from a photograph of them known."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from faceeditor.head.model import HeadModel
from faceeditor.head.render import render_scene
from faceeditor.head.samples import sample_look
from faceeditor.photo.align import Square
from faceeditor.photo.face import PhotoFace
from faceeditor.portrait.head import HeadCoefficients


@dataclass(frozen=True, eq=False)
class Person:
    """A picture of 400 x 360 with a face, where it lies, and what it shows."""

    picture: np.ndarray
    square: Square
    mask: np.ndarray
    head: HeadCoefficients

    def found(self, picture: np.ndarray | None = None) -> PhotoFace:
        return PhotoFace.find(self.picture if picture is None else picture, self.square, self.mask, self.head)


@cache
def person() -> Person:
    """Somebody, turned by two degrees in the picture."""
    model = HeadModel.load()
    head = HeadCoefficients.neutral()
    look = sample_look(np.random.default_rng(4), model)
    scene = render_scene(model, head, look, 256, 1)
    random = np.random.default_rng(1)
    picture = np.full((400, 360, 3), 128, np.uint8)
    # The background goes on as flat as the picture's border is.
    picture[:] = scene.picture[:6].reshape(-1, 3).mean(0).astype(np.uint8)
    picture[80:336, 50:306] = scene.picture
    picture = np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
    square = Square(np.array([50.0 + 128, 80.0 + 128]), np.array([128.0, 0.0]))
    picture.flags.writeable = False
    return Person(picture, square, scene.regions, head)


@cache
def found_person() -> PhotoFace:
    """`person()` found in the picture; kept for the process."""
    return person().found()
