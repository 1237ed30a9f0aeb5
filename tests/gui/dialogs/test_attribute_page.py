"""The attribute page, driven by real events, with steps that a stand-in of the optimisation makes."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from faceeditor.engine import attribute_job
from faceeditor.identity.optimise import OptimisationStep
from faceeditor.images.source import read_source
from faceeditor.photo.placement import inner
from faceeditor.portrait.style import StyleCode
from tests.gui.controllers.test_photograph_controller import export, open_photo, photo, settled  # noqa: F401
from tests.photo.people import found_person


@pytest.fixture
def steps(monkeypatch):
    """An optimisation whose every step waits until it is let go: the requests, and what lets steps go."""
    requests: list[attribute_job.AttributeRequest] = []
    gate = threading.Semaphore(0)

    def begun(request, context):
        requests.append(request)
        base = request.portrait
        for number in range(request.steps + 1):
            while not gate.acquire(timeout=0.02):
                context.ticket.check()
            share = number / request.steps
            zeros = StyleCode.zeros()
            style = StyleCode(zeros.regions + share, zeros.overall, zeros.detail)
            head = base.head.changed(gaze=(share, 0.0))
            pixels = np.full((256, 256, 3), round(200 * share), np.uint8)
            made = replace(base, style=style, head=head, base_head=base.base_head or base.head)
            portrait = made if request.mode == "portrait" else None
            yield OptimisationStep(number, pixels, portrait, share, 0.1 + 0.3 * share, {}, base.mask)

    monkeypatch.setattr(attribute_job, "_begun", begun)

    def let_go(count: int = 1) -> None:
        gate.release(count)

    yield requests, let_go
    gate.release(1000)


@pytest.fixture
def page(app):
    app.read_head()
    app.window.actions_by_name["attributes"].trigger()
    opened = app.window.attribute_page
    assert opened is not None
    yield opened
    opened.close()


def _click(button) -> None:
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _grey(page) -> int:
    image = page.preview.pixmap().toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2).red()


def test_the_present_face_is_seen_before_the_first_step(app, page):
    assert not page.preview.pixmap().isNull() and "Start" in page.figures.text() and not page.slider.isEnabled()


def test_steps_are_shown_as_they_come_and_plotted(app, page, steps):
    requests, let_go = steps
    page.attribute.setCurrentIndex(page.attribute.findData("age"))
    page.steps.setCurrentIndex(0)
    _click(page.start)
    app.wait(lambda: bool(requests))
    assert (requests[0].attribute, requests[0].steps, requests[0].hold, requests[0].amount) == ("age", 20, 0.45, 1.0)
    assert not page.start.isEnabled() and page.pause.isEnabled()
    let_go(11)
    app.wait(lambda: len(page.attributes.steps) == 11)
    assert _grey(page) == 100 and page.plot.points[-1] == pytest.approx((0.25, 0.5))
    let_go(10)
    app.wait(lambda: not page.attributes.running)
    assert _grey(page) == 200 and page.start.isEnabled() and not page.stop.isEnabled()


def test_pause_resume_and_stop(app, page, steps):
    requests, let_go = steps
    _click(page.start)
    let_go(3)
    app.wait(lambda: len(page.attributes.steps) == 3)
    _click(page.pause)
    let_go()
    app.wait(lambda: page.attributes.paused)
    seen = len(page.attributes.steps)
    assert page.pause.text() == "Resume"
    _click(page.pause)
    let_go(2)
    app.wait(lambda: len(page.attributes.steps) >= seen + 2)
    _click(page.stop)
    let_go()
    app.wait(lambda: not page.attributes.running)
    assert len(page.attributes.steps) < 41 and page.use.isEnabled() and not page.pause.isEnabled()
    assert len(requests) == 1


def test_a_click_on_the_plot_goes_back_and_its_step_becomes_one_undo_step(app, page, steps):
    _, let_go = steps
    _click(page.start)
    let_go(9)
    app.wait(lambda: len(page.attributes.steps) == 9)
    page.grab()  # laid out and painted once
    position = page.plot.position(4)
    QTest.mouseMove(page.plot.view.viewport(), QPoint(2, 2))
    QTest.mouseClick(page.plot.view.viewport(), Qt.MouseButton.LeftButton, pos=position)
    app.wait(lambda: page.chosen is not None and page.chosen.number == 4)
    assert _grey(page) == 20
    style, undone = app.portrait.style.key, len(app.portrait.undo_stack)
    frame = app.session.frame.pixels.copy()
    _click(page.use)
    assert app.portrait.style.regions[0, 0] == pytest.approx(0.1)
    assert app.portrait.head.gaze[0] == pytest.approx(0.1) and len(app.portrait.undo_stack) == undone + 1
    app.settle()
    assert not np.array_equal(app.session.frame.pixels, frame)
    app.window.actions_by_name["undo"].trigger()
    assert app.portrait.style.key == style and app.portrait.head is None
    page.attributes.stop()
    let_go(2)
    app.wait(lambda: not page.attributes.running)


def test_the_step_slider_by_keys(app, page, steps):
    _, let_go = steps
    _click(page.start)
    let_go(5)
    app.wait(lambda: len(page.attributes.steps) == 5)
    page.slider.setFocus()
    QTest.keyClick(page.slider, Qt.Key.Key_Left)
    QTest.keyClick(page.slider, Qt.Key.Key_Left)
    assert page.chosen.number == 2
    let_go(1)
    app.wait(lambda: len(page.attributes.steps) == 6)
    assert page.chosen.number == 2  # it stays where it was put
    page.attributes.forget()
    app.wait(lambda: not page.attributes.running)


def test_a_dropped_picture_is_the_guide_only_for_what_is_checked(app, page, steps, tmp_path):
    requests, let_go = steps
    path = tmp_path / "anna.jpg"
    path.write_bytes(b"not opened here")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(20, 20), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(event)
    assert "anna.jpg" in page.guide_text.text() and page.parts["hair"].isChecked()
    QTest.mouseClick(page.parts["hair"], Qt.MouseButton.LeftButton, pos=QPoint(6, page.parts["hair"].height() // 2))
    _click(page.start)
    assert "Check" in page.message.text() and not requests
    QTest.mouseClick(page.parts["eyes"], Qt.MouseButton.LeftButton, pos=QPoint(6, page.parts["eyes"].height() // 2))
    _click(page.start)
    app.wait(lambda: bool(requests))
    assert requests[0].guide == path and requests[0].parts == ("eyes",)
    _click(page.stop)
    let_go(2)
    app.wait(lambda: not page.attributes.running)
    _click(page.drop_guide)
    assert page.guide is None and page.attribute.isEnabled()


def test_pixels_become_a_photo(app, page, steps, monkeypatch):
    _, let_go = steps
    offered = []
    monkeypatch.setattr(page, "_use_photo", offered.append)
    page.mode.setCurrentIndex(1)
    _click(page.start)
    let_go(2)
    app.wait(lambda: len(page.attributes.steps) == 2)
    assert "photo" in page.use.text()
    _click(page.use)
    assert len(offered) == 1 and offered[0].stat().st_size > 100
    page.attributes.forget()


def test_a_failure_is_a_sentence_and_another_portrait_forgets_the_steps(app, page, steps, monkeypatch):
    from faceeditor.errors import FaceEditorError

    def fails(request, context):
        raise FaceEditorError("There are no guides for this.")

    _, let_go = steps
    _click(page.start)
    let_go(3)
    app.wait(lambda: len(page.attributes.steps) == 3)
    app.session.replace(type(app.portrait)(app.portrait.mask, app.portrait.style))
    assert not page.attributes.steps and not page.use.isEnabled()
    monkeypatch.setattr(attribute_job, "_begun", fails)
    app.read_head()
    _click(page.start)
    app.wait(lambda: "no guides" in page.message.text())
    assert page.start.isEnabled()


def test_closing_the_page_pauses_the_work(app, page, steps):
    _, let_go = steps
    _click(page.start)
    let_go(2)
    app.wait(lambda: len(page.attributes.steps) == 2)
    page.close()
    let_go(1)
    app.wait(lambda: page.attributes.paused)
    page.attributes.stop()


def test_a_step_on_a_photograph_keeps_its_pixels(app, steps, photo, tmp_path, monkeypatch):  # noqa: F811
    app.complaints = []
    app.session.failed.connect(app.complaints.append)
    requests, let_go = steps
    open_photo(app, photo)
    app.read_head()
    app.heads.set_control("jaw_open", 0.3)
    settled(app)
    before = app.portrait.state().face
    app.window.actions_by_name["attributes"].trigger()
    page = app.window.attribute_page
    _click(page.start)
    let_go(4)
    app.wait(lambda: len(page.attributes.steps) == 4)
    # It starts from the face as it is, and shows the photograph around what changes.
    assert requests[0].portrait.head is before.head and requests[0].portrait.style is before.style
    own = inner(found_person().wide)
    assert np.array_equal(page.chosen.pixels[:20, :20], own[:20, :20])
    assert not np.array_equal(page.chosen.pixels[120:180, 100:150], own[120:180, 100:150])
    page.grab()
    QTest.mouseClick(page.plot.view.viewport(), Qt.MouseButton.LeftButton, pos=page.plot.position(2))
    app.wait(lambda: page.chosen is not None and page.chosen.number == 2)
    undone = len(app.portrait.undo_stack)
    _click(page.use)
    assert len(app.portrait.undo_stack) == undone + 1
    face = app.portrait.state().face
    assert face.source is before.source and face.style.regions[0, 0] == pytest.approx(0.05)
    settled(app)
    target = tmp_path / "out.png"
    export(app, target, monkeypatch, ".png")
    old, new = read_source(photo).samples, read_source(target).samples
    changed = (old != new).any(-1)
    assert changed[200:260, 150:210].mean() > 0.9
    assert not changed[:, :20].any() and not changed[:30].any()
    app.window.actions_by_name["undo"].trigger()
    face = app.portrait.state().face
    assert (face.style, face.head, face.source) == (before.style, before.head, before.source)
    page.attributes.stop()
    let_go(2)
    app.wait(lambda: not page.attributes.running)
    page.close()
