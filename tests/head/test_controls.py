"""Named controls: every one reads what it sets, and sets nothing else."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.head.control_kinds import beside_lamps, rig_of, with_rig
from faceeditor.head.controls import Control, control, controls, set_back, settled
from faceeditor.head.light import brightness, rig_to_gamma
from faceeditor.head.model import Direction, HeadModel
from faceeditor.head.presets import apply_preset, find_preset
from faceeditor.portrait.head import EXPRESSIONS, GROUPS, HeadCoefficients, LightRig


def _direction(seed: int, skin: bool = False) -> Direction:
    random = np.random.default_rng(seed)
    albedo = random.normal(size=32) if skin else np.zeros(32)
    return Direction(random.normal(size=24).astype(np.float32) / 5, albedo.astype(np.float32) / 5, -2.0, 2.0)


MODEL = SimpleNamespace(
    directions={"nose_length": _direction(1), "age": _direction(2, skin=True), "nose_width": _direction(3)}
)
"""Stands in for the head model: three directions that are not at right angles."""
ALL = controls(MODEL)
NEUTRAL = HeadCoefficients.neutral()


def uneven() -> HeadCoefficients:
    """A head as a photograph gives it: nothing is zero, and left differs from right."""
    random = np.random.default_rng(5)
    return HeadCoefficients(
        shape=random.normal(size=24), albedo=random.normal(size=32), expression=random.uniform(0.05, 0.6, 55),
        gaze=(3.7, -5.1), pose=(12.3, -4.4, 2.2), position=(0.6, -1.9, -99.0),
        gamma=rig_to_gamma(LightRig(azimuth=-30)) + random.normal(size=(9, 3)) * 0.02,
    )  # fmt: skip


HEADS = (NEUTRAL, uneven(), with_rig(uneven(), LightRig(azimuth=50, rim=0.4, colour=(1.0, 0.8, 0.6))))


def same(a: HeadCoefficients, b: HeadCoefficients, parts: tuple[str, ...]) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in parts if part != "rig")


def named(found: Control) -> str:
    return found.name


def test_names_are_unique_and_well_formed() -> None:
    names = [found.name for found in ALL]
    assert len(names) == len(set(names))
    assert {found.group for found in ALL} == set(GROUPS)
    assert set(EXPRESSIONS) <= set(names)
    for found in ALL:
        assert found.low < found.high and found.low <= found.default <= found.high
        assert 0 < found.step < found.high - found.low
        assert found.title and found.section and found.unit in ("", "%", "deg", "cm", "EV")
    # Groups and their sections stand together, so that panels can be built from top to bottom.
    for key in ([found.group for found in ALL], [(found.group, found.section) for found in ALL]):
        runs = [value for place, value in enumerate(key) if place == 0 or key[place - 1] != value]
        assert len(runs) == len(set(runs))


@pytest.mark.parametrize("found", ALL, ids=named)
def test_a_control_reads_what_it_sets_and_leaves_other_groups_alone(found: Control) -> None:
    for head in HEADS:
        for share in (0.0, 0.3, 0.77, 1.0):
            value = found.low + share * (found.high - found.low)
            changed = found.set(head, MODEL, value)
            assert found.get(changed, MODEL) == pytest.approx(value, abs=2e-4 * max(1.0, found.high - found.low))
            for group in GROUPS:
                if group != found.group:
                    assert same(changed, head, GROUPS[group])
            if found.group != "light":
                assert changed.rig == head.rig


@pytest.mark.parametrize("found", ALL, ids=named)
def test_setting_what_is_there_gives_the_very_head(found: Control) -> None:
    for head in HEADS:
        assert found.set(head, MODEL, found.get(head, MODEL)) is head
        moved = found.set(head, MODEL, found.low + 0.4 * (found.high - found.low))
        assert found.set(moved, MODEL, found.get(moved, MODEL)) is moved


@pytest.mark.parametrize("found", ALL, ids=named)
def test_values_that_are_none_are_refused_and_others_brought_into_range(found: Control) -> None:
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(PortraitError, match=r"cannot be .*; choose .* to ") as error:
            found.set(NEUTRAL, MODEL, value)
        assert "\n" not in str(error.value) and str(error.value).endswith(".")
        with pytest.raises(PortraitError, match=found.name):
            found.check(value)
    over = found.set(NEUTRAL, MODEL, found.high + 1000)
    assert found.get(over, MODEL) == pytest.approx(found.high, rel=1e-4)
    with pytest.raises(PortraitError, match=f"“{found.name}” cannot be"):
        found.check(found.high + 1)
    assert found.check(found.high) == found.high and found.check(found.low) == found.low


def weights(head: HeadCoefficients) -> dict[str, float]:
    return {name: round(float(w), 4) for name, w in zip(EXPRESSIONS, head.expression, strict=True) if w}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("smile", 0.8, {"mouthSmile_L": 0.8, "mouthSmile_R": 0.8, "cheekSquint_L": 0.28, "cheekSquint_R": 0.28}),
        ("smile_left", 1.0, {"mouthSmile_L": 1.0, "cheekSquint_L": 0.35}),
        ("wink_right", 1.0, {"eyeBlink_R": 1.0, "cheekRaiser_R": 0.6}),
        ("brow_raise", 0.5, {"browInnerUp_L": 0.4, "browInnerUp_R": 0.4, "browOuterUp_L": 0.5, "browOuterUp_R": 0.5}),
        ("jaw_side", 0.5, {"jawLeft": 0.5}),
        ("jaw_side", -0.5, {"jawRight": 0.5}),
        ("mouthFunnel", 0.25, {"mouthFunnel": 0.25}),
        ("gaze_yaw", 20.0, {"eyeLookOut_L": 0.5, "eyeLookIn_R": 0.5}),
        ("gaze_pitch", -15.0, {"eyeLookDown_L": 0.5, "eyeLookDown_R": 0.5}),
    ],
)
def test_what_expressions_set(name: str, value: float, expected: dict[str, float]) -> None:
    assert weights(control(name).set(NEUTRAL, None, value)) == expected
    assert control(name).symmetric == (name in ("smile", "brow_raise", "mouthFunnel", "gaze_yaw", "gaze_pitch"))


def test_a_small_change_keeps_the_unevenness_of_a_face() -> None:
    smile = control("smile")
    head = NEUTRAL
    for name, value in (("mouthSmile_L", 0.5), ("mouthSmile_R", 0.3)):
        head = control(name).set(head, None, value)
    value = smile.get(head)
    assert 0.3 < value < 0.5
    more = smile.set(head, None, value + 0.1)
    assert more.expression_of("mouthSmile_L") - more.expression_of("mouthSmile_R") == pytest.approx(0.2, abs=1e-6)
    assert more.expression_of("mouthSmile_L") == pytest.approx(0.6, abs=1e-6)
    # At the ends both sides meet.
    assert weights(smile.set(head, None, 0.0)) == {}
    full = smile.set(head, None, 1.0)
    assert full.expression_of("mouthSmile_L") == full.expression_of("mouthSmile_R") == 1.0


def test_gaze_lets_go_of_the_lids_again() -> None:
    yaw, pitch = control("gaze_yaw"), control("gaze_pitch")
    head = pitch.set(yaw.set(NEUTRAL, None, -30.0), None, 12.0)
    assert weights(head) == {"eyeLookIn_L": 0.75, "eyeLookOut_R": 0.75, "eyeLookUp_L": 0.4, "eyeLookUp_R": 0.4}
    assert weights(pitch.set(yaw.set(head, None, 0.0), None, 0.0)) == {}


def test_a_direction_moves_along_itself_only() -> None:
    head = uneven()
    age = control("age", MODEL)
    changed = age.set(head, MODEL, 1.5)
    step = np.concatenate([MODEL.directions["age"].shape, MODEL.directions["age"].albedo])
    moved = np.concatenate([changed.shape - head.shape, changed.albedo - head.albedo])
    along = moved @ step / (step @ step)
    np.testing.assert_allclose(moved, along * step, atol=1e-5)
    assert abs(along) > 0.1
    shape_only = control("nose_length", MODEL).set(head, MODEL, 1.0)
    assert np.array_equal(shape_only.albedo, head.albedo)


@pytest.mark.parametrize("model", [MODEL, HeadModel.load()], ids=["stand-in", "head model"])
def test_setting_a_direction_leaves_the_values_of_all_others(model) -> None:
    named = [control(name, model) for name in model.directions]
    head = uneven().changed(shape=uneven().shape * 0.5, albedo=uneven().albedo * 0.5)
    for moved in named:
        before = {other.name: other.get(head, model) for other in named}
        target = moved.clip(before[moved.name] + 0.7 if before[moved.name] < 1 else before[moved.name] - 0.7)
        changed = moved.set(head, model, target)
        after = {other.name: other.get(changed, model) for other in named}
        assert after == pytest.approx({**before, moved.name: target}, abs=2e-3)


def test_directions_have_sections_and_ranges() -> None:
    sections = [found.section for found in ALL if found.name in MODEL.directions]
    assert sections == ["Nose", "Nose", "Character"]
    assert control("age", MODEL).low == -2.0 and control("age", MODEL).default == 0.0 < control("age", MODEL).high
    assert not {found.name for found in controls()} & set(MODEL.directions)
    with pytest.raises(PortraitError, match="no direction “age”"):
        control("age", MODEL).get(NEUTRAL, SimpleNamespace(directions={}))


def test_lamps_start_from_the_nearest_rig_and_change_the_light_by_what_they_do() -> None:
    head = uneven()
    assert head.rig is None
    lit = control("key_azimuth").set(head, None, 60.0)
    assert lit.rig is not None and lit.rig.azimuth == 60.0
    assert lit.rig.softness == rig_of(head).softness and lit.rig.colour == rig_of(head).colour
    rest = head.gamma - rig_to_gamma(rig_of(head))
    assert np.abs(rest).max() > 0.01, "no lamps explain all of this light"
    np.testing.assert_allclose(lit.gamma, rig_to_gamma(lit.rig) + rest, atol=1e-5)
    warm = control("key_blue").set(lit, None, 0.5)
    assert warm.rig is not None and warm.rig.colour == (*lit.rig.colour[:2], 0.5)
    assert warm.gamma[0, 2] < lit.gamma[0, 2] and warm.gamma[0, 0] == pytest.approx(lit.gamma[0, 0], abs=1e-6)


def test_the_first_touch_of_a_lamp_makes_no_jump_and_the_way_back_leads_back() -> None:
    random = np.random.default_rng(8)
    for _ in range(5):
        head = NEUTRAL.changed(gamma=rig_to_gamma(LightRig(azimuth=-30)) + random.normal(size=(9, 3)) * 0.3)
        azimuth = control("key_azimuth")
        start = azimuth.get(head)
        assert np.abs(rig_to_gamma(rig_of(head)) - head.gamma).max() > 0.1, "the nearest lamps are far from it"
        touched = azimuth.set(head, None, start + 0.05)
        np.testing.assert_allclose(touched.gamma, head.gamma, atol=0.005)
        far = head
        for value in np.linspace(start, -100.0 if start > 0 else 100.0, 20):
            far = azimuth.set(far, None, float(value))
        assert np.abs(far.gamma - head.gamma).max() > 0.1
        np.testing.assert_allclose(azimuth.set(far, None, start).gamma, head.gamma, atol=1e-5)


def test_lamps_keep_the_light_in_range_and_a_preset_drops_what_they_do_not_explain() -> None:
    head = NEUTRAL.changed(gamma=np.full((9, 3), 29.5))
    assert control("key_strength").set(head, None, 3.0).gamma.max() <= 30.0
    lit = control("key_azimuth").set(head, None, 20.0)
    assert np.abs(beside_lamps(lit)).max() > 1
    alone = apply_preset(find_preset("light", "Split"), lit)
    assert not beside_lamps(alone).any()
    assert alone.gamma.tolist() == apply_preset(find_preset("light", "Split"), NEUTRAL).gamma.tolist()


def test_raw_light_drops_the_rig() -> None:
    head = with_rig(NEUTRAL, LightRig())
    changed = control("sh3_green").set(head, None, 1.25)
    assert changed.rig is None and changed.gamma[3, 1] == 1.25
    assert np.count_nonzero(changed.gamma != head.gamma) == 1


def test_exposure_counts_in_stops_and_keeps_the_lamps() -> None:
    exposure = control("exposure")
    head = with_rig(NEUTRAL, LightRig(strength=1.2, fill=0.4))
    brighter = exposure.set(head, None, exposure.get(head) + 1.0)
    assert brightness(brighter.gamma) == pytest.approx(2 * brightness(head.gamma), rel=1e-5)
    assert brighter.rig is not None and brighter.rig.strength == pytest.approx(2.4, rel=1e-5)
    np.testing.assert_allclose(brighter.gamma, rig_to_gamma(brighter.rig), rtol=1e-5, atol=1e-5)
    # Lamps cannot be stronger than they are: the light can.
    glaring = exposure.set(head, None, 2.0)
    assert glaring.rig is None and exposure.get(glaring) == pytest.approx(2.0, abs=1e-5)
    dark = NEUTRAL.changed(gamma=np.zeros((9, 3)), rig=LightRig(strength=0, fill=0))
    assert exposure.get(dark) == -12
    assert exposure.get(exposure.set(dark, None, 0.0)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "says"),
    [("smlie", "“smile”"), ("jawopen", "“jawOpen”"), ("brow", "“brow_raise”"), ("agee", "“age”"), ("qqqq", "choose")],
)
def test_unknown_names_say_what_comes_near(name: str, says: str) -> None:
    with pytest.raises(PortraitError) as error:
        control(name, MODEL)
    assert f"“{name}”" in str(error.value) and says in str(error.value) and "\n" not in str(error.value)


def test_controls_load_nothing_heavy() -> None:
    code = (
        "import sys; from faceeditor.head import controls, presets; presets.presets('light'); "
        "from faceeditor.portrait.head import HeadCoefficients as H; "
        "controls.control('gaze_yaw').set(H.neutral(), None, 9.0); "
        "heavy = {'torch', 'numba', 'cv2', 'PySide6', 'openvino'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.name)
def test_a_control_that_is_set_back_gives_the_very_same_head(found: Control) -> None:
    origin = uneven()
    value = found.get(origin, MODEL)
    if not found.low <= value <= found.high:
        pytest.skip("the head lies outside of what the control can set")
    away = found.low + 0.8 * (found.high - found.low)
    turned = found.set(origin, MODEL, away if abs(away - value) > 0.1 * (found.high - found.low) else found.low)
    assert turned.key != origin.key and settled(turned, origin, MODEL).key == turned.key
    back = set_back(turned, origin, found, MODEL)
    assert back.key == origin.key
