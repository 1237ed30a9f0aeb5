"""Figures of data sets that do not depend on the recogniser, with a network that sees colours alone."""

import cv2
import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.evaluation import people as module
from faceeditor.evaluation.people import independent_figures, sampled
from faceeditor.identity.verification import People

FRAME = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def colours(pictures):
    return pictures.reshape(len(pictures), -1, 3).mean(1).astype(np.float32)


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Six people of one colour each, four pictures of each; the reader sees the yaw that a pixel tells."""
    paths, persons, random = [], [], np.random.default_rng(0)
    for person in range(6):
        colour = random.integers(60, 200, 3)
        for number in range(4):
            picture = np.full((256, 256, 3), colour + random.integers(-2, 3, 3), np.uint8)
            picture[0, 0] = 10 * number
            paths.append(tmp_path / f"{person}-{number}.png")
            cv2.imwrite(str(paths[-1]), picture)
            persons.append(person)
    parts = lambda p: (None, {"pose": np.array([p[0, 0, 0], 1, 2.0]), "expression": np.zeros(55)})  # noqa: E731
    monkeypatch.setattr(module, "run_reader", parts)
    count = len(paths)
    frames = np.repeat(FRAME[None], count, 0)
    return People(paths, np.array(persons), ["head"] * count, np.ones(count), np.zeros((count, 128)), frames)


def test_people_are_told_apart_and_what_varies_is_read_back(people):
    found = independent_figures(people, features=colours)
    assert found["EER (Lite1)"] < 0.2 and found["d' (Lite1)"] > 1
    assert found["diversity (Lite1)"] < 0.5
    assert found["yaw spread"] == pytest.approx(np.std([0, 10, 20, 30]), rel=0.01)
    assert found["pitch spread"] == 0 and "KID x 1000" not in found


def test_shuffled_people_are_not_told_apart(people):
    people.persons[:] = np.random.default_rng(1).permutation(people.persons)
    assert independent_figures(people, features=colours)["EER (Lite1)"] > 0.25


def test_a_part_of_a_large_data_set_is_looked_at(people):
    some = sampled(people, 3, 2)
    assert some.persons.tolist() == [0, 0, 2, 2, 5, 5] and len(some.paths) == 6


def test_a_missing_picture_is_said(people):
    people.paths[3].unlink()
    with pytest.raises(FaceEditorError, match="cannot be read"):
        independent_figures(people, features=colours)
