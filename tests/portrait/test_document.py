"""The portrait: edits, strokes, gestures, history."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.document import (
    Change,
    PaintMask,
    Portrait,
    ReplaceMask,
    SetStyle,
    SetTruncation,
)
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region

Styles = Callable[[int], StyleCode]


def patch(region: Region, width: int = 10, height: int = 6) -> MaskArray:
    return np.full((height, width), region, np.uint8)


@pytest.fixture
def changes(portrait: Portrait) -> list[Change]:
    """What the portrait tells."""
    told: list[Change] = []
    portrait.subscribe(told.append)
    return told


def test_mask_is_private_and_never_written_again(portrait: Portrait, face: MaskArray) -> None:
    view = portrait.mask
    face[:] = 3
    assert not (view == 3).all()
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    portrait.apply(PaintMask((0, 0, 10, 6), patch(Region.HAIR)))
    assert view[0, 0] != Region.HAIR and portrait.mask[0, 0] == Region.HAIR


def test_an_edit_is_one_step_and_one_change(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(PaintMask((4, 8, 10, 6), patch(Region.HAIR), "Paint Hair"))
    assert changes == [Change(1, (4, 8, 10, 6), False, True)]
    assert portrait.undo_stack == ("Paint Hair",)
    assert portrait.position == portrait.revision == 1
    assert portrait.modified


def test_an_edit_that_changes_nothing_leaves_no_trace(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(ReplaceMask(portrait.mask.copy()))
    portrait.apply(SetStyle(portrait.style))
    portrait.apply(SetTruncation(portrait.truncation))
    portrait.undo()
    portrait.redo()
    assert changes == []
    assert portrait.undo_stack == ()
    assert not portrait.modified


def test_undo_and_redo_of_every_kind(portrait: Portrait, face: MaskArray, style: Styles) -> None:
    first = portrait.style
    other = np.ascontiguousarray(face[:, ::-1]) ^ 1
    states = [(face.copy(), first, 1.0)]
    for edit in (
        PaintMask((250, 200, 6, 56), patch(Region.CLOTH, 6, 56)),
        SetStyle(style(5)),
        SetTruncation(0.4),
        ReplaceMask(np.where(other < 19, other, 0).astype(np.uint8)),
    ):
        portrait.apply(edit)
        states.append((portrait.mask.copy(), portrait.style, portrait.truncation))
    assert not np.array_equal(states[-1][0], states[-2][0])
    for position in (4, 3, 2, 1, 0, 1, 2, 3, 4, 0, 3, 1, 4):
        revision = portrait.revision
        portrait.go_to(position)
        mask, code, truncation = states[position]
        assert np.array_equal(portrait.mask, mask)
        assert portrait.style is code
        assert portrait.truncation == truncation
        assert portrait.revision in (revision, revision + 1)
    portrait.undo()
    assert portrait.position == 3
    portrait.redo()
    assert portrait.position == 4


def test_dirty_rectangle_covers_what_undo_changes(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(PaintMask((60, 60, 10, 6), patch(Region.HAT)))
    portrait.apply(PaintMask((200, 150, 10, 6), patch(Region.HAT)))
    before = portrait.mask.copy()
    portrait.go_to(0)
    rows, columns = np.nonzero(before != portrait.mask)
    assert changes[-1].dirty is not None
    x, y, width, height = changes[-1].dirty
    assert x <= columns.min() and columns.max() < x + width
    assert y <= rows.min() and rows.max() < y + height


def test_a_new_edit_forgets_what_was_undone(portrait: Portrait) -> None:
    portrait.apply(SetTruncation(0.5, "a"))
    portrait.apply(SetTruncation(0.6, "b"))
    portrait.undo()
    portrait.apply(SetTruncation(0.7, "c"))
    assert portrait.undo_stack == ("a", "c")
    assert not portrait.can_redo
    portrait.redo()
    assert portrait.truncation == 0.7


def test_a_stroke_shows_at_once_and_is_one_step(portrait: Portrait, face: MaskArray, changes: list[Change]) -> None:
    portrait.begin_stroke("Paint Hair")
    for x in range(20, 60, 8):
        portrait.paint((x, 30, 10, 6), patch(Region.HAIR))
        assert portrait.mask[32, x + 5] == Region.HAIR
    portrait.commit_stroke()
    assert [change.history for change in changes] == [False] * 5 + [True]
    assert portrait.undo_stack == ("Paint Hair",)
    portrait.undo()
    assert np.array_equal(portrait.mask, face)


def test_a_stroke_can_be_aborted(portrait: Portrait, face: MaskArray, changes: list[Change]) -> None:
    portrait.begin_stroke("Paint Hair")
    portrait.paint((20, 30, 10, 6), patch(Region.HAIR))
    assert portrait.modified
    portrait.abort_stroke()
    assert np.array_equal(portrait.mask, face)
    assert changes[-1].dirty == (20, 30, 10, 6)
    assert portrait.undo_stack == ()
    assert not portrait.modified


def test_painting_there_and_back_leaves_no_step(portrait: Portrait) -> None:
    before = portrait.mask[30:36, 20:30].copy()
    portrait.begin_stroke("Paint")
    portrait.paint((20, 30, 10, 6), patch(Region.HAIR))
    portrait.paint((20, 30, 10, 6), before)
    portrait.commit_stroke()
    assert portrait.undo_stack == ()


def test_nothing_else_happens_inside_a_stroke(portrait: Portrait, style: Styles) -> None:
    portrait.apply(SetTruncation(0.5))
    portrait.begin_stroke("Paint")
    for forbidden in (
        portrait.undo,
        lambda: portrait.begin_stroke("Again"),
        lambda: portrait.begin_gesture("Drag"),
        lambda: portrait.apply(SetStyle(style(3))),
        portrait.commit_gesture,
    ):
        with pytest.raises(PortraitError):
            forbidden()
    assert portrait.busy
    assert not portrait.can_undo
    portrait.commit_stroke()
    assert not portrait.busy
    assert portrait.can_undo
    with pytest.raises(PortraitError, match="open"):
        portrait.paint((0, 0, 10, 6), patch(Region.HAIR))


def test_a_gesture_is_one_step_and_remembers_one_style(portrait: Portrait, style: Styles) -> None:
    first = portrait.style
    portrait.begin_gesture("Blend")
    for t in (0.2, 0.4, 0.6):
        portrait.apply(SetStyle(first.blend(style(9), t)))
    portrait.commit_gesture()
    assert portrait.undo_stack == ("Blend",)
    assert len(portrait.recent_styles) == 2
    portrait.undo()
    assert portrait.style is first


def test_a_gesture_can_be_aborted(portrait: Portrait, style: Styles) -> None:
    first = portrait.style
    portrait.begin_gesture("Blend")
    portrait.apply(SetStyle(style(9)))
    portrait.apply(SetTruncation(0.1))
    portrait.abort_gesture()
    assert portrait.style is first
    assert portrait.truncation == 1.0
    assert portrait.recent_styles == (first,)
    assert not portrait.modified


def test_recent_styles_are_newest_first_without_doubles(portrait: Portrait, style: Styles) -> None:
    for seed in (*range(1, 30), 28):
        portrait.apply(SetStyle(style(seed)))
    labels = [code.label for code in portrait.recent_styles]
    assert labels[:3] == ["Seed 28", "Seed 29", "Seed 27"]
    assert len(labels) == len(set(labels)) == 24


def test_modified_follows_the_saved_state(portrait: Portrait) -> None:
    portrait.apply(SetTruncation(0.5))
    portrait.mark_saved()
    assert not portrait.modified
    portrait.undo()
    assert portrait.modified
    portrait.redo()
    assert not portrait.modified
    portrait.undo()
    portrait.apply(SetTruncation(0.9))
    assert portrait.modified
    portrait.undo()
    assert portrait.modified  # the saved state can no longer be reached


def test_memory_is_bounded_and_the_oldest_steps_go(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros(), history_limit=60_000)
    rng = np.random.default_rng(0)
    for number in range(40):
        noise = rng.integers(0, 19, (64, 64), dtype=np.uint8)
        portrait.apply(PaintMask((64, 64, 64, 64), noise, f"Step {number}"))
    names = portrait.undo_stack
    assert 2 <= len(names) < 40
    assert names[-1] == "Step 39"
    last = portrait.mask.copy()
    portrait.go_to(0)
    portrait.go_to(len(names))
    assert np.array_equal(portrait.mask, last)


def test_a_new_portrait_has_nothing_to_undo_or_redo(portrait: Portrait) -> None:
    assert not portrait.can_undo and not portrait.can_redo and not portrait.busy
    portrait.apply(SetTruncation(0.5))
    assert portrait.can_undo and not portrait.can_redo
    told: list[Change] = []
    portrait.subscribe(told.append)
    portrait.undo()
    assert told == [Change(2, style=True, history=True)]
    assert not portrait.can_undo and portrait.can_redo
    portrait.begin_gesture("Drag")
    assert not portrait.can_redo and portrait.busy
    portrait.abort_gesture()


def test_the_last_step_can_lead_elsewhere(portrait: Portrait, face: MaskArray, changes: list[Change]) -> None:
    with pytest.raises(PortraitError, match="nothing was edited"):
        portrait.amend(SetTruncation(0.1)(portrait.state()))
    portrait.apply(SetTruncation(0.5))
    portrait.mark_saved()
    portrait.amend(portrait.state())
    assert not portrait.modified, "the same state"
    told = len(changes)
    portrait.amend(PaintMask((0, 0, 10, 6), patch(Region.HAIR))(portrait.state()))
    assert portrait.modified, "what was saved is another state"
    assert changes[told:] == [Change(portrait.revision, (0, 0, 10, 6), False, True)]
    assert portrait.undo_stack == ("Truncation",) and portrait.truncation == 0.5
    portrait.undo()
    assert portrait.truncation == 1.0 and np.array_equal(portrait.mask, face)
    portrait.redo()
    assert portrait.truncation == 0.5 and portrait.mask[0, 0] == Region.HAIR
    portrait.begin_gesture("Drag")
    with pytest.raises(PortraitError, match="still open"):
        portrait.amend(portrait.state())
    portrait.abort_gesture()


def test_amending_an_unsaved_step_leaves_the_saved_one_saved(portrait: Portrait) -> None:
    portrait.apply(SetTruncation(0.5))
    portrait.mark_saved()
    portrait.apply(SetTruncation(0.6))
    portrait.amend(SetTruncation(0.7)(portrait.state()))
    portrait.undo()
    assert not portrait.modified


def test_styles_and_board_count_as_modified_without_a_step(
    portrait: Portrait, style: Styles, changes: list[Change]
) -> None:
    portrait.set_recent_styles(tuple(style(seed) for seed in range(30)))
    assert len(portrait.recent_styles) == 24 and portrait.recent_styles[0].key == style(0).key
    assert portrait.modified and portrait.undo_stack == () and changes[-1] == Change(0, history=True)
    portrait.mark_saved()
    assert not portrait.modified
    told = len(changes)
    portrait.set_board(b"packed")
    assert portrait.modified and portrait.board == portrait.snapshot().board == b"packed"
    assert changes[told:] == [Change(0, history=True)]
    portrait.set_board(b"packed")
    assert len(changes) == told + 1, "the same board"
    portrait.set_board(b"")
    portrait.mark_saved()
    assert not portrait.modified


def test_whoever_watches_is_told_of_saving(portrait: Portrait, tmp_path: Path, changes: list[Change]) -> None:
    portrait.apply(SetTruncation(0.5))
    for act in (lambda: portrait.mark_saved(tmp_path / "anna.fep"), portrait.mark_unsaved, portrait.mark_saved):
        told = len(changes)
        act()
        assert changes[told:] == [Change(1, history=True)]
        assert portrait.path == tmp_path / "anna.fep"
        assert portrait.modified == (act == portrait.mark_unsaved)


def test_a_step_can_have_a_name_of_the_user_s(portrait: Portrait, changes: list[Change]) -> None:
    portrait.apply(SetTruncation(0.5, "First"))
    portrait.apply(SetTruncation(0.6, "Second"))
    node = portrait.history.at(1)
    portrait.name_step(node, "  The good one ")
    assert portrait.history.titles == ("The good one", "Second") and changes[-1] == Change(2, history=True)
    portrait.name_step(node, "x" * 500)
    assert portrait.history.titles[0] == "x" * 200
    portrait.name_step(node, " ")
    assert portrait.history.titles == portrait.undo_stack == ("First", "Second")


def test_the_state_before_an_open_stroke_is_kept(portrait: Portrait) -> None:
    before = portrait.state()
    assert portrait.before_stroke is before
    portrait.begin_stroke("Paint")
    portrait.paint((0, 0, 10, 6), patch(Region.HAIR))
    assert portrait.before_stroke is before is not portrait.state()
    portrait.commit_stroke()
    assert portrait.before_stroke is portrait.state() is not before


def test_what_is_open_is_named_and_only_it_can_be_closed(portrait: Portrait) -> None:
    portrait.begin_gesture("Yaw")
    with pytest.raises(PortraitError, match=r"change \(“Yaw”\) is still open"):
        portrait.begin_stroke("Paint")
    with pytest.raises(PortraitError, match="No brush stroke is open"):
        portrait.commit_stroke()
    portrait.commit_gesture()
    with pytest.raises(PortraitError, match="No gesture is open"):
        portrait.commit_gesture()
    portrait.begin_stroke("Brush")
    with pytest.raises(PortraitError, match=r"brush stroke \(“Brush”\) is still open"):
        portrait.go_to(0)
    portrait.abort_stroke()


def test_a_style_that_was_used_before_keeps_the_name_it_has_there(portrait: Portrait, style: Styles) -> None:
    first = portrait.style
    portrait.apply(SetStyle(style(1)))
    portrait.apply(SetStyle(first.with_label("again")))
    assert [known.label for known in portrait.recent_styles] == [first.label, "Seed 1"]
    again = Portrait.of(portrait.snapshot())
    assert [known.label for known in again.recent_styles] == [first.label, "Seed 1"], "opening changes no order"


def test_small_strokes_take_little_memory(portrait: Portrait) -> None:
    for number in range(200):
        region = (Region.HAIR, Region.CLOTH)[number % 2]
        portrait.apply(PaintMask((100, 100, 10, 6), patch(region)))
    assert portrait._history.nbytes < 200 * 2000


@pytest.mark.parametrize(
    "edit",
    [
        PaintMask((250, 0, 10, 6), patch(Region.HAIR)),
        PaintMask((-1, 0, 10, 6), patch(Region.HAIR)),
        PaintMask((0, 0, 6, 10), patch(Region.HAIR)),
        PaintMask((0, 0, 1, 1), np.array([[19]], np.uint8)),
        ReplaceMask(np.zeros((128, 128), np.uint8)),
        ReplaceMask(np.full((256, 256), 19, np.uint8)),
        SetTruncation(float("nan")),
        SetTruncation(-0.1),
    ],
)
def test_values_out_of_range_are_refused(portrait: Portrait, edit: PaintMask | ReplaceMask | SetTruncation) -> None:
    before = portrait.state()
    with pytest.raises(PortraitError):
        portrait.apply(edit)
    assert np.array_equal(portrait.mask, before.mask)
    assert portrait.state() is before and portrait.revision == 0
    assert portrait.undo_stack == ()


def test_a_position_that_is_not_there(portrait: Portrait) -> None:
    with pytest.raises(PortraitError, match="step 1"):
        portrait.go_to(1)


def test_unsubscribing_inside_a_callback(portrait: Portrait) -> None:
    told: list[int] = []

    def once(change: Change) -> None:
        told.append(change.revision)
        end()

    end = portrait.subscribe(once)
    portrait.subscribe(lambda change: told.append(-change.revision))
    portrait.apply(SetTruncation(0.5))
    portrait.apply(SetTruncation(0.6))
    assert told == [1, -1, -2]


def test_state_is_a_copy(portrait: Portrait) -> None:
    state = portrait.state()
    portrait.apply(PaintMask((0, 0, 10, 6), patch(Region.HAIR)))
    assert state.mask[0, 0] == Region.BACKGROUND
    assert not state.mask.flags.writeable
