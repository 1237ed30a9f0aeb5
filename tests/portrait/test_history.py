"""The history: a tree of states with packed masks."""

import numpy as np
import pytest

from faceeditor.portrait.document import PaintMask, Portrait, SetTruncation
from faceeditor.portrait.history import History, PackedMask
from faceeditor.portrait.state import PortraitState
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
    mask = portrait.mask.copy()
    portrait.go_to(0)
    portrait.go_to(len(portrait.undo_stack))
    portrait.redo()
    assert portrait.mask.shape == mask.shape
