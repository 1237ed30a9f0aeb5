"""The styles of heads on a running program: reading, gestures, locks, clipboard, photos, painting over a moved mask."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from faceeditor.engine import PhotoReading, ReadHead, ReadPhoto
from faceeditor.errors import ImageError, ModelError
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.head.controls import control
from faceeditor.interaction.head_values import group_to_text
from faceeditor.portrait.head import GROUPS, HeadCoefficients
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD, face_of, random_style


def changed_groups(before, after):
    return {
        group
        for group, parts in GROUPS.items()
        if any(not np.array_equal(getattr(before, p), getattr(after, p)) for p in parts if p != "rig")
    }


def test_the_face_is_read_and_the_portrait_stays_as_it_is(app):
    app.read_head()
    assert app.heads.head is READ_HEAD and app.heads.origin is READ_HEAD
    assert app.portrait.head is None and not app.portrait.modified


def test_first_touch_makes_what_was_read_the_base(app):
    app.read_head()
    app.heads.begin("Yaw")
    app.heads.set_control("yaw", 10.0)
    app.heads.set_control("yaw", 24.0)
    app.heads.end()
    assert app.portrait.base_head.key == READ_HEAD.key
    assert app.portrait.head.pose[0] == pytest.approx(24.0)
    assert app.portrait.undo_stack == ("Yaw",)
    app.session.undo()
    assert app.portrait.head is None and app.heads.head is READ_HEAD


def test_a_head_changes_mask_and_face_on_the_screen(app):
    app.read_head()
    before = app.session.frame.pixels
    app.heads.set_control("yaw", 24.0)
    app.settle()
    assert np.array_equal(app.session.shown_mask, np.roll(app.portrait.mask, 20, axis=1))
    assert app.session.frame.head.key == app.portrait.head.key
    assert not np.array_equal(app.session.frame.pixels, before)
    app.heads.set_control("smile", 0.9)
    app.settle()
    assert not np.array_equal(app.session.frame.pixels, before)


def test_painting_lies_on_the_moved_mask_and_is_undone_first(app):
    app.read_head()
    painted = app.portrait.mask.copy()
    app.heads.set_control("yaw", 24.0)
    app.settle()
    moved = app.session.shown_mask.copy()
    app.tools.set_region(Region.HAT)
    app.tools.set_size(20)
    draw_stroke(app.canvas, [(128.0, 30.0), (150.0, 30.0)])
    stroke = app.portrait.mask == Region.HAT
    assert stroke.any() and np.array_equal(app.portrait.mask[~stroke], painted[~stroke])
    assert app.portrait.base_head.key == READ_HEAD.key and app.portrait.moved
    app.settle()
    assert app.session.shown_mask[30, 140] == Region.HAT
    assert app.portrait.undo_stack[-1] == "Brush" and len(app.portrait.undo_stack) == 2
    app.session.undo()
    assert np.array_equal(app.portrait.mask, painted) and app.portrait.head.pose[0] == pytest.approx(24.0)
    app.settle()
    assert np.array_equal(app.session.shown_mask, moved)
    app.session.undo()
    assert app.portrait.head is None and np.array_equal(app.session.shown_mask, painted)


def test_mirror_turns_the_head_round(app):
    app.read_head()
    app.heads.set_control("yaw", 24.0)
    app.settle()
    moved = app.session.shown_mask.copy()
    app.session.mirror_mask()
    assert app.portrait.head.pose[0] == pytest.approx(-24.0) and not app.portrait.moved
    assert np.array_equal(app.portrait.mask == Region.NOSE, (moved == Region.NOSE)[:, ::-1])
    assert len(app.portrait.undo_stack) == 2


def test_random_draws_keep_to_unlocked_groups_and_are_one_step(app):
    app.read_head()
    app.heads.lock("pose")
    app.heads.lock("identity")
    app.heads.randomise(seed=3)
    assert changed_groups(READ_HEAD, app.heads.head) == {"expression", "light"}
    assert app.portrait.undo_stack == ("Random head",)
    app.heads.randomise("pose", seed=4)
    assert app.heads.head.pose.tolist() == READ_HEAD.pose.tolist()
    assert "locked" in app.window.banner.text
    app.heads.lock("pose", False)
    app.heads.randomise("pose", seed=4)
    assert changed_groups(READ_HEAD, app.heads.head) == {"expression", "light", "pose"}


def test_a_lock_holds_against_everything(app):
    app.read_head()
    app.heads.lock("pose")
    app.heads.set_control("yaw", 24.0)
    app.heads.set(READ_HEAD.changed(pose=(30, 0, 0)))
    app.heads.reset_group("pose")
    QGuiApplication.clipboard().setText(group_to_text("pose", HeadCoefficients.neutral()))
    app.heads.paste("pose")
    assert app.heads.head.pose.tolist() == READ_HEAD.pose.tolist()
    assert app.portrait.undo_stack in ((), ("Yaw",)) and not app.portrait.moved


def test_reset_leads_back_to_what_was_read(app):
    app.read_head()
    app.heads.randomise(seed=1)
    app.heads.reset_group("expression")
    assert app.heads.head.expression.tolist() == READ_HEAD.expression.tolist()
    assert changed_groups(READ_HEAD, app.heads.head) == {"identity", "pose", "light"}
    app.heads.reset_all()
    assert changed_groups(READ_HEAD, app.heads.head) == set()
    assert app.portrait.undo_stack == ("Random head", "Reset expression", "Reset head")


def test_a_group_goes_from_one_portrait_to_another(run):
    one, other = run(), run()
    one.read_head()
    other.read_head()
    one.heads.set_control("jaw_open", 0.75)
    one.heads.set_control("yaw", 30.0)
    one.heads.copy("expression")
    other.heads.paste("expression")
    assert other.heads.value("jaw_open") == pytest.approx(0.75)
    assert other.heads.head.pose.tolist() == READ_HEAD.pose.tolist()
    assert other.portrait.undo_stack == ("Paste expression",)


@pytest.mark.parametrize("number", ["NaN", "1e9", '"high"'])
def test_damaged_text_is_explained_in_the_banner(app, number):
    app.read_head()
    text = group_to_text("pose", READ_HEAD).replace('"pose": [4.0', f'"pose": [{number}')
    assert number in text
    QGuiApplication.clipboard().setText(text)
    app.heads.paste("pose")
    assert app.window.banner.isVisible() and "on the clipboard" in app.window.banner.text
    assert app.portrait.undo_stack == ()


def test_undo_in_the_middle_of_a_drag_ends_it(app):
    app.read_head()
    app.heads.begin("Yaw")
    app.heads.set_control("yaw", 10.0)
    app.session.undo()
    assert app.portrait.head is None
    app.heads.set_control("yaw", 20.0)  # the hand still drags
    assert app.portrait.head is None
    app.heads.end()
    app.heads.set_control("yaw", 20.0)
    assert app.portrait.head is not None and app.portrait.undo_stack == ("Yaw",)


def test_abort_takes_the_gesture_back(app):
    app.read_head()
    app.heads.begin("Yaw")
    app.heads.set_control("yaw", 10.0)
    app.heads.abort()
    app.heads.set_control("yaw", 12.0)
    app.heads.end()
    assert app.portrait.head is None and app.portrait.undo_stack == () and not app.portrait.busy


def test_while_the_hand_moves_the_fast_tier_is_asked_for(app, monkeypatch):
    app.read_head()
    sizes = []
    submit = app.session.bridge.submit
    monkeypatch.setattr(
        app.session.bridge, "submit", lambda epoch, request: (sizes.append(request.output.fast), submit(epoch, request))
    )
    app.heads.begin("Yaw")
    app.heads.set_control("yaw", 10.0)
    app.wait(lambda: sizes)
    app.heads.set_control("yaw", 12.0)
    app.heads.end()
    app.settle()
    assert sizes[0] and not sizes[-1] and app.session.frame.drawn == 256


def test_a_face_that_cannot_be_read_begins_at_the_average(run, monkeypatch):
    def fail(self, context):
        raise ModelError("The reader is missing; reinstall Face Editor.")

    program = run(start=False)
    monkeypatch.setattr(ReadHead, "run", fail)
    program.program.start()
    program.read_head()
    assert program.heads.head.key == HeadCoefficients.neutral().key
    assert "average head" in program.window.banner.text and "reinstall" in program.window.banner.text


def test_a_new_portrait_is_read_anew(app):
    from faceeditor.portrait.document import Portrait

    app.read_head()
    app.heads.set_control("yaw", 30.0)
    app.session.replace(Portrait(app.portrait.mask, app.portrait.style))
    assert app.heads.head is None and not app.heads.ready
    app.read_head()
    assert app.heads.head is READ_HEAD and app.portrait.undo_stack == ()


PHOTO = HeadCoefficients.neutral().changed(pose=(-20.0, 3.0, 0.0), expression=np.full(55, 0.25), shape=np.ones(24))


def reading(app):
    mask, picture = np.roll(app.portrait.mask, 9, 1), np.zeros((256, 256, 3), np.uint8)
    return PhotoReading(PHOTO, random_style(5, "me.jpg"), mask, picture, "Two faces were found.", ())


def test_expression_and_light_of_a_photo_onto_this_person(app, monkeypatch):
    monkeypatch.setattr(ReadPhoto, "run", lambda self, context: reading(app))
    app.read_head()
    app.heads.from_photo(Path("me.jpg"), ("expression", "light"))
    assert app.window.status.work.isVisible()
    app.wait(lambda: app.portrait.undo_stack)
    assert changed_groups(READ_HEAD, app.heads.head) == {"expression"}  # both have the neutral light
    assert app.portrait.undo_stack == ("Head of me.jpg",)
    assert app.window.banner.text == "Two faces were found." and not app.window.status.work.isVisible()


def test_rebuilding_a_photo_is_one_step_with_pictures_on_the_way(app, monkeypatch):
    from faceeditor.engine import EmbedPhoto

    picture = np.full((256, 256, 3), 7, np.uint8)

    def run(self, context):
        self.preview(picture)
        context.progress(0.5, "half")
        return reading(app)

    monkeypatch.setattr(EmbedPhoto, "run", run)
    app.read_head()
    before, seen = app.portrait.mask.copy(), []
    app.heads.work_preview_ready.connect(seen.append)
    app.heads.embed_photo(Path("me.jpg"))
    app.wait(lambda: app.portrait.undo_stack)
    assert seen and np.array_equal(seen[0], picture)
    assert app.portrait.undo_stack == ("Photo me.jpg",)
    assert app.portrait.head.key == PHOTO.key and app.portrait.style.label == "me.jpg"
    assert np.array_equal(app.portrait.mask, np.roll(before, 9, 1))
    app.session.undo()
    assert app.portrait.head is None and np.array_equal(app.portrait.mask, before)


def test_a_photo_without_a_face_is_explained_and_work_can_be_cancelled(app, monkeypatch):
    import time

    def none(self, context):
        raise ImageError("No face was found in me.jpg; choose another picture.")

    monkeypatch.setattr(ReadPhoto, "run", none)
    app.read_head()
    app.heads.from_photo(Path("me.jpg"))
    app.wait(lambda: app.window.banner.isVisible())
    assert "No face" in app.window.banner.text

    def slow(self, context):
        while True:
            context.ticket.check()
            time.sleep(0.01)

    monkeypatch.setattr(ReadPhoto, "run", slow)
    app.heads.from_photo(Path("me.jpg"))
    app.window.status.cancel.click()
    assert not app.window.status.work.isVisible() and app.portrait.undo_stack == ()


def test_keys_draw_a_random_person_and_reset_the_pose(app):
    app.read_head()
    QTest.keyClick(app.canvas, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert app.portrait.undo_stack == ("Random head",)
    assert app.heads.head.pose.tolist() != READ_HEAD.pose.tolist()
    QTest.keyClick(app.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert app.heads.head.pose.tolist() == READ_HEAD.pose.tolist()


def test_thumbnails_follow_the_head(app):
    app.read_head()
    app.wait(lambda: app.styles.picture(app.portrait.style) is not None)
    first = app.styles.picture(app.portrait.style)
    app.heads.set_control("yaw", 40.0)
    app.wait(lambda: app.styles.picture(app.portrait.style) is not first)
    assert face_of(app.portrait.mask, app.portrait.style, 128).shape == (128, 128, 3)
    assert not np.array_equal(app.styles.picture(app.portrait.style), first)


@pytest.mark.parametrize("name", ["yaw", "smile", "key_azimuth", "exposure"])
def test_reset_gives_exactly_the_picture_that_undo_gives(app, name):
    app.read_head()
    before = app.session.frame.pixels.copy()
    origin = control(name, app.heads.model).get(app.heads.origin, app.heads.model)
    app.heads.set_control(name, control(name, app.heads.model).high)
    app.settle()
    assert app.session.frame.mask is not None and app.portrait.head is not None
    app.heads.set_control(name, origin)  # what a double click on the slider does
    app.settle()
    reset = app.session.frame.pixels.copy()
    assert len(app.portrait.undo_stack) == 2
    app.session.undo()
    app.session.undo()
    app.settle()
    assert np.array_equal(reset, before) and np.array_equal(app.session.frame.pixels, before)
