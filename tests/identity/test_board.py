"""Boards: tiles, locks, likeness, files."""

import csv
import io

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity.board import BoardOptions, draw_tile, listing, pinned
from faceeditor.identity.board_files import write_folder, write_sheet
from faceeditor.identity.methods import METHODS, MethodContext, open_methods
from faceeditor.identity.people import HeadChanges
from faceeditor.identity.variation import LOCKS, with_locks
from faceeditor.images import open_picture
from tests.identity.people import Mean, Painter, portrait


class Noise:
    """A method that changes everything, by variety."""

    name, title = "noise", "Noise"

    def variation(self, reference, random, variety):
        other = portrait(int(random.integers(1, 1000)))
        style = reference.style.blend(other.style, variety)
        gamma = reference.head.gamma + np.float32(variety)
        return type(reference)(
            reference.mask, style, reference.head.blend(other.head, variety).changed(gamma=gamma), reference.base_head
        )


@pytest.fixture
def board():
    painter, net = Painter(), Mean()
    reference = pinned(portrait(0), painter, net)

    def tile(index=0, reroll=0, **options):
        given = BoardOptions(**{"method": "noise", "variety": 1.0, **options})
        return draw_tile(reference, given, index, reroll, {"noise": Noise(), "head": HeadChanges()}, painter, net)

    tile.reference = reference
    return tile


def test_a_tile_is_the_same_every_time(board):
    a, b, c, d = board(3), board(3), board(4), board(3, reroll=1)
    assert a.variation.style.key == b.variation.style.key
    assert len({a.variation.style.key, c.variation.style.key, d.variation.style.key}) == 3


def test_misses_are_drawn_anew_with_less_variety(board):
    free = [board(index, likeness=2.0) for index in range(6)]
    strict = [board(index, likeness=0.5 * min(tile.distance for tile in free)) for index in range(6)]
    assert all(tile.tries == 1 for tile in free)
    assert all(tile.tries > 1 for tile in strict)
    assert max(t.distance for t in strict) < max(t.distance for t in free)
    assert all(tile.alike == (tile.distance < 0.5 * min(t.distance for t in free)) for tile in strict)


def test_no_variety_is_the_reference(board):
    tile = board(variety=0.0)
    assert tile.distance < 1e-3 and tile.alike


def test_mix_takes_every_method_in_turn(board):
    assert {board(index, method="mix").method for index in range(4)} == {"noise", "head"}


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_locked_stays(board, lock):
    reference = board.reference.variation
    made = board(likeness=2.0, locks=frozenset({lock})).variation
    free = board(likeness=2.0).variation
    kept = {
        "identity": lambda v: v.head.shape, "expression": lambda v: v.head.gaze, "pose": lambda v: v.head.pose,
        "light": lambda v: v.head.gamma, "skin": lambda v: v.style.regions[1], "hair": lambda v: v.style.regions[17],
        "background": lambda v: v.style.regions[0],
    }[lock]  # fmt: skip
    assert np.array_equal(kept(made), kept(reference))
    if lock != "expression":  # the portraits of this test look straight ahead
        assert not np.array_equal(kept(free), kept(reference))


def test_all_locks_leave_head_and_regions_alone():
    reference = portrait(0)
    made = with_locks(reference, Noise().variation(reference, np.random.default_rng(1), 1.0), frozenset(LOCKS))
    assert made.head.key == reference.head.key
    assert (made.style.detail == reference.style.detail).all()


def test_impossible_options():
    for options, text in (
        ({"variety": 1.5}, "variety"), ({"likeness": 0}, "likeness"), ({"rows": 9}, "9 x 4"),
        ({"locks": frozenset({"nose"})}, "no lock “nose”"), ({"seed": -1}, "negative"),
    ):  # fmt: skip
        with pytest.raises(FaceEditorError, match=text):
            BoardOptions(**options)
    with pytest.raises(FaceEditorError, match="no method “magic”"):
        open_methods(["magic"], MethodContext(Painter(), Mean()))
    with pytest.raises(FaceEditorError, match="whose head is known"):
        pinned(portrait(0, head=False), Painter(), Mean())
    assert set(METHODS) >= {"head", "exfacegan"}


def test_head_changes_keep_the_person():
    person = portrait(0)
    made = HeadChanges().variation(person, np.random.default_rng(0), 1.0)
    assert (made.head.shape == person.head.shape).all() and (made.head.albedo == person.head.albedo).all()
    assert made.style is person.style
    assert not np.allclose(made.head.pose, person.head.pose)
    half = HeadChanges().variation(person, np.random.default_rng(0), 0.5)
    assert np.allclose(half.head.pose, (made.head.pose + person.head.pose) / 2, atol=1e-3)


def test_files(board, tmp_path):
    tiles = [board(index) for index in range(5)]
    rows = list(csv.DictReader(io.StringIO(listing(tiles))))
    assert (
        len(rows) == 5
        and rows[2]["index"] == "2"
        and float(rows[2]["distance"]) == pytest.approx(tiles[2].distance, abs=1e-3)
    )
    assert len(rows[0]["shape"].split()) == 24
    write_sheet(tmp_path / "sheet.png", board.reference, tiles, 3)
    assert open_picture(tmp_path / "sheet.png").shape == (2 * 64 + 4, 4 * 64 + 3 * 4, 3)
    write_folder(tmp_path / "made", board.reference, tiles)
    names = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert names == ["000.png", "001.png", "002.png", "003.png", "004.png", "board.csv", "reference.png"]
    assert (open_picture(tmp_path / "made" / "003.png") == tiles[3].picture.pixels).all()


def test_two_sliders_make_a_contact_sheet(board):
    options = {"method": "sliders", "across": "yaw", "down": "jaw_open", "rows": 3, "columns": 4, "variety": 1.0}
    tiles = [board(index, likeness=2.0, **options) for index in range(12)]
    yaws = [float(tile.variation.head.pose[0]) for tile in tiles]
    assert yaws[:4] == yaws[4:8] == yaws[8:] == sorted(yaws[:4]) and yaws[0] == -45 and yaws[3] == 45
    mouths = [tile.variation.head.expression_of("jawOpen") for tile in tiles]
    assert mouths[0] == mouths[3] < mouths[4] < mouths[8]
    half = board(3, likeness=2.0, **{**options, "variety": 0.5}).variation.head.pose[0]
    here = board.reference.variation.head.pose[0]
    assert half == pytest.approx((45 + here) / 2, abs=0.01)
    with pytest.raises(FaceEditorError, match="nosuch"):
        board(0, method="sliders", across="nosuch")
