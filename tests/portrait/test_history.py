"""The history: a tree of states with packed masks."""

import numpy as np
import pytest

from faceeditor.portrait.document import Edit, PaintMask, Portrait, SetComb, SetHead, SetStyle, SetTruncation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.history import History, PackedMask
from faceeditor.portrait.state import CombStroke, PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray


def masks(count: int) -> list[MaskArray]:
    """Masks that differ a little from each other."""
    rng = np.random.default_rng(3)
    made = [np.zeros((256, 256), np.uint8)]
    for _ in range(count - 1):
        mask = made[-1].copy()
        x, y = rng.integers(0, 240, 2)
        mask[y : y + 16, x : x + 16] = rng.integers(1, 19)
        made.append(mask)
    for mask in made:
        mask.flags.writeable = False
    return made


def test_packed_masks_come_back_and_are_shared() -> None:
    packed: list[PackedMask] = []
    wanted = masks(60)
    for mask in wanted:
        packed.append(PackedMask(mask, packed[-1] if packed else None))
    copies = [mask.copy() for mask in wanted]
    assert packed[7].unpack() is wanted[7]
    assert max(each.depth for each in packed) < 16
    del wanted, mask
    for each, copy in zip(packed, copies, strict=True):
        assert np.array_equal(each.unpack(), copy)
    kept = packed[5].unpack()
    assert packed[5].unpack() is kept and not kept.flags.writeable
    assert sum(each.nbytes for each in packed) < 60 * 1500


def test_branches_are_kept(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    for number in (1, 2, 3):
        portrait.apply(SetTruncation(number / 10, f"a{number}"))
    portrait.go_to(1)
    portrait.apply(SetTruncation(0.9, "b2"))
    assert portrait.undo_stack == ("a1", "b2") and not portrait.can_redo
    nodes = {node.name: node for node in portrait.history.nodes()}
    assert set(nodes) == {"", "a1", "a2", "a3", "b2"}
    portrait.go_to_node(nodes["a3"])
    assert portrait.truncation == 0.3 and portrait.undo_stack == ("a1", "a2", "a3") and portrait.position == 3
    portrait.go_to(1)
    portrait.redo()
    assert portrait.truncation == 0.2, "redo follows the branch that was left last"
    portrait.name_step(nodes["b2"], "  the other way ")
    portrait.go_to_node(nodes["b2"])
    assert portrait.truncation == 0.9 and portrait.history.present.label == "the other way"
    portrait.mark_saved()
    portrait.go_to_node(nodes["a2"])
    assert portrait.modified
    portrait.go_to_node(nodes["b2"])
    assert not portrait.modified


def test_a_random_walk_through_the_tree_finds_every_state_again() -> None:
    rng = np.random.default_rng(7)
    history = History(PortraitState.of(masks(1)[0], StyleCode.zeros()))
    states = {0: history.root.restore()}
    present = states[0]
    for _ in range(300):
        if rng.random() < 0.5:
            mask = present.mask.copy()
            x, y = rng.integers(0, 240, 2)
            mask[y : y + 9, x : x + 9] = rng.integers(0, 19)
            present = present.with_face(mask=mask, truncation=float(rng.random()))
            states[history.push("step", present).number] = present
        else:
            node = list(history.nodes())[rng.integers(len(states))]
            present = history.go_to(node)
            assert np.array_equal(present.mask, states[node.number].mask)
            assert present.truncation == states[node.number].truncation
            assert history.at(history.position) is node is history.present
            assert len(history.names) >= history.position
    assert len(list(history.nodes())) == len(states)


@pytest.mark.parametrize("limit", [30_000, 200_000])
def test_branches_are_forgotten_before_the_line(face: MaskArray, limit: int) -> None:
    portrait = Portrait(face, StyleCode.zeros(), history_limit=limit)
    rng = np.random.default_rng(0)
    for number in range(40):
        noise = rng.integers(0, 19, (64, 64), dtype=np.uint8)
        portrait.apply(PaintMask((64, 64, 64, 64), noise, f"Step {number}"))
        if number % 5 == 4:
            portrait.undo()
    history = portrait.history
    assert history.nbytes <= limit or len(history.names) == 1
    assert history.nbytes == sum(node.nbytes for node in history.nodes() if node is not history.root)
    assert portrait.undo_stack[-1] in ("Step 39", "Step 38")
    position, mask = portrait.position, portrait.mask.copy()
    portrait.go_to(0)
    assert not np.array_equal(portrait.mask, mask) or position == 0
    portrait.go_to(position)
    assert np.array_equal(portrait.mask, mask)


def test_what_a_step_takes_is_what_it_does_not_share(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    history = portrait.history

    def taken(edit: Edit) -> int:
        before = history.nbytes
        portrait.apply(edit)
        return history.nbytes - before

    bare = taken(SetTruncation(0.5))
    assert 0 < bare < 2000, "neither mask nor style are kept again"
    noise = np.random.default_rng(0).integers(0, 19, (128, 128), dtype=np.uint8)
    assert taken(PaintMask((0, 0, 128, 128), noise)) > bare + 5000
    style = StyleCode(np.ones((19, 32)), np.ones(64), np.ones((8, 16, 16)))
    assert taken(SetStyle(style)) >= bare + style.nbytes
    first, second = (CombStroke(np.full((count, 2), 9.0), 5) for count in (1000, 500))
    assert taken(SetComb((first,))) >= bare + first.points.nbytes
    added = taken(SetComb((first, second)))
    assert bare + second.points.nbytes <= added < bare + first.points.nbytes, "the first stroke is shared"
    head = HeadCoefficients.neutral()
    assert taken(SetHead(head, head)) > bare
    assert taken(SetTruncation(0.25)) == bare


def test_a_picture_of_a_step_counts_and_takes_the_place_of_another(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    portrait.set_step_picture(bytes(5000))
    assert portrait.history.nbytes == 0, "the first state is no step"
    portrait.apply(SetTruncation(0.5))
    bare = portrait.history.nbytes
    portrait.set_step_picture(bytes(3000))
    portrait.set_step_picture(bytes(1000))
    assert portrait.history.nbytes == bare + 1000 and portrait.history.present.nbytes == bare + 1000
    portrait.amend(portrait.state().with_face(truncation=0.25))
    assert portrait.history.present.picture == b"" and portrait.history.nbytes == bare, "it showed another state"


def test_ends_of_other_branches_newest_first(face: MaskArray) -> None:
    portrait = Portrait(face, StyleCode.zeros())
    assert portrait.history.branch_ends() == ()
    for name in ("a1", "a2", "b1", "c1"):
        if name != "a2":
            portrait.go_to(0)
        portrait.apply(SetTruncation(len(portrait.undo_stack) / 10 + 0.05 * ord(name[0]) / 100, name))
    assert [node.name for node in portrait.history.branch_ends()] == ["b1", "a2"]
    portrait.go_to_node(portrait.history.branch_ends()[1])
    assert [node.name for node in portrait.history.branch_ends()] == ["c1", "b1"]
    portrait.go_to(1)
    assert [node.name for node in portrait.history.branch_ends()] == ["c1", "b1"], "redo still leads to a2"
