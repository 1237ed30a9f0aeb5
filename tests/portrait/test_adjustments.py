"""Adjustments: an ordered list as state; expressions by part and amount."""

from dataclasses import replace

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.adjustments import (
    MAX_ADJUSTMENTS,
    REGION_SETS,
    Adjustment,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    LightChange,
    RegionStyle,
    adjusted_style,
    moved,
    pixel_adjustments,
    relit_head,
)
from faceeditor.portrait.document import Portrait, SetAdjustments, SetHead
from faceeditor.portrait.expressions import EXPRESSION_PARTS, neutral, transferred
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients, LightRig
from faceeditor.portrait.state import FaceState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region

HEAD = HeadCoefficients.neutral()
SMILE = np.zeros(55, np.float32)
SMILE[EXPRESSIONS.index("mouthSmile_L")] = 0.8
SMILE[EXPRESSIONS.index("browInnerUp_L")] = 0.6


def test_an_adjustment_is_an_edit_that_is_undone(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    red = Adjustment("Red hair", ColourChange((0.7, 0.1, 0.1)), REGION_SETS["hair"])
    soft = Adjustment("Soft", DetailChange(-0.5))
    told = []
    portrait.subscribe(told.append)
    portrait.apply(SetAdjustments((red,), "Add red hair"))
    portrait.apply(SetAdjustments((red, soft), "Add soft"))
    portrait.apply(SetAdjustments(moved((red, soft), 1, 0), "Reorder"))
    assert [each.name for each in portrait.state().face.adjustments] == ["Soft", "Red hair"] and told[-1].drawn
    portrait.undo()
    assert portrait.state().face.adjustments == (red, soft)
    portrait.apply(SetAdjustments((red, soft)))
    assert portrait.undo_stack == ("Add red hair", "Add soft", "Reorder"), "the same list is no edit"
    with pytest.raises(PortraitError, match="at most"):
        portrait.apply(SetAdjustments((red,) * (MAX_ADJUSTMENTS + 1)))


def test_what_is_switched_off_or_neutral_changes_no_pixel() -> None:
    entries = (
        Adjustment("a", ColourChange()), Adjustment("b", ColourChange(hue=5), enabled=False),
        Adjustment("c", DetailChange(0.5), strength=0), Adjustment("d", DetailChange(0.5)),
        Adjustment("e", RegionStyle(StyleCode.zeros())),
    )  # fmt: skip
    assert [each.name for each in pixel_adjustments(entries)] == ["d"]
    shape = HeadChange.between(HEAD, HEAD.changed(shape=np.full(24, 0.5), pose=(9, 0, 0)))
    skin = HeadChange.between(HEAD, HEAD.changed(albedo=[1.0] + 31 * [0.0]))
    light = HeadChange.between(HEAD, HEAD.changed(gamma=HEAD.gamma * 0.5))
    for settings, changes in (
        (ColourChange(hue=5), True), (ColourChange(lightness=0.1), True), (ColourChange(saturation=-0.1), True),
        (ColourChange((0, 0, 0)), True), (ColourChange(iris=True), False), (DetailChange(0), False),
        (LightChange(HEAD.gamma), True), (skin, True), (light, True), (shape, False),
        (ExpressionChange(SMILE, np.zeros(2)), False),
    ):  # fmt: skip
        assert bool(pixel_adjustments((Adjustment("x", settings),))) is changes, settings


def test_sliders_in_regions_add_to_the_head() -> None:
    rig = LightRig(azimuth=70)
    wanted = HEAD.changed(
        shape=np.full(24, 0.5), albedo=np.full(32, -0.5), expression=SMILE, gaze=(4, -2), gamma=HEAD.gamma * 0.5,
        rig=rig, pose=(30, 0, 0),
    )  # fmt: skip
    change = HeadChange.between(HEAD, wanted)
    start = HEAD.changed(shape=np.full(24, 1.0), gaze=(1, 1), pose=(5, 0, 0))
    added = change.added(start)
    assert added.shape == pytest.approx(1.5) and added.albedo == pytest.approx(-0.5) and added.gaze.tolist() == [5, -1]
    assert added.gamma == pytest.approx(HEAD.gamma * 0.5) and added.rig == rig
    assert added.pose[0] == 5, "a head turns as a whole"
    lit = relit_head(start, change)
    assert lit is not None and lit.gamma == pytest.approx(HEAD.gamma * 0.5) and lit.albedo == pytest.approx(-0.5)
    assert lit.rig == rig and np.array_equal(lit.shape, start.shape)
    assert change.moves and HeadChange.between(HEAD, HEAD.changed(rig=rig)).rig is None, "the same light"


@pytest.mark.parametrize(
    ("parts", "moves", "relights"),
    [
        ({"shape": [1.0] + 23 * [0.0]}, True, False), ({"expression": SMILE}, True, False),
        ({"gaze": (0, 3)}, True, False), ({"albedo": 31 * [0.0] + [1.0]}, False, True),
        ({"gamma": HEAD.gamma + np.eye(9, 3)}, False, True), ({}, False, False),
    ],
)  # fmt: skip
def test_what_a_slider_touches(parts: dict, moves: bool, relights: bool) -> None:
    change = HeadChange.between(HEAD, HEAD.changed(**parts))
    lamp = HEAD.changed(rig=LightRig(azimuth=-20))
    assert change.moves is moves and (relit_head(lamp, change) is not None) is relights
    if "gamma" not in parts:
        assert change.added(lamp).rig == lamp.rig, "a light that is not touched keeps its lamps"
    if "albedo" in parts:
        lit = relit_head(lamp, change)
        assert lit is not None and lit.rig == lamp.rig and np.array_equal(lit.gamma, lamp.gamma)


def test_another_light_replaces_the_head_s() -> None:
    gamma = np.full((9, 3), 0.25, np.float32)
    lit = relit_head(HEAD.changed(rig=LightRig()), LightChange(gamma))
    assert lit is not None and np.array_equal(lit.gamma, gamma) and lit.rig is None
    assert relit_head(HEAD, ColourChange(hue=5)) is None


def test_values_at_the_ends_of_their_ranges_are_taken() -> None:
    for low, high in ((ColourChange(hue=-180), ColourChange(hue=180)), (DetailChange(-1), DetailChange(1))):
        assert low != high
    assert ColourChange((0, 1, 0), lightness=-1, saturation=1).colour == (0, 1, 0)
    assert ColourChange(lightness=1, saturation=-1).lightness == 1
    for feather, strength in ((0, 0), (32, 1)):
        entry = Adjustment("x", DetailChange(), feather=feather, strength=strength)
        assert (entry.feather, entry.strength, entry.active) == (feather, strength, strength > 0)
    assert LightChange(np.full((9, 3), -30)).gamma.min() == -30


def test_what_is_kept_can_not_be_written_to() -> None:
    gamma = np.zeros((9, 3), np.float32)
    light, expression = LightChange(gamma), ExpressionChange(SMILE, np.zeros(2))
    change = HeadChange.between(HEAD, HEAD)
    gamma[:] = 5
    for array in (light.gamma, expression.expression, expression.gaze, change.shape, change.gamma):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 1
    assert not light.gamma.any()


def test_names_are_short_and_never_empty() -> None:
    assert Adjustment("  ", DetailChange()).name == "Adjustment"
    assert Adjustment(" x" * 300, DetailChange()).name == (" x" * 300).strip()[:200]
    assert Adjustment("x", DetailChange(), frozenset({17, 1})).region_list == (1, 17)  # type: ignore[arg-type]
    assert Adjustment("x", DetailChange()).region_list == tuple(range(19)), "no region: everywhere"


def test_the_look_of_a_region_comes_from_another_style() -> None:
    own, other = StyleCode.zeros(), StyleCode(np.ones((19, 32)), np.ones(64), np.ones((8, 16, 16)))
    entry = Adjustment("Hair", RegionStyle(other), REGION_SETS["hair"])
    mixed = adjusted_style(own, (entry,))
    assert (mixed.regions[Region.HAIR] == 1).all() and mixed.regions.sum() == 32
    half = adjusted_style(own, (entry.changed(strength=0.5),))
    assert half.regions[Region.HAIR] == pytest.approx(0.5)
    assert adjusted_style(own, (entry.changed(enabled=False),)) is own


def test_an_expression_moves_the_head_that_is_drawn(face: MaskArray) -> None:
    entry = Adjustment("Smile", ExpressionChange(SMILE, np.zeros(2), "mouth"))
    state = FaceState(face, StyleCode.zeros(), head=HEAD, read_head=True, adjustments=(entry,))
    shown, base = state.drawn_heads
    assert shown is not None and base is HEAD and state.head is HEAD and state.moved
    assert shown.expression_of("mouthSmile_L") == pytest.approx(0.8) and shown.expression_of("browInnerUp_L") == 0
    off = state.changed(adjustments=(entry.changed(enabled=False),))
    assert off.drawn_heads == (None, None) and not off.moved


def test_parts_amounts_and_adding() -> None:
    start = HEAD.changed(expression=np.full(55, 0.4), gaze=(10, 0), pose=(5, 0, 0))
    brows = transferred(start, SMILE, (0, 5), "brows")
    assert brows.expression_of("browInnerUp_L") == pytest.approx(0.6) and brows.expression_of("browDown_R") == 0
    assert brows.expression_of("mouthSmile_L") == pytest.approx(0.4) and brows.gaze[0] == 10
    eyes = transferred(start, SMILE, (0, 5), "eyes", 0.5)
    assert eyes.gaze.tolist() == [5, 2.5] and eyes.expression_of("eyeBlink_L") == pytest.approx(0.2)
    added = transferred(start, SMILE, (0, 5), "all", 1.0, add=True)
    assert added.expression_of("mouthSmile_L") == 1 and added.expression_of("jawOpen") == pytest.approx(0.4)
    assert added.gaze.tolist() == [10, 5] and added.pose[0] == 5
    assert transferred(start, SMILE, (0, 5), amount=0) is start
    assert not neutral(start).expression.any() and not neutral(start).gaze.any() and neutral(start).pose[0] == 5
    parts = [set(EXPRESSION_PARTS[part]) for part in ("brows", "eyes", "mouth")]
    assert not parts[0] & parts[1] and not parts[1] & parts[2] and not parts[0] & parts[2]
    with pytest.raises(PortraitError, match="no part"):
        transferred(start, SMILE, (0, 0), "nose")


def test_reset_takes_an_expression_out_again(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    portrait.apply(SetHead(HEAD.changed(pose=(9, 0, 0)), HEAD))
    portrait.apply(SetHead(HEAD))
    assert portrait.state().face.drawn_heads == (None, None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ColourChange(hue=200), lambda: ColourChange(lightness=float("nan")), lambda: DetailChange(3),
        lambda: ColourChange(hue=-181), lambda: ColourChange(lightness=1.01), lambda: ColourChange(saturation=1.01),
        lambda: ColourChange(saturation=-1.01), lambda: ColourChange((0, 0, -0.01)), lambda: ColourChange(hue=True),
        lambda: ColourChange(hue="5"), lambda: Adjustment("x", DetailChange(), feather=32.1),
        lambda: LightChange(np.zeros((3, 9))), lambda: LightChange(np.full((9, 3), 30.1)),
        lambda: LightChange(np.where(np.eye(9, 3) > 0, np.nan, 0)),
        lambda: ExpressionChange(SMILE, np.array([0, 91])), lambda: ExpressionChange(SMILE * np.nan, np.zeros(2)),
        lambda: replace(HeadChange.between(HEAD, HEAD), shape=np.array([12.1] + 23 * [0.0])),
        lambda: replace(HeadChange.between(HEAD, HEAD), expression=np.full(55, np.nan)),
        lambda: replace(HeadChange.between(HEAD, HEAD), gaze=np.zeros(3)),
        lambda: ColourChange((1, 2, 3)), lambda: ColourChange((1, 1)),
        lambda: Adjustment("x", DetailChange(), strength=2),
        lambda: Adjustment("x", DetailChange(), feather=-1), lambda: ExpressionChange(np.zeros(3), np.zeros(2)),
        lambda: ExpressionChange(SMILE, np.zeros(2), "nose"),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(make) -> None:
    with pytest.raises(PortraitError):
        make()
