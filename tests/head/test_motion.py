"""The painted mask follows the head."""

import threading

import numpy as np
import pytest

from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import look_up_points, motion_field, move_mask, unmove_stroke
from faceeditor.portrait.edits import moves_mask
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.portrait.masks import sample_masks
from faceeditor.regions import REGION_COUNT, MaskArray, Region


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


@pytest.fixture(scope="module")
def base() -> HeadCoefficients:
    return HeadCoefficients.neutral()


@pytest.fixture(scope="module")
def mask(model: HeadModel, base: HeadCoefficients) -> MaskArray:
    """The model's own regions with hair around the head, cloth below and background elsewhere."""
    regions = np.array(render_maps(model, base, 256).regions)
    rows, columns = np.mgrid[:256, :256]
    skull = (columns - 128) ** 2 / 78**2 + (rows - 105) ** 2 / 100**2 < 1
    regions[(regions == Region.BACKGROUND) & skull & (rows < 190)] = Region.HAIR
    regions[(regions == Region.BACKGROUND) & (rows > 225)] = Region.CLOTH
    return regions


def _posed(base: HeadCoefficients, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> HeadCoefficients:
    return base.changed(pose=base.pose + np.array([yaw, pitch, roll], np.float32))


def _expression(base: HeadCoefficients, **weights: float) -> HeadCoefficients:
    expression = base.expression.copy()
    for name, weight in weights.items():
        expression[EXPRESSIONS.index(name)] = weight
    return base.changed(expression=expression)


def _middle(mask: MaskArray, *regions: Region) -> np.ndarray:
    rows, columns = np.nonzero(np.isin(mask, regions))
    return np.array([columns.mean(), rows.mean()])


def test_a_head_that_stays_leaves_the_mask_bit_for_bit(model, base, mask) -> None:
    noise = np.random.default_rng(0).integers(0, REGION_COUNT, (256, 256)).astype(np.uint8)
    for painted in (mask, noise):
        same = move_mask(model, painted, base, base.changed(gamma=base.gamma * 2, albedo=base.albedo + 1))
        assert same is not painted
        assert np.array_equal(same, painted)


def test_what_moves_a_mask(base) -> None:
    assert not moves_mask(base, base.changed(albedo=base.albedo + 1))
    assert moves_mask(base, _posed(base, yaw=0.1))
    assert moves_mask(base, base.changed(gaze=(3, 0)))


def test_a_small_motion_changes_little(model, base, mask) -> None:
    moved = move_mask(model, mask, base, _posed(base, yaw=0.2))
    assert (moved != mask).mean() < 0.012


def test_the_face_goes_where_the_nose_turns(model, base, mask) -> None:
    for yaw in (-25, 25):
        head = _posed(base, yaw=yaw)
        moved = move_mask(model, mask, base, head)
        drawn = render_maps(model, head, 256).regions
        for regions in ((Region.NOSE,), (Region.U_LIP, Region.L_LIP), (Region.L_BROW,), (Region.R_BROW,)):
            assert np.abs(_middle(moved, *regions) - _middle(drawn, *regions)).max() < 3.0
        assert (_middle(moved, Region.NOSE)[0] > 128) == (yaw > 0)
        inner = np.isin(drawn, [Region.NOSE, Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW])
        assert (moved[inner] == drawn[inner]).mean() > 0.9


def test_hair_stays_around_the_head_and_the_far_background_still(model, base, mask) -> None:
    for yaw in (-40, 40):
        moved = move_mask(model, mask, base, _posed(base, yaw=yaw))
        hair = (moved == Region.HAIR).sum()
        assert 0.6 < hair / (mask == Region.HAIR).sum() < 2.0
        # Above the brows one meets background, then hair, then the head, without background in between.
        for row in (40, 70):
            line = moved[row]
            shown = np.flatnonzero(line != Region.BACKGROUND)
            assert (line[shown[0] : shown[-1]] != Region.BACKGROUND).mean() > 0.97
    corners = [(2, 2), (2, 253)]
    moved = move_mask(model, mask, base, _posed(base, roll=15))
    assert all(moved[corner] == Region.BACKGROUND for corner in corners)


def test_there_and_back_from_the_same_base_is_exact(model, base, mask) -> None:
    there = move_mask(model, mask, base, _posed(base, yaw=20))
    assert np.array_equal(move_mask(model, mask, base, _posed(base, yaw=0)), mask)
    assert np.array_equal(move_mask(model, mask, base, _posed(base, yaw=20)), there)


def test_a_mouth_opens_and_eyes_close(model, base, mask) -> None:
    before = (mask == Region.MOUTH).sum()
    opened = move_mask(model, mask, base, _expression(base, jawOpen=0.8))
    assert (opened == Region.MOUTH).sum() > before + 150
    lips = np.isin(opened, [Region.U_LIP, Region.L_LIP])
    assert lips.sum() > 0.5 * np.isin(mask, [Region.U_LIP, Region.L_LIP]).sum()
    assert _middle(opened, Region.L_LIP)[1] > _middle(mask, Region.L_LIP)[1] + 8
    shut = move_mask(model, mask, base, _expression(base, eyeBlink_L=1.0))
    assert (shut == Region.L_EYE).sum() < 0.25 * (mask == Region.L_EYE).sum()
    assert (shut == Region.R_EYE).sum() > 0.8 * (mask == Region.R_EYE).sum()


def test_closed_lips_have_no_gap_though_the_base_was_open(model, base) -> None:
    wide = _expression(base, jawOpen=0.7)
    mask = np.array(render_maps(model, wide, 256).regions)
    assert (mask == Region.MOUTH).sum() > 150
    closed = move_mask(model, mask, wide, base)
    assert (closed == Region.MOUTH).sum() < 30


def test_what_was_painted_is_carried_along(model, base, mask) -> None:
    painted = mask.copy()
    rows, columns = np.mgrid[:256, :256]
    nose = _middle(mask, Region.NOSE)
    spot = (columns - nose[0] - 26) ** 2 + (rows - nose[1]) ** 2 < 7**2
    painted[spot] = Region.HAT
    for head in (_posed(base, yaw=-20), _posed(base, pitch=12), _expression(base, jawOpen=0.5)):
        moved = move_mask(model, painted, base, head)
        assert 0.5 < (moved == Region.HAT).sum() / spot.sum() < 1.7
    moved = move_mask(model, painted, base, _posed(base, roll=20))
    turned = _middle(moved, Region.HAT) - _middle(moved, Region.NOSE)
    before = _middle(painted, Region.HAT) - nose
    angle = np.degrees(np.arctan2(turned[1], turned[0]) - np.arctan2(before[1], before[0]))
    assert angle == pytest.approx(20, abs=4)


def test_the_gaze_leaves_the_eyes_outline(model, base, mask) -> None:
    moved = move_mask(model, mask, base, base.changed(gaze=(20, 5)))
    assert (moved != mask).mean() < 0.003


@pytest.mark.parametrize("yaw", [-75.0, 75.0])
def test_extremes_give_a_valid_mask(model, base, mask, yaw: float) -> None:
    random = np.random.default_rng(1)
    masks = [mask, np.zeros_like(mask), np.full_like(mask, Region.SKIN), np.full_like(mask, Region.HAIR)]
    masks.append(random.integers(0, REGION_COUNT, mask.shape).astype(np.uint8))
    heads = [
        base.changed(pose=(yaw, 60, -60), shape=np.full(24, 6.0), expression=np.ones(55)),
        base.changed(pose=(yaw, -60, 60), shape=np.full(24, -6.0), position=(40, -40, -40), gaze=(45, -35)),
        base.changed(position=(-40, 40, -400)),
    ]
    for painted in masks:
        for one, other in ((base, heads[0]), (heads[0], heads[1]), (heads[1], base), (heads[2], base)):
            moved = move_mask(model, painted, one, other)
            assert moved.shape == (256, 256) and moved.dtype == np.uint8 and moved.max() < REGION_COUNT
            field, seen = motion_field(model, one, other, painted, 64)
            assert np.isfinite(field).all() and set(np.unique(seen)) <= {0.0, 1.0}


def test_every_sample_mask_can_be_turned(model, base) -> None:
    for sample in sample_masks():
        mask = sample.read()
        moved = move_mask(model, mask, base, _posed(base, yaw=30, pitch=-10))
        assert (np.bincount(moved.ravel(), minlength=19)[[1, 10]] > 100).all(), sample.name


def test_the_field_says_where_a_pixel_came_from(model, base, mask) -> None:
    field, seen = motion_field(model, base, base, mask, 32)
    np.testing.assert_allclose(field[3, 5], [5.5, 3.5])
    assert (seen == 1).all()
    shift = base.changed(position=base.position + np.array([2.0, 0, 0], np.float32))
    field, seen = motion_field(model, base, shift, mask, 128)
    centre = np.arange(128) + 0.5
    nose = render_maps(model, shift, 128).regions == Region.NOSE
    across = (field[..., 0] - centre[None])[nose]
    # Two centimetres at 97 cm with a focal length of 512 pixels.
    assert np.median(across) == pytest.approx(-2 * 512 / 97, abs=0.6)
    assert seen[nose].mean() > 0.95
    _, seen = motion_field(model, base, _posed(base, yaw=40), mask, 128)
    assert 0.02 < (seen[:90] == 0).mean() < 0.5


def test_threads_do_not_disturb_each_other(model, base, mask) -> None:
    wanted = {yaw: move_mask(model, mask, base, _posed(base, yaw=yaw)) for yaw in (-15, 15)}
    wrong: list[float] = []

    def move(yaw: float) -> None:
        for _ in range(5):
            if not np.array_equal(move_mask(model, mask, base, _posed(base, yaw=yaw)), wanted[yaw]):
                wrong.append(yaw)

    threads = [threading.Thread(target=move, args=(yaw,)) for yaw in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("yaw", [12.0, -25.0])
@pytest.mark.parametrize(
    ("place", "radius", "region"),
    [((128, 70), 9, Region.HAIR), ((140, 190), 6, Region.U_LIP), ((120, 40), 4, Region.HAT)],
)
def test_a_stroke_on_a_turned_head_is_kept_as_a_stroke_on_the_painted_mask(
    model, base, mask, yaw, place, radius, region
) -> None:
    head = _posed(base, yaw=yaw)
    before = move_mask(model, mask, base, head)
    after = before.copy()
    rows, columns = np.mgrid[:256, :256]
    after[(columns - place[0]) ** 2 + (rows - place[1]) ** 2 < radius**2] = region
    painted = unmove_stroke(model, mask, base, head, before, after)
    assert painted is not None
    changed = painted != mask
    assert (painted[changed] == region).all(), "the old mask and the stroke, and nothing else"
    stroke = (after != before).sum()
    assert 0.5 * stroke < changed.sum() < 2 * stroke
    shown = move_mask(model, painted, base, head)
    assert (shown == after)[after != before].mean() > 0.8
    assert ((shown != before) & (after == before)).sum() < 12 * radius, "only the stroke's own edge"


def test_a_stroke_where_the_painted_view_shows_nothing_has_no_place(model, base, mask) -> None:
    head = _posed(base, yaw=40)
    before = move_mask(model, mask, base, head)
    _, seen = motion_field(model, base, head, mask)
    hidden = (seen == 0) & np.isin(before, (Region.SKIN, Region.R_EAR, Region.L_EAR, Region.HAIR, Region.NECK))
    assert hidden.sum() > 60
    after = before.copy()
    after[hidden] = Region.HAT
    assert unmove_stroke(model, mask, base, head, before, after) is None
    assert unmove_stroke(model, mask, base, head, before, before) is mask


@pytest.mark.parametrize("yaw", [10.0, -22.0])
def test_points_go_there_and_back_with_the_hair(model, base, mask, yaw) -> None:
    head = _posed(base, yaw=yaw)
    moved = move_mask(model, mask, base, head)
    points = np.array([(110, 40), (128, 35), (146, 42), (128, 150), (-3, 20)], np.float32)
    there = look_up_points(model, head, base, moved, points)
    back = look_up_points(model, base, head, mask, there)
    assert np.abs(there - points)[:4, 0].min() > 1, "they move"
    assert np.abs(back - points)[:4].max() < 3
    assert np.array_equal(look_up_points(model, base, base, mask, points), points)
