"""The learnt head as it is shipped: symmetric, whole, within its limits, and damaged files are told."""

import json
import shutil

import numpy as np
import pytest

from faceeditor.errors import ModelError
from faceeditor.head.camera import camera
from faceeditor.head.model import FILE, JAW_SHAPES, PACK, HeadModel, Part, gaze_rotation, lids_follow
from faceeditor.paths import resources_dir
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.regions import MIRROR, Region

FLIP = np.array([-1, 1, 1], np.float32)


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def expressed(**weights: float) -> HeadCoefficients:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        expression[EXPRESSIONS.index(name)] = weight
    return HeadCoefficients.neutral().changed(expression=expression)


def drawn(seed: int) -> HeadCoefficients:
    rng = np.random.default_rng(seed)
    return HeadCoefficients.neutral().changed(shape=rng.normal(size=24), albedo=rng.normal(size=32))


def test_it_is_loaded_once_and_is_as_light_as_promised(model):
    assert HeadModel.load() is model
    assert (resources_dir() / PACK / FILE).stat().st_size <= 6 * 2**20
    assert 4000 <= len(model.mean) <= 6000
    assert len(model.triangles) <= 10_500
    with pytest.raises(ValueError, match="read-only"):
        model.mean[0] = 0


def test_triangles_use_every_vertex_and_have_area(model):
    assert np.array_equal(np.unique(model.triangles), np.arange(len(model.mean)))
    corners = model.mean[model.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    assert area.min() > 1e-7


def test_mesh_and_labels_are_symmetric(model):
    assert np.array_equal(model.mirror[model.mirror], np.arange(len(model.mean)))
    assert np.abs(model.mean[model.mirror] * FLIP - model.mean)[: model.skin_vertices].max() < 2e-3
    twins = {tuple(sorted(t)): index for index, t in enumerate(model.mirror[model.triangles].tolist())}
    skin = np.flatnonzero((model.triangles < model.skin_vertices).all(1))
    pairs = [twins[tuple(sorted(t))] for t in model.triangles[skin].tolist()]
    assert np.array_equal(model.triangle_region[pairs], MIRROR[model.triangle_region[skin]])


def test_identities_and_expressions_are_symmetric(model):
    head = drawn(3)
    vertices = model.vertices(head)[: model.skin_vertices]
    assert np.abs(vertices[model.mirror[: model.skin_vertices]] * FLIP - vertices).max() < 0.02
    left = model.vertices(expressed(eyeBlink_L=1))[: model.skin_vertices]
    right = model.vertices(expressed(eyeBlink_R=1))[: model.skin_vertices]
    assert np.abs(left[model.mirror[: model.skin_vertices]] * FLIP - right).max() < 0.02


def test_every_face_region_is_there_once_and_left_is_the_persons_left(model):
    centre = model.mean[model.triangles].mean(1)
    for region in (Region.SKIN, Region.NOSE, Region.U_LIP, Region.L_LIP, Region.MOUTH, Region.NECK, Region.CLOTH,
                   Region.HAIR):  # fmt: skip
        assert (model.triangle_region == region).sum() > 30
    for region in (Region.L_BROW, Region.L_EYE, Region.L_EAR):
        assert (centre[model.triangle_region == region, 0] > 0).all()
        assert (centre[model.triangle_region == MIRROR[region], 0] < 0).all()
    lips = [centre[model.triangle_region == region, 1].mean() for region in (Region.U_LIP, Region.L_LIP)]
    assert lips[0] > lips[1]


def test_skin_comes_first_and_eyes_are_where_they_are_said_to_be(model):
    skin = np.isin(model.triangle_part, (Part.SKIN, Part.SCALP, Part.NECK, Part.SHOULDERS))
    outer = skin & ~np.isin(model.triangle_region, (Region.L_EYE, Region.R_EYE))
    assert model.triangles[outer].max() < model.skin_vertices
    pivots = model.eye_pivot(np.zeros(24))
    for eye, part in enumerate((Part.EYE_LEFT, Part.EYE_RIGHT)):
        first, last = model.eye_vertices[eye]
        used = np.unique(model.triangles[model.triangle_part == part])
        assert np.array_equal(used, np.arange(first, last))
        radius = np.linalg.norm(model.mean[used] - pivots[eye], axis=1)
        assert radius.min() == pytest.approx(1.5, abs=0.2)


def test_the_shape_modes_are_in_order_of_what_they_move(model):
    power = (model.shape_basis[:, : model.skin_vertices] ** 2).sum((1, 2))
    assert (power[:8] > power[16:].max()).all()
    # Directions of ICT's modes are orthonormal in the mixing, so leading ones must not be copies of each other.
    flat = model.shape_basis[:6].reshape(6, -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.abs(flat @ flat.T - np.eye(6)).max() < 0.4


@pytest.mark.parametrize("name", JAW_SHAPES)
def test_the_jaw_moves_on_arcs(model, name):
    """Half-way, points lie on the arc over the chord from rest to weight 1, not on the chord."""
    row = JAW_SHAPES.index(name)
    rest, half, whole = (model.vertices(expressed(**{name: weight})) for weight in (0.0, 0.5, 1.0))
    teeth = np.unique(model.triangles[model.triangle_part == Part.TEETH_LOWER])
    assert model.jaw_weight[row, teeth].min() > 0.95
    straight = (rest + whole) / 2
    bow = np.linalg.norm(half - straight, axis=1)[teeth]
    # The height of an arc over its chord: r (1 - cos(angle / 2)), with chord = 2 r sin(angle / 2).
    chord = np.linalg.norm(whole - rest, axis=1)[teeth]
    angle = float(model.jaw_angle[row])
    expected = chord / (2 * np.sin(angle / 2)) * (1 - np.cos(angle / 2))
    assert np.median(bow / expected) == pytest.approx(1, abs=0.15)
    upper = np.unique(model.triangles[model.triangle_part == Part.TEETH_UPPER])
    assert np.abs(whole[upper] - rest[upper]).max() < 0.02


def test_opening_the_jaw_turns_the_lower_teeth_rigidly(model):
    teeth = np.unique(model.triangles[model.triangle_part == Part.TEETH_LOWER])
    for weight in (0.3, 0.7, 1.0):
        moved = model.vertices(expressed(jawOpen=weight))[teeth]
        rest = model.mean[teeth]
        size = np.linalg.norm(rest - rest[0], axis=1)
        assert np.abs(np.linalg.norm(moved - moved[0], axis=1) - size).max() < 0.08


def test_a_gaze_turns_the_eyeballs_and_nothing_else(model):
    neutral = HeadCoefficients.neutral()
    rest, moved = model.vertices(neutral), model.vertices(neutral.changed(gaze=(20, 10)))
    first, last = model.eye_vertices[0][0], model.eye_vertices[1][1]
    assert np.array_equal(rest[:first], moved[:first])
    pole = moved[model.eye_vertices[0][0]] - model.eye_pivot(np.zeros(24))[0]
    assert pole / np.linalg.norm(pole) == pytest.approx(model.gaze_axis((20, 10), 0), abs=1e-3)
    assert last == len(model.mean)
    axis = gaze_rotation((20, 10)) @ np.array([0, 0, 1])
    y, p = np.radians((20, 10))
    assert axis == pytest.approx([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)], abs=1e-6)


def test_both_eyes_look_ahead_at_rest(model):
    axes = [model.gaze_axis((0, 0), eye) for eye in (0, 1)]
    assert axes[0][2] > 0.98
    assert axes[1][2] > 0.98
    assert axes[0][0] > axes[1][0]


def test_lids_follow_the_gaze_by_the_fits_rule():
    head = lids_follow(HeadCoefficients.neutral().changed(gaze=(20, -15)))
    weights = {name: head.expression_of(name) for name in EXPRESSIONS if head.expression_of(name)}
    assert weights == pytest.approx(
        {"eyeLookOut_L": 0.5, "eyeLookIn_R": 0.5, "eyeLookDown_L": 0.5, "eyeLookDown_R": 0.5}
    )
    again = lids_follow(head.changed(gaze=(-40, 0)))
    assert again.expression_of("eyeLookOut_L") == 0
    assert again.expression_of("eyeLookOut_R") == 1


def test_closed_lids_leave_no_eye_open(model):
    vertices = model.vertices(expressed(eyeBlink_L=1, eyeBlink_R=1))
    points = model.landmarks478.points(vertices)
    open_points = model.landmarks478.points(model.mean)
    for upper, lower in ((386, 374), (159, 145)):
        assert points[upper, 1] - points[lower, 1] < 0.12
        assert open_points[upper, 1] - open_points[lower, 1] > 0.6


def test_landmarks_lie_where_their_names_say(model):
    assert model.landmarks68.vertices.shape == (68, 3)
    assert model.landmarks478.vertices.shape == (478, 3)
    for landmarks in (model.landmarks68, model.landmarks478):
        assert landmarks.barycentric.sum(1) == pytest.approx(1, abs=2e-3)
        assert landmarks.barycentric.min() >= 0
    few, many = model.landmarks68.points(model.mean), model.landmarks478.points(model.mean)
    # iBUG counts from the right side of the person's face: the left side of the picture.
    assert few[0, 0] < -5 < 5 < few[16, 0]
    assert few[8, 1] == few[:, 1].min()
    assert few[30, 2] == pytest.approx(many[1, 2], abs=0.4)
    for eye, middle in ((1, 468), (0, 473)):
        pivot = model.eye_pivot(np.zeros(24))[eye]
        assert np.linalg.norm(many[middle] - pivot) == pytest.approx(1.6, abs=0.2)
        rim = np.linalg.norm(many[middle + 1 : middle + 5] - many[middle], axis=1)
        assert rim == pytest.approx(np.full(4, rim.mean()), rel=0.1)
    assert many[468, 0] < 0 < many[473, 0]


def test_the_neck_carries_the_head_and_leaves_the_shoulders(model):
    face = np.isin(model.triangle_region, (Region.NOSE, Region.U_LIP, Region.L_BROW, Region.L_EYE, Region.R_EAR))
    assert (model.neck_weight[model.triangles[face]] == 1).all()
    assert model.neck_weight[model.mean[:, 1] < -18].max() < 0.05
    head = HeadCoefficients.neutral().changed(pose=(45, 0, 0))
    seen = camera(model.mean, head, model.neck_weight)
    edges = np.concatenate([model.triangles[:, [0, 1]], model.triangles[:, [1, 2]], model.triangles[:, [2, 0]]])
    edges = edges[(edges < model.skin_vertices).all(1)]
    before = np.linalg.norm(model.mean[edges[:, 0]] - model.mean[edges[:, 1]], axis=1)
    after = np.linalg.norm(seen[edges[:, 0]] - seen[edges[:, 1]], axis=1)
    assert (after / before).max() < 3.0
    assert (after / before).min() > 0.25


def test_skin_is_a_natural_colour_and_its_modes_are_symmetric(model):
    mean = model.albedo(np.zeros(32))
    assert mean.shape == (256, 256, 3)
    assert mean.dtype == np.float32
    cheek = mean[128, 80]
    assert cheek[0] > cheek[1] > cheek[2] > 0.2
    assert np.abs(mean - mean[:, ::-1]).max() < 0.03
    for seed in range(4):
        texture = model.albedo(drawn(seed).albedo)
        assert np.isfinite(texture).all()
        assert texture.min() >= 0
        assert texture.max() <= 1
        assert np.abs(texture - texture[:, ::-1]).max() < 0.06


def test_texture_coordinates_are_in_range_and_eyes_have_their_own_chart(model):
    assert model.triangle_uv.min() >= 0 and model.triangle_uv.max() <= 1
    first, _ = model.eye_vertices[0]
    corner = np.argwhere(model.triangles == first)[0]
    assert model.triangle_uv[tuple(corner)] == pytest.approx([0.5, 0.5], abs=1e-4)


def test_eye_colours_differ_and_change_smoothly(model):
    colours = np.stack([model.iris_colour(drawn(seed)) for seed in range(12)])
    assert np.ptp(colours, axis=0).max() > 0.15
    head = drawn(1)
    near = model.iris_colour(head.changed(albedo=head.albedo + 0.01))
    assert near == pytest.approx(model.iris_colour(head), abs=0.02)


def test_named_directions_change_what_they_are_called_after(model):
    points = {}
    for name in ("face_width", "nose_length", "mouth_width", "eye_distance", "jaw_width"):
        direction = model.directions[name]
        assert direction.low < 0 < direction.high
        sides = [HeadCoefficients.neutral().changed(shape=direction.shape * t) for t in (-1, 1)]
        points[name] = [model.landmarks68.points(model.vertices(head)) for head in sides]
    less, more = points["nose_length"]
    assert (more[27, 1] - more[33, 1]) - (less[27, 1] - less[33, 1]) > 0.1
    for name, left, right in (("face_width", 15, 1), ("mouth_width", 54, 48), ("jaw_width", 12, 4)):
        less, more = points[name]
        assert (more[left, 0] - more[right, 0]) - (less[left, 0] - less[right, 0]) > 0.1
    less, more = points["eye_distance"]
    assert (more[42, 0] - more[39, 0]) > (less[42, 0] - less[39, 0])
    assert {"age", "femininity", "weight"} <= set(model.directions)
    assert np.abs(model.directions["age"].albedo).max() > 0


def test_hair_follows_the_head_and_stays_outside_of_it(model):
    assert len(model.hair) >= 4
    wide = model.vertices(HeadCoefficients.neutral().changed(shape=model.directions["face_width"].shape * 2))
    for volume in model.hair.values():
        assert len(volume.triangles) <= 1300
        rest = volume.vertices(model.mean)
        assert rest.shape == (len(volume.anchors), 3)
        assert volume.triangles.max() < len(rest)
        assert volume.uv.shape == (len(volume.triangles), 3, 2)
        grown = volume.vertices(wide)
        assert np.ptp(grown[:, 0]) > np.ptp(rest[:, 0]) + 0.2
        crown = model.mean[volume.crown]
        assert rest[:, 1].max() > crown[:, 1].max()


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(resources_dir() / PACK, tmp_path / PACK)
    return tmp_path


def test_a_missing_or_altered_model_is_told_in_a_sentence(copied, tmp_path):
    with pytest.raises(ModelError, match="missing"):
        HeadModel.load(tmp_path / "nowhere")
    file = copied / PACK / FILE
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="damaged"):
        HeadModel.load(copied)


def test_a_model_without_its_parts_is_told_in_a_sentence(copied):
    listing = copied / PACK / "pack.json"
    data = json.loads(listing.read_text())
    del data["config"]["jaw"]
    listing.write_text(json.dumps(data))
    with pytest.raises(ModelError, match="another version"):
        HeadModel.load(copied)
