"""Condition maps: their planes, the light on them, eyes, landmarks, and threads."""

import threading

import numpy as np
import pytest

from faceeditor.head import light
from faceeditor.head.maps import CONDITION_PLANES, HeadMaps, landmarks, landmarks68, render_maps
from faceeditor.head.model import HeadModel, Part
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.regions import Region


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


@pytest.fixture(scope="module")
def head() -> HeadCoefficients:
    return HeadCoefficients.neutral().changed(gamma=light.rig_to_gamma(LightRig()))


@pytest.fixture(scope="module")
def maps(model: HeadModel, head: HeadCoefficients) -> HeadMaps:
    return render_maps(model, head, 256)


def test_planes_and_ranges(maps: HeadMaps) -> None:
    assert maps.condition.shape == (CONDITION_PLANES, 256, 256) and maps.condition.dtype == np.float32
    covered = maps.coverage > 0
    assert 0.2 < covered.mean() < 0.7
    assert set(np.unique(maps.condition[9])) == {0.0, 1.0}
    assert (maps.condition[:, ~covered] == 0).all() and (maps.regions[~covered] == Region.BACKGROUND).all()
    assert (maps.depth[covered] > 1 / 140).all() and (maps.depth[~covered] == 0).all()
    assert np.abs(maps.condition).max() <= 1.0
    np.testing.assert_allclose(np.linalg.norm(maps.condition[6:9][:, covered], axis=0), 1, atol=1e-4)
    assert maps.uv.min() >= 0 and maps.uv.max() <= 1
    with pytest.raises(ValueError, match="read-only"):
        maps.condition[0, 0, 0] = 1


def test_every_part_of_the_face_is_where_it_belongs(maps: HeadMaps) -> None:
    def middle(region: Region) -> np.ndarray:
        rows, columns = np.nonzero(maps.regions == region)
        assert len(rows) > 20, region
        return np.array([columns.mean(), rows.mean()])

    # The person's left is at the right side of the picture.
    assert middle(Region.L_EYE)[0] > 140 and middle(Region.R_EYE)[0] < 116
    assert middle(Region.L_BROW)[1] < middle(Region.L_EYE)[1] < middle(Region.NOSE)[1] < middle(Region.U_LIP)[1]
    assert middle(Region.U_LIP)[1] < middle(Region.L_LIP)[1] < middle(Region.NECK)[1]


def test_shading_is_that_of_the_normals(head: HeadCoefficients, maps: HeadMaps) -> None:
    covered = maps.coverage > 0
    normals = maps.condition[6:9][:, covered].T
    wanted = np.clip(light.shade(normals, head.gamma) / 2 - 1, -1, 1)
    np.testing.assert_allclose(maps.condition[3:6][:, covered].T, wanted, atol=2e-5)


def test_colour_is_albedo_times_shading(model: HeadModel, head: HeadCoefficients, maps: HeadMaps) -> None:
    skin = model.triangle_part[maps.buffers.triangle] == Part.SKIN
    skin &= (maps.coverage > 0) & (maps.regions == Region.SKIN)
    albedo = model.albedo(head.albedo)
    u, v = maps.uv[skin].T
    texel = albedo[np.clip(((1 - v) * 256).astype(int), 0, 255), np.clip((u * 256).astype(int), 0, 255)]
    shading = (maps.condition[3:6][:, skin].T + 1) * 2
    wanted = np.clip(light.to_srgb(texel.astype(np.float64) ** 2.2 * shading), 0, 1)
    off = np.abs((maps.condition[:3][:, skin].T + 1) / 2 - wanted)
    # The nearest texel stands for the bilinear sample.
    assert np.median(off) < 0.004 and off.mean() < 0.01


def test_the_key_lights_its_own_side(model: HeadModel, head: HeadCoefficients) -> None:
    for azimuth in (-70, 70):
        lit = head.changed(gamma=light.rig_to_gamma(LightRig(azimuth, 0, fill=0.2)))
        maps = render_maps(model, lit, 128)
        skin = maps.regions == Region.SKIN
        columns = np.broadcast_to(np.arange(128), skin.shape)
        tone = maps.condition[1]
        right, left = tone[skin & (columns > 72)].mean(), tone[skin & (columns < 56)].mean()
        assert (right - left > 0.15) if azimuth > 0 else (left - right > 0.15)


def test_eyes_have_pupil_iris_and_white(maps: HeadMaps) -> None:
    eye = maps.regions == Region.R_EYE
    tone = maps.condition[1][eye]
    assert tone.min() < -0.6 and tone.max() > 0.1


def test_the_gaze_moves_the_iris(model: HeadModel, head: HeadCoefficients) -> None:
    places = []
    for yaw in (-20, 0, 20):
        maps = render_maps(model, head.changed(gaze=(yaw, 0)), 256)
        _, columns = np.nonzero((maps.regions == Region.L_EYE) & (maps.condition[1] < -0.5))
        places.append(columns.mean())
    assert places[0] + 2 < places[1] < places[2] - 2


def test_landmarks_lie_on_what_they_name(model: HeadModel, head: HeadCoefficients, maps: HeadMaps) -> None:
    marks = landmarks(model, head)
    assert marks.shape == (478, 2) and marks.dtype == np.float32
    # Nose tip 1, middles of the irises 468 and 473, corners of the lips 61 and 291 (MediaPipe).
    for index, regions in ((1, {Region.NOSE}), (468, {Region.R_EYE}), (473, {Region.L_EYE})):
        u, v = marks[index]
        window = maps.regions[int(v) - 1 : int(v) + 2, int(u) - 1 : int(u) + 2]
        assert regions & set(window.ravel().tolist()), index
    assert marks[61, 0] < marks[1, 0] < marks[291, 0]
    assert landmarks68(model, head).shape == (68, 2)
    assert np.linalg.norm(landmarks68(model, head)[30] - marks[4]) < 8


def test_sizes_agree(model: HeadModel, head: HeadCoefficients, maps: HeadMaps) -> None:
    small = render_maps(model, head, 128)
    assert small.condition.shape == (10, 128, 128)
    covered = (small.coverage > 0) & (maps.condition[9].reshape(128, 2, 128, 2).min((1, 3)) > 0)
    means = maps.condition[6:9].reshape(3, 128, 2, 128, 2).mean((2, 4))
    off = np.abs(means - small.condition[6:9])[:, covered]
    assert np.median(off) < 0.01 and np.percentile(off, 90) < 0.1


def test_another_identity_is_not_drawn_with_the_last_skin(model: HeadModel, head: HeadCoefficients) -> None:
    first = render_maps(model, head, 128)
    other = head.changed(albedo=np.full(32, 1.5))
    changed = render_maps(model, other, 128)
    again = render_maps(model, head, 128)
    assert not np.array_equal(first.condition, changed.condition)
    assert np.array_equal(first.condition, again.condition)


def test_threads_do_not_disturb_each_other(model: HeadModel, head: HeadCoefficients) -> None:
    heads = [head.changed(pose=(yaw, 0, 0)) for yaw in (-30, 30)]
    wanted = [render_maps(model, one, 128).condition for one in heads]
    wrong: list[int] = []

    def draw(index: int) -> None:
        for _ in range(5):
            if not np.array_equal(render_maps(model, heads[index], 128).condition, wanted[index]):
                wrong.append(index)

    threads = [threading.Thread(target=draw, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
