"""The history shows what each step looked like: from the faces on the screen, none is drawn for it."""

import io

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from faceeditor.gui.snapshot import draw_stroke
from faceeditor.portrait import store
from faceeditor.portrait.document import SetTruncation
from faceeditor.portrait.step_pictures import SIDE, decode_step, encode_step
from faceeditor.regions import Region
from tests.gui.head_input import drag_row, row_of

pytestmark = pytest.mark.display


def picture_of(app, row):
    return decode_step(app.portrait.history.at(row).picture)


def shrunk(pixels):
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)).astype(int)


def like(picture, pixels):
    return picture is not None and np.abs(picture - shrunk(pixels)).mean() < 4


def test_every_step_that_was_seen_has_its_face(app):
    faces = [app.session.frame.pixels]
    for seed in (5, 6):
        app.styles.draw(seed)
        app.settle()
        faces.append(app.session.frame.pixels)
    assert all(like(picture_of(app, row), faces[row]) for row in range(3))
    assert not like(picture_of(app, 0), faces[1])
    renders = app.generator.renders
    app.session.go_to(0)
    app.settle()
    assert app.portrait.history.at(2).picture and app.generator.renders == renders, "nothing is drawn for the history"


def test_a_step_that_was_left_before_its_face_came_has_none_until_it_is_seen(app):
    app.generator.hold()
    app.styles.draw(5)
    app.styles.draw(6)
    app.generator.let_go()
    app.settle()
    assert picture_of(app, 1) is None and picture_of(app, 2) is not None
    app.session.undo()
    app.settle()
    assert like(picture_of(app, 1), app.session.frame.pixels)


def test_no_picture_is_made_while_the_hand_moves(app):
    row = row_of(app, "pose", "yaw")
    before = app.portrait.history.root.picture
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 30.0)], release=False)
    app.wait(lambda: app.session.frame.revision == app.portrait.revision)
    assert app.portrait.busy and app.portrait.history.root.picture is before
    app.canvas.finish()
    app.settle()
    assert like(picture_of(app, 1), app.session.frame.pixels)
    drag_row(row, 24.0)
    app.settle()
    assert like(picture_of(app, 2), app.session.frame.pixels)


def test_the_panel_and_the_menu_of_branches_show_them(app):
    panel = app.window.history_panel
    app.window.docks["history"].raise_()
    for seed in (5, 6):
        app.styles.draw(seed)
        app.settle()
    app.session.go_to(1)
    app.styles.draw(7)
    app.settle()
    pictures = [panel.model.index(row).data(Qt.ItemDataRole.DecorationRole) for row in range(3)]
    assert [picture.width() for picture in pictures] == [SIDE] * 3
    branches = next(action for action in panel.menu_for(2).actions() if action.menu() is not None).menu()
    assert not branches.actions()[0].icon().isNull()
    app.wait(lambda: panel.list.isVisible())
    cell = panel.list.visualRect(panel.model.index(1))
    grabbed = panel.list.viewport().grab(cell).toImage()
    colours = {grabbed.pixel(x, grabbed.height() // 2) for x in range(4, 40)}
    assert len(colours) > 1 and cell.width() >= 150


def test_pictures_are_saved_with_the_portrait(app, tmp_path):
    app.styles.draw(5)
    app.settle()
    store.save(app.portrait, tmp_path / "p.fep")
    loaded = store.load(tmp_path / "p.fep")
    assert [loaded.history.at(row).picture for row in (0, 1)] == [app.portrait.history.at(r).picture for r in (0, 1)]
    app.session.replace(loaded)
    app.settle()
    assert app.window.history_panel.model.index(0).data(Qt.ItemDataRole.DecorationRole) is not None


def test_a_damaged_picture_is_left_out(app):
    app.styles.draw(5)
    app.settle()
    large = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(large, "JPEG")
    whole = app.portrait.history.root.picture
    for data in (b"", b"rubbish", whole[:200], large.getvalue(), b"\xff" * 99_999):
        assert decode_step(data) is None
        app.portrait.history.set_picture(app.portrait.history.root, data)
        assert app.window.history_panel.model.index(0).data(Qt.ItemDataRole.DecorationRole) is None
    assert decode_step(encode_step(np.zeros((256, 256, 3), np.uint8))).shape == (SIDE, SIDE, 3)


def test_pictures_count_as_memory_of_the_history(app):
    before = app.portrait.history.nbytes
    app.portrait.apply(SetTruncation(0.5, "Variety"))
    app.settle()
    node = app.portrait.history.present
    assert len(node.picture) > 500 and app.portrait.history.nbytes - before == node.nbytes > len(node.picture)
