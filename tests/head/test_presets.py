"""Presets: the program's own are sound, files are checked, mixtures are linear."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.head import presets as room
from faceeditor.head.control_kinds import MEAN_BRIGHTNESS, beside_lamps
from faceeditor.head.light import brightness, mean_colour, rig_to_gamma, with_brightness
from faceeditor.head.model import Direction, HeadModel
from faceeditor.head.presets import (
    Preset,
    apply_preset,
    delete_preset,
    find_preset,
    mix_heads,
    own_folder,
    preset_of,
    presets,
    random_group,
    read_preset,
    reset_group,
    save_preset,
    write_preset,
)
from faceeditor.interaction.preset_mix import PresetMixer
from faceeditor.portrait.head import EXPRESSIONS, GROUPS, HeadCoefficients, LightRig

NEUTRAL = HeadCoefficients.neutral()
TURNED = NEUTRAL.changed(pose=(20, 5, -3), position=(1.5, -2, -90), gaze=(8, 2), shape=np.full(24, 0.5))
TURNED = TURNED.changed(expression=np.full(55, 0.2), albedo=np.full(32, -0.3))
MODEL = SimpleNamespace(directions={"age": Direction(np.full(24, 0.2, np.float32), np.zeros(32, np.float32), -2, 2)})


def others_untouched(preset: Preset, before: HeadCoefficients, after: HeadCoefficients) -> bool:
    parts = [part for group, names in GROUPS.items() if group != preset.group for part in names if part != "rig"]
    return all(np.array_equal(getattr(before, part), getattr(after, part)) for part in parts)


def test_the_program_brings_its_presets() -> None:
    names = {group: [preset.name for preset in presets(group)] for group in GROUPS}
    assert names["expression"] == [
        "Neutral", "Joy", "Laugh", "Surprise", "Anger", "Sadness", "Fear", "Disgust", "Contempt", "Wink", "Kiss",
        "Thoughtful",
    ]  # fmt: skip
    assert names["light"][:3] == ["Soft window", "Rembrandt", "Split"] and len(names["light"]) == 10
    assert len(names["pose"]) == 8
    assert not any(preset.own for group in GROUPS for preset in presets(group))


@pytest.mark.parametrize("group", ["expression", "light", "pose"])
def test_the_programs_presets_differ_and_touch_one_group(group: str) -> None:
    reached = []
    for preset in presets(group):
        head = apply_preset(preset, TURNED)
        assert others_untouched(preset, TURNED, head)
        assert np.array_equal(head.position, TURNED.position)
        reached.append(np.concatenate([getattr(head, part).ravel() for part in GROUPS[group] if part != "rig"]))
        # What a preset gives does not depend on what the group was before.
        again = apply_preset(preset, head)
        assert np.array_equal(getattr(again, GROUPS[group][0]), getattr(head, GROUPS[group][0]))
    spread = [np.abs(a - b).max() for place, a in enumerate(reached) for b in reached[:place]]
    assert min(spread) > 0.1


def test_expressions_mean_what_they_say() -> None:
    faces = {preset.name: apply_preset(preset, NEUTRAL) for preset in presets("expression")}
    assert not faces["Neutral"].expression.any()
    smiles = {name: face.expression_of("mouthSmile_L") for name, face in faces.items()}
    assert smiles["Laugh"] > smiles["Joy"] > 0.6 and smiles["Anger"] == smiles["Sadness"] == 0
    wink = faces["Wink"]
    assert wink.expression_of("eyeBlink_L") > 0.9 and wink.expression_of("eyeBlink_R") == 0
    assert faces["Thoughtful"].gaze[0] > 10 and faces["Thoughtful"].expression_of("eyeLookOut_L") > 0.2
    assert faces["Contempt"].expression_of("mouthSmile_R") == 0 < faces["Contempt"].expression_of("mouthSmile_L")


def test_lights_mean_what_they_say() -> None:
    lights = {preset.name: apply_preset(preset, NEUTRAL) for preset in presets("light")}
    for head in lights.values():
        assert head.rig is not None and 0.12 < brightness(head.gamma) < 0.9
        np.testing.assert_array_equal(head.gamma, rig_to_gamma(head.rig))
    # x is the fourth term, y the second: positive where light comes from the right side of the picture, from above.
    assert lights["Split"].gamma[3, 0] > 0.5 > abs(lights["Butterfly"].gamma[3, 0])
    assert lights["Soft window"].gamma[3, 0] < 0 and lights["Candle"].gamma[1, 0] < 0 < lights["Butterfly"].gamma[1, 0]
    assert lights["Candle"].gamma[0, 0] > 2 * lights["Candle"].gamma[0, 2]
    assert lights["Moonlight"].gamma[0, 2] > lights["Moonlight"].gamma[0, 0]


def test_poses_are_the_persons_left_and_right() -> None:
    assert apply_preset(find_preset("pose", "three quarter LEFT"), NEUTRAL).pose[0] == 30
    assert apply_preset(find_preset("pose", "profile-right"), NEUTRAL).pose[0] == -45
    with pytest.raises(PortraitError, match="“looking-up”"):
        find_preset("pose", "lookingup")


@pytest.mark.parametrize(
    ("group", "values", "says"),
    [
        ("expression", {"smil": 0.5}, "no control “smil” .*“smile”"),
        ("expression", {"smile": 1.5}, "“smile” cannot be 1.5; choose 0 to 1"),
        ("expression", {"smile": -0.1}, "-0.1"),
        ("expression", {"smile": float("nan")}, "is no number"),
        ("expression", {"smile": float("inf")}, "is no number"),
        ("expression", {"smile": "much"}, "is no number"),
        ("expression", {"smile": True}, "is no number"),
        ("expression", {"yaw": 3}, "belongs to the pose"),
        ("expression", {"smile": 0.5, "mouthSmile_L": 0.5}, "“smile” and “mouthSmile_L” .*set the same"),
        ("expression", {"smile_left": 0.5, "smile": 0.5}, "set the same"),
        ("expression", {"gaze_yaw": 5, "eyeLookIn_L": 0.1}, "set the same"),
        ("expression", {"blink_left": 0.9, "eye_wide_left": 0.9}, "“eyeBlink_L” and “eyeWide_L” .*against each other"),
        ("expression", {"smile": 0.8, "frown_right": 0.8}, "“mouthSmile_R” and “mouthFrown_R”"),
        ("expression", {"jawLeft": 0.5, "jawRight": 0.6}, "against each other"),
        ("light", {"key_azimuth": 0, "sh0_red": 1}, "exclude each other"),
        ("light", {"key_azimuth": 200}, "200"),
        ("pose", {"yaw": 60}, "-45 to 45 degrees"),
        ("identity", {"age up": 1}, "no control"),
        ("mood", {}, "no known group"),
    ],
)
def test_presets_that_cannot_be(group: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(PortraitError, match=says) as error:
        Preset("Odd", group, values)
    text = str(error.value)
    assert "“Odd”" in text and "\n" not in text and text.endswith((".", "?"))


def test_little_of_both_is_no_contradiction() -> None:
    head = apply_preset(Preset("Tense", "expression", {"blink_left": 0.2, "eye_wide_left": 0.9}), NEUTRAL)
    assert head.expression_of("eyeBlink_L") == pytest.approx(0.2) and head.expression_of("eyeWide_L") > 0.8


@pytest.mark.parametrize("name", ["", "  ", "***", "x" * 61])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(PortraitError, match="name has 1 to 60"):
        Preset(name, "pose")


def test_a_preset_comes_back_from_its_file(tmp_path: Path) -> None:
    preset = Preset("Größe “9”", "expression", {"smile": 0.123, "gaze_yaw": -3})
    write_preset(tmp_path / "new" / "a.json", preset)
    again = read_preset(tmp_path / "new" / "a.json")
    assert again == preset and dict(again.values) == {"smile": 0.123, "gaze_yaw": -3}
    assert not again.own
    with pytest.raises(TypeError):
        again.values["smile"] = 1  # type: ignore[index]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no preset"), (b"\xff\xfe", "is no preset"), (b"[1]", "is no preset"), (b"[" * 60_000, "no preset"),
        (b" " * 70_000 + b"{}", "no preset"),
        (b'{"format": 1, "group": "pose", "name": "A"}', "is no preset"),
        (b'{"format": 2, "group": "pose", "name": "A", "values": {}}', "format 2"),
        (b'{"format": true, "group": "pose", "name": "A", "values": {}}', "format True"),
        (b'{"format": 1, "group": "pose", "values": {}}', "lacks its name"),
        (b'{"format": 1, "group": "pose", "name": "A", "values": {"yaw": NaN}}', "is no number"),
        (b'{"format": 1, "group": "pose", "name": "A", "values": {"yaw": 1e999}}', "out of range"),
    ],
)  # fmt: skip
def test_files_that_are_no_preset(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(PortraitError, match=says):
        read_preset(tmp_path / "a.json")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match=r"“a.json” cannot be read"):
        read_preset(tmp_path / "a.json")


def test_the_users_own_presets(caplog: pytest.LogCaptureFixture) -> None:
    kept = save_preset(Preset("Half smile", "expression", {"smile": 0.5}))
    joy = save_preset(Preset("joy", "expression", {"smile": 0.9}))
    assert kept.own and kept.path == own_folder("expression") / "half-smile.json"
    shown = presets("expression")
    assert [preset.name for preset in shown][-2:] == ["Half smile", "joy"]
    assert "Joy" not in [preset.name for preset in shown]  # the user's stands in its place
    (own_folder("expression") / "broken.json").write_text("{")
    (own_folder("expression") / "wrong.json").write_text(
        json.dumps({"format": 1, "group": "pose", "name": "A", "values": {}})
    )
    problems: list[str] = []
    assert presets("expression", lambda error: problems.append(str(error))) == shown
    assert len(problems) == 2 and "broken.json" in problems[0] and "wrong.json" in problems[1]
    with caplog.at_level(logging.WARNING):
        assert presets("expression") == shown
    assert "broken.json" in caplog.text
    delete_preset(joy)
    assert "Joy" in [preset.name for preset in presets("expression")]
    with pytest.raises(PortraitError, match="came with Face Editor"):
        delete_preset(find_preset("expression", "joy"))


def test_an_unwritable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PortraitError, match=r"a\.json"):
        write_preset(tmp_path / "file" / "a.json", Preset("A", "pose"))


def test_a_head_becomes_a_preset_and_comes_back() -> None:
    random = np.random.default_rng(3)
    head = TURNED.changed(
        shape=random.normal(size=24), albedo=random.normal(size=32), gamma=random.normal(size=(9, 3)) * 0.3 + 1,
        expression=random.uniform(0, 0.4, 55) * (np.arange(55) % 3 == 0), gaze=(0, 0),
    )  # fmt: skip
    head = room._with_lids(head.changed(gaze=(12, -6)))
    for group in GROUPS:
        back = apply_preset(preset_of("Mine", group, head), NEUTRAL.changed(position=head.position))
        for part in GROUPS[group]:
            if part != "rig":
                np.testing.assert_allclose(getattr(back, part), getattr(head, part), atol=1e-4, err_msg=part)
    rig = LightRig(azimuth=-20.5, colour=(1.0, 0.25, 0.5), rim=0.3)
    lit = apply_preset(preset_of("Lamp", "light", head.changed(gamma=rig_to_gamma(rig), rig=rig)), NEUTRAL)
    assert lit.rig == rig
    # A light that is more than its lamps is saved as it is.
    more = head.changed(gamma=rig_to_gamma(rig) + 0.25, rig=rig)
    np.testing.assert_allclose(apply_preset(preset_of("More", "light", more), NEUTRAL).gamma, more.gamma, atol=1e-3)


def mixed(weights: dict[Preset, float], head: HeadCoefficients) -> HeadCoefficients:
    (group,) = {preset.group for preset in weights}
    return mix_heads(group, [(apply_preset(preset, head), weight) for preset, weight in weights.items()], head)


def test_mixtures_are_linear() -> None:
    joy, anger = find_preset("expression", "Joy"), find_preset("expression", "Anger")
    both = mixed({joy: 0.25, anger: 0.75}, TURNED)
    ends = apply_preset(joy, TURNED).expression * 0.25 + apply_preset(anger, TURNED).expression * 0.75
    np.testing.assert_allclose(both.expression, ends, atol=1e-6)
    assert others_untouched(joy, TURNED, both)
    half = mixed({joy: 0.5}, NEUTRAL)
    np.testing.assert_allclose(half.expression, apply_preset(joy, NEUTRAL).expression / 2, atol=1e-6)


def test_lights_mix_by_gamma_and_one_alone_keeps_its_lamps() -> None:
    split, ring = find_preset("light", "Split"), find_preset("light", "Ring")
    both = mixed({split: 0.5, ring: 0.5}, NEUTRAL)
    ends = (apply_preset(split, NEUTRAL).gamma + apply_preset(ring, NEUTRAL).gamma) / 2
    np.testing.assert_allclose(both.gamma, ends, atol=1e-6)
    assert both.rig is None
    assert mixed({split: 1.0}, NEUTRAL).rig == apply_preset(split, NEUTRAL).rig is not None


def test_lids_follow_a_mixed_gaze() -> None:
    left, right = Preset("L", "expression", {"gaze_yaw": 20}), Preset("R", "expression", {"gaze_yaw": -20})
    ahead = mixed({left: 0.5, right: 0.5}, NEUTRAL.changed(gaze=(9, 0)))
    assert abs(ahead.gaze[0]) < 1e-5 and ahead.expression.max() < 1e-6
    aside = mixed({left: 0.75, right: 0.25}, NEUTRAL)
    assert aside.expression_of("eyeLookOut_L") == pytest.approx(0.25) and aside.expression_of("eyeLookIn_L") == 0


def test_identity_presets_use_the_models_directions() -> None:
    old = Preset("Old", "identity", {"age": 1.5})
    head = apply_preset(old, TURNED, MODEL)
    np.testing.assert_allclose(head.shape, 0.3, atol=1e-6)
    assert not head.albedo.any() and others_untouched(old, TURNED, head)
    for values, says in (({"age": 9}, "9"), ({"aeg": 1}, "“age”")):
        with pytest.raises(PortraitError, match=says):
            apply_preset(Preset("Older", "identity", values), TURNED, MODEL)


def test_exposure_alone_keeps_the_light() -> None:
    head = NEUTRAL.changed(gamma=rig_to_gamma(LightRig(azimuth=-80)))
    dim = apply_preset(Preset("Dim", "light", {"exposure": -2}), head)
    ratio = dim.gamma[0, 0] / head.gamma[0, 0]
    assert ratio < 0.6
    np.testing.assert_allclose(dim.gamma, head.gamma * ratio, atol=1e-5)
    # Named together with lamps it comes last, whatever stands first in the file.
    both = apply_preset(Preset("Both", "light", {"exposure": -1, "key_azimuth": 10}), head)
    assert brightness(both.gamma) == pytest.approx(0.325, abs=1e-4)


class Prior:
    """Draws noise, and meddles with everything."""

    def draw(self, group: str, random: np.random.Generator, head: HeadCoefficients) -> HeadCoefficients:
        return head.changed(
            shape=random.normal(size=24), gamma=random.normal(size=(9, 3)), pose=random.normal(size=3),
            gaze=random.normal(size=2) * 5, expression=random.uniform(0, 1, 55),
        )  # fmt: skip


@pytest.mark.parametrize("group", list(GROUPS))
def test_random_groups_are_repeatable_and_keep_to_their_group(group: str) -> None:
    first, again, other = (random_group(group, seed, TURNED, None, Prior()) for seed in (7, 7, 8))
    assert first.key == again.key != other.key
    assert others_untouched(Preset("Any", group), TURNED, first)
    assert first.key != TURNED.key
    if group == "expression":
        lids = room._with_lids(NEUTRAL.changed(gaze=first.gaze))
        for name in EXPRESSIONS:
            if name.startswith("eyeLook"):
                assert first.expression_of(name) == lids.expression_of(name)


def test_the_same_seed_draws_differently_for_each_group() -> None:
    shape = random_group("identity", 7, TURNED, None, Prior()).shape
    pose = random_group("pose", 7, TURNED, None, Prior()).pose
    random = np.random.default_rng([7, 0])
    assert np.array_equal(shape, random.normal(size=24).astype(np.float32))
    assert not np.isin(pose, random.normal(size=27)).any()


@pytest.mark.parametrize("group", list(GROUPS))
def test_reset(group: str) -> None:
    base = TURNED.changed(pose=(1, 2, 3), gamma=np.full((9, 3), 0.5), shape=np.full(24, 0.1), gaze=(1, 1))
    reset = reset_group(group, TURNED, base)
    assert all(np.array_equal(getattr(reset, part), getattr(base, part)) for part in GROUPS[group] if part != "rig")
    assert others_untouched(Preset("Any", group), TURNED, reset)
    plain = reset_group(group, TURNED)
    assert others_untouched(Preset("Any", group), TURNED, plain) and plain.key != TURNED.key
    assert np.array_equal(plain.position, TURNED.position)


def test_lamps_keep_the_exposure_and_the_white_of_a_photograph() -> None:
    """On a bright, warm photograph a preset made a face dark and cold."""
    preset = find_preset("light", "Rembrandt")
    read = HeadCoefficients.neutral()
    plain = apply_preset(preset, read)
    even = with_brightness(np.zeros((9, 3), np.float32), MEAN_BRIGHTNESS)
    taken = with_brightness(even * np.array([1.4, 1.1, 1.0], np.float32), 1.3 * MEAN_BRIGHTNESS)
    lit = apply_preset(preset, read.changed(gamma=taken), photo_light=taken)
    assert brightness(lit.gamma) / brightness(plain.gamma) == pytest.approx(1.3, rel=0.05)
    before, after = mean_colour(plain.gamma), mean_colour(lit.gamma)
    assert (after / before)[0] / (after / before)[2] == pytest.approx(1.4, rel=0.1)
    assert lit.rig is not None and np.abs(beside_lamps(lit)).max() < 1e-6  # the panel shows what is in effect
    same = apply_preset(preset, read, photo_light=even)
    np.testing.assert_allclose(same.gamma, plain.gamma, atol=0.02)


def test_a_share_of_a_preset_leads_to_its_whole_on_a_photograph() -> None:
    model = HeadModel.load()
    taken = with_brightness(HeadCoefficients.neutral().gamma, 1.2)
    head = HeadCoefficients.neutral().changed(gamma=taken)
    mixer = PresetMixer()
    mixer.set_photo_light(taken)
    preset = find_preset("light", "Rembrandt")
    most = mixer.applied(preset, 0.999, head, model)
    whole = mixer.applied(preset, 1.0, head, model)
    np.testing.assert_allclose(most.gamma, whole.gamma, atol=0.01)
    mixer.set_photo_light(None)
    assert brightness(mixer.applied(preset, 1.0, head, model).gamma) < brightness(whole.gamma)
