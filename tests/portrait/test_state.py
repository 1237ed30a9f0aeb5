"""The tree of a portrait's state: immutable, shared by reference, changed by pure functions."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait import state as state_module
from faceeditor.portrait.adjustments import Adjustment, DetailChange
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
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.portrait.state import (
    CombStroke,
    FaceSource,
    FaceState,
    Photo,
    PortraitState,
    frozen_mask,
    moves_mask,
    same_head,
)
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


def test_limits_belong_to_what_is_allowed(face: MaskArray, monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.zeros((4000, 2), np.float32)
    assert CombStroke(points, 0.5).width == 0.5 and CombStroke(points, 128).width == 128
    assert CombStroke(np.array([(-4096, 4096)]), 5).points.tolist() == [[-4096, 4096]]
    for bad, width in ((np.zeros((4001, 2)), 5), (points, 0.49), (points, 128.1), (np.array([(4097, 0)]), 5)):
        with pytest.raises(PortraitError):
            CombStroke(bad, width)
    stroke, entry = CombStroke(points[:1], 5), Adjustment("Soft", DetailChange())
    full = FaceState(face, StyleCode.zeros(), 2.0, comb=(stroke,) * 2000, adjustments=(entry,) * 64)
    assert len(full.comb) == 2000 and full.truncation == 2 and full.changed(truncation=0).truncation == 0
    for parts, words in (
        ({"comb": (stroke,) * 2001}, "at most 2000 comb strokes"), ({"adjustments": (entry,) * 65}, "at most 64"),
        ({"truncation": 2.01}, "choose 0 to 2"), ({"truncation": -0.01}, "choose 0 to 2"),
    ):  # fmt: skip
        with pytest.raises(PortraitError, match=words):
            full.changed(**parts)
    assert len(PortraitState((full,) * 32, 31).faces) == 32
    with pytest.raises(PortraitError, match="1 to 32 faces, not 33"):
        PortraitState((full,) * 33)
    monkeypatch.setattr(state_module, "MAX_PHOTO_BYTES", 3 << 20)
    assert len(Photo(bytes(3 << 20)).data) == 3 << 20
    with pytest.raises(PortraitError, match=r"“x\.jpg” has 4 MB; photographs of up to 3 MB"):
        Photo(bytes(4 << 20), "x.jpg")


def test_a_photograph_is_known_by_the_hash_of_its_file() -> None:
    wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert Photo(b"abc").digest == Photo(b"abc", "other name").key == wanted


def test_strokes_are_known_by_points_and_width() -> None:
    points = np.array([(1, 2), (3, 4)], np.float32)
    keys = {CombStroke(points, 5).key, CombStroke(points + 1, 5).key, CombStroke(points, 6).key}
    assert len(keys) == 3 and CombStroke(points.copy(), 5).key in keys
    assert not CombStroke(points, 5).points.flags.writeable


@pytest.mark.parametrize(
    "change", [{"box": (0, 0, 1, 1e6)}, {"box": (0, 0, 1, -1e6)}, {"centre": (np.nan, 0)}, {"half": (0, 0)}]
)
def test_a_place_in_a_photograph_that_makes_no_sense(face: MaskArray, change: dict) -> None:
    source = FaceSource((0, 0, 1, 1), (0, 0), (0, 3), face, StyleCode.zeros(), HEAD)
    assert not source.mask.flags.writeable and source.half == (0, 3)
    with pytest.raises(PortraitError, match="choose the face again"):
        replace(source, **change)


def test_one_head_stands_for_both(face: MaskArray) -> None:
    assert FaceState(face, StyleCode.zeros(), head=TURNED).heads == (TURNED, TURNED)
    assert FaceState(face, StyleCode.zeros(), base_head=TURNED).heads == (TURNED, TURNED)
    assert FaceState(face, StyleCode.zeros(), head=TURNED, base_head=HEAD).heads == (TURNED, HEAD)
    bare = FaceState(face, StyleCode.zeros())
    assert bare.heads == (None, None) and bare.shown_head is None and bare.drawn_heads == (None, None)
    assert not bare.moved


def test_heads_are_the_same_by_numbers_and_rig() -> None:
    lamp = HEAD.changed(rig=LightRig())
    assert same_head(None, None) and not same_head(HEAD, None) and not same_head(None, HEAD)
    assert same_head(HEAD, HeadCoefficients.neutral()) and not same_head(HEAD, TURNED) and not same_head(HEAD, lamp)
    assert same_head(lamp, HEAD.changed(rig=LightRig()))
    assert not moves_mask(None, HEAD) and not moves_mask(HEAD, None) and moves_mask(HEAD, TURNED)


def test_lists_become_tuples(face: MaskArray) -> None:
    made = FaceState(face, StyleCode.zeros(), comb=[CombStroke(np.zeros((1, 2)), 5)], adjustments=[])  # type: ignore[arg-type]
    assert type(made.comb) is type(made.adjustments) is type(PortraitState([made]).faces) is tuple  # type: ignore[arg-type]


def test_a_mask_that_somebody_can_write_to_is_copied(face: MaskArray) -> None:
    frozen = frozen_mask(face)
    assert frozen is not face and frozen_mask(frozen) is frozen
    view = face[:]
    view.flags.writeable = False
    copied = frozen_mask(view)
    face[0, 0] = Region.HAT
    assert copied[0, 0] == Region.BACKGROUND, "the array below a read-only view can be written to"
    sideways = np.asfortranarray(face)
    sideways.flags.writeable = False
    assert frozen_mask(sideways).flags.c_contiguous
    for bad, words in (
        (np.zeros((256, 255), np.uint8), "256 x 256"), (np.zeros((256, 256), np.int64), "8 bits"),
        (np.where(np.eye(256) > 0, 19, 0).astype(np.uint8), "0 to 18; this one holds 19"),
    ):  # fmt: skip
        bad.flags.writeable = False
        with pytest.raises(PortraitError, match=words):
            frozen_mask(bad)
