"""The person apart from the background."""

import numpy as np

from faceeditor.photo.composite import _Tile
from faceeditor.photo.placement import Rect
from tests.photo.people import found_person, person


def test_the_matte_tells_person_from_background() -> None:
    face = found_person()
    alpha = face.placement.to_picture(face.matte.alpha, Rect(0, 0, 360, 400))
    inside = np.zeros((400, 360), bool)
    inside[80:336, 50:306] = person().mask > 0
    assert (alpha[inside] > 0.5).mean() > 0.97
    outside = ~inside
    outside[330:] = False  # where the pasted square ends, cloth goes on as the parser would have it
    assert (alpha[outside] < 0.5).mean() > 0.97


def test_person_and_background_are_the_photograph_again() -> None:
    """Put back where it was, what the person adds to the background gives the same values."""
    face, picture = found_person(), person().picture
    tile = _Tile(picture, face.placement, face.matte, Rect(20, 60, 340, 380))
    own = tile._values(tile.rect)
    added, clear = tile._person(tile.rect)
    behind, _ = tile._background(tile.rect, own)
    np.testing.assert_allclose(added[..., :3] + (1 - added[..., 3:]) * behind, own, atol=1e-5)
    assert np.abs(added[clear >= 1]).max() == 0
