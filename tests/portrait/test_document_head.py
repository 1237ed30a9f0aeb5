"""The portrait with a head: what is painted, what is moved, and how both are undone."""

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.document import (
    AdoptMask,
    Change,
    PaintMask,
    Portrait,
    ReplaceMask,
    SetComb,
    SetHead,
    SetStyle,
    SetTruncation,
)
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.portrait.state import CombStroke
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region

BASE = HeadCoefficients.neutral().changed(pose=(2, -4, 1))
TURNED = BASE.changed(pose=(25, -4, 1))
LIT = BASE.changed(gamma=np.full((9, 3), 0.5))


@pytest.fixture
def changes(portrait: Portrait) -> list[Change]:
    """What the portrait tells."""
    told: list[Change] = []
    portrait.subscribe(told.append)
    return told


@pytest.fixture
def moved(face: MaskArray) -> MaskArray:
    """The face as it might look at the turned head."""
    return np.roll(face, 12, axis=1)


def paint(portrait: Portrait) -> None:
    portrait.paint((20, 30, 10, 6), np.full((6, 10), Region.HAIR, np.uint8))


def test_a_portrait_starts_without_a_head(portrait: Portrait) -> None:
    assert portrait.head is None and portrait.base_head is None and not portrait.moved
    with pytest.raises(PortraitError, match="no head yet"):
        portrait.apply(SetHead(TURNED))
    assert portrait.head is None and portrait.undo_stack == ()


def test_the_first_head_brings_its_base(portrait: Portrait, face: MaskArray, changes: list[Change]) -> None:
    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    assert changes == [Change(1, None, False, True, head=True)]
    assert portrait.head is TURNED and portrait.base_head is BASE and portrait.moved and portrait.modified
    assert np.array_equal(portrait.mask, face)
    portrait.apply(SetHead(LIT, name="Key light"))
    assert portrait.base_head is BASE and not portrait.moved
    assert portrait.undo_stack == ("Yaw", "Key light")
    portrait.undo()
    assert portrait.head is TURNED and changes[-1].head
    portrait.undo()
    assert portrait.head is None and portrait.base_head is None and not portrait.modified
    portrait.redo()
    assert portrait.head is TURNED and portrait.base_head is BASE


@pytest.mark.parametrize(
    ("parts", "moves"),
    [
        ({"shape": np.full(24, 0.1)}, True), ({"expression": np.full(55, 0.1)}, True), ({"gaze": (1, 0)}, True),
        ({"pose": (2, -4, 2)}, True), ({"position": (0, 0, -100)}, True), ({"albedo": np.full(32, 0.1)}, False),
        ({"gamma": np.zeros((9, 3))}, False), ({"rig": LightRig()}, False), ({}, False),
    ],
)  # fmt: skip
def test_what_moves_a_mask(portrait: Portrait, parts: dict[str, object], moves: bool) -> None:
    portrait.apply(SetHead(BASE.changed(**parts), BASE))
    assert portrait.moved is moves


def test_the_same_head_leaves_no_trace(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    portrait.apply(SetHead(BASE.changed(pose=TURNED.pose)))
    assert len(changes) == 1 and len(portrait.undo_stack) == 1
    # The rig is a value of its own: the light's controls start from it.
    portrait.apply(SetHead(TURNED.changed(rig=LightRig(azimuth=3))))
    assert len(changes) == 2 and changes[-1].head


def test_a_gesture_of_head_moves_is_one_step(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(SetHead(BASE, BASE))
    portrait.begin_gesture("Yaw")
    for yaw in range(5, 30, 5):
        portrait.apply(SetHead(BASE.changed(pose=(yaw, 0, 0))))
    portrait.commit_gesture()
    assert [change.head for change in changes] == [True] * 6 + [False]
    assert portrait.undo_stack == ("Head", "Yaw")
    portrait.undo()
    assert portrait.head is BASE
    portrait.begin_gesture("Yaw")
    portrait.apply(SetHead(TURNED))
    portrait.apply(SetTruncation(0.3))
    portrait.abort_gesture()
    assert portrait.head is BASE and portrait.truncation == 1.0 and changes[-1].head and changes[-1].style
    portrait.begin_gesture("Yaw")
    portrait.apply(SetHead(TURNED))
    portrait.apply(SetHead(BASE.changed()))
    portrait.commit_gesture()
    assert portrait.undo_stack == ("Head", "Yaw")
    assert portrait.can_redo  # there and back again left no step


def test_adopting_makes_the_moved_mask_the_painted_one(
    portrait: Portrait, face: MaskArray, moved: MaskArray, changes: list[Change]
) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    portrait.apply(AdoptMask(moved))
    assert np.array_equal(portrait.mask, moved)
    assert portrait.head is TURNED and portrait.base_head is TURNED and not portrait.moved
    assert changes[-1].dirty == (0, 0, 256, 256) and changes[-1].head
    portrait.undo()
    assert np.array_equal(portrait.mask, face)
    assert portrait.head is TURNED and portrait.base_head is BASE


def test_a_stroke_on_a_turned_head_is_undone_before_the_turn(
    portrait: Portrait, face: MaskArray, moved: MaskArray, changes: list[Change]
) -> None:
    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    portrait.begin_stroke("Paint Hair", moved)
    assert np.array_equal(portrait.mask, moved) and not portrait.moved
    assert changes[-1].head and changes[-1].dirty == (0, 0, 256, 256)
    paint(portrait)
    portrait.commit_stroke()
    assert portrait.undo_stack == ("Yaw", "Paint Hair")
    painted = portrait.mask.copy()
    assert painted[32, 25] == Region.HAIR and np.array_equal(painted[100:], moved[100:])
    portrait.undo()
    assert np.array_equal(portrait.mask, face)
    assert portrait.head is TURNED and portrait.base_head is BASE and portrait.moved
    portrait.undo()
    assert portrait.head is None
    portrait.go_to(2)
    assert np.array_equal(portrait.mask, painted)
    assert portrait.head is TURNED and portrait.base_head is TURNED


@pytest.mark.parametrize("close", [Portrait.commit_stroke, Portrait.abort_stroke])
def test_a_stroke_that_paints_nothing_adopts_nothing(
    portrait: Portrait, face: MaskArray, moved: MaskArray, close: object
) -> None:
    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    portrait.mark_saved()
    portrait.begin_stroke("Paint Hair", moved)
    before = portrait.mask[30:36, 20:30].copy()
    paint(portrait)
    portrait.paint((20, 30, 10, 6), before)
    close(portrait)  # type: ignore[operator]
    assert np.array_equal(portrait.mask, face) and portrait.base_head is BASE and portrait.moved
    assert portrait.undo_stack == ("Yaw",) and not portrait.modified and not portrait.busy


def test_an_aborted_stroke_gives_the_painted_mask_back(portrait: Portrait, face: MaskArray, moved: MaskArray) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    portrait.begin_stroke("Paint Hair", moved)
    paint(portrait)
    portrait.abort_stroke()
    assert np.array_equal(portrait.mask, face) and portrait.base_head is BASE and portrait.head is TURNED


def test_a_moved_mask_that_is_none_opens_no_stroke(portrait: Portrait, face: MaskArray) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    with pytest.raises(PortraitError, match="mask"):
        portrait.begin_stroke("Paint", face[:128])
    assert not portrait.busy and portrait.base_head is BASE


def test_no_head_moves_inside_a_stroke(portrait: Portrait) -> None:
    portrait.begin_stroke("Paint")
    with pytest.raises(PortraitError, match="stroke"):
        portrait.apply(SetHead(TURNED, BASE))
    portrait.commit_stroke()


def test_a_new_mask_sets_or_drops_the_head(portrait: Portrait, face: MaskArray, moved: MaskArray) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    portrait.apply(ReplaceMask(moved))
    assert portrait.head is None and portrait.base_head is None
    portrait.apply(ReplaceMask(moved, head=LIT))
    assert portrait.head is LIT and portrait.base_head is LIT
    portrait.go_to(1)
    assert portrait.head is TURNED and portrait.base_head is BASE and np.array_equal(portrait.mask, face)


def test_undo_of_mixed_steps(portrait: Portrait, moved: MaskArray) -> None:
    def seen() -> tuple[bytes, str, float, object, object]:
        return portrait.mask.tobytes(), portrait.style.key, portrait.truncation, portrait.head, portrait.base_head

    states = [seen()]
    for edit in (
        SetHead(TURNED, BASE),
        SetStyle(StyleCode.zeros("Zero")),
        AdoptMask(moved),
        SetHead(LIT),
        PaintMask((0, 0, 8, 8), np.full((8, 8), Region.HAT, np.uint8)),
        ReplaceMask(moved),
    ):
        portrait.apply(edit)
        states.append(seen())
    for position in (6, 0, 3, 2, 5, 1, 4, 6, 0):
        portrait.go_to(position)
        assert seen() == states[position]


def test_state_and_constructor_carry_the_heads(portrait: Portrait, face: MaskArray) -> None:
    portrait.apply(SetHead(TURNED, BASE))
    state = portrait.state()
    assert state.head is TURNED and state.base_head is BASE
    again = Portrait(state.mask, state.style, head=state.head, base_head=state.base_head)
    assert again.moved and not again.modified
    alone = Portrait(face, state.style, head=TURNED)
    assert alone.base_head is TURNED and not alone.moved


def test_many_head_moves_take_little_memory(portrait: Portrait) -> None:
    for number in range(200):
        portrait.apply(SetHead(BASE.changed(pose=(number / 10, 0, 0)), BASE))
    assert len(portrait.undo_stack) == 200
    assert portrait._history.nbytes < 200 * 4000


def test_a_stroke_on_a_turned_head_is_kept_on_the_painted_mask(
    portrait: Portrait, face: MaskArray, moved: MaskArray, changes: list[Change]
) -> None:
    def unmove(before: MaskArray, after: MaskArray) -> MaskArray:
        stroke = np.roll(before != after, -12, axis=1)
        return np.where(stroke, np.roll(after, -12, axis=1), face).astype(np.uint8)

    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    portrait.begin_stroke("Paint Hair", moved, unmove)
    paint(portrait)
    assert portrait.mask[32, 25] == Region.HAIR and not portrait.moved, "it shows at once where it is painted"
    portrait.commit_stroke()
    assert portrait.undo_stack == ("Yaw", "Paint Hair") and changes[-1].history
    assert portrait.head is TURNED and portrait.base_head is BASE and portrait.moved
    differs = portrait.mask != face
    assert differs.sum() == 60 and (portrait.mask[differs] == Region.HAIR).all() and differs[30:36, 8:18].all()
    portrait.apply(SetHead(BASE))
    assert not portrait.moved, "turned back: the old mask and the stroke"
    portrait.go_to(1)
    assert np.array_equal(portrait.mask, face) and portrait.head is TURNED


def test_a_stroke_without_a_place_makes_the_moved_mask_the_painted_one(portrait: Portrait, moved: MaskArray) -> None:
    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    portrait.begin_stroke("Paint Hair", moved, lambda before, after: None)
    paint(portrait)
    portrait.commit_stroke()
    assert portrait.mask[32, 25] == Region.HAIR and portrait.base_head is TURNED and not portrait.moved


def test_comb_strokes_lie_on_the_moved_mask_during_a_stroke_and_are_kept_on_the_painted_one(
    portrait: Portrait, face: MaskArray, moved: MaskArray
) -> None:
    def unmove(before: MaskArray, after: MaskArray) -> MaskArray:
        return np.where(np.roll(before != after, -12, axis=1), np.roll(after, -12, axis=1), face).astype(np.uint8)

    def stroke(x: float) -> CombStroke:
        return CombStroke(np.array([(x, 20), (x, 40)], np.float32))

    first, second = stroke(20), stroke(60)
    portrait.apply(SetComb((first, second)))
    portrait.apply(SetHead(TURNED, BASE, "Yaw"))
    shown = (stroke(32), stroke(72))
    away = np.array((12, 0), np.float32)
    portrait.begin_stroke("Transform", moved, unmove, comb=shown, unmove_points=lambda points: points - away)
    assert portrait.state().face.comb == shown
    paint(portrait)
    portrait.move_comb((shown[0], stroke(80)))
    with pytest.raises(PortraitError):
        portrait.move_comb(shown[:1])
    portrait.commit_stroke()
    comb = portrait.state().face.comb
    assert comb[0] is first and comb[1].points[:, 0] == pytest.approx(68)
    portrait.undo()
    assert portrait.state().face.comb[1].key == second.key

    kept = portrait.state().face.comb
    portrait.begin_stroke("Brush", moved, unmove, comb=shown)
    paint(portrait)
    portrait.commit_stroke()
    assert portrait.state().face.comb is kept, "the comb is not changed by a stroke of the brush"
