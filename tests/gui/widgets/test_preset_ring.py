"""The ring of presets and the presets of a panel, with real events."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from faceeditor.head.presets import own_folder
from faceeditor.interaction.preset_mix import places
from tests.gui.fake_engine import READ_HEAD
from tests.gui.head_input import SHIFT, double_click, drag, panel_of, press_key

pytestmark = pytest.mark.display


@pytest.fixture
def box(app):
    """The presets of the expression panel, the ring in sight."""
    panel = panel_of(app, "expression")
    panel.presets.pages.button(1).click()
    panel.area.ensureWidgetVisible(panel.presets.ring)
    app.wait(lambda: panel.presets.ring.isVisible() and panel.presets.ring.width() > 150)
    return panel.presets


def tile_of(box, name):
    return next(tile for tile in box.tiles if tile.text() == name)


def towards(ring, index, share):
    x, y = places(len(ring.names))[index]
    return ring.point_of(x * share, y * share)


def test_a_drag_mixes_and_is_one_step(app, box):
    ring = box.ring
    assert len(ring.names) == 5 and "Neutral" not in ring.names
    joy = ring.names.index("Joy")
    drag(ring, [ring.middle, *(towards(ring, joy, share) for share in np.linspace(0.1, 0.9, 6))])
    assert app.portrait.undo_stack == ("Mix expression",)
    _, shares = ring.weights()
    assert max(shares) == shares[joy] > 0.9
    assert app.heads.value("smile") > 0.5
    assert app.portrait.head.pose.tolist() == READ_HEAD.pose.tolist()
    at = ring.at
    app.session.undo()
    assert ring.at == (0.0, 0.0) and app.heads.value("smile") == pytest.approx(0.0, abs=1e-6)
    app.session.redo()
    assert ring.at == pytest.approx(at)


def test_back_in_the_middle_the_face_is_as_it_was(app, box):
    ring = box.ring
    app.heads.set_control("brow_raise", 0.4)
    drag(ring, [ring.middle, towards(ring, 0, 0.5), towards(ring, 0, 0.8)])
    before = app.heads.value("smile")
    double_click(ring, ring.point_of(*ring.at))
    assert before > 0.2 and ring.at == (0.0, 0.0)
    assert app.heads.value("brow_raise") == pytest.approx(0.4)
    assert app.heads.value("smile") == pytest.approx(0.0, abs=1e-6)


def test_a_click_on_a_name_takes_the_whole_preset(app, box):
    ring = box.ring
    name = ring._name_rect(2).center()
    drag(ring, [name])
    assert ring.weights()[1][2] == 1.0
    assert len(app.portrait.undo_stack) == 1


def test_shift_moves_the_handle_finely_and_keys_step(app, box):
    ring = box.ring
    drag(ring, [ring.middle, ring.middle + QPointF(40, 0)], SHIFT)
    assert ring.at[0] == pytest.approx(4 / ring.radius, rel=0.01)
    press_key(ring, Qt.Key.Key_Left, 3)
    assert ring.at[0] < 0
    app.wait(lambda: not app.portrait.busy)
    assert app.portrait.undo_stack == ("Mix expression", "Mix expression")


def test_presets_on_the_ring_are_exchanged_from_the_menu(app, box):
    ring = box.ring
    first = ring.names[0]
    menu = box.build_menu(0)
    exchange = menu.actions()[0].menu()
    action = next(action for action in exchange.actions() if action.text() == "Wink")
    action.trigger()
    assert ring.names[0] == "Wink" and first not in ring.names and len(ring.names) == 5
    switches = next(action.menu() for action in box.build_menu().actions() if action.text() == "On the ring")
    by_name = {action.text(): action for action in switches.actions()}
    assert by_name["Wink"].isChecked() and not by_name[first].isChecked()
    by_name[first].trigger()
    assert len(ring.names) == 6 and first in ring.names
    switches = next(action.menu() for action in box.build_menu().actions() if action.text() == "On the ring")
    assert not next(action for action in switches.actions() if not action.isChecked()).isEnabled(), "six is the most"


def test_a_tile_applies_and_the_amount_follows(app, box):
    box.pages.button(0).click()
    app.wait(lambda: box.amount.isVisible())
    tile = tile_of(box, "Surprise")
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    whole = app.heads.value("jaw_open")
    assert whole > 0.2 and tile.isChecked() and app.portrait.undo_stack == ("Surprise",)
    box.amount.set_once(0.5)
    assert app.heads.value("jaw_open") == pytest.approx(whole / 2, abs=0.02)
    assert app.portrait.undo_stack == ("Surprise", "Amount")
    app.session.undo()
    assert box.amount.real == 1.0


def test_own_presets_are_saved_used_and_deleted(app, box, monkeypatch):
    app.heads.set_control("pucker", 0.6)
    monkeypatch.setattr(box, "ask_name", lambda title, present="": "My pout")
    box.save()
    files = list(own_folder("expression").glob("*.json"))
    assert len(files) == 1 and json.loads(files[0].read_text("utf-8"))["name"] == "My pout"
    app.heads.reset_group("expression")
    box.pages.button(0).click()
    tile = tile_of(box, "My pout")
    tile.click()
    assert app.heads.value("pucker") == pytest.approx(0.6)
    names = iter(["Joy", "Big pout"])
    monkeypatch.setattr(box, "ask_name", lambda title, present="": next(names))
    press_key(tile, Qt.Key.Key_F2)
    assert "already a preset" in app.window.banner.text and tile in box.tiles
    press_key(tile, Qt.Key.Key_F2)
    assert [path.stem for path in own_folder("expression").glob("*.json")] == ["big-pout"]
    press_key(tile_of(box, "Big pout"), Qt.Key.Key_Delete)
    assert list(own_folder("expression").glob("*.json")) == []
    assert not any("pout" in tile.text() for tile in box.tiles)
    assert app.portrait.undo_stack[-1] != "Clear region"
    app.window.banner.action_button.click()
    assert tile_of(box, "Big pout") and len(list(own_folder("expression").glob("*.json"))) == 1


def test_presets_of_the_program_stay(app, box):
    box.pages.button(0).click()
    press_key(tile_of(box, "Joy"), Qt.Key.Key_Delete)
    assert "came with Face Editor" in app.window.banner.text and tile_of(box, "Joy")
    menu = {action.text().split("\t")[0]: action for action in box.tile_menu(box.known[0]).actions()}
    assert not menu["Delete"].isEnabled() and not menu["Rename ..."].isEnabled()


def test_pinned_presets_come_first_and_stay_there(app, box):
    box.pages.button(0).click()
    before = [tile.text() for tile in box.tiles]
    for name in ("Wink", "Fear"):
        preset = next(preset for preset in box.known if preset.name == name)
        next(action for action in box.tile_menu(preset).actions() if action.text() == "Pin").trigger()
    assert [tile.text() for tile in box.tiles][:3] == ["Wink", "Fear", before[0]]
    box.reload()
    assert [tile.text() for tile in box.tiles][:2] == ["Wink", "Fear"]
    next(action for action in box.tile_menu(box.known[0]).actions() if action.text() == "Unpin").trigger()
    box.pin(box.known[0], on=False)
    assert [tile.text() for tile in box.tiles] == before


def test_a_damaged_preset_of_the_user_is_explained_once_and_left_out(app, box):
    folder = own_folder("expression")
    folder.mkdir(parents=True)
    (folder / "bad.json").write_text('{"format": 1, "group": "expression", "name": "Bad", "values": {"smile": 7}}')
    box.reload()
    assert app.window.banner.isVisible() and "smile" in app.window.banner.text
    assert "Bad" not in [preset.name for preset in box.known] and len(box.known) > 5


def test_a_locked_group_has_no_handle(app, box):
    app.heads.lock("expression")
    assert not box.ring.isEnabled()
    drag(box.ring, [box.ring.middle, towards(box.ring, 0, 0.9)])
    assert app.portrait.undo_stack == ()
