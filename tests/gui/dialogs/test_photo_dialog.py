"""What a dropped picture is asked about, and what is taken from it."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.engine import EmbedPhoto, EncodedPhoto, EncodePhoto, PhotoReading, ReadPhoto
from faceeditor.gui.canvas.overlays import qrect
from faceeditor.gui.controllers import file_jobs
from faceeditor.gui.controllers.photo_controller import PhotoController
from faceeditor.gui.dialogs.photo_dialog import PhotoChoice, Take
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.interaction.view import Pane
from faceeditor.portrait.document import Portrait
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD, face_mask, random_style

OTHER = READ_HEAD.changed(pose=(20, 3, -4), gaze=(-5, 0), shape=np.full(24, 0.5))


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A picture whose reading is known."""
    path = tmp_path / "somebody.png"
    Image.fromarray(np.full((80, 60, 3), 120, np.uint8)).save(path)
    mask = face_mask()
    mask[:20] = Region.HAT
    style = random_style(5, "somebody.png")
    reading = PhotoReading(OTHER, style, mask, np.zeros((256, 256, 3), np.uint8), "", ())
    monkeypatch.setattr(EncodePhoto, "run", lambda self, context: EncodedPhoto(style, reading.photo, mask, "", ()))
    monkeypatch.setattr(ReadPhoto, "run", lambda self, context: reading)

    def embed(self, context):
        for step in range(3):
            context.ticket.check()
            context.progress(step / 3, "Embedding")
            if self.preview is not None:
                self.preview(np.full((256, 256, 3), 40 * step, np.uint8))
        return replace(reading, style=random_style(6, "embedded"))

    monkeypatch.setattr(EmbedPhoto, "run", embed)
    return path


@pytest.fixture
def drop(app):
    app.read_head()
    return PhotoController(app.styles, app.heads, app.canvas)


def test_style_alone(app, drop, photo):
    drop.offer(photo)
    assert drop.sheet.choice.take is Take.EDIT and drop.sheet.isVisible()
    QTest.keyClick(drop.sheet, "2")
    assert drop.sheet.choice.take is Take.STYLE
    QTest.keyClick(drop.sheet, Qt.Key.Key_Return)
    app.wait(lambda: app.portrait.style.label == "somebody.png")
    assert app.portrait.head is None and drop.sheet is None
    assert len(app.portrait.undo_stack) == 1


def test_groups_of_the_head_by_keyboard(app, drop, photo):
    mask = app.portrait.mask.copy()
    drop.offer(photo)
    sheet = drop.sheet
    QTest.keyClick(sheet.focusWidget() or sheet, "3")
    assert sheet.choice.take is Take.HEAD
    sheet.groups["light"].setChecked(False)
    QTest.keyClick(sheet.groups["expression"], Qt.Key.Key_Space)
    assert sheet.choice.groups == ("pose",)
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    app.wait(lambda: app.portrait.head is not None)
    head = app.portrait.head
    assert np.array_equal(head.pose, OTHER.pose) and np.array_equal(head.gaze, READ_HEAD.gaze)
    assert np.array_equal(head.shape, READ_HEAD.shape) and np.array_equal(app.portrait.mask, mask)
    assert len(app.portrait.undo_stack) == 1


def test_a_group_box_chooses_the_head(app, drop, photo):
    drop.offer(photo)
    drop.sheet.groups["identity"].click()
    assert drop.sheet.choice == PhotoChoice(Take.HEAD, ("identity", "expression", "pose", "light"))
    for box in drop.sheet.groups.values():
        box.setChecked(False)
    assert not drop.sheet.take_button.isEnabled()
    drop.sheet.choices[Take.STYLE].setChecked(True)
    assert drop.sheet.take_button.isEnabled()
    drop.sheet.reject()


def test_whole_person_with_a_card_that_shows_it(app, drop, photo):
    shown = []
    app.heads.work_preview_ready.connect(lambda _: shown.append(drop.card.isVisible()))
    drop.take(photo, PhotoChoice(Take.PERSON))
    app.wait(lambda: app.portrait.style.label == "embedded")
    assert (app.portrait.mask[:20] == Region.HAT).all() and app.portrait.head.key == OTHER.key
    assert len(app.portrait.undo_stack) == 1
    assert shown == [True, True, True] and not drop.card.isVisible()


def test_rebuilding_is_stopped_by_its_button(app, drop, photo, monkeypatch):
    def endless(self, context):
        while True:
            context.ticket.check()
            self.preview(np.zeros((256, 256, 3), np.uint8))
            QTest.qSleep(5)

    monkeypatch.setattr(EmbedPhoto, "run", endless)
    drop.take(photo, PhotoChoice(Take.PERSON))
    app.wait(drop.card.isVisible)
    QTest.mouseClick(drop.card.stop, Qt.MouseButton.LeftButton)
    assert not drop.card.isVisible()
    app.finish_jobs()
    assert app.portrait.undo_stack == () and not drop.card.isVisible()


def test_last_answer_is_proposed_again(app, drop, photo):
    assert PhotoChoice.remembered() == PhotoChoice()
    drop.take(photo, PhotoChoice(Take.HEAD, ("identity",)))
    assert PhotoChoice.remembered() == PhotoChoice(Take.HEAD, ("identity",))
    drop.offer(photo)
    assert drop.sheet.choice == PhotoChoice(Take.HEAD, ("identity",))
    drop.sheet.reject()


def test_escape_takes_nothing_and_locked_groups_are_closed(app, drop, photo):
    app.heads.lock("pose")
    drop.offer(photo)
    assert not drop.sheet.groups["pose"].isEnabled() and not drop.sheet.groups["pose"].isChecked()
    QTest.keyClick(drop.sheet, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert drop.sheet is None and app.portrait.undo_stack == ()


def test_a_newer_picture_replaces_the_question(app, drop, photo, tmp_path):
    drop.offer(photo)
    first = drop.sheet
    drop.offer(tmp_path / "missing.png")
    assert drop.sheet is not first and drop.sheet.isVisible()
    app.wait(lambda: "missing.png" in drop.sheet.problem)
    assert not drop.sheet.take_button.isEnabled()
    drop.sheet.reject()


FACES = ((10.0, 10.0, 30.0, 30.0), (35.0, 12.0, 50.0, 27.0))


def test_one_of_several_faces_is_chosen(app, drop, photo, monkeypatch):
    asked = []
    monkeypatch.setattr(file_jobs, "find_faces", lambda picture: FACES)
    monkeypatch.setattr(app.styles, "from_photo", lambda path, face=0: asked.append(face))
    drop.offer(photo)
    sheet = drop.sheet
    app.wait(lambda: len(sheet.picker.faces) == 2)
    assert sheet.picker.face == 0
    QTest.mouseClick(sheet.picker, Qt.MouseButton.LeftButton, pos=sheet.picker.face_rect(1).center().toPoint())
    assert sheet.choice.face == 1
    QTest.keyClick(sheet.picker, Qt.Key.Key_Left)
    assert sheet.choice.face == 0
    QTest.keyClick(sheet.picker, Qt.Key.Key_Right)
    QTest.keyClick(sheet, "2")
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert asked == [1]


def test_jobs_get_the_chosen_face(app, drop, photo, monkeypatch):
    seen = []
    for job in (EncodePhoto, ReadPhoto, EmbedPhoto):
        run = job.run
        monkeypatch.setattr(job, "run", lambda self, context, run=run: seen.append(self.face) or run(self, context))
    for take in Take:
        drop.take(photo, PhotoChoice(take, ("pose",), 3))
        app.wait(lambda: not app.window.status.work.isVisible())
    assert seen == [3, 3, 3]


def test_a_photo_without_a_face_is_told_before_it_is_used(app, drop, photo, monkeypatch):
    monkeypatch.setattr(file_jobs, "find_faces", lambda picture: ())
    drop.offer(photo)
    sheet = drop.sheet
    app.wait(lambda: sheet.problem)
    assert "No face" in sheet.problem and not sheet.take_button.isEnabled()
    sheet.reject()


def test_a_reconstruction_asks_before_it_replaces_what_was_changed_meanwhile(app, drop, photo, monkeypatch):
    go_on = threading.Event()
    run = EmbedPhoto.run

    def slow(self, context):
        result = run(self, context)
        assert go_on.wait(60)
        return result

    monkeypatch.setattr(EmbedPhoto, "run", slow)
    drop.take(photo, PhotoChoice(Take.PERSON))
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)])
    painted = app.portrait.mask.copy()
    go_on.set()
    app.wait(app.window.banner.action_button.isVisible)
    assert np.array_equal(app.portrait.mask, painted) and app.portrait.undo_stack == ("Brush",)
    app.window.banner.action_button.click()
    assert (app.portrait.mask[:20] == Region.HAT).all() and app.portrait.undo_stack[0] == "Brush"
    app.session.undo()
    assert np.array_equal(app.portrait.mask, painted)


def test_a_reconstruction_for_another_portrait_is_given_up(app, drop, photo, monkeypatch):
    def endless(self, context):
        while True:
            context.ticket.check()
            QTest.qSleep(5)

    monkeypatch.setattr(EmbedPhoto, "run", endless)
    drop.take(photo, PhotoChoice(Take.PERSON))
    assert app.window.status.work.isVisible()
    app.session.replace(Portrait(face_mask(), app.portrait.style))
    assert not app.window.status.work.isVisible()


def test_the_preview_does_not_lie_on_the_face(app, drop, photo):
    app.window.resize(1440, 900)
    QApplication.processEvents()
    drop.card._begin()
    drop.card._show(np.zeros((256, 256, 3), np.uint8))
    pane = app.canvas.pane(Pane.FACE)
    face = qrect(app.canvas.view.picture_box(pane)).intersected(qrect(pane)).toAlignedRect()
    assert drop.card.isVisible() and not drop.card.geometry().intersects(face)


def test_previews_of_another_job_are_not_shown(app, drop, photo):
    drop.card._begin()
    app.session.bridge.preview_ready.emit(999, np.zeros((256, 256, 3), np.uint8))
    assert not drop.card.isVisible()
