"""People whom a recogniser is tried on, from photographs: one photograph each, and its own pixels with other heads."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceeditor.engine.attribute_photo import FaceInPhoto
from faceeditor.engine.core import Engine
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import move_mask
from faceeditor.identity.strangers import Strangers, changed_people
from faceeditor.identity.variation import FacePicture, Renderer, Variation
from faceeditor.photo.align import SIDE, Square, cut
from faceeditor.photo.face import PhotoFace
from faceeditor.photo.warp import held_by_the_body
from faceeditor.portrait.state import FaceState
from faceeditor.regions import MaskArray

Pixels = npt.NDArray[np.uint8]
Draw = Callable[[RenderRequest], Frame]
Say = Callable[[str], None]
Found = tuple[Pixels, Square, MaskArray]
"""A picture (H, W, 3) uint8 sRGB, where its face lies, and the face's regions (256, 256)."""

MOST_PEOPLE = 100
"""Photographs that are taken from a folder."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif")
_REFINEMENTS = 4


class PhotographRenderer:
    """Draws the face of a photograph with other heads (`identity.variation.Renderer`).

    The head that was read gives the photograph's own pixels; another one moves and relights them, and the generator
    draws what the photograph does not show.

    Args:
        scene: the face in its photograph.
        draw: what the generator draws with (`Engine.render`).
    """

    def __init__(self, scene: FaceInPhoto, draw: Draw) -> None:
        self._scene, self._draw = scene, draw

    def draw(self, variation: Variation) -> FacePicture:
        """The face's square of the photograph, 256 x 256."""
        photo = self._scene.photo
        if variation.head is None or variation.head.key == photo.head.key:
            return FacePicture.of_mask(self._scene.aligned, photo.mask)
        shown = held_by_the_body(photo.head, variation.head)
        mask = move_mask(HeadModel.load(), photo.mask, photo.head, shown)
        return FacePicture.of_mask(self._scene.picture(self._draw, variation), mask)


def photographs_of(folder: Path) -> list[Path]:
    """The photographs of a folder by name, or, of a face data set (`training.data`), none: that lists its own.

    Raises:
        FaceEditorError: there is no such folder, or it holds neither.
    """
    if (folder / "index.csv").is_file():
        return []
    if not folder.is_dir():
        raise FaceEditorError(f"There is no folder “{folder}”; choose one that holds photographs.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if len(found) < 2:
        raise FaceEditorError(f"“{folder}” holds fewer than two photographs; add some, each of another person.")
    return found


def photographed_people(folder: Path, each: int, say: Say = lambda text: None, most: int = MOST_PEOPLE) -> Strangers:
    """People of photographs, of whom neither the recogniser nor, in a face data set, the generator has learnt.

    Args:
        folder: photographs, each of another person, whose largest face is taken; or a face data set, whose kept-out
            photographs are.
        each: pictures of each person, the photograph itself counted; the others have another expression, pose, light.
        say: told which photographs are left out, and why.
        most: people.

    Raises:
        FaceEditorError: as of `photographs_of`, or fewer than two photographs show a face.
    """
    with Engine() as engine:
        people = _people(_found(folder, say), engine.render)
        strangers = changed_people(islice(people, most), each)
    if len(set(strangers.persons.tolist())) < 2:
        raise FaceEditorError(f"Fewer than two photographs in “{folder}” show a face; add others.")
    return strangers


def _people(found: Iterator[Found], draw: Draw) -> Iterator[tuple[Variation, Renderer]]:
    from faceeditor.generators.mask_guided import MaskGuided
    from faceeditor.photo.read import read_head

    generator = MaskGuided("torch-cpu")
    for picture, square, mask in found:
        aligned = cut(picture, square)
        head = read_head(aligned, _REFINEMENTS, mask=mask).head
        portrait = Variation(mask, generator.encode(aligned, mask), head, head)
        photo = PhotoFace.find(picture, square, mask, head)
        yield portrait, PhotographRenderer(FaceInPhoto(photo, FaceState(mask, portrait.style, 1.0, head, head)), draw)


def _found(folder: Path, say: Say) -> Iterator[Found]:
    from faceeditor.images.source import open_picture
    from faceeditor.photo.prepare import prepare_photo
    from faceeditor.training.data import load_faces

    files = photographs_of(folder)
    if not files:
        faces = load_faces(folder, "kept-out")
        whole = Square(np.array([SIDE / 2, SIDE / 2]), np.array([SIDE / 2, 0.0]))
        yield from ((picture, whole, mask) for picture, mask in zip(faces.pictures, faces.masks, strict=True))
    for path in files:
        try:
            picture = open_picture(path)
            prepared = prepare_photo(picture)
        except ImageError as error:
            say(f"{path.name} is left out: {error}")
            continue
        yield picture, prepared.square, prepared.mask
