"""Adjustments: an ordered list as state; expressions by part and amount."""

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
    RegionStyle,
    adjusted_style,
    moved,
    pixel_adjustments,
)
from faceeditor.portrait.document import Portrait, SetAdjustments, SetHead
from faceeditor.portrait.expressions import EXPRESSION_PARTS, neutral, transferred
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
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
        lambda: ColourChange((1, 2, 3)), lambda: ColourChange((1, 1)),
        lambda: Adjustment("x", DetailChange(), strength=2),
        lambda: Adjustment("x", DetailChange(), feather=-1), lambda: ExpressionChange(np.zeros(3), np.zeros(2)),
        lambda: ExpressionChange(SMILE, np.zeros(2), "nose"),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(make) -> None:
    with pytest.raises(PortraitError):
        make()
