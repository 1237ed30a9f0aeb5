"""A photograph in the window, by real events: opened, edited, painted, compared, exported."""

import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.engine.photo_edit import (
    FindBoxes,
    FindFace,
    FoundBoxes,
    FoundFace,
    LoadPhotograph,
    OpenedPhotograph,
    OpenPhotograph,
)
from faceeditor.errors import ImageError, ModelError
from faceeditor.gui.dialogs.photo_export_dialog import PhotoExportDialog
from faceeditor.gui.imaging import from_qimage
from faceeditor.gui.settings import settings
from faceeditor.images.provenance import source_type_of
from faceeditor.images.source import read_source
from faceeditor.interaction.view import Pane, ViewMode
from faceeditor.photo import networks, preview
from faceeditor.photo.placement import Placement
from faceeditor.portrait.state import Photo, PortraitState
from faceeditor.portrait.step_pictures import SIDE, decode_step
from faceeditor.regions import Region
from tests.gui.fake_engine import random_style
from tests.gui.head_input import drag, drag_row
from tests.patience import WAIT
from tests.photo.people import found_person, person

BOX = (120.0, 150.0, 240.0, 290.0)
OTHER = (10.0, 20.0, 60.0, 70.0)


def found(boxes=(BOX,), index=0) -> FoundFace:
    photo = found_person()
    if index:
        photo = replace(photo, placement=Placement(photo.placement.matrix * 0.4))
    return FoundFace(photo, random_style(3, "photo.png"), person().square, boxes, index, "")


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photograph of 16 bits with metadata, whose reading is known; the networks are left out."""
    import cv2

    samples = person().picture.astype(np.uint16) * 257 + 3
    path = tmp_path / "photo.png"
    assert cv2.imwrite(str(path), samples[..., ::-1])
    exif = Image.Exif()
    exif[0x010F] = "Camera Works"
    from faceeditor.export.photograph import SaveOptions, encode_photograph

    source = replace(read_source(path), exif=exif.tobytes().removeprefix(b"Exif\0\0"), data=b"")
    path.write_bytes(encode_photograph(source, source.samples, SaveOptions("png", 16)))

    def opened(self: OpenPhotograph, context: object) -> OpenedPhotograph:
        source = read_source(self.path)
        face = found((BOX, OTHER))
        state = face.state()
        photo = Photo(source.data, source.name)
        return OpenedPhotograph(
            photo, source, {state.source: face.photo}, face.boxes, PortraitState((state,), 0, photo), ""
        )

    monkeypatch.setattr(OpenPhotograph, "run", opened)
    monkeypatch.setattr(FindFace, "run", lambda self, context: found((BOX, OTHER), self.face))
    return path


def open_photo(app, path: Path) -> None:
    """Drop the file on the window, and take the first choice."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, buttons, keys)
    app.window.dropEvent(event)
    app.wait(lambda: app.window.photos.sheet is not None or app.complaints)
    assert app.complaints == []
    QTest.keyClick(app.window.photos.sheet, Qt.Key.Key_Return)
    app.wait(lambda: app.window.photographs.full)


def settled(app) -> None:
    photos = app.window.photographs
    app.wait(lambda: photos.full and photos.picture.revision == app.portrait.revision)


def export(app, target: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, size: str = "same") -> None:
    """Ctrl+E, choose a format in the dialog, press its button."""
    monkeypatch.setattr(app.files, "ask_save", lambda title, proposal, kinds: target)

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, PhotoExportDialog)
        dialog.format.setCurrentIndex(dialog.format.findData(suffix))
        dialog.sides.setCurrentIndex(dialog.sides.findData(size))
        QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)

    written: list[Path] = []
    app.window.photographs.exported.connect(written.append)
    QTimer.singleShot(100, answer)
    app.window.actions_by_name["export"].trigger()
    app.wait(lambda: bool(written) or bool(app.complaints))
    assert app.complaints == []


@pytest.fixture
def window(app):
    app.complaints = []
    app.session.failed.connect(app.complaints.append)
    return app


def test_a_photograph_is_seen_before_its_face_was_read(window, photo, monkeypatch) -> None:
    """Meanwhile the pen does nothing on it; small faces are looked for when the largest can be edited."""
    opened, go_on = OpenPhotograph.run, threading.Event()

    def shown(self: OpenPhotograph, context: object) -> OpenedPhotograph:
        self.show(np.full((20, 30, 3), (200, 10, 10), np.uint8))
        assert go_on.wait(WAIT)
        return replace(opened(self, context), boxes=(BOX,), complete=False)

    monkeypatch.setattr(OpenPhotograph, "run", shown)
    monkeypatch.setattr(FindBoxes, "run", lambda self, context: FoundBoxes((BOX, OTHER), "Two faces."))
    window.window.photographs.open(photo)
    window.wait(lambda: window.canvas.opening is not None)
    pane = window.canvas.pane(Pane.FACE)
    middle = QPoint(int(pane.centre[0]), int(pane.centre[1]))
    pixel = window.canvas.grab().toImage().pixelColor(middle)
    assert (pixel.red(), pixel.green(), pixel.blue()) == (200, 10, 10)
    before = window.portrait.mask.copy()
    QTest.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(9, 0))
    assert np.array_equal(window.portrait.mask, before)
    notes: list[str] = []
    window.window.photographs.noted.connect(notes.append)
    go_on.set()
    window.wait(lambda: window.canvas.opening is None and window.window.photographs.shown)
    window.wait(lambda: window.canvas.photo.boxes == (BOX, OTHER) and window.canvas.photo.active == 0)
    assert window.window.photographs.boxes == (BOX, OTHER) and notes == ["Two faces."]


def test_faces_of_the_photograph_before_do_not_come_late(window, photo, monkeypatch) -> None:
    opened, looking, go_on = OpenPhotograph.run, threading.Event(), threading.Event()
    answers = [False, True]

    def looked(self: FindBoxes, context: object) -> FoundBoxes:
        looking.set()
        assert go_on.wait(WAIT)
        return FoundBoxes((BOX, OTHER, OTHER), "Three faces.")

    monkeypatch.setattr(
        OpenPhotograph, "run", lambda self, context: replace(opened(self, context), complete=answers.pop(0))
    )
    monkeypatch.setattr(FindBoxes, "run", looked)
    photographs, ended = window.window.photographs, []
    window.session.bridge.job_failed.connect(lambda job, error: ended.append(job))
    window.session.bridge.job_done.connect(lambda job, result: ended.append(result))
    photographs.open(photo)
    window.wait(lambda: looking.is_set() and photographs.shown)
    first = photographs.source
    photographs.open(photo)
    window.wait(lambda: photographs.source is not first)
    seen = len(ended)
    go_on.set()
    window.wait(lambda: len(ended) > seen)
    assert photographs.boxes == (BOX, OTHER) and window.canvas.photo.boxes == (BOX, OTHER)


def test_networks_are_loaded_while_a_file_is_chosen(window, monkeypatch) -> None:
    """Once, and beside the dialog; what cannot be loaded is no complaint yet."""
    loaded: list[str] = []
    for name in ("open_detector", "open_parser", "open_reader"):
        monkeypatch.setattr(networks, name, lambda name=name: loaded.append(name))

    def fails() -> None:
        loaded.append("warm_up")
        raise ModelError("The model is missing.")

    monkeypatch.setattr(preview, "warm_up", fails)

    def chosen(title: str, kinds: str) -> None:
        window.wait(lambda: "warm_up" in loaded)

    monkeypatch.setattr(window.files, "ask_open", chosen)
    for _ in range(2):
        window.window.actions_by_name["open_photograph"].trigger()
    assert loaded == ["open_detector", "open_parser", "open_reader", "warm_up"] and window.complaints == []


def test_a_photograph_that_is_not_read_goes_away(window, photo, monkeypatch) -> None:
    def fails(self: OpenPhotograph, context: object) -> OpenedPhotograph:
        self.show(np.zeros((20, 30, 3), np.uint8))
        raise ImageError("No face was found.")

    monkeypatch.setattr(OpenPhotograph, "run", fails)
    window.window.photographs.open(photo)
    window.wait(lambda: window.complaints == ["No face was found."])
    assert window.canvas.opening is None


def test_a_dropped_photograph_is_shown_as_it_is(window, photo) -> None:
    open_photo(window, photo)
    assert window.portrait.state().photo.data == photo.read_bytes()
    picture = window.window.photographs.picture
    assert picture.untouched
    assert window.canvas.mode is ViewMode.OVERLAY and window.canvas.mask_opacity == 0
    # The middle of the canvas has the photograph's colour, not the stand-in's.
    pane = window.canvas.pane(Pane.FACE)
    at = QPointF(*window.canvas.view.to_widget(pane, 128.0, 150.0)).toPoint()
    shown = window.canvas.grab().toImage().pixelColor(at).getRgb()[:3]
    wanted = person().picture[80 + 148 : 80 + 153, 50 + 126 : 50 + 131].mean((0, 1))
    assert np.abs(np.array(shown) - wanted).max() < 25


def test_a_slider_to_the_exported_file(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    panel = window.window.head_panels["pose"]
    window.window.show_panel("pose")
    window.wait(lambda: window.heads.ready and "yaw" in panel.rows)
    row = panel.reveal("yaw") or panel.rows["yaw"]
    drag_row(row, row.real + 9)
    settled(window)
    assert not window.window.photographs.picture.untouched
    target = tmp_path / "out.png"
    export(window, target, monkeypatch, ".png")
    before, after = read_source(photo), read_source(target)
    assert after.samples.dtype == np.uint16 and after.samples.shape == before.samples.shape
    changed = (after.samples != before.samples).any(-1)
    assert changed[150:280, 130:230].mean() > 0.5
    assert not changed[:40].any() and not changed[:, :20].any()
    assert after.exif is not None and b"Camera Works" in after.exif
    assert source_type_of(after.xmp) == "compositeWithTrainedAlgorithmicMedia"


def test_no_edit_exports_the_same_file(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    target = tmp_path / "out.png"
    export(window, target, monkeypatch, ".png")
    assert target.read_bytes() == photo.read_bytes()


def test_the_person_alone_is_exported(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    settings().setValue("export/photo_transparent", True)
    export(window, tmp_path / "out.tiff", monkeypatch, ".tiff")
    found = read_source(tmp_path / "out.tiff")
    assert found.alpha is not None and found.alpha[:60].max() == 0 and found.alpha[220, 178] == 65535


def test_layers_are_exported(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    export(window, tmp_path / "out.ora", monkeypatch, ".ora")
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        assert archive.read("mimetype") == b"image/openraster"
        assert b'name="Hair"' in archive.read("stack.xml")


def test_the_estimate_follows_every_choice(window, photo) -> None:
    source = replace(read_source(photo), exif=None)
    dialog = PhotoExportDialog(source, (100, 100), window.window)
    dialog.format.setCurrentIndex(dialog.format.findData(".jpg"))
    dialog.show()
    seen: list[str] = []

    def changed() -> bool:
        if dialog.estimate.text() not in seen:
            seen.append(dialog.estimate.text())
            return True
        return False

    window.wait(changed)
    dialog.quality.setFocus()
    for _ in range(40):
        QTest.keyClick(dialog.quality, Qt.Key.Key_Left)  # no mouse is let go of here
    window.wait(changed)
    dialog.format.setCurrentIndex(dialog.format.findData(".psd"))
    window.wait(changed)
    dialog.close()


def test_credentials_of_the_photograph_ask_for_a_signature(window, photo, monkeypatch) -> None:
    from faceeditor.export import credentials

    monkeypatch.setattr(credentials, "_installed", lambda: True)
    source = read_source(photo)
    assert not PhotoExportDialog(source, (100, 100), window.window).choice.options.sign
    source = replace(source, data=source.data + credentials._LABEL)
    dialog = PhotoExportDialog(source, (100, 100), window.window)
    assert dialog.choice.options.sign and "lost" not in dialog.hint.text()
    QTest.mouseClick(dialog.sign, Qt.MouseButton.LeftButton, pos=dialog.sign.rect().center())
    dialog.sign.setChecked(False)
    assert not dialog.choice.options.sign and "lost unless" in dialog.hint.text()


def test_a_place_in_the_photograph_is_said_and_can_be_left_out(window, photo) -> None:
    from tests.export.test_photograph import exif_block

    plain = PhotoExportDialog(read_source(photo), (100, 100), window.window)
    assert not plain.position.isVisibleTo(plain)
    source = replace(read_source(photo), exif=exif_block().removeprefix(b"Exif\0\0"))
    dialog = PhotoExportDialog(source, (100, 100), window.window)
    assert dialog.position.isVisibleTo(dialog) and "where it was taken" in dialog.position.text()
    assert dialog.choice.options.keep_position
    dialog.position.setChecked(True)
    assert not dialog.choice.options.keep_position


def test_the_answers_of_an_export_are_kept(window, photo) -> None:
    source = replace(read_source(photo), icc=b"profile")
    first = PhotoExportDialog(source, (100, 100), window.window)
    first.format.setCurrentIndex(first.format.findData(".tiff"))
    first.bits.setCurrentIndex(first.bits.findData(8))
    first.srgb.setChecked(True)
    first.transparent.setChecked(True)
    first.accept()
    options = PhotoExportDialog(source, (100, 100), window.window).choice.options
    assert (options.kind, options.bits, options.srgb, options.transparent) == ("tiff", 8, True, True)


def test_undo_gives_the_photograph_back(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    window.wait(lambda: window.heads.ready)
    window.heads.set_control("jaw_open", 0.6)
    settled(window)
    before = window.portrait.revision
    window.window.actions_by_name["undo"].trigger()
    window.wait(lambda: window.portrait.revision > before)
    settled(window)
    assert window.window.photographs.picture.untouched
    export(window, tmp_path / "out.tiff", monkeypatch, ".tiff")
    np.testing.assert_array_equal(read_source(tmp_path / "out.tiff").samples, read_source(photo).samples)


def test_a_painted_stroke_changes_its_place_only(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    window.tools.set_region(Region.HAIR)
    pane = window.canvas.pane(Pane.FACE)
    drag(window.canvas, [QPointF(*window.canvas.view.to_widget(pane, x, 70.0)) for x in (105, 115, 125, 135)])
    settled(window)
    assert window.portrait.mask[70, 120] == Region.HAIR
    export(window, tmp_path / "out.png", monkeypatch, ".png")
    changed = (read_source(tmp_path / "out.png").samples != read_source(photo).samples).any(-1)
    rows, columns = np.nonzero(changed)
    assert changed[80 + 70, 50 + 120]
    assert rows.min() > 80 + 40 and rows.max() < 80 + 100
    assert columns.min() > 50 + 80 and columns.max() < 50 + 160


def test_the_original_is_shown_while_the_key_is_held(window, photo) -> None:
    open_photo(window, photo)
    window.wait(lambda: window.heads.ready)
    window.heads.set_control("jaw_open", 0.8)
    settled(window)
    edited = window.canvas.grab().toImage()
    window.canvas.setFocus()
    QTest.keyPress(window.canvas, Qt.Key.Key_Backslash)
    assert window.canvas.comparing
    original = window.canvas.grab().toImage()
    QTest.keyRelease(window.canvas, Qt.Key.Key_Backslash)
    assert not window.canvas.comparing
    assert original != edited and window.canvas.grab().toImage() == edited


def test_the_seam_view_is_switched_by_its_key(window, photo) -> None:
    action = window.window.actions_by_name["seams"]
    assert not action.isEnabled()  # there is no photograph
    open_photo(window, photo)
    assert action.isEnabled() and window.window.bar.seams.isVisibleTo(window.window)
    window.wait(lambda: window.heads.ready)
    window.heads.set_control("yaw", 10.0)
    settled(window)
    plain = window.canvas.grab().toImage()
    window.window.activateWindow()  # the sheet was the active one
    window.canvas.setFocus()
    window.wait(lambda: QApplication.focusWidget() is window.canvas)
    QTest.keyClick(window.canvas, Qt.Key.Key_F9)
    window.wait(lambda: window.window.photographs.picture.seams)
    settled(window)
    pane = window.canvas.pane(Pane.FACE)
    nose = QPointF(*window.canvas.view.to_widget(pane, 128.0, 140.0)).toPoint()
    tinted = window.canvas.grab().toImage().pixelColor(nose)
    assert tinted.blue() > plain.pixelColor(nose).blue() + 20  # moved
    QTest.mouseClick(window.window.bar.seams, Qt.MouseButton.LeftButton)
    window.wait(lambda: not window.window.photographs.picture.seams)
    settled(window)
    assert window.canvas.grab().toImage() == plain


def test_another_face_is_chosen_by_its_box(window, photo) -> None:
    open_photo(window, photo)
    canvas = window.canvas
    placement = canvas.photo.placement
    inverse = np.linalg.inv(placement.matrix[:, :2])
    x, y = inverse @ (np.array([35.0, 45.0]) - placement.matrix[:, 2])
    at = QPointF(*canvas.view.to_widget(canvas.pane(Pane.FACE), float(x), float(y)))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at.toPoint())
    window.wait(lambda: len(window.portrait.state().faces) == 2)
    assert window.portrait.state().active == 1
    settled(window)
    # The photograph stays where it is on the screen.
    placement = canvas.photo.placement
    x, y = np.linalg.inv(placement.matrix[:, :2]) @ (np.array([35.0, 45.0]) - placement.matrix[:, 2])
    now = QPointF(*canvas.view.to_widget(canvas.pane(Pane.FACE), float(x), float(y)))
    assert (now - at).manhattanLength() < 2


def test_a_saved_portrait_brings_its_photograph(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    window.wait(lambda: window.heads.ready)
    window.heads.set_control("yaw", 6.0)
    settled(window)
    file = tmp_path / "portrait.fep"
    monkeypatch.setattr(window.files, "ask_save", lambda title, proposal, kinds: file)
    assert window.files.save_as()
    window.files.new_from_sample = None
    from faceeditor.gui.app import first_mask
    from faceeditor.portrait.document import Portrait

    window.session.replace(Portrait(first_mask(), random_style(1, "other")))
    assert not window.window.photographs.shown and window.canvas.mode is not ViewMode.OVERLAY

    def loaded(self: LoadPhotograph, context: object) -> OpenedPhotograph:
        from faceeditor.images.source import source_of

        source = source_of(self.state.photo.data, self.state.photo.name)
        faces = {face.source: found_person() for face in self.state.faces}
        return OpenedPhotograph(self.state.photo, source, faces, (BOX,), self.state, "")

    monkeypatch.setattr(LoadPhotograph, "run", loaded)
    assert window.files.open_path(file)
    settled(window)
    assert not window.window.photographs.picture.untouched


def test_a_file_without_a_face_leaves_all_as_it_is(window, photo, monkeypatch) -> None:
    def fails(self: OpenPhotograph, context: object) -> OpenedPhotograph:
        raise ImageError("No face was found in the picture; choose another one.")

    monkeypatch.setattr(OpenPhotograph, "run", fails)
    before = window.portrait
    window.files.edit_photograph(photo)
    window.wait(lambda: bool(window.complaints))
    assert window.complaints == ["No face was found in the picture; choose another one."]
    assert window.portrait is before and not window.window.photographs.working


def test_closing_while_a_photograph_is_drawn(window, photo) -> None:
    open_photo(window, photo)
    window.wait(lambda: window.heads.ready)
    window.heads.set_control("yaw", 8.0)
    window.close()


def test_the_cursor_is_not_blocked_by_drawing(window, photo) -> None:
    """Many moves of a slider give fewer pictures, the last one of the newest revision."""
    open_photo(window, photo)
    window.wait(lambda: window.heads.ready)
    drawn: list[int] = []
    window.window.photographs.drawn.connect(lambda: drawn.append(window.window.photographs.picture.revision))
    window.heads.begin("Yaw")
    for value in np.linspace(1, 8, 30):
        window.heads.set_control("yaw", float(value))
        QApplication.processEvents()
    window.heads.end()
    settled(window)
    assert drawn == sorted(drawn) and drawn[-1] == window.portrait.revision
    assert len(drawn) <= 32


def test_events_are_delivered(window) -> None:
    """A leave event on an empty photograph does nothing."""
    QApplication.sendEvent(window.canvas, QEvent(QEvent.Type.Leave))
    assert not window.canvas.photo.shown


def test_copy_gives_what_an_export_of_the_face_gives(window, photo, tmp_path, monkeypatch) -> None:
    open_photo(window, photo)
    window.heads.set_control("yaw", 14.0)
    settled(window)
    export(window, tmp_path / "face.png", monkeypatch, ".png", "face")
    window.window.actions_by_name["copy_face"].trigger()
    window.wait(lambda: "Face copied" in window.window.banner.text or window.complaints)
    image = from_qimage(QGuiApplication.clipboard().image())
    assert np.array_equal(image, read_source(tmp_path / "face.png").srgb) and image.shape[0] > 100
    png = tmp_path / "clipboard.png"
    png.write_bytes(bytes(QGuiApplication.clipboard().mimeData().data("image/png")))
    assert source_type_of(read_source(png).xmp) == "compositeWithTrainedAlgorithmicMedia"


def test_the_history_shows_the_photograph_and_not_the_generator(window, photo) -> None:
    open_photo(window, photo)
    history = window.portrait.history
    first = decode_step(history.root.picture)
    layer = window.canvas.photo.face_picture(SIDE)
    assert np.abs(first.astype(int) - from_qimage(layer)).mean() < 6
    drawn = np.asarray(Image.fromarray(window.session.frame.pixels).resize((SIDE, SIDE)))
    assert np.abs(first.astype(int) - drawn).mean() > 12, "not the stand-in's face"
    window.heads.set_control("yaw", 14.0)
    settled(window)
    turned = decode_step(history.present.picture)
    assert np.abs(turned.astype(int) - first).mean() > 1 and history.root.picture
