"""The edits as functions: what they change, and what counts as no change."""

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.adjustments import Adjustment, ColourChange, DetailChange
from faceeditor.portrait.document import (
    AdoptMask,
    PaintMask,
    ReplaceFace,
    ReplaceFaces,
    ReplaceMask,
    SetAdjustments,
    SetComb,
    SetHead,
    SetStyle,
)
from faceeditor.portrait.edits import Change, difference
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke, FaceState, Photo, PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region
from tests.portrait.conftest import drawn_style

HEAD = HeadCoefficients.neutral()
TURNED = HEAD.changed(pose=(20, 0, 0))


@pytest.fixture
def state(face: MaskArray) -> PortraitState:
    return PortraitState.of(face, StyleCode.zeros("Zero"))


def stroke(x: float) -> CombStroke:
    return CombStroke(np.array([(x, 20), (x, 40)], np.float32))


def test_a_style_is_another_one_by_numbers_or_by_name(state: PortraitState) -> None:
    assert SetStyle(StyleCode.zeros("Zero"))(state) is state
    assert SetStyle(StyleCode.zeros("Renamed"))(state).style.label == "Renamed"
    other = drawn_style(1).with_label("Zero")
    assert SetStyle(other)(state).style is other


@pytest.mark.parametrize(
    ("rect", "shape"),
    [
        ((0, 0, 0, 4), (4, 0)), ((0, 0, 4, 0), (0, 4)), ((0, -1, 4, 4), (4, 4)), ((253, 0, 4, 4), (4, 4)),
        ((0, 253, 4, 4), (4, 4)), ((0, 0, 4, 4), (4, 5)),
    ],
)  # fmt: skip
def test_a_rectangle_that_does_not_fit_is_refused(
    state: PortraitState, rect: tuple[int, int, int, int], shape: tuple[int, int]
) -> None:
    with pytest.raises(PortraitError, match="does not fit"):
        PaintMask(rect, np.zeros(shape, np.uint8))(state)


def test_a_rectangle_reaches_the_last_row_and_column(state: PortraitState) -> None:
    painted = PaintMask((252, 252, 4, 4), np.full((4, 4), Region.HAT, np.uint8))(state)
    assert (painted.mask == Region.HAT).sum() == 16 and painted.mask[255, 255] == Region.HAT
    with pytest.raises(PortraitError, match="does not fit"):
        PaintMask((0, 0, 4, 4), np.zeros((4, 4), np.int32))(state)  # type: ignore[arg-type]
    with pytest.raises(PortraitError, match="the regions 0 to 18; the paint holds 20"):
        PaintMask((0, 0, 2, 1), np.array([[1, 20]], np.uint8))(state)


def test_another_order_is_another_list(state: PortraitState) -> None:
    first, second, third = (Adjustment(name, DetailChange()) for name in "abc")
    state = SetAdjustments((first, second, third))(state)
    assert SetAdjustments((first, second, third))(state) is state
    assert SetAdjustments((first, third, second))(state).face.adjustments == (first, third, second)
    assert SetAdjustments((first, second))(state).face.adjustments == (first, second)
    a, b, c = stroke(20), stroke(40), stroke(60)
    state = SetComb((a, b, c))(state)
    assert SetComb((a, b, c))(state) is state
    assert SetComb((a, c, b))(state).face.comb == (a, c, b) and SetComb((a, b))(state).face.comb == (a, b)


def test_a_mask_that_brings_its_head_is_drawn_with_it(state: PortraitState, face: MaskArray) -> None:
    read = SetHead(TURNED, HEAD)(state)
    assert read.face.read_head, "the first head was read from the drawn face"
    replaced = ReplaceMask(np.roll(face, 5, 1), head=TURNED)(read)
    assert not replaced.face.read_head and replaced.face.drawn_heads == (TURNED, TURNED)
    adopted = AdoptMask(np.roll(face, 5, 1))(read)
    assert not adopted.face.read_head and adopted.face.drawn_heads == (TURNED, TURNED)
    same = AdoptMask(face)(read)
    assert same.mask is read.mask and same.base_head is TURNED, "an equal mask, but at another head"
    assert AdoptMask(face)(state) is state and ReplaceMask(face)(read).head is None


def test_adopting_may_move_comb_strokes_along(state: PortraitState, face: MaskArray) -> None:
    state = SetComb((stroke(20),))(state)
    moved = stroke(32)
    assert AdoptMask(np.roll(face, 12, 1), comb=(moved,))(state).face.comb == (moved,)
    assert AdoptMask(np.roll(face, 12, 1))(state).face.comb is state.face.comb


def test_a_face_is_replaced_with_all_that_it_is_drawn_from(state: PortraitState, face: MaskArray) -> None:
    state = SetComb((stroke(20),))(state)
    style = drawn_style(3)
    same = ReplaceFace(face.copy(), style, 0.5, TURNED, HEAD, read_head=True)(state)
    assert same.mask is state.mask and same.face.comb is state.face.comb, "combed hair stays on the same mask"
    assert (same.style, same.truncation, same.head, same.base_head) == (style, 0.5, TURNED, HEAD)
    assert same.face.read_head and same.face.moved
    other = ReplaceFace(np.roll(face, 9, 0), style)(same)
    assert other.face.comb == () and np.array_equal(other.mask, np.roll(face, 9, 0))
    assert (other.head, other.base_head, other.face.read_head, other.truncation) == (None, None, False, 1.0)


def test_faces_are_replaced_with_their_photograph(state: PortraitState, face: MaskArray) -> None:
    faces = (state.face, FaceState(face, StyleCode.zeros("Berta")))
    photo = Photo(b"jpeg", "two.jpg")
    after = ReplaceFaces(faces, photo, 1)(state)
    assert after.faces == faces and after.active == 1 and after.photo is photo
    assert difference(state, after, 3, True) == Change(3, style=True, history=True, other=True, faces=True)
    assert difference(after, after, 4, False) == Change(4)


def test_what_differs_is_told_by_kind(state: PortraitState, face: MaskArray) -> None:
    painted = PaintMask((10, 20, 3, 4), np.full((4, 3), Region.HAT, np.uint8))(state)
    assert difference(state, painted, 1, False) == Change(1, dirty=(10, 20, 3, 4))
    assert difference(state, painted, 1, True, replaced=True) == Change(1, dirty=(0, 0, 256, 256), history=True)
    assert difference(state, state.with_face(mask=face.copy()), 1, False, replaced=True) == Change(1), "an equal mask"
    assert difference(state, state.with_face(truncation=0.5), 1, False) == Change(1, style=True)
    assert difference(state, state.with_face(head=HEAD), 1, False) == Change(1, head=True)
    turned = state.with_face(head=HEAD, base_head=HEAD)
    assert difference(turned, turned.with_face(base_head=TURNED), 1, False) == Change(1, head=True)
    for parts in ({"comb": (stroke(20),)}, {"adjustments": (Adjustment("Red", ColourChange((1, 0, 0))),)}):
        assert difference(state, state.with_face(**parts), 1, False) == Change(1, other=True)
    for change, drawn in (
        (Change(1), False), (Change(1, history=True), False), (Change(1, faces=True), False),
        (Change(1, dirty=(0, 0, 1, 1)), True), (Change(1, style=True), True), (Change(1, head=True), True),
        (Change(1, other=True), True),
    ):  # fmt: skip
        assert change.drawn is drawn
