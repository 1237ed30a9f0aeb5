"""The style panel: new styles, blend, variety, one region, a photo."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.widgets.style_thumb import STYLE_MIME
from faceeditor.images import write_atomic
from faceeditor.regions import Region
from tests.gui.fake_engine import face_of, random_style
from tests.gui.head_input import GROOVE, double_click, drag_row, press_key, type_value


def test_n_draws_a_new_style_and_another_face(app):
    first, style = app.session.frame.pixels, app.portrait.style
    QTest.keyClick(app.canvas, "N")
    assert app.portrait.style.key != style.key
    app.settle()
    assert not np.array_equal(app.session.frame.pixels, first)
    assert app.portrait.undo_stack == ("New style",)
    app.session.undo()
    assert app.portrait.style.key == style.key


def test_recent_styles_get_pictures_and_a_click_applies(app):
    first = app.portrait.style
    app.styles.draw(5)
    app.styles.draw(6)
    panel = app.window.style_panel
    app.wait(lambda: all(app.styles.picture(style) is not None for style in app.styles.recent))
    keys = [thumb.style_code.key for thumb in panel.thumbs]
    assert len(keys) == 3
    QTest.mouseClick(panel.thumbs[keys.index(first.key)], Qt.MouseButton.LeftButton)
    assert app.portrait.style.key == first.key
    assert [thumb.style_code.key for thumb in panel.thumbs] == keys, "the strip must not jump under the hand"


def test_style_for_one_region(app):
    before = app.portrait.style
    app.styles.draw(5)
    other = app.portrait.style
    app.tools.set_region(Region.HAIR)
    panel = app.window.style_panel
    panel.segments.button(1).click()
    index = [thumb.style_code.key for thumb in panel.thumbs].index(before.key)
    QTest.mouseClick(panel.thumbs[index], Qt.MouseButton.LeftButton)
    mixed = app.portrait.style
    assert np.array_equal(mixed.regions[Region.HAIR], before.regions[Region.HAIR])
    assert np.array_equal(mixed.regions[Region.SKIN], other.regions[Region.SKIN])
    assert app.portrait.undo_stack[-1] == "Style of Hair"


def test_blend_is_one_undo_step_and_undo_moves_the_slider(app):
    base = app.portrait.style
    app.styles.draw(5)
    partner = app.portrait.style
    app.styles.apply(base)
    panel = app.window.style_panel
    assert not panel.blend.isEnabled()
    index = [thumb.style_code.key for thumb in panel.thumbs].index(partner.key)
    QTest.mouseClick(panel.thumbs[index], Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert panel.blend.isEnabled() and app.portrait.style.key == base.key
    steps = len(app.portrait.undo_stack)
    drag_row(panel.blend, 0.5)
    t = panel.blend.real
    assert 0.3 < t < 0.7
    assert app.portrait.undo_stack[steps:] == ("Blend",)
    assert np.allclose(app.portrait.style.overall, base.blend(partner, t).overall)
    app.session.undo()
    assert app.portrait.style.key == base.key and panel.blend.real == 0
    app.session.redo()
    assert panel.blend.real == pytest.approx(t)


def test_style_dropped_on_the_slot_becomes_the_partner(app):
    base = app.portrait.style
    app.styles.draw(5)
    data = QMimeData()
    data.setData(STYLE_MIME, base.key.encode())
    slot = app.window.style_panel.partner
    none = Qt.KeyboardModifier.NoModifier
    slot.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none))
    assert app.styles.blend.partner.key == base.key and app.window.style_panel.blend.isEnabled()


def test_variety_is_the_truncation_and_one_step(app):
    slider = app.window.style_panel.variety
    drag_row(slider, 0.2)
    assert app.portrait.truncation == pytest.approx(slider.real)
    assert app.portrait.truncation < 0.3
    assert app.portrait.undo_stack == ("Variety",)
    double_click(slider, QPointF(slider.place_of(slider.real), GROOVE))
    assert app.portrait.truncation == 1.0


def test_new_styles_fit_the_mask_unless_that_is_turned_off(app, monkeypatch):
    given = []

    def draw(self, seed, mask=None):
        given.append(mask)
        return random_style(seed, "x")

    monkeypatch.setattr(type(app.styles.prior), "draw", draw)
    app.styles.draw(5)
    app.window.style_panel.fits_box.setChecked(False)
    app.styles.draw(6)
    assert given[1] is None and np.array_equal(given[0], app.session.portrait.mask)


def test_a_new_style_at_no_variety_says_why_nothing_changes(app):
    noted = []
    app.styles.noted.connect(noted.append)
    app.styles.draw(5)
    assert not noted
    app.styles.set_truncation(0.0)
    app.styles.draw(6)
    assert len(noted) == 1 and "Variety" in noted[0]


def test_variety_is_typed_as_a_number(app):
    type_value(app.window.style_panel.variety, "62 %")
    assert app.portrait.truncation == pytest.approx(0.62) and app.portrait.undo_stack == ("Variety",)


def test_thumbnails_are_drawn_with_the_variety(app):
    app.wait(lambda: app.styles.picture(app.portrait.style) is not None)
    first = app.styles.picture(app.portrait.style)
    app.styles.set_truncation(0.0)
    app.wait(lambda: app.styles.picture(app.portrait.style) is not first)
    assert not np.array_equal(app.styles.picture(app.portrait.style), first)


def test_more_styles_leave_the_blend_where_it_is(app):
    panel = app.window.style_panel
    QApplication.processEvents()
    before = panel.blend.mapTo(panel, QPoint(0, 0))
    for seed in range(12):
        app.styles.draw(seed)
    QApplication.processEvents()
    assert panel.blend.mapTo(panel, QPoint(0, 0)) == before


def test_steps_of_the_history_are_named_by_what_was_done(app):
    base = app.portrait.style
    app.styles.draw(5)
    app.styles.apply(base)
    assert app.portrait.undo_stack == ("New style", "Apply style")


def test_a_photo_that_is_read_for_another_portrait_is_given_up(app, monkeypatch):
    from faceeditor.engine import EncodePhoto

    def endless(self, context):
        while True:
            context.ticket.check()
            QTest.qSleep(5)

    monkeypatch.setattr(EncodePhoto, "run", endless)
    app.styles.from_photo(Path("photo.png"))
    assert app.window.status.work.isVisible()
    app.session.replace(type(app.portrait)(app.portrait.mask, app.portrait.style))
    assert not app.window.status.work.isVisible()


def test_slider_by_keyboard_is_one_step(app):
    slider = app.window.style_panel.variety
    press_key(slider, Qt.Key.Key_Left, 5)
    app.wait(lambda: not app.portrait.busy)
    assert app.portrait.undo_stack == ("Variety",)
    assert app.portrait.truncation == pytest.approx(0.935)


def test_style_of_a_photo_with_progress(app, monkeypatch):
    from faceeditor.engine import EncodedPhoto, EncodePhoto

    style = random_style(77, "photo.png")

    def read(self, context):
        context.progress(0.5, "half")
        return EncodedPhoto(style, np.zeros((256, 256, 3), np.uint8), app.portrait.mask, "Two faces were found.", ())

    monkeypatch.setattr(EncodePhoto, "run", read)
    app.styles.from_photo(Path("photo.png"))
    assert app.window.status.work.isVisible()
    # The mask is not the photograph's: its creases stay away.
    kept = style.without_detail()
    app.wait(lambda: app.portrait.style.key == kept.key)
    assert not kept.detail.any() and np.array_equal(kept.regions, style.regions)
    assert not app.window.status.work.isVisible()
    assert app.window.banner.text == "Two faces were found."
    app.settle()
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, kept))


def test_photo_can_be_cancelled_while_painting_goes_on(app, monkeypatch, tmp_path):
    import time

    from faceeditor.engine import EncodePhoto
    from faceeditor.gui.snapshot import draw_stroke

    def slow(self, context):
        while True:
            context.ticket.check()
            time.sleep(0.01)

    monkeypatch.setattr(EncodePhoto, "run", slow)
    style = app.portrait.style
    app.styles.from_photo(tmp_path / "photo.jpg")
    draw_stroke(app.canvas, [(30.0, 40.0), (60.0, 40.0)])
    app.settle()
    app.window.status.cancel.click()
    assert not app.window.status.work.isVisible()
    assert app.portrait.style.key == style.key and not app.window.banner.isVisible()


def test_photo_that_is_none_is_explained(app, tmp_path):
    path = tmp_path / "photo.jpg"
    write_atomic(path, b"this is text")
    app.styles.from_photo(path)
    app.wait(lambda: app.window.banner.isVisible())
    assert "photo.jpg" in app.window.banner.text
    assert not app.window.status.work.isVisible()


def test_history_panel_goes_to_a_step(app):
    first = app.portrait.style
    for seed in (3, 4, 5):
        app.styles.draw(seed)
    view = app.window.history_panel.list
    assert view.model().rowCount() == 4
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(0, 0)).center())
    assert app.portrait.position == 0 and app.portrait.style.key == first.key
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(2, 0)).center())
    assert app.portrait.position == 2
