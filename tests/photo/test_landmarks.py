"""Both landmark networks behind one interface, and what they do to the alignment."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from faceeditor.errors import ModelError
from faceeditor.photo import landmarks, prepare
from faceeditor.photo.align import Square, cut, square_of_points
from faceeditor.photo.landmarks import MESH_TO_68, MOUTH_CORNERS, Landmarks, reader_landmarks


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "weights_path", lambda: tmp_path / "none")


def mesh() -> np.ndarray:
    """(478, 2) points of an aligned face in pixels of 256; all but those of the alignment lie in its middle."""
    points = np.full((478, 2), (128.0, 150.0))
    points[MESH_TO_68[36:42]] = (97.7, 120.8)
    points[MESH_TO_68[42:48]] = (158.3, 120.8)
    points[list(MOUTH_CORNERS)] = [(106, 190), (106, 192), (150, 192), (150, 190)]
    return points


def test_mesh_to_68_pairs_left_with_right() -> None:
    assert len(MESH_TO_68) == 68 == len(set(MESH_TO_68.tolist())) and MESH_TO_68.max() < 468
    points = mesh()[MESH_TO_68]
    assert (points[36:42, 0] < 128).all() and (points[42:48, 0] > 128).all()


def test_mesh_to_68_lies_where_the_head_models_points_lie() -> None:
    from faceeditor.head.model import HeadModel

    model = HeadModel.load()
    here, there = model.landmarks478.points(model.mean)[MESH_TO_68], model.landmarks68.points(model.mean)
    distance = np.linalg.norm(here - there, axis=1)
    assert np.median(distance) < 0.5 and distance.max() < 3.5  # cm; the jaw line slides


def test_alignment_points() -> None:
    by_mesh = Landmarks(mesh()[MESH_TO_68], mesh()).eyes_and_mouth
    np.testing.assert_allclose(np.stack(by_mesh), [(97.7, 120.8), (158.3, 120.8), (128, 191)])
    points = np.zeros((68, 2))
    points[36:42], points[42:48], points[48], points[54] = (10, 20), (50, 22), (20, 60), (40, 62)
    np.testing.assert_allclose(np.stack(Landmarks(points, None).eyes_and_mouth), [(10, 20), (50, 22), (30, 61)])


def reading_at(truth: Square) -> Any:
    """A reader that sees where the true square lies in the picture that it is shown (by its bright corner dots)."""

    def run(picture: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        bright = (picture[..., 0] > 200) & (picture[..., 2] < 100)
        count, _, _, centres = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
        assert count == 4  # the ground, two eyes and the mouth
        eye_a, eye_b, mouth = sorted(centres[1:] + 0.5, key=lambda centre: centre[1])
        left, right = sorted((eye_a, eye_b), key=lambda centre: centre[0])
        points = mesh()
        points[MESH_TO_68[36:42]], points[MESH_TO_68[42:48]] = left, right
        points[list(MOUTH_CORNERS)] = mouth
        return points.astype(np.float32), {}

    return run


def dotted(turn: float) -> tuple[np.ndarray, Square]:
    """A picture with red dots at eyes and mouth, and the square that they ask for."""
    angle = np.radians(turn)
    way = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = np.array([(-40.0, -20.0), (40.0, -20.0), (0.0, 70.0)]) @ way.T + (300, 260)
    picture = np.full((520, 600, 3), 120, np.uint8)
    for x, y in places:
        cv2.circle(picture, (round((x - 0.5) * 16), round((y - 0.5) * 16)), 9 * 16, (255, 0, 0), -1, cv2.LINE_AA, 4)
    return picture, square_of_points(*places)


def test_reader_looks_aligns_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, truth = dotted(12)
    shown = []

    def run(seen: np.ndarray) -> Any:
        shown.append(seen)
        return reading_at(truth)(seen)

    monkeypatch.setattr("faceeditor.photo.reader.run_reader", run)
    rough = Square(truth.centre + np.array([20.0, -15.0]), np.array([150.0, 0.0]))
    found = reader_landmarks(picture, rough)
    better = square_of_points(*found.eyes_and_mouth)
    np.testing.assert_allclose(better.centre, truth.centre, atol=1.0)
    np.testing.assert_allclose(better.half, truth.half, atol=1.5)
    assert len(shown) == 2
    np.testing.assert_allclose(shown[1].astype(float), cut(picture, truth), atol=60)
    assert found.points478 is not None


def test_alignment_takes_the_reader_unless_it_is_far_off(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, truth = dotted(5)
    near = Square(truth.centre + np.array([6.0, -4.0]), truth.half * 1.05)
    monkeypatch.setattr("faceeditor.photo.reader.run_reader", reading_at(truth))
    np.testing.assert_allclose(prepare._square_by_reader(picture, near)[0].centre, truth.centre, atol=1.0)
    far = Square(truth.centre + np.array([60.0, 40.0]), truth.half * 1.2)
    assert prepare._square_by_reader(picture, far)[0] is far

    def missing(picture: np.ndarray) -> Any:
        raise ModelError("The model “reader” is missing.")

    monkeypatch.setattr("faceeditor.photo.reader.run_reader", missing)
    assert prepare._square_by_reader(picture, near)[0] is near
    with pytest.raises(ModelError):
        reader_landmarks(picture, near)
