"""Reading a head: the network's word, the fit to landmarks, the fit of the light."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor.errors import ImageError, ModelError
from faceeditor.head.maps import landmarks as projected
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel, lids_follow
from faceeditor.photo import read, refine
from faceeditor.photo.landmarks import MESH_TO_68
from faceeditor.photo.read import read_head
from faceeditor.photo.refine import OVAL, fit_landmarks, fit_light
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from tests.photo.drawing import drawn_face
from tests.photo.packs import write_reader


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def some_head(seed: int = 0, size: float = 0.3) -> HeadCoefficients:
    """A head with a smile, an open mouth, turned, looking aside."""
    random = np.random.default_rng(seed)
    expression = np.zeros(55, np.float32)
    for name, weight in (("mouthSmile_L", 0.7), ("mouthSmile_R", 0.6), ("jawOpen", 0.3), ("browInnerUp_L", 0.4)):
        expression[EXPRESSIONS.index(name)] = weight
    head = HeadCoefficients.neutral().changed(
        shape=random.standard_normal(24) * size, albedo=random.standard_normal(32) * 0.5, expression=expression,
        gaze=(6, -3), pose=(14, -6, 4), position=(0.6, -2.0, -101),
    )  # fmt: skip
    return lids_follow(head)


def fitted(model: HeadModel, start: HeadCoefficients, landmarks: np.ndarray, steps: int = 8) -> HeadCoefficients:
    *_, last = fit_landmarks(model, start, landmarks, steps)
    return last


def test_landmarks_of_the_fit_are_the_models(model: HeadModel) -> None:
    head = some_head()
    points = refine._points_of(model).at(*(np.float64(part) for part in (head.shape, head.expression, head.gaze)))
    np.testing.assert_allclose(points, model.landmarks478.points(model.vertices(head)), atol=1e-3)


def test_slopes_are_those_of_the_projection(model: HeadModel) -> None:
    points, now = refine._points_of(model), refine._Unknowns.of(some_head())
    seen, pixels = refine._projected(points.at(now.shape, now.expression, now.gaze), now)
    slopes = refine._jacobian(points, now, seen)
    for index in (0, 1, 2, 3, 5, 6, 20, 30 + list(refine._FREE).index(EXPRESSIONS.index("jawOpen")), -2, -1):
        step = np.zeros(slopes.shape[2])
        step[index] = 1e-3
        moved = now.moved(step)
        ahead = refine._projected(points.at(moved.shape, moved.expression, moved.gaze), moved)[1]
        off = np.abs((ahead - pixels) / 1e-3 - slopes[:, :, index]).max(1)
        # The turn of the eyeballs is left out of the irises' slopes by shape.
        assert off[:468].max() < 0.05 and off[468:].max() < 0.2, index


def test_fit_finds_the_head_under_its_landmarks(model: HeadModel) -> None:
    truth = some_head()
    wanted = projected(model, truth)
    start = HeadCoefficients.neutral().changed(pose=(8, 0, 0), position=(0, -2.4, -104))
    before = np.hypot(*(projected(model, start) - wanted).T).mean()
    head = fitted(model, start, wanted)
    after = np.hypot(*(projected(model, head) - wanted).T).mean()
    assert after < 1.0 < 6 < before
    np.testing.assert_allclose(head.pose, truth.pose, atol=2.5)
    assert head.expression.min() >= 0 and head.expression.max() <= 1
    assert head.expression_of("jawOpen") > 0.12 and head.expression_of("mouthSmile_L") > 0.25


def test_a_covered_part_does_not_pull(model: HeadModel) -> None:
    truth = some_head()
    wanted = projected(model, truth)
    wrong = wanted.copy()
    covered = np.argsort(wanted[:, 1])[-60:]  # the chin behind a hand
    wrong[covered] += (25, -20)
    clean, pulled = (fitted(model, truth, points) for points in (wanted, wrong))
    assert np.abs(pulled.pose - clean.pose).max() < 2.5
    free = np.setdiff1d(np.arange(478), covered)
    assert np.hypot(*(projected(model, pulled) - wanted)[free].T).mean() < 1.5


def test_outline_counts_little(model: HeadModel) -> None:
    truth = some_head()
    wanted = projected(model, truth)
    wrong = wanted.copy()
    wrong[list(OVAL)] += (4, 0)
    assert abs(fitted(model, truth, wrong).pose[0] - truth.pose[0]) < 1.0


def picture_of(model: HeadModel, head: HeadCoefficients) -> np.ndarray:
    """The coloured head (256, 256, 3) uint8 on grey."""
    maps = render_maps(model, head, 256)
    colour = np.where(maps.coverage > 0, maps.condition[:3] * 127.5 + 127.5, 128.0)
    return np.round(colour.transpose(1, 2, 0)).astype(np.uint8)


def skin_error(model: HeadModel, head: HeadCoefficients, picture: np.ndarray) -> float:
    shown, skin = picture_of(model, head), np.isin(render_maps(model, head, 256).regions, (1, 10))
    return float(np.abs(shown[skin].astype(float) - picture[skin]).mean())


def test_light_is_read_from_the_skin(model: HeadModel) -> None:
    truth = some_head()
    gamma = truth.gamma.copy() * 0.7
    gamma[3] += (0.9, 0.7, 0.5)  # warm light from the right of the picture
    truth = truth.changed(gamma=gamma)
    picture = picture_of(model, truth)
    start = truth.changed(gamma=HeadCoefficients.neutral().gamma, albedo=np.zeros(32))
    head = fit_light(model, start, picture)
    assert skin_error(model, head, picture) < 6 < 20 < skin_error(model, start, picture)
    assert head.gamma[3, 0] > 0.4 and head.gamma[3, 0] > head.gamma[3, 2]
    np.testing.assert_array_equal(head.shape, truth.shape)


def test_what_covers_the_skin_does_not_light_it(model: HeadModel) -> None:
    truth = some_head()
    picture = picture_of(model, truth)
    mask = render_maps(model, truth, 256).regions.copy()
    picture[60:130], mask[60:130] = (0, 0, 255), 6  # blue glasses
    head = fit_light(model, truth, picture, mask)
    assert skin_error(model, head, picture_of(model, truth)) < 4
    nothing = fit_light(model, truth, picture, np.zeros((256, 256), np.uint8))
    assert nothing is truth


def test_network_reading_is_brought_into_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=r"reader.*missing"):
        read_head(drawn_face())
    write_reader(tmp_path)
    raw = read.run_reader(drawn_face())[1]
    assert max(float(np.abs(raw["shape"]).max()), float(raw["expression"].max())) > 1.0
    told: list[float] = []
    reading = read_head(drawn_face(), refine=2, step=lambda share, text: told.append(share))
    assert reading.landmarks.shape == (478, 2) and reading.landmarks68.shape == (68, 2)
    np.testing.assert_array_equal(reading.landmarks68, reading.landmarks[MESH_TO_68])
    assert reading.head.expression.min() >= 0 and reading.head.expression.max() <= 1
    assert told == sorted(told) and told[0] == 0 and told[-1] == 1 and len(told) >= 5


def test_impossible_pictures_and_numbers_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="256 x 256"):
        read_head(np.zeros((128, 128, 3), np.uint8))
    monkeypatch.setattr(read, "run_reader", lambda picture: (np.zeros((478, 2)), {"shape": np.full(24, np.nan)}))
    with pytest.raises(ModelError, match="reader"):
        read_head(drawn_face())


def test_step_can_stop_the_fit(model: HeadModel, monkeypatch: pytest.MonkeyPatch) -> None:
    landmarks = projected(model, some_head())
    monkeypatch.setattr(read, "run_reader", lambda picture: (landmarks, {}))

    def stop(share: float, text: str) -> None:
        if share > 0.3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_head(cv2.resize(drawn_face(), (256, 256)), 8, stop)
