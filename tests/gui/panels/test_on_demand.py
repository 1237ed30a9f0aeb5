"""Panels that are hidden until they are asked for: navigator, reference, timing."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.controllers import head_reader
from faceeditor.gui.imaging import to_qimage
from faceeditor.interaction.view import Pane
from faceeditor.portrait.adjustments import REGION_SETS
from faceeditor.regions import Region
from tests.gui.head_input import drag, wheel

pytestmark = pytest.mark.display

ALT, LEFT = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.LeftButton
RED, BLUE = (200, 30, 20), (10, 40, 180)


@pytest.fixture
def run(run, monkeypatch):
    """Programs that do not read the head: on a busy machine that would keep pictures waiting for long."""
    monkeypatch.setattr(head_reader, "_IDLE_MS", 10_000_000)
    return run


@pytest.fixture
def app(run):
    """One running program with its first face on the screen."""
    return run()


@pytest.fixture
def picture(tmp_path):
    """A file of 80 x 40 pixels, red at the left and blue at the right."""
    pixels = np.empty((40, 80, 3), np.uint8)
    pixels[:, :40], pixels[:, 40:] = RED, BLUE
    path = tmp_path / "reference.png"
    to_qimage(pixels).save(str(path))
    return path


def show(app, key, name):
    QTest.keyClick(app.canvas, key, ALT)
    assert app.window.docks[name].isVisible()
    QApplication.processEvents()


def test_they_are_off_at_first_and_their_keys_show_and_hide_them(app):
    for key, name in ((Qt.Key.Key_8, "navigator"), (Qt.Key.Key_9, "reference")):
        dock = app.window.docks[name]
        assert not dock.isVisible()
        show(app, key, name)
        app.window.activateWindow()
        app.wait(lambda: QApplication.activeWindow() is app.window)
        QTest.keyClick(app.canvas, key, ALT)
        assert not dock.isVisible()
    assert app.window.docks["reference"].isFloating()


def test_what_is_shown_is_kept_for_the_next_start(run):
    first = run(remember=True)
    show(first, Qt.Key.Key_8, "navigator")
    first.close()
    assert run(remember=True).window.docks["navigator"].isVisible()


# The navigator.


def test_the_navigator_frames_what_the_canvas_shows_and_moves_it(app):
    canvas, overview = app.canvas, app.window.navigator.overview
    show(app, Qt.Key.Key_8, "navigator")
    canvas.zoom_by(4.0)
    overview.grab()
    left, top = overview.frame()[0]
    right, bottom = overview.frame()[2]
    assert left > 0 and top > 0 and right < 256 and bottom < 256
    middle = QPointF(*overview.view.to_widget(overview.box, 128.0, 128.0))
    aim = QPointF(*overview.view.to_widget(overview.box, 150.0, 110.0))
    drag(overview, [middle, aim])
    assert (canvas.view.x, canvas.view.y) == pytest.approx((150.0, 110.0), abs=1.0)
    far = QPointF(*overview.view.to_widget(overview.box, 30.0, 220.0))
    QTest.mouseClick(overview, LEFT, pos=far.toPoint())
    assert (canvas.view.x, canvas.view.y) == pytest.approx((30.0, 220.0), abs=2.0), "beside the frame: it comes there"


def test_the_navigator_moves_nothing_on_the_other_side(app):
    docks = app.window.docks
    before = docks["tools"].geometry()
    show(app, Qt.Key.Key_8, "navigator")
    QApplication.processEvents()
    assert docks["tools"].geometry() == before


def test_the_navigator_zooms_and_fits(app):
    canvas, overview = app.canvas, app.window.navigator.overview
    show(app, Qt.Key.Key_8, "navigator")
    before = canvas.view.zoom
    assert wheel(overview, 2)
    assert canvas.view.zoom == pytest.approx(before * 1.25**2)
    assert app.window.navigator.zoom.text() == f"{canvas.view.zoom * canvas.devicePixelRatioF() * 100:.0f} %"
    QTest.mouseDClick(overview, LEFT)
    assert canvas.view.zoom == pytest.approx(before)


def test_the_navigator_follows_the_face_and_a_mirrored_view(app):
    overview = app.window.navigator.overview
    show(app, Qt.Key.Key_8, "navigator")
    first = overview.grab().toImage()
    app.styles.draw(5)
    app.settle()
    assert overview.grab().toImage() != first
    app.canvas.flip()
    overview.grab()
    assert overview.view.flipped


# The reference.


def shown_reference(app, path):
    show(app, Qt.Key.Key_9, "reference")
    panel = app.window.reference_panel
    app.files.ask_open = lambda title, kinds: path
    QTest.mouseClick(panel.open_button, LEFT)
    app.wait(lambda: app.window.reference.picture is not None)
    return panel


def point_of(view, x, y) -> QPoint:
    return view.to_widget(QPointF(x, y)).toPoint()


def test_a_click_picks_a_colour_and_the_button_gives_it_to_the_region(app, picture):
    panel = shown_reference(app, picture)
    app.tools.set_region(Region.U_LIP)
    assert not panel.use.isVisible()
    QTest.mouseClick(panel.view, LEFT, pos=point_of(panel.view, 20, 20))
    assert panel.code.text() == "#C81E14" and panel.use.text() == "Use for Upper lip"
    QTest.mouseClick(panel.copy, LEFT)
    assert QGuiApplication.clipboard().text() == "#C81E14"
    QTest.mouseClick(panel.use, LEFT)
    (entry,) = app.window.adjustments.adjustments
    assert entry.regions == REGION_SETS["lips"]
    assert entry.settings.colour == pytest.approx([channel / 255 for channel in RED], abs=2e-3)
    QTest.mouseClick(panel.view, LEFT, pos=point_of(panel.view, 60, 20))
    QTest.mouseClick(panel.use, LEFT)
    (entry,) = app.window.adjustments.adjustments
    assert entry.settings.colour == pytest.approx([channel / 255 for channel in BLUE], abs=2e-3)
    app.session.undo()
    app.session.undo()
    assert not app.window.adjustments.adjustments


def test_the_wheel_zooms_a_drag_moves_and_neither_picks(app, picture):
    panel = shown_reference(app, picture)
    view = panel.view
    middle = QPointF(view.rect().center())
    held, zoom = view.to_image(middle), view.zoom
    assert wheel(view, 3)
    assert view.zoom == pytest.approx(zoom * 1.25**3)
    assert (view.to_image(middle) - held).manhattanLength() < 1e-6
    drag(view, [middle, middle + QPointF(40, 25)])
    assert (view.to_image(middle + QPointF(40, 25)) - held).manhattanLength() < 1e-6
    assert not panel.use.isVisible()
    QTest.mouseDClick(view, LEFT, pos=middle.toPoint())
    assert view.zoom == pytest.approx(zoom)


def test_dropped_and_pasted_pictures(app, picture):
    show(app, Qt.Key.Key_9, "reference")
    panel, reference = app.window.reference_panel, app.window.reference
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(picture))])
    none = Qt.KeyboardModifier.NoModifier
    panel.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, none))
    app.wait(lambda: reference.picture is not None)
    assert (reference.picture.width(), reference.picture.height()) == (80, 40)
    QTest.mouseClick(panel.clear_button, LEFT)
    assert reference.picture is None and not panel.clear_button.isEnabled()
    image = QImage(7, 5, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    QGuiApplication.clipboard().setImage(image)
    QTest.mouseClick(panel.paste_button, LEFT)
    app.wait(lambda: reference.picture is not None)
    assert (reference.picture.width(), reference.picture.height()) == (7, 5)


def test_what_cannot_be_shown_has_a_sentence(app, tmp_path):
    told = []
    app.session.failed.connect(told.append)
    app.window.reference.open(tmp_path / "nothing.png")
    app.wait(lambda: bool(told))
    QGuiApplication.clipboard().setText("no picture")
    QTest.mouseClick(app.window.reference_panel.paste_button, LEFT)
    assert len(told) == 2 and all(sentence.endswith(".") for sentence in told)
    assert app.window.reference.picture is None


def test_the_reference_does_not_cover_the_large_picture(run):
    app = run(first_view=True)
    app.window.resize(1600, 1000)
    QApplication.processEvents()
    show(app, Qt.Key.Key_9, "reference")
    dock, canvas = app.window.docks["reference"], app.canvas
    corner = canvas.mapFromGlobal(dock.pos())
    small, large = canvas.small_boxes[Pane.MASK], canvas.pane(Pane.FACE)
    assert corner.x() >= large.right and corner.y() >= small.bottom
    assert corner.y() + dock.height() <= canvas.height()


def test_the_reference_comes_back_at_the_next_start(run, picture):
    first = run(remember=True)
    shown_reference(first, picture)
    first.close()
    again = run(remember=True)
    assert again.window.docks["reference"].isVisible()
    again.wait(lambda: again.window.reference.picture is not None)


# The timing meter.


def test_the_timing_meter_shows_the_last_frames(app):
    app.window.actions_by_name["panel_timing"].trigger()
    panel, meter = app.window.timing_panel, app.session.meter
    app.styles.draw(3)
    app.settle()
    panel.refresh()
    assert meter.times and set(panel.curves) == {"total", "network", "head"}
    for name, curve in panel.curves.items():
        assert list(curve.getData()[1]) == pytest.approx([getattr(time, name) for time in meter.times])
    assert f"last {meter.times[-1].total:.1f} ms" in panel._figures["total"].text()
    app.window.docks["timing"].hide()
    assert not panel._timer.isActive()


def test_the_small_picture_of_the_face_is_repainted_with_the_photograph(app):
    seen = []
    app.canvas.picture_changed.connect(seen.append)
    app.canvas.update_photo()
    assert seen == [Pane.FACE]
