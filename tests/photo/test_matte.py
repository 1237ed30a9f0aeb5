"""The person apart from the background."""

import numpy as np

from faceeditor.photo import matting
from faceeditor.photo.composite import _Tile
from faceeditor.photo.matte import _closed_form
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
    added, behind, clear = tile.layers(tile.rect)
    np.testing.assert_allclose(added[..., :3] + (1 - added[..., 3:]) * behind, own, atol=1e-5)
    assert np.abs(added[clear >= 1]).max() == 0


def test_the_opacity_of_a_known_mixture_is_read() -> None:
    """Two flat colours mixed by a soft edge with a gap of single hairs: closed-form matting finds the mixture."""
    side = 80
    across = np.arange(side, dtype=np.float64)
    truth = np.clip((across - 34) / 12, 0, 1)[None, :].repeat(side, 0)
    truth[20:60:4, 26:34] = 0.4
    front, back = np.array([0.25, 0.15, 0.1]), np.array([0.6, 0.7, 0.9])
    colours = truth[..., None] * front + (1 - truth[..., None]) * back
    trimap = np.full((side, side), 0.5)
    trimap[:, :16], trimap[:, 60:] = 0, 1
    alpha = _closed_form(colours, trimap)
    assert alpha.dtype == np.float32 and alpha.shape == (side, side)
    assert np.abs(alpha - truth)[:, 17:59].mean() < 0.01
    assert np.abs(alpha - truth).max() < 0.06
    assert (alpha[:, :16] == 0).all() and (alpha[:, 60:] == 1).all()


def test_a_trimap_without_doubt_is_the_matte() -> None:
    trimap = np.zeros((20, 20))
    trimap[5:15, 5:15] = 1
    np.testing.assert_array_equal(_closed_form(np.zeros((20, 20, 3)), trimap), trimap.astype(np.float32))


def test_the_band_is_solved_as_the_equations_say() -> None:
    """Against the whole matting Laplacian, dense, of a small picture (Levin et al. 2008, equation 12)."""
    random = np.random.default_rng(3)
    side = 9
    colours = random.random((side, side, 3))
    trimap = np.zeros((side, side))
    trimap[:, 5:] = 1
    trimap[:, 3:6] = 0.5
    unknown = trimap == 0.5
    laplacian = np.zeros((side * side, side * side))
    places = np.arange(side * side).reshape(side, side)
    for y in range(1, side - 1):
        for x in range(1, side - 1):
            window = places[y - 1 : y + 2, x - 1 : x + 2].ravel()
            centred = colours.reshape(-1, 3)[window]
            centred = centred - centred.mean(0)
            covariance = (centred.T @ centred + 1e-7 * np.eye(3)) / 9
            like = (1 + centred @ np.linalg.solve(covariance, centred.T)) / 9
            laplacian[np.ix_(window, window)] += np.eye(9) - like
    free = unknown.ravel()
    right = -laplacian[np.ix_(free, ~free)] @ trimap.ravel()[~free]
    answer = np.linalg.solve(laplacian[np.ix_(free, free)], right)
    np.testing.assert_allclose(matting.solve(colours, trimap, unknown), answer, atol=2e-4)
