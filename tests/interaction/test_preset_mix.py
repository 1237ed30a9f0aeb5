"""The mathematics of the ring of presets, and groups of heads as text."""

import json
import math

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.head.presets import Preset, apply_preset, mix_heads
from faceeditor.interaction.head_values import group_from_text, group_of_text, group_to_text, mirrored_head
from faceeditor.interaction.preset_mix import PresetMixer, inside, place_of_mix, places, ring_weights
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients, LightRig

HEAD = HeadCoefficients.neutral().changed(pose=(10.0, -5.0, 3.0))
RING = [Preset("A", "expression", {"smile": 0.8}), Preset("B", "expression", {"jaw_open": 0.6}),
        Preset("C", "expression", {"brow_raise": 1.0})]  # fmt: skip


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_weights_add_up_and_are_whole_at_the_presets(count):
    middle, shares = ring_weights(count, 0.0, 0.0)
    assert middle == 1.0 and set(shares) == {0.0}
    for index, (x, y) in enumerate(places(count)):
        middle, shares = ring_weights(count, x, y)
        assert shares[index] == 1.0 and middle == 0.0
    middle, shares = ring_weights(count, 0.3, -0.4)
    assert middle + sum(shares) == pytest.approx(1.0) and min(shares) > 0


def test_weights_change_smoothly_towards_a_preset():
    x, y = places(5)[1]
    shares = [ring_weights(5, x * t, y * t)[1][1] for t in np.linspace(0, 1, 41)]
    assert shares == sorted(shares) and max(np.diff(shares)) < 0.12


def test_the_handle_stays_in_the_disc():
    assert inside(0.3, 0.4) == (0.3, 0.4)
    assert math.hypot(*inside(3.0, 4.0)) == pytest.approx(1.0)


def test_a_mixture_keeps_other_groups_and_leads_back_to_its_base():
    mixer = PresetMixer()
    smile = EXPRESSIONS.index("mouthSmile_L")
    at_a = mixer.mixed("expression", RING, places(3)[0], HEAD, None)
    assert at_a.expression[smile] == pytest.approx(0.8, abs=1e-3)
    assert np.array_equal(at_a.pose, HEAD.pose)
    half = mixer.mixed("expression", RING, (0.0, -0.5), at_a, None)
    assert 0.2 < half.expression[smile] < 0.6
    back = mixer.mixed("expression", RING, (0.0, 0.0), half, None)
    assert back.key == HEAD.key
    assert mixer.mix_of("expression", half).y == pytest.approx(-0.5)


def test_trying_presets_one_after_the_other_does_not_add_them_up():
    mixer = PresetMixer()
    first = mixer.applied(RING[0], 0.5, HEAD, None)
    second = mixer.applied(RING[1], 0.5, first, None)
    assert second.expression_of("mouthSmile_L") == 0.0
    assert second.expression_of("jawOpen") == pytest.approx(0.3, abs=1e-3)
    mix = mixer.mix_of("expression", second)
    assert mix.preset is RING[1] and mix.base is HEAD
    x, y = places(3)[1]
    assert place_of_mix(mix, ["A", "B", "C"]) == pytest.approx((x / 2, y / 2))


def test_the_ring_mixes_as_the_presets_do_lids_included():
    ring = [Preset("Left", "expression", {"gaze_yaw": 30.0}), Preset("Right", "expression", {"gaze_yaw": -30.0}),
            Preset("Smile", "expression", {"smile": 0.8})]  # fmt: skip
    head = PresetMixer().mixed("expression", ring, (0.1, 0.2), HEAD, None)
    _, shares = ring_weights(3, 0.1, 0.2)
    targets = [(apply_preset(each, HEAD, None), float(share)) for each, share in zip(ring, shares, strict=True)]
    same = mix_heads("expression", targets, HEAD)
    assert np.allclose(head.expression, same.expression) and np.allclose(head.gaze, same.gaze)
    # Half of a look to the left and half of one to the right: the eyes look ahead, and no lid follows either of them.
    ahead = mix_heads("expression", [(apply_preset(each, HEAD, None), 0.5) for each in ring[:2]], HEAD)
    assert np.allclose(ahead.gaze, 0)
    assert all(ahead.expression_of(name) == 0 for name in EXPRESSIONS if name.startswith("eyeLook"))
    half = PresetMixer().applied(ring[0], 0.5, HEAD, None)
    assert half.expression_of("eyeLookOut_L") == pytest.approx(float(half.gaze[0]) / 40, abs=1e-3)


def test_light_adds_up():
    other = HEAD.changed(gamma=np.full((9, 3), 2.0))
    mixed = mix_heads("light", [(other, 0.75)], HEAD)
    assert np.allclose(mixed.gamma, 0.25 * HEAD.gamma + 0.75 * other.gamma)


def test_a_group_survives_the_clipboard():
    rig = LightRig(azimuth=-60.0, colour=(1.0, 0.5, 0.25))
    head = HEAD.changed(gamma=np.eye(9, 3), rig=rig, expression=np.linspace(0, 1, 55))
    for group in ("identity", "expression", "pose", "light"):
        text = group_to_text(group, head)
        assert group_of_text(text) == group
        pasted = group_from_text(group, text, HeadCoefficients.neutral())
        assert pasted.key == HeadCoefficients.neutral().with_group(group, head).key
    assert group_from_text("light", group_to_text("light", head), HEAD).rig == rig


def damaged(change):
    data = json.loads(group_to_text("expression", HEAD))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "no expression on"),
        ("[1, 2]", "no expression on"),
        (group_to_text("light", HEAD), "called “light”"),
        (damaged(lambda data: data["values"]["expression"].__setitem__(3, math.nan)), "no expression on"),
        (damaged(lambda data: data["values"]["expression"].__setitem__(3, 7)), "out of range"),
        (damaged(lambda data: data["values"].__setitem__("expression", [1, 2])), "numbers"),
        (damaged(lambda data: data["values"].__setitem__("gaze", "up")), "damaged"),
        (damaged(lambda data: data.__setitem__("values", 3)), "damaged"),
        (damaged(lambda data: data.__setitem__("format", 9)), "version"),
    ],
)
def test_what_cannot_be_pasted_is_explained(text, words):
    with pytest.raises(PortraitError, match=words) as caught:
        group_from_text("expression", text, HEAD)
    assert str(caught.value).endswith(".")


def test_mirrored_twice_is_the_same_head():
    random = np.random.default_rng(1)
    head = HEAD.changed(expression=random.random(55), gaze=(5, 3), position=(2, -2, -100), gamma=random.random((9, 3)))
    once = mirrored_head(head)
    assert once.pose.tolist() == [-10.0, -5.0, -3.0] and once.gaze[0] == -5
    assert once.expression_of("mouthSmile_L") == head.expression_of("mouthSmile_R")
    assert once.expression_of("jawLeft") == head.expression_of("jawRight")
    assert mirrored_head(once).key == head.key
    assert once.gamma[3, 0] == -head.gamma[3, 0] and once.gamma[1, 0] == head.gamma[1, 0]
