"""The tree of a portrait's state: immutable, shared by reference, changed by pure functions."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.document import (
    PaintMask,
    Portrait,
    ReplaceFaces,
    SelectFace,
    SetComb,
    SetHead,
    SetStyle,
    SetTruncation,
)
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke, FaceState, Photo, PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region

HEAD = HeadCoefficients.neutral()
TURNED = HEAD.changed(pose=(20, 0, 0))


@pytest.fixture
def state(face: MaskArray) -> PortraitState:
    """Two faces of a photograph."""
    faces = tuple(FaceState(face, StyleCode.zeros(name), name=name) for name in ("Anna", "Berta"))
    return PortraitState(faces, 1, Photo(b"jpeg", "two.jpg"))


def test_edits_share_what_they_do_not_change(state: PortraitState) -> None:
    painted = PaintMask((0, 0, 2, 2), np.full((2, 2), Region.HAIR, np.uint8))(state)
    assert painted.mask[0, 0] == Region.HAIR and state.mask[0, 0] != Region.HAIR
    assert painted.faces[0] is state.faces[0] and painted.photo is state.photo
    assert painted.style is state.style and painted.face.comb is state.face.comb
    turned = SetHead(TURNED, HEAD)(painted)
    assert turned.mask is painted.mask and turned.face.moved and turned.face.read_head


@pytest.mark.parametrize(
    "edit",
    [
        PaintMask((128, 128, 1, 1), np.full((1, 1), Region.SKIN, np.uint8)), SetStyle(StyleCode.zeros("Berta")),
        SetTruncation(1.0), SetComb(()), SelectFace(1),
    ],
)  # fmt: skip
def test_an_edit_that_changes_nothing_gives_the_same_state(
    state: PortraitState, edit: Callable[[PortraitState], PortraitState]
) -> None:
    assert edit(state) is state


def test_nothing_in_it_can_be_written(state: PortraitState) -> None:
    with pytest.raises(ValueError, match="read-only"):
        state.mask[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        state.active = 0  # type: ignore[misc]
    mask = np.zeros((256, 256), np.uint8)
    made = FaceState(mask, StyleCode.zeros())
    mask[:] = 3
    assert made.mask.max() == 0, "a mask that may be written to is copied"
    assert FaceState(made.mask, StyleCode.zeros()).mask is made.mask, "one that nobody can write to is shared"


def test_the_head_that_was_read_from_the_face_draws_nothing_of_its_own(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    portrait.apply(SetHead(TURNED, HEAD))
    assert portrait.state().face.drawn_heads == (TURNED, HEAD)
    portrait.apply(SetHead(HEAD.changed()))
    assert portrait.state().face.drawn_heads == (None, None), "reset: as before a slider was touched"
    known = FaceState(face, StyleCode.zeros(), head=HEAD)
    assert known.drawn_heads == (HEAD, HEAD), "a head that came with the face is drawn"


def test_selecting_a_face_is_no_step(state: PortraitState) -> None:
    portrait = Portrait(state.mask, state.style)
    portrait.apply(ReplaceFaces(state.faces, state.photo, 1, "Open two.jpg"))
    portrait.apply(SetTruncation(0.5))
    told = []
    portrait.subscribe(told.append)
    portrait.apply(SelectFace(0))
    assert portrait.undo_stack == ("Open two.jpg", "Truncation") and told[-1].faces and told[-1].drawn
    portrait.apply(SetTruncation(0.25))
    assert [face.truncation for face in portrait.state().faces] == [0.25, 0.5]
    portrait.undo()
    assert [face.truncation for face in portrait.state().faces] == [1.0, 0.5] and portrait.state().active == 0
    portrait.undo()
    assert [face.truncation for face in portrait.state().faces] == [1.0, 1.0]
    with pytest.raises(PortraitError, match="no face 3"):
        portrait.apply(SelectFace(2))


def test_comb_strokes_are_edits(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    stroke = CombStroke(np.array([(3, 4), (5.5, 6)]), 8)
    told = []
    portrait.subscribe(told.append)
    portrait.apply(SetComb((stroke,)))
    portrait.apply(SetComb((*portrait.state().face.comb, CombStroke(stroke.points + 9, 4))))
    assert len(portrait.state().face.comb) == 2 and told[-1].other and told[-1].drawn and told[-1].dirty is None
    portrait.undo()
    assert portrait.state().face.comb == (stroke,)
    portrait.undo()
    assert portrait.state().face.comb == () and not portrait.modified


@pytest.mark.parametrize(
    ("points", "width"),
    [([], 5), ([(1, 2, 3)], 5), ([(1, float("nan"))], 5), ([(1, 2)], 0), ([(1, 2)], float("nan")), ([(1e9, 2)], 5)],
)
def test_comb_strokes_that_make_no_sense(points: list, width: float) -> None:
    with pytest.raises(PortraitError):
        CombStroke(np.array(points, np.float32), width)


@pytest.mark.parametrize("bad", [{"active": 2}, {"active": -1}, {"faces": ()}])
def test_states_that_make_no_sense(state: PortraitState, bad: dict) -> None:
    with pytest.raises(PortraitError):
        state.changed(**bad)
    with pytest.raises(PortraitError, match="empty"):
        Photo(b"", "x.jpg")
