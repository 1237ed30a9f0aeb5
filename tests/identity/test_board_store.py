"""A board in bytes: everything comes back, damage is a sentence."""

import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from faceeditor.errors import FaceEditorError
from faceeditor.identity.board import BoardOptions
from faceeditor.identity.board_store import SavedBoard, StarredTile, packed, unpacked
from tests.identity.people import portrait

OPTIONS = BoardOptions("exfacegan", 0.3, 0.5, frozenset({"pose", "hair"}), 4, 5, 7)


def board():
    stars = [StarredTile(portrait(seed), "head", (7, seed, 1)) for seed in (3, 4)]
    return SavedBoard(portrait(1), OPTIONS, portrait(2), {3: 2, 0: 1}, [5, 2], stars)


def same(a, b):
    assert np.array_equal(a.mask, b.mask) and a.style.key == b.style.key and a.style.label == b.style.label
    assert a.head.key == b.head.key and a.base_head.key == b.base_head.key and a.truncation == b.truncation


def test_everything_comes_back():
    before = board()
    after = unpacked(packed(before))
    same(after.person, before.person)
    same(after.origin, before.origin)
    assert after.options == OPTIONS and after.rerolls == {3: 2, 0: 1} and after.kept == [2, 5]
    assert [tile.seed for tile in after.starred] == [(7, 3, 1), (7, 4, 1)]
    for old, new in zip(before.starred, after.starred, strict=True):
        same(new.variation, old.variation)


def test_equal_masks_are_kept_once():
    assert len([name for name in load(packed(board())) if name.endswith(".mask")]) == 1


def damaged_text(**changes):
    arrays = load(packed(board()))
    text = json.loads(arrays["text"].tobytes()) | changes
    return save(arrays | {"text": np.frombuffer(json.dumps(text).encode(), np.uint8)})


@pytest.mark.parametrize("data", [
    b"", b"damaged", packed(board())[:-9], damaged_text(person=None), damaged_text(kept=None), damaged_text(options={}),
    damaged_text(options={**json.loads(load(packed(board()))["text"].tobytes())["options"], "locks": 3}),
    damaged_text(starred=[{"method": "head", "seed": [1], "variation": None}]),
], ids=range(8))  # fmt: skip
def test_damage_is_one_sentence(data):
    with pytest.raises(FaceEditorError, match="damaged and was left out"):
        unpacked(data)


def test_out_of_range_and_newer():
    with pytest.raises(FaceEditorError):
        unpacked(damaged_text(options={"variety": 7, "locks": []}))
    with pytest.raises(FaceEditorError, match="newer Face Editor"):
        unpacked(damaged_text(format=99))
