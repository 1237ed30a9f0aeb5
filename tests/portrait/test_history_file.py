"""The history in the portrait's file: the tree with its branches and names comes back, damage costs nothing else."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceeditor.portrait import history_file, store
from faceeditor.portrait.adjustments import REGION_SETS, Adjustment, ColourChange, RegionStyle
from faceeditor.portrait.document import (
    PaintMask,
    Portrait,
    ReplaceFaces,
    SetAdjustments,
    SetComb,
    SetHead,
    SetStyle,
    SetTruncation,
    Snapshot,
)
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke, Photo
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region

Styles = Callable[[int], StyleCode]
HEAD = HeadCoefficients.neutral()


@pytest.fixture
def saved(portrait: Portrait, style: Styles, tmp_path: Path) -> Path:
    """A portrait with steps of every kind and a branch, in a file."""
    for number in range(40):
        patch = np.full((6, 6), (Region.HAIR, Region.HAT)[number % 2], np.uint8)
        portrait.apply(PaintMask((6 * number, 100, 6, 6), patch, f"Paint {number}"))
    portrait.apply(SetStyle(style(4), "Style"))
    portrait.apply(SetHead(HEAD.changed(pose=(12, 0, 0)), HEAD, "Turn"))
    portrait.go_to(41)
    portrait.apply(SetTruncation(0.4, "Another way"))
    portrait.apply(SetComb((CombStroke(np.array([(1, 2), (3, 4.5)]), 5),), "Comb"))
    entries = (
        Adjustment("Red", ColourChange((1, 0, 0)), REGION_SETS["hair"]), Adjustment("Look", RegionStyle(style(7))),
    )  # fmt: skip
    portrait.apply(SetAdjustments(entries, "Adjust"))
    portrait.name_step(portrait.history.present, "the good one")
    portrait.undo()
    path = tmp_path / "dora.fep"
    store.save(portrait, path)
    return path


def shown(portrait: Portrait) -> tuple[Any, ...]:
    """What a portrait holds, comparable."""
    face = portrait.state().face
    head = None if face.head is None else face.head.key
    adjustments = [(each.name, each.regions) for each in face.adjustments]
    return face.mask.tobytes(), face.style.key, face.truncation, head, [s.key for s in face.comb], adjustments


def test_the_tree_comes_back(saved: Path, portrait: Portrait) -> None:
    loaded = store.load(saved)
    assert loaded.undo_stack == portrait.undo_stack and loaded.position == portrait.position
    assert not loaded.modified and loaded.note == "" and loaded.can_redo
    nodes, others = list(portrait.history.nodes()), list(loaded.history.nodes())
    assert [(n.number, n.name, n.label) for n in nodes] == [(n.number, n.name, n.label) for n in others]
    assert "the good one" in [node.label for node in others] and "Turn" in [node.name for node in others]
    for node, other in zip(nodes, others, strict=True):
        portrait.go_to_node(node)
        loaded.go_to_node(other)
        assert shown(portrait) == shown(loaded)
    loaded.apply(SetTruncation(0.123))
    assert loaded.history.present.number > max(node.number for node in nodes)
    assert saved.stat().st_size < 120_000


def test_saving_again_keeps_it(saved: Path, tmp_path: Path) -> None:
    loaded = store.load(saved)
    store.save(loaded, tmp_path / "again.fep")
    assert store.load(tmp_path / "again.fep").undo_stack == loaded.undo_stack


def test_all_that_was_undone_can_be_redone_after_opening(portrait: Portrait, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        portrait.apply(SetTruncation(number / 10, f"Step {number}"))
    portrait.go_to(0)
    store.save(portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    assert loaded.undo_stack == ("Step 1", "Step 2", "Step 3") and loaded.position == 0
    loaded.redo()
    loaded.redo()
    assert loaded.truncation == 0.2


def test_names_that_are_no_text_cost_nothing(portrait: Portrait, style: Styles, tmp_path: Path) -> None:
    """Half of a character, as a broken clipboard gives it."""
    portrait.apply(SetStyle(style(1).with_label("half \ud83d"), "Step \ud83d"))
    portrait.name_step(portrait.history.present, "mine \ud83d")
    store.save(portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    assert loaded.undo_stack == ("Step ?",) and loaded.history.titles == ("mine ?",) and loaded.style.label == "half ?"


def test_a_single_step_is_kept(portrait: Portrait, tmp_path: Path) -> None:
    portrait.apply(SetTruncation(0.1, "Only"))
    store.save(portrait, tmp_path / "p.fep")
    assert store.load(tmp_path / "p.fep").undo_stack == ("Only",)


@pytest.mark.parametrize("part", ["truncation", "style", "mask", "head", "active"])
def test_a_history_that_ends_elsewhere_is_left_out(
    portrait: Portrait, style: Styles, tmp_path: Path, part: str
) -> None:
    """As when another program changed the second face of a file and left its history alone."""
    second = portrait.state().face.changed(name="Second", head=HEAD)
    portrait.apply(ReplaceFaces((portrait.state().face, second), None))
    path, other = tmp_path / "p.fep", tmp_path / "other.fep"
    store.save(portrait, path)
    spotted = portrait.mask.copy()
    spotted[5, 5] = Region.HAT
    change: dict[str, Any] = {
        "truncation": {"truncation": 0.5}, "style": {"style": style(8)}, "mask": {"mask": spotted},
        "head": {"head": HEAD.changed(pose=(5, 0, 0))}, "active": {},
    }[part]  # fmt: skip
    state = portrait.state().with_faces_part(1, second.changed(**change))
    store.write_snapshot(Snapshot(state.changed(active=1 if part == "active" else 0)), other)
    with zipfile.ZipFile(path) as archive:
        history = {name: archive.read(name) for name in archive.namelist() if name.startswith("history.")}
    assert store.load(path).undo_stack == ("Open photo",)
    with zipfile.ZipFile(other, "a") as archive:
        for name, data in history.items():
            archive.writestr(name, data)
    loaded = store.load(other)
    assert loaded.undo_stack == () and "history" in loaded.note
    assert loaded.state().active == (1 if part == "active" else 0)


def rewrite(path: Path, name: str, data: bytes | None) -> None:
    """Replace a member of the file, or leave it out."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    if data is None:
        del members[name]
    else:
        members[name] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in members.items():
            archive.writestr(each, content)


def changed(path: Path, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """history.json after a change."""
    with zipfile.ZipFile(path) as archive:
        data = json.loads(archive.read("history.json"))
    change(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("steps"), lambda data: data["steps"].pop(0),
        lambda data: data["steps"][3].update(parent=999), lambda data: data["steps"][3].update(parent=None),
        lambda data: data["steps"][3].update(number=2), lambda data: data["steps"][3]["faces"][0].update(mask=9999),
        lambda data: data.update(present=1), lambda data: data["heads"][0].update(pose=[999, 0, 0]),
        lambda data: data["masks"][5].__setitem__(1, 3), lambda data: data["masks"].__setitem__(0, [0, 5]),
        lambda data: data.update(steps=data["steps"][1:2] * 20_001), lambda data: data["steps"][2].update(active=7),
        lambda data: data.update(styles=[]), lambda data: data["steps"][1].update(picture=-1),
        lambda data: data["steps"][1].update(number=True), lambda data: data["steps"][1].update(number="1"),
        lambda data: data["steps"][1].update(picture=True), lambda data: data["steps"][1].update(picture="x"),
        lambda data: data["steps"][1].update(picture=1 << 40),
    ],
)  # fmt: skip
def test_a_damaged_history_costs_nothing_else(saved: Path, portrait: Portrait, change: Any) -> None:
    rewrite(saved, "history.json", changed(saved, change))
    loaded = store.load(saved)
    assert shown(loaded) == shown(portrait) and loaded.undo_stack == () and "history" in loaded.note


@pytest.mark.parametrize("name", ["history.masks", "history.f32"])
@pytest.mark.parametrize("data", [b"", b"rubbish" * 1000, None])
def test_damaged_members_cost_nothing_else(saved: Path, portrait: Portrait, name: str, data: bytes | None) -> None:
    rewrite(saved, name, data)
    loaded = store.load(saved)
    assert shown(loaded) == shown(portrait) and loaded.undo_stack == () and "history" in loaded.note


def test_steps_before_a_photograph_are_kept_with_it(portrait: Portrait, tmp_path: Path) -> None:
    portrait.apply(SetTruncation(0.5))
    portrait.apply(ReplaceFaces(portrait.state().faces, Photo(b"one", "one.jpg")))
    portrait.apply(SetTruncation(0.25))
    store.save(portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    assert loaded.undo_stack == portrait.undo_stack
    loaded.go_to(1)
    assert loaded.state().photo is None
    loaded.go_to(2)
    assert loaded.state().photo is not None and loaded.state().photo.data == b"one"
    portrait.apply(ReplaceFaces(portrait.state().faces, Photo(b"two", "two.jpg")))
    store.save(portrait, tmp_path / "p.fep")
    assert store.load(tmp_path / "p.fep").undo_stack == (), "the first photograph is not in the file any more"


def test_pictures_of_the_newest_steps_are_kept(portrait: Portrait, tmp_path: Path, monkeypatch: Any) -> None:
    for number in range(8):
        portrait.apply(SetTruncation(0.1 * number + 0.05))
        if number != 5:
            portrait.set_step_picture(bytes([number]) * 1000)
    monkeypatch.setitem(history_file.LIMITS, "history.pictures", 3500)
    store.save(portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    pictures = [loaded.history.at(row).picture for row in range(9)]
    assert pictures == [b""] * 5 + [bytes([4]) * 1000, b"", bytes([6]) * 1000, bytes([7]) * 1000]
    # One that is too large ends the row: older ones are not kept in its place.
    portrait.go_to(7)
    portrait.set_step_picture(bytes(3000))
    store.save(portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    assert [bool(loaded.history.at(row).picture) for row in range(9)] == [False] * 8 + [True]
    portrait.go_to(8)
    store.save(portrait, tmp_path / "p.fep")
    for data in (None, b"", b"short"):
        rewrite(tmp_path / "p.fep", "history.pictures", data)
        again = store.load(tmp_path / "p.fep")
        assert again.undo_stack == portrait.undo_stack and not again.note
        assert again.history.at(8).picture == b""
