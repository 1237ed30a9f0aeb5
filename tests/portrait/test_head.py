"""Head coefficients, local shapes and light rigs as values: ranges, mixtures, keys, and how they stand in files."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.head import GROUPS, MOVING_PARTS, HeadCoefficients, LightRig, LocalShape, rig_from_json

HEAD = HeadCoefficients.neutral()
OTHER = HEAD.changed(
    shape=np.linspace(-1, 1, 24), albedo=np.linspace(0, 1, 32), expression=np.linspace(0, 1, 55), gaze=(3, -2),
    pose=(20, -5, 2), position=(1, 2, -120), gamma=np.linspace(0, 2, 27).reshape(9, 3), rig=LightRig(azimuth=-20),
)  # fmt: skip
LIMITS: dict[str, tuple[Any, Any]] = {
    "shape": (-6, 6), "albedo": (-6, 6), "expression": (0, 1), "gaze": ((-45, -35), (45, 35)),
    "pose": ((-75, -60, -60), (75, 60, 60)), "position": ((-40, -40, -400), (40, 40, -40)), "gamma": (-30, 30),
}  # fmt: skip


def local(share: float = 1.0) -> LocalShape:
    return LocalShape(
        np.linspace(-12, 12, 24) * share, np.linspace(-1, 1, 55) * share, np.array((90, -90)) * share, (4, 5), 1.5
    )


def test_the_neutral_head_looks_at_the_camera_in_even_light() -> None:
    assert not any(getattr(HEAD, part).any() for part in ("shape", "albedo", "expression", "gaze", "pose"))
    assert HEAD.gamma[0].tolist() == [3, 3, 3] and not HEAD.gamma[1:].any()
    assert HEAD.position == pytest.approx((0, -2.4, -105)) and HEAD.rig is None and HEAD.local == ()


@pytest.mark.parametrize("name", list(LIMITS))
def test_values_are_clipped_by_a_change_and_checked_by_the_constructor(name: str) -> None:
    shape = getattr(HEAD, name).shape
    for end, far in zip(LIMITS[name], (-1000, 1000), strict=True):
        limit = np.broadcast_to(np.array(end, np.float32), shape)
        clipped = HEAD.changed(**{name: np.full(shape, far)})
        assert np.array_equal(getattr(clipped, name), limit)
        assert np.array_equal(getattr(replace(HEAD, **{name: limit}), name), limit), "the ends belong to the range"
        beyond = limit.copy()
        beyond.flat[-1] += np.sign(far) * 0.01
        with pytest.raises(PortraitError, match="out of range"):
            replace(HEAD, **{name: beyond})
    with pytest.raises(PortraitError, match="not finite"):
        HEAD.changed(**{name: np.full(shape, np.nan)})
    with pytest.raises(PortraitError, match="numbers and not"):
        replace(HEAD, **{name: np.zeros((*shape, 1))})
    with pytest.raises(ValueError, match="read-only"):
        getattr(HEAD, name)[0] = 1


def test_a_light_without_its_rig_drops_the_rig() -> None:
    lit = HEAD.changed(gamma=HEAD.gamma * 0.5, rig=LightRig())
    assert lit.rig == LightRig()
    assert lit.changed(gamma=HEAD.gamma).rig is None
    assert lit.changed(pose=(1, 2, 3)).rig == LightRig()


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_group_is_taken_over_as_a_whole(group: str) -> None:
    mixed = HEAD.with_group(group, OTHER)
    for name in (*LIMITS, "rig"):
        assert getattr(mixed, name) is getattr(OTHER if name in GROUPS[group] else HEAD, name) or np.array_equal(
            getattr(mixed, name), getattr(OTHER if name in GROUPS[group] else HEAD, name)
        )


def test_a_mixture_is_linear_and_clipped() -> None:
    assert HEAD.blend(OTHER, -1) is HEAD and HEAD.blend(OTHER, 0) is HEAD
    assert HEAD.blend(OTHER, 1) is OTHER and HEAD.blend(OTHER, 7) is OTHER
    quarter = HEAD.blend(OTHER, 0.25)
    for name in LIMITS:
        wanted = 0.75 * getattr(HEAD, name) + 0.25 * getattr(OTHER, name)
        assert getattr(quarter, name) == pytest.approx(wanted, abs=1e-5), name
    assert quarter.rig is None, "lamps are not mixed; their light is"


def test_local_shapes_fade_into_each_other() -> None:
    one, two = replace(HEAD, local=(local(),)), replace(OTHER, local=(local(0.5),))
    mixed = one.blend(two, 0.25).local
    assert [each.gaze.tolist() for each in mixed] == [[67.5, -67.5], [11.25, -11.25]]
    assert mixed[0].shape == pytest.approx(0.75 * local().shape)
    assert mixed[1].expression == pytest.approx(0.125 * local().expression)
    assert mixed[0].regions == (4, 5) and mixed[0].feather == 1.5
    same = replace(OTHER, local=(local(),))
    assert one.blend(same, 0.25).local == one.local, "the same ones stay"


def test_a_local_shape_everywhere_is_added_to_the_head() -> None:
    head = OTHER.changed(expression=np.full(55, 0.5)).applied(local(0.1))
    assert head.shape == pytest.approx(OTHER.shape + 0.1 * local().shape)
    assert head.expression == pytest.approx(0.5 + 0.1 * local().expression)
    assert head.gaze == pytest.approx((12, -11)) and head.rig == OTHER.rig and head.local == ()


def test_keys_tell_every_part_apart() -> None:
    assert HEAD.key == HeadCoefficients.neutral().key and HEAD.geometry_key == HeadCoefficients.neutral().geometry_key
    keys, moving = {HEAD.key}, {HEAD.geometry_key}
    for name in LIMITS:
        changed = HEAD.changed(**{name: getattr(HEAD, name) + np.float32(0.25)})
        keys.add(changed.key)
        moving.add(changed.geometry_key)
        assert (changed.geometry_key != HEAD.geometry_key) == (name in MOVING_PARTS)
    assert len(keys) == 1 + len(LIMITS) and len(moving) == 1 + len(MOVING_PARTS)
    shaped = replace(HEAD, local=(local(),))
    assert shaped.key != HEAD.key and shaped.geometry_key != HEAD.geometry_key
    assert HEAD.changed(rig=LightRig()).key == HEAD.key, "of the numbers alone"


def test_keys_of_local_shapes_tell_every_part_apart() -> None:
    assert local().key == local().key
    others = (
        {"shape": local().shape * 0.5}, {"expression": local().expression * 0.5}, {"gaze": local().gaze * 0.5},
        {"regions": (4,)}, {"feather": 2},
    )  # fmt: skip
    assert len({local().key, *(replace(local(), **parts).key for parts in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    "parts",
    [
        {"shape": np.full(24, 12.1)}, {"shape": np.zeros(23)}, {"expression": np.full(55, -1.1)},
        {"expression": np.full(55, np.nan)}, {"gaze": (91, 0)}, {"gaze": (0, 0, 0)},
    ],
)  # fmt: skip
def test_a_local_shape_out_of_range_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(PortraitError, match="remove the adjustment"):
        replace(local(), **parts)


@pytest.mark.parametrize("feather", [-0.1, 1000.1, float("nan")])
def test_a_border_out_of_range_is_refused(feather: float) -> None:
    with pytest.raises(PortraitError, match="between 0 and 1000"):
        replace(local(), feather=feather)
    assert replace(local(), feather=0).feather == 0 and replace(local(), feather=1000).feather == 1000


def test_a_local_shape_is_private_and_stands_in_files() -> None:
    given = np.zeros(24, np.float32)
    made = replace(local(), shape=given)
    given[:] = 5
    assert not made.shape.any()
    with pytest.raises(ValueError, match="read-only"):
        made.gaze[0] = 1
    assert LocalShape.from_json(local().to_json()).key == local().key
    assert local().to_json()["regions"] == [4, 5] and local().to_json()["feather"] == 1.5


def test_a_head_stands_in_files_with_all_of_it() -> None:
    head = replace(OTHER, local=(local(), local(0.5)))
    again = HeadCoefficients.from_json(head.to_json())
    assert again.key == head.key and again.rig == head.rig and len(again.local) == 2
    assert set(HEAD.to_json()) == set(LIMITS), "nothing stands there that is not there"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"azimuth": 180.5}, "azimuth is 180.5"), ({"azimuth": -180.5}, "between -180 and 180"),
        ({"elevation": 91}, "90"), ({"elevation": -91}, "-90"), ({"strength": 3.1}, "3"), ({"strength": -0.1}, "0"),
        ({"softness": 1.1}, "1"), ({"softness": -0.1}, "0"), ({"fill": 1.6}, "1.5"), ({"fill": -0.1}, "0"),
        ({"rim": 2.1}, "2"),
        ({"rim": -0.1}, "0"), ({"rim": float("nan")}, "nan"), ({"azimuth": "5"}, "azimuth"),
        ({"colour": (1, 1)}, "light's colour must be three numbers"), ({"colour": (1, 1, 1.1)}, "between 0 and 1"),
        ({"colour": (1, -0.1, 1)}, "between 0 and 1"), ({"colour": (1, "1", 1)}, "three numbers"),
        ({"fill_colour": (0, 0, 2)}, "light's fill colour must be three numbers"),
    ],
)  # fmt: skip
def test_a_rig_out_of_range_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(PortraitError, match=words):
        LightRig(**values)


def test_a_rig_at_the_ends_of_its_ranges() -> None:
    for values in (
        {"azimuth": -180, "elevation": -90, "strength": 0, "softness": 0, "fill": 0, "rim": 0, "colour": (0, 0, 0)},
        {"azimuth": 180, "elevation": 90, "strength": 3, "softness": 1, "fill": 1.5, "rim": 2, "colour": (1, 1, 1)},
    ):
        assert vars(LightRig(**values)).items() >= values.items()


def test_a_rig_of_a_file() -> None:
    assert rig_from_json({"azimuth": -40, "colour": [1, 0.5, 0.25]}) == LightRig(azimuth=-40, colour=(1, 0.5, 0.25))
    assert rig_from_json({}) == LightRig(), "what it does not name keeps its default"
    for data, words in (
        ([1], "list of names"), ({"colour": [1, 1, float("inf")]}, "numbers only"), ({"azimuth": "5"}, "numbers only"),
        ({"lamp": 3, "azimuth": 5}, "no value “lamp”; it knows azimuth"), ({"azimuth": 999}, "azimuth is 999"),
    ):  # fmt: skip
        with pytest.raises(PortraitError, match=words):
            rig_from_json(data)  # type: ignore[arg-type]
