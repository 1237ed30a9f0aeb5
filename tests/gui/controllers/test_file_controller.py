"""Files: bad ones leave the portrait alone, questions before work is lost, export, drop, recovery."""

import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import SIGNAL, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.app import application
from faceeditor.gui.controllers import file_controller
from faceeditor.gui.controllers.file_controller import Answer
from faceeditor.gui.dialogs.export_dialog import ExportChoice, ExportDialog, What
from faceeditor.gui.dialogs.new_portrait import SampleDialog
from faceeditor.gui.imaging import from_qimage, to_qimage
from faceeditor.gui.settings import recent_files
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.images import open_picture
from faceeditor.interaction.head_values import group_to_text
from faceeditor.paths import state_dir
from faceeditor.portrait import autosave, store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import MaskReading, read_mask, write_mask
from faceeditor.regions import Region
from tests.gui.fake_engine import face_mask, random_style
from tests.gui.head_input import when_modal
from tests.patience import WAIT


def text_as_png(path: Path) -> Path:
    path.write_text("not a picture")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def cut(path: Path) -> Path:
    write_mask(path, face_mask())
    path.write_bytes(path.read_bytes()[:300])
    return path


def values_above_18(path: Path) -> Path:
    Image.fromarray(np.full((256, 256), 40, np.uint8)).save(path)
    return path


def lacking_a_member(path: Path) -> Path:
    path = path.with_suffix(".fep")
    store.save(Portrait(face_mask(), random_style(1, "")), path)
    whole = zipfile.ZipFile(path)
    members = {name: whole.read(name) for name in whole.namelist() if name != "face0/mask.png"}
    whole.close()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("make", [text_as_png, empty, cut, values_above_18, lacking_a_member])
def test_bad_files_show_a_banner_and_the_portrait_stays(app, tmp_path, make):
    path = make(tmp_path / "bad.png")
    draw_stroke(app.canvas, [(20.0, 60.0), (30.0, 60.0)])
    portrait, mask = app.portrait, app.portrait.mask.copy()
    assert not app.files.open_path(path)
    assert app.portrait is portrait and np.array_equal(app.portrait.mask, mask)
    assert app.window.banner.isVisible() and path.name in app.window.banner.text
    assert "Traceback" not in app.window.banner.text
    app.window.banner.close_button.click()
    assert not app.window.banner.isVisible()
    draw_stroke(app.canvas, [(20.0, 90.0)])
    assert app.portrait.undo_stack == ("Brush", "Brush")


def test_save_and_open_again(app, tmp_path, monkeypatch):
    path = tmp_path / "one.fep"
    monkeypatch.setattr(app.files, "ask_save", lambda *_: path.with_suffix(""))
    draw_stroke(app.canvas, [(20.0, 60.0), (30.0, 60.0)])
    assert app.window.isWindowModified()
    app.settle()
    assert app.files.save()
    assert not app.window.isWindowModified() and app.portrait.path == path
    assert "one.fep" in app.window.windowTitle()
    mask, style = app.portrait.mask.copy(), app.portrait.style.key
    app.styles.draw(9)
    monkeypatch.setattr(app.files, "ask_unsaved", lambda: Answer.LOSE)
    assert app.files.open_path(path)
    assert np.array_equal(app.portrait.mask, mask) and app.portrait.style.key == style
    assert recent_files() == [path]
    app.settle()
    assert store.load_preview(path) is not None


def test_folder_that_cannot_be_written(app, tmp_path, monkeypatch):
    monkeypatch.setattr(app.files, "ask_save", lambda *_: tmp_path / "nowhere" / "one.fep")
    draw_stroke(app.canvas, [(20.0, 60.0)])
    assert not app.files.save()
    assert app.portrait.modified and app.window.banner.isVisible()


@pytest.mark.parametrize(
    ("answer", "closes"), [(Answer.CANCEL, False), (Answer.LOSE, True), (Answer.SAVE, True)], ids=lambda v: str(v)
)
def test_question_before_unsaved_work_is_lost(run, tmp_path, monkeypatch, answer, closes):
    app = run()
    asked = []
    monkeypatch.setattr(app.files, "ask_unsaved", lambda: asked.append(1) or answer)
    monkeypatch.setattr(app.files, "ask_save", lambda *_: tmp_path / "kept.fep")
    draw_stroke(app.canvas, [(20.0, 60.0)])
    event = QCloseEvent()
    QApplication.sendEvent(app.window, event)
    assert asked and event.isAccepted() == closes
    assert (tmp_path / "kept.fep").exists() == (answer is Answer.SAVE)


def test_quit_key_asks(app, monkeypatch):
    asked = []
    monkeypatch.setattr(app.files, "ask_unsaved", lambda: asked.append(1) or Answer.CANCEL)
    draw_stroke(app.canvas, [(20.0, 60.0)])
    QTest.keyClick(app.canvas, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert asked and app.window.isVisible()


def test_no_question_without_changes(app, monkeypatch):
    monkeypatch.setattr(app.files, "ask_unsaved", lambda: pytest.fail("nothing to ask"))
    assert app.files.may_replace()


def test_save_that_is_given_up_keeps_the_window_open(app, monkeypatch):
    monkeypatch.setattr(app.files, "ask_unsaved", lambda: Answer.SAVE)
    monkeypatch.setattr(app.files, "ask_save", lambda *_: None)
    draw_stroke(app.canvas, [(20.0, 60.0)])
    event = QCloseEvent()
    QApplication.sendEvent(app.window, event)
    assert not event.isAccepted()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
@pytest.mark.parametrize(("what", "size", "shape"), [(What.FACE, 512, (512, 512)), (What.BOTH, 256, (512, 256))])
def test_export(app, tmp_path, suffix, what, size, shape):
    path = tmp_path / f"out{suffix}"
    assert app.files.export_to(path, ExportChoice(what, size, suffix, 95))
    assert Image.open(path).size == shape
    assert b"trainedAlgorithmicMedia" in path.read_bytes()


def test_an_export_is_written_on_another_thread_than_the_windows(app, tmp_path, monkeypatch):
    threads = []
    monkeypatch.setattr(file_controller, "write_face", lambda *_: threads.append(threading.current_thread()))
    assert app.files.export_to(tmp_path / "face.png", ExportChoice(What.FACE, 256, ".png", 95))
    assert len(threads) == 1 and threads[0] is not threading.main_thread()


@pytest.mark.parametrize("suffix", [".ora", ".psd"])
def test_export_with_layers(app, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    assert app.files.export_to(path, ExportChoice(What.FACE, 256, suffix, 95, True))
    assert path.read_bytes()[:2] == {".ora": b"PK", ".psd": b"8B"}[suffix]


def test_export_without_background(app, tmp_path):
    path = tmp_path / "out.png"
    assert app.files.export_to(path, ExportChoice(What.FACE, 256, ".png", 95, True))
    alpha = np.asarray(Image.open(path))[..., 3]
    background = app.portrait.mask == Region.BACKGROUND
    assert alpha[background].mean() < 20 < 200 < alpha[~background].mean()


def test_export_shows_the_latest_stroke(app, tmp_path):
    app.tools.set_region(Region.HAT)
    app.tools.set_size(60)
    draw_stroke(app.canvas, [(128.0, 40.0)])
    path = tmp_path / "out.png"
    assert app.files.export_to(path, ExportChoice(What.FACE, 256, ".png", 95))
    assert app.session.up_to_date
    assert np.array_equal(np.asarray(Image.open(path).convert("RGB")), app.session.frame.pixels)


def test_exported_mask_opens_again(app, tmp_path):
    path = tmp_path / "mask.png"
    assert app.files.export_to(path, ExportChoice(What.MASK, 256, ".png", 95))
    assert np.array_equal(read_mask(path)[0], app.portrait.mask)


def test_export_dialog_offers_png_alone_for_masks(app):
    dialog = ExportDialog(app.session.frame.pixels, app.portrait.mask, app.window)
    dialog.format.setCurrentIndex(1)
    assert dialog.choice == ExportChoice(What.FACE, 512, ".jpg", 95)
    dialog.what.setCurrentIndex(1)
    assert dialog.choice.suffix == ".png" and not dialog.format.isEnabled()


def test_export_dialog_knows_what_formats_keep(app):
    dialog = ExportDialog(app.session.frame.pixels, app.portrait.mask, app.window)
    dialog.transparent.setChecked(True)
    assert dialog.choice.transparent
    dialog.format.setCurrentIndex(dialog.format.findData(".jpg"))
    assert not dialog.transparent.isEnabled() and not dialog.choice.transparent
    dialog.format.setCurrentIndex(dialog.format.findData(".ora"))
    assert dialog.choice.transparent
    dialog.what.setCurrentIndex(2)  # mask and face, side by side: one picture
    assert dialog.choice.suffix == ".png" and not dialog.choice.transparent
    dialog.what.setCurrentIndex(0)
    dialog.accept()
    assert ExportDialog(app.session.frame.pixels, app.portrait.mask).transparent.isChecked()


def test_export_dialog_offers_signing_or_says_why_not(app, monkeypatch):
    from faceeditor.export import credentials

    monkeypatch.setattr(credentials, "_installed", lambda: True)
    dialog = ExportDialog(app.session.frame.pixels, app.portrait.mask, app.window)
    assert not dialog.choice.sign  # off unless asked for
    dialog.sign.setChecked(True)
    assert dialog.choice.sign
    dialog.format.setCurrentIndex(dialog.format.findData(".ora"))
    assert not dialog.sign.isEnabled() and "cannot hold" in dialog.hint.text() and not dialog.choice.sign
    monkeypatch.setattr(credentials, "_installed", lambda: False)
    dialog.format.setCurrentIndex(dialog.format.findData(".png"))
    assert not dialog.sign.isEnabled() and "pip install" in dialog.hint.text()


def test_the_face_goes_to_the_clipboard_as_it_is_exported(app, tmp_path):
    app.styles.draw(5)
    app.settle()
    app.generator.delay = 0.05
    app.window.actions_by_name["copy_face"].trigger()
    copied = app.portrait.state()
    app.styles.draw(6)  # the window goes on; what is copied is what was there
    app.wait(lambda: "512 x 512" in app.window.banner.text)
    image = from_qimage(QGuiApplication.clipboard().image())
    app.generator.delay = 0.0
    app.session.undo()
    assert app.portrait.style is copied.style
    app.settle()
    assert app.files.export_to(tmp_path / "face.png", ExportChoice(What.FACE, 512, ".png", 95))
    assert np.array_equal(image, open_picture(tmp_path / "face.png"))


def drop(app, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(300, 300), copy, data, left, none)
    app.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    app.window.dropEvent(QDropEvent(QPointF(300, 300), copy, data, left, none))
    QApplication.processEvents()


def test_dropped_mask_opens_and_dropped_photo_lends_its_style(app, tmp_path, monkeypatch):
    photos = []
    monkeypatch.setattr(app.styles, "from_photo", lambda path, face=0: photos.append(path))
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    write_mask(tmp_path / "mask.png", mask)
    drop(app, tmp_path / "mask.png")
    app.wait(lambda: np.array_equal(app.portrait.mask, mask))
    assert not photos
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    drop(app, tmp_path / "photo.png")
    app.wait(lambda: app.window.photos.sheet is not None and app.window.photos.sheet.picker.faces)
    QTest.keyClick(app.window.photos.sheet, "2")  # its style
    QTest.keyClick(app.window.photos.sheet, Qt.Key.Key_Return)
    assert photos == [tmp_path / "photo.png"]


def test_unclear_picture_is_asked_about(app, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(app.files, "ask_mask_or_photo", lambda path: asked.append(path) or "mask")
    flat = np.zeros((256, 256, 3), np.uint8)
    flat[:128] = (200, 30, 90)
    Image.fromarray(flat).save(tmp_path / "other-palette.png")
    drop(app, tmp_path / "other-palette.png")
    app.wait(lambda: asked and app.window.banner.isVisible())
    assert "colours" in app.window.banner.text


@pytest.mark.parametrize("name", ["photo", "photo.jfif", "photo.jpe", "photo.mpo", "photo.avif", "photo.xyz"])
def test_a_picture_is_known_by_its_contents_whatever_its_name_says(app, tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    kind = "AVIF" if name.endswith("avif") else "JPEG"
    Image.fromarray(noise).save(tmp_path / name, kind)
    drop(app, tmp_path / name)
    app.wait(lambda: app.window.photos.sheet is not None)
    app.window.photos.sheet.reject()


def test_what_cannot_be_read_is_explained(app, tmp_path):
    heic = tmp_path / "photo.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    drop(app, heic)
    app.wait(lambda: "HEIC" in app.window.banner.text)
    folder = tmp_path / "folder"
    folder.mkdir()
    drop(app, folder)
    app.wait(lambda: "folder" in app.window.banner.text)


def dropped(app, data):
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(300, 300), copy, data, left, none)
    app.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    app.window.dropEvent(QDropEvent(QPointF(300, 300), copy, data, left, none))


def picture(side=96):
    noise = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    return to_qimage(noise), noise


def test_a_picture_dropped_from_a_browser_is_used_and_an_address_alone_is_explained(app):
    address = QMimeData()
    address.setUrls([QUrl("https://example.org/face.jpg")])
    dropped(app, address)
    app.wait(lambda: "does not download" in app.window.banner.text)
    with_picture = QMimeData()
    with_picture.setUrls([QUrl("https://example.org/face.jpg")])
    with_picture.setImageData(picture()[0])
    dropped(app, with_picture)
    app.wait(lambda: app.window.photos.sheet is not None)
    app.window.photos.sheet.reject()


def test_paste_takes_pictures_files_and_heads(app, tmp_path):
    image, noise = picture()
    QGuiApplication.clipboard().setImage(image)
    QTest.keyClick(app.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    app.wait(lambda: app.window.photos.sheet is not None and app.window.photos.sheet.picker.faces)
    app.window.photos.sheet.reject()
    pasted = list((state_dir() / "pasted").glob("*.png"))
    assert len(pasted) == 1 and np.array_equal(np.asarray(Image.open(pasted[0]).convert("RGB")), noise)
    app.read_head()
    QGuiApplication.clipboard().setText(group_to_text("pose", app.heads.head.changed(pose=(30.0, 0.0, 0.0))))
    app.files.paste()
    assert app.heads.head.pose[0] == 30.0
    QGuiApplication.clipboard().setText("hello")
    app.files.paste()
    assert "nothing on the clipboard" in app.window.banner.text


def test_the_window_shows_that_a_file_can_be_dropped(app, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    before = app.canvas.grab().toImage()
    enter = QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    app.window.dragEnterEvent(enter)
    assert app.canvas.grab().toImage() != before
    app.window.dragLeaveEvent(QDragLeaveEvent())
    assert app.canvas.grab().toImage() == before


def test_a_mask_of_unclear_order_is_opened_in_the_other_order_on_request(app, tmp_path, monkeypatch):
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    other = np.full((256, 256), Region.HAIR, np.uint8)

    def load(path, labels="auto"):
        first = MaskReading(mask, "Either order.", "celebamask", certain=False)
        return first if labels == "auto" else MaskReading(other, "", labels)

    monkeypatch.setattr(file_controller, "load_mask", load)
    assert app.files.open_path(tmp_path / "mask.png")
    assert np.array_equal(app.portrait.mask, mask) and app.window.banner.text == "Either order."
    app.window.banner.action_button.click()
    assert np.array_equal(app.portrait.mask, other)


def test_waiting_for_a_face_leaves_no_connections_behind(app, tmp_path):
    shown = app.session.receivers(SIGNAL("frame_shown(PyObject)"))
    failed = app.session.receivers(SIGNAL("failed(QString)"))
    for seed in range(4):
        app.styles.draw(seed)
        app.files.export_to(tmp_path / "face.png", ExportChoice(What.FACE, 512, ".png", 95))
    assert app.session.receivers(SIGNAL("frame_shown(PyObject)")) == shown
    assert app.session.receivers(SIGNAL("failed(QString)")) == failed


def test_a_new_portrait_begins_with_the_whole_picture_in_sight(app):
    fitted = app.canvas.view
    app.canvas.set_view(app.canvas.view.panned(90, 40))
    app.session.replace(Portrait(face_mask(), app.portrait.style))
    assert app.canvas.view == fitted


def test_killed_run_is_recovered(run, tmp_path):
    script = (
        "import os, numpy as np\n"
        "from faceeditor.portrait.autosave import Autosave\n"
        "from tests.gui.fake_engine import face_mask, random_style\n"
        "from faceeditor.portrait.document import Portrait\n"
        "mask = face_mask(); mask[:10] = 18\n"
        "saver = Autosave(); saver.snapshot(Portrait(mask, random_style(5, 'kept'))); saver.flush(60.0); os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[3], check=False)
    assert done.returncode == 9 and len(autosave.recoverable()) == 1
    answered = []

    def restore():
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            answered.append(dialog.entries)
            timer.stop()
            dialog.done(dialog.RESTORE)

    application()
    timer = QTimer(interval=30)
    timer.timeout.connect(restore)
    timer.start()
    app = run(remember=True)
    assert answered and (app.portrait.mask[:10] == Region.HAT).all()
    assert app.portrait.modified and autosave.recoverable() == []


def test_autosave_follows_strokes_and_goes_with_a_clean_end(run):
    app = run(remember=True)
    draw_stroke(app.canvas, [(20.0, 60.0), (30.0, 60.0)])
    saver = app.program.saver
    assert saver.flush(WAIT)
    assert np.array_equal(store.load(saver.file).mask, app.portrait.mask)
    kept = shutil.copy(saver.file, saver.file.with_suffix(".copy"))
    app.close()
    assert not saver.file.exists() and Path(kept).exists()


def test_a_new_portrait_from_a_blank_mask(app):
    def choose(dialog):
        next(button for button in dialog.buttons if button.text() == "Blank").click()

    keep = when_modal(SampleDialog, choose)
    app.files.new_from_sample()
    assert not app.portrait.mask.any() and app.portrait.undo_stack == ()
    del keep


def test_the_choices_of_an_export_are_proposed_again(app):
    picture, mask = np.zeros((256, 256, 3), np.uint8), face_mask()
    first = ExportDialog(picture, mask)
    first.what.setCurrentIndex(2)
    first.side.setCurrentIndex(2)
    first.format.setCurrentIndex(1)
    first.quality.setValue(71)
    first.reject()
    assert ExportDialog(picture, mask).choice == ExportChoice(What.FACE, 512, ".png", 95), "given up: not remembered"
    first.accept()
    assert ExportDialog(picture, mask).choice == ExportChoice(What.BOTH, 1024, ".jpg", 71)


def test_a_portrait_changed_elsewhere_is_not_overwritten_unasked(app, tmp_path, monkeypatch):
    from faceeditor.portrait import store

    path = tmp_path / "anna.fep"
    assert app.files._save_to(path)
    asked = []
    monkeypatch.setattr(app.files, "ask_overwrite", lambda file: asked.append(file) or False)
    assert app.files.save() and not asked, "nobody else touched it"
    other = store.load(path)
    store.save(other, path)  # a second window saves
    theirs = path.read_bytes()
    assert not app.files.save() and asked == [path]
    assert path.read_bytes() == theirs
    monkeypatch.setattr(app.files, "ask_overwrite", lambda file: True)
    assert app.files.save()
    asked.clear()
    path.unlink()
    assert app.files.save() and path.exists(), "a file that is gone is simply written"
