"""The video dialog on the stand-in engine: choose, watch, write, stop, errors."""

import av
import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QDialog, QStyleOptionComboBox

from faceeditor.gui.dialogs.video_dialog import VideoDialog
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait
from tests.gui.fake_engine import READ_HEAD, face_mask, random_style
from tests.gui.head_input import when_modal


@pytest.fixture
def dialog(app):
    app.read_head()
    app.styles.draw(5)
    app.settle()
    made = VideoDialog(app.session, app.styles, app.heads, lambda *_: None, lambda *_: None, app.window)
    made.show()
    yield made
    made.reject()


def frames_of(path):
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def choose(dialog, motion, seconds=0.5, rate=12, suffix=".mp4"):
    dialog.motion.button(motion).click()
    dialog.set_seconds(seconds)
    dialog.rate.setCurrentIndex(dialog.rate.findData(rate))
    dialog.format.setCurrentIndex(dialog.format.findData(suffix))


def frame_shown(dialog):
    return dialog.preview.pixmap().toImage()


def test_what_is_chosen_plays_before_it_is_made(app, dialog, tmp_path):
    app.wait(lambda: dialog.playing)
    first = frame_shown(dialog)
    app.wait(lambda: frame_shown(dialog) != first)
    dialog.set_seconds(2.0)
    assert dialog.playing, "another length plays the same pictures at another speed"
    choose(dialog, 1)
    assert not dialog.playing
    app.wait(lambda: dialog.playing)
    dialog.begin(tmp_path / "morph.mp4")
    assert not dialog.playing and dialog.running
    app.wait(lambda: dialog.written is not None)
    assert not dialog.playing and app.portrait.undo_stack == ("New style",)


def test_a_long_name_ends_with_an_ellipsis(app, dialog):
    choose(dialog, 1)
    long = "A style with a name that is much longer than there is room for"
    dialog.other.setItemText(dialog.other.currentIndex(), long)
    option = QStyleOptionComboBox()
    dialog.other.initStyleOption(option)
    assert option.currentText.endswith("…") and long.startswith(option.currentText[:-1])
    width = dialog.other.fontMetrics().horizontalAdvance(option.currentText) + dialog.other.iconSize().width()
    assert width < dialog.other.width() and dialog.other.toolTip() == long


def test_a_preview_ends_with_the_dialog(app, dialog):
    app.generator.delay = 0.02
    dialog.degrees.setValue(20)
    app.wait(lambda: dialog._preview_job is not None)
    job = dialog._preview_job
    ended = []
    app.session.bridge.job_failed.connect(lambda number, error: ended.append(number))
    dialog.reject()
    app.wait(lambda: job in ended)
    app.generator.delay = 0.0
    assert not dialog.playing


def test_turntable_is_written_and_watched(app, dialog, tmp_path):
    choose(dialog, 0)
    seen = []
    app.session.bridge.preview_ready.connect(
        lambda job, pixels: seen.append(dialog.message.text()) if job == dialog._job else None
    )
    dialog.begin(tmp_path / "turn.mp4")
    assert dialog.running and not dialog.form.isEnabled()
    app.wait(lambda: dialog.written is not None)
    assert dialog.result() == QDialog.DialogCode.Accepted
    pictures = frames_of(tmp_path / "turn.mp4")
    assert len(pictures) == 6 and pictures[0].shape == (512, 512, 3)
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 2  # the stand-in's mask moves with the head
    assert len(seen) == 6 and seen[-1] == "Frame 6 of 6"
    assert app.portrait.head is None and len(app.portrait.undo_stack) == 1  # a video changes nothing


def test_morph_to_a_style_and_back_as_webp(app, dialog, tmp_path):
    choose(dialog, 1, seconds=1.0, suffix=".webp")
    dialog.side.setCurrentIndex(1)
    dialog.begin(tmp_path / "morph.webp")
    app.wait(lambda: dialog.written is not None)
    with Image.open(tmp_path / "morph.webp") as picture:
        assert picture.n_frames > 3 and picture.size == (512, 512)


def test_morph_to_a_portrait_file(app, dialog, tmp_path):
    other = Portrait(np.roll(face_mask(), 12, axis=1), random_style(8, "other"), head=READ_HEAD)
    store.save(other, tmp_path / "other.fep", np.zeros((256, 256, 3), np.uint8))
    choose(dialog, 1)
    dialog.add_portrait(tmp_path / "other.fep")
    assert dialog.other.currentText() == "other"
    dialog.back.setChecked(False)
    first, *_, last = dialog._requests(6)
    assert first.style.key == app.portrait.style.key and last.style.key == other.style.key
    assert last.morph.share == 1 and np.array_equal(last.morph.mask, other.mask)
    dialog.back.setChecked(True)
    loop = dialog._requests(6)
    assert loop[0].style.key == app.portrait.style.key and loop[-1].style.key != other.style.key
    assert any(request.style.key == other.style.key for request in loop)


def test_unreadable_portrait_is_said_in_the_dialog(dialog, tmp_path):
    count = dialog.other.count()
    (tmp_path / "broken.fep").write_bytes(b"no portrait")
    dialog.add_portrait(tmp_path / "broken.fep")
    assert "broken.fep" in dialog.message.text() and dialog.other.count() == count


def test_stop_leaves_nothing_behind(app, dialog, tmp_path):
    app.generator.delay = 0.05
    choose(dialog, 0, seconds=20.0, rate=25)
    dialog.begin(tmp_path / "turn.mp4")
    app.wait(lambda: dialog.message.text().startswith("Frame"))
    assert dialog.cancel.text() == "Stop"
    dialog.cancel.click()
    app.wait(lambda: not dialog.running)
    assert dialog.message.text().startswith("Stopped") and dialog.isVisible()
    assert list(tmp_path.iterdir()) == []
    app.generator.delay = 0.0


def test_an_unwritable_place_is_a_sentence(app, dialog, tmp_path):
    choose(dialog, 0)
    dialog.begin(tmp_path / "no folder" / "turn.mp4")
    app.wait(lambda: not dialog.running)
    assert "turn.mp4" in dialog.message.text() or "no folder" in dialog.message.text()
    assert dialog.written is None and dialog.make.isEnabled()
    dialog.begin(tmp_path / "turn.avi")
    assert not dialog.running and dialog.message.text()


def test_what_cannot_be_made_says_why(app, run):
    fresh = VideoDialog(app.session, app.styles, app.heads, lambda *_: None, lambda *_: None)
    fresh.motion.button(1).click()
    assert not fresh.make.isEnabled() and "style" in fresh.message.text()
    fresh.reject()


def test_closing_stops_the_work(app, dialog, tmp_path):
    app.generator.delay = 0.05
    choose(dialog, 0, seconds=20.0, rate=25)
    dialog.begin(tmp_path / "turn.mp4")
    app.wait(lambda: dialog.message.text().startswith("Frame"))
    dialog.close()
    app.generator.delay = 0.0
    app.finish_jobs()
    assert dialog.written is None and not any(tmp_path.iterdir())


def test_a_request_takes_the_read_head_only_if_there_is_no_other(app):
    app.read_head()
    request = app.heads.request()
    assert app.portrait.head is None and request.head.key == request.base_head.key == READ_HEAD.key
    app.heads.set_control("yaw", 20.0)
    assert app.heads.request().state is app.portrait.state()


def test_the_command_of_the_menu_writes_a_video(app, monkeypatch, tmp_path):
    app.read_head()
    monkeypatch.setattr(app.files, "ask_save", lambda *_: tmp_path / "menu")  # the ending is put to it
    shown = []

    def make(dialog):
        shown.append(dialog)
        choose(dialog, 0)
        dialog.make.click()

    timer = when_modal(VideoDialog, make)
    app.window.actions_by_name["video"].trigger()
    assert shown and not timer.isActive() and len(frames_of(tmp_path / "menu.mp4")) == 6
    assert app.window.banner.isVisible() and "menu.mp4" in app.window.banner.text
