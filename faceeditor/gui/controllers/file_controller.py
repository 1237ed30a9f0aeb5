"""Controller of files: new, open, save, export, recovery, drops, and the question about unsaved changes."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from typing import TypeVar

import numpy as np
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QEventLoop,
    QIODevice,
    QMetaObject,
    QMimeData,
    QObject,
    Qt,
    QTimer,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.export import side_by_side, write_mask, write_picture
from faceeditor.export.documents import write_face
from faceeditor.export.enlarging import scaled_face
from faceeditor.export.formats import format_named
from faceeditor.generators.imported.installed import is_checkpoint
from faceeditor.gui.controllers.copy_jobs import FOR_THE_CLIPBOARD, CopiedPicture, CopyFace, CopyPhotograph
from faceeditor.gui.controllers.file_jobs import IdentifiedPicture, IdentifyPicture, PictureKind
from faceeditor.gui.controllers.photograph_controller import PhotographController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.dialogs.export_dialog import ExportChoice, ExportDialog, What
from faceeditor.gui.dialogs.file_dialog import FileDialog, files_of
from faceeditor.gui.dialogs.new_portrait import SampleDialog
from faceeditor.gui.dialogs.photo_export_dialog import PhotoExportDialog, proposed_name
from faceeditor.gui.dialogs.recovery import RecoveryDialog
from faceeditor.gui.settings import last_folder, remember_file, remember_folder
from faceeditor.images import RGBArray, write_atomic
from faceeditor.interaction.head_values import group_of_text
from faceeditor.paths import state_dir
from faceeditor.portrait import autosave, store
from faceeditor.portrait.document import Change, Portrait
from faceeditor.portrait.file_stamp import FileStamp
from faceeditor.portrait.masks import MaskReading, load_mask, sample_masks
from faceeditor.regions import MaskArray, colorize

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")
"""What the file dialogs propose; any other file can be chosen as well, and is judged by its contents."""
T = TypeVar("T")

_FRAME_WAIT_MS = 8000
_PASTED_KEPT = 8


class Answer(Enum):
    """Answer to the question about unsaved changes."""

    SAVE = "save"
    LOSE = "lose"
    CANCEL = "cancel"


class FileController(QObject):
    """Opens and writes files on behalf of the window.

    Every method leaves the open portrait as it is if something goes wrong; the reason appears in the banner.

    Attributes:
        offer_photo: what becomes of a picture that is dropped or opened; by default its style is taken.
        photographs: the controller of the photograph that is edited; set by the window.
        offer_generator: what becomes of a dropped checkpoint of a generator.
        paste_group: pastes a group of a head from the clipboard.

    Signals:
        noted: a sentence worth knowing ("The mask was resampled ...").
        asked: a sentence, the text of a button, and what to call when it is pressed.
        files_changed: the list of recent files or the portrait's file changed.
    """

    noted = Signal(str)
    asked = Signal(str, str, object)
    files_changed = Signal()
    _autosave_failed = Signal(str)

    def __init__(
        self, session: PortraitSession, styles: StyleController, saver: autosave.Autosave | None, window: QWidget
    ) -> None:
        super().__init__(window)
        self.session = session
        self.styles = styles
        self.window = window
        self.saver = saver
        self.photographs: PhotographController | None = None
        self._stamp: FileStamp | None = None  # of the portrait's file as it was opened or saved last
        self.offer_generator: Callable[[Path], None] = lambda path: None
        self.offer_photo: Callable[[Path], None] = lambda path: styles.from_photo(path)
        self.paste_group: Callable[[str], None] = lambda group: None
        self._reading = Path()
        self._pasted = 0
        self._reading_job: int | None = None
        self._copy_job: int | None = None
        session.bridge.job_done.connect(self._job_done)
        session.bridge.job_failed.connect(self._job_failed)
        self._autosave_failed.connect(session.failed)
        session.changed.connect(self._snapshot)

    def report_autosave(self, error: FaceEditorError) -> None:
        """Report a failed snapshot; called on the autosave's thread."""
        self._autosave_failed.emit(str(error))

    def _snapshot(self, change: Change) -> None:
        portrait = self.session.portrait
        if self.saver is not None and change.history and not portrait.busy and portrait.modified:
            frame = self.session.frame
            self.saver.snapshot(portrait, None if frame is None else frame.pixels)

    # Questions; tests put their own answers in their place.

    def ask_overwrite(self, path: Path) -> bool:
        """Ask whether to replace a file that another window or program changed since it was opened or saved here."""
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(self.tr("File changed"))
        box.setText(self.tr("“{name}” was changed by another window or program.").format(name=path.name))
        box.setInformativeText(self.tr("If you overwrite it, those changes are lost. Save as keeps both."))
        overwrite = box.addButton(self.tr("Overwrite"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.exec()
        box.deleteLater()
        return bool(box.clickedButton() is overwrite)

    def ask_unsaved(self) -> Answer:
        """Ask what to do with changes that are not saved."""
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(self.tr("Unsaved changes"))
        box.setText(self.tr("Save the changes to “{name}”?").format(name=self.session.title))
        box.setInformativeText(self.tr("Changes that are not saved are lost."))
        save = box.addButton(self.tr("Save"), QMessageBox.ButtonRole.AcceptRole)
        lose = box.addButton(self.tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(cancel)
        box.exec()
        box.deleteLater()
        chosen = box.clickedButton()
        return Answer.SAVE if chosen is save else Answer.LOSE if chosen is lose else Answer.CANCEL

    def ask_open(self, title: str, kinds: str) -> Path | None:
        """Ask for a file to read."""
        return FileDialog(self.session.bridge, title, last_folder(), kinds, parent=self.window).ask()

    def ask_save(self, title: str, proposal: str, kinds: str) -> Path | None:
        """Ask for a file to write."""
        return FileDialog(self.session.bridge, title, last_folder(), kinds, proposal, self.window).ask()

    def ask_mask_or_photo(self, path: Path) -> str:
        """Ask what a picture is: "mask", "photo" or "" for neither."""
        box = QMessageBox(self.window)
        box.setWindowTitle(self.tr("Mask or photo?"))
        box.setText(self.tr("What is “{name}”?").format(name=path.name))
        box.setInformativeText(
            self.tr("A mask opens as a new portrait. A photo changes the style or head of this one.")
        )
        mask = box.addButton(self.tr("A mask"), QMessageBox.ButtonRole.AcceptRole)
        photo = box.addButton(self.tr("A photo"), QMessageBox.ButtonRole.AcceptRole)
        box.setEscapeButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.exec()
        box.deleteLater()
        chosen = box.clickedButton()
        return "mask" if chosen is mask else "photo" if chosen is photo else ""

    # Opening.

    def may_replace(self) -> bool:
        """Whether the open portrait may be replaced: it is saved, or the user agreed."""
        self.session.end_open_work()
        if not self.session.portrait.modified:
            return True
        answer = self.ask_unsaved()
        return answer is Answer.LOSE or (answer is Answer.SAVE and self.save())

    def new_from_sample(self) -> None:
        """Begin a portrait with one of the sample masks."""
        dialog = SampleDialog(sample_masks(), self.window)
        dialog.finished.connect(dialog.deleteLater)
        if dialog.exec() != QDialog.DialogCode.Accepted or dialog.chosen is None:
            return
        mask, keep, present = dialog.chosen, dialog.keep_style.isChecked(), self.session.portrait
        if not self.may_replace():
            return

        def begin() -> None:
            fitting = mask if self.styles.fits_mask else None
            style = present.style if keep else self.styles.prior.draw(secrets.randbelow(1_000_000), fitting)
            truncation = present.truncation if keep else 1.0
            self._adopt(Portrait(mask, style, truncation, present.recent_styles))

        self.session.guarded(begin)

    def open(self) -> None:
        """Ask for a portrait, a mask or a photo and open it."""
        pictures = " ".join(f"*{suffix}" for suffix in PHOTO_SUFFIXES)
        kinds = self.tr(
            "All supported files (*.fep {pictures});;Portraits (*.fep);;Masks (*.png);;Photos ({pictures})"
            ";;All files (*)"
        ).format(pictures=pictures)
        path = self.ask_open(self.tr("Open a portrait, a mask or a photo"), kinds)
        if path is not None:
            remember_folder(path)
            self.take_drop(path)

    def open_path(self, path: Path, mask: MaskReading | None = None) -> bool:
        """Open a portrait file or a mask; returns whether it is open now.

        Args:
            path: the file.
            mask: what the file holds, if it was read already.
        """
        opened: list[tuple[Portrait, MaskReading | None]] = []
        if not self.session.guarded(lambda: opened.append(self._read(path, mask))) or not self.may_replace():
            return False
        portrait, reading = opened[0]
        self._adopt(portrait)
        self._stamp = FileStamp.of(path) if portrait.path is not None else None
        remember_file(path)
        self.files_changed.emit()
        note = portrait.note if reading is None else reading.note
        if reading is not None and not reading.certain:
            other = "bisenet" if reading.order == "celebamask" else "celebamask"
            self.asked.emit(note, self.tr("Use the other order"), lambda: self._open_in_order(path, other))
        elif note:
            self.noted.emit(note)
        return True

    def _open_in_order(self, path: Path, labels: str) -> None:
        """Read a mask again with its labels in another order."""
        readings: list[MaskReading] = []
        if self.session.guarded(lambda: readings.append(_on_another_thread(lambda: load_mask(path, labels)))):
            self.open_path(path, readings[0])

    def _read(self, path: Path, mask: MaskReading | None) -> tuple[Portrait, MaskReading | None]:
        if path.suffix.lower() == store.SUFFIX:
            return store.load(path), None
        reading = _on_another_thread(lambda: load_mask(path)) if mask is None else mask
        present = self.session.portrait
        return Portrait(reading.mask, present.style, present.truncation, present.recent_styles), reading

    def _adopt(self, portrait: Portrait) -> None:
        self._stamp = None
        if self.saver is not None:
            self.saver.clear()
        self.session.replace(portrait)
        self.files_changed.emit()

    # Saving.

    def save(self) -> bool:
        """Save the portrait in its file, or ask for one."""
        path = self.session.portrait.path
        return self.save_as() if path is None else self._save_to(path)

    def save_as(self) -> bool:
        """Ask for a file and save the portrait in it."""
        path = self.session.portrait.path
        proposal = path.name if path is not None else self.tr("Portrait") + store.SUFFIX
        chosen = self.ask_save(self.tr("Save portrait"), proposal, self.tr("Portraits (*.fep)"))
        if chosen is None:
            return False
        if chosen.suffix.lower() != store.SUFFIX:
            chosen = chosen.with_name(chosen.name + store.SUFFIX)
        remember_folder(chosen)
        return self._save_to(chosen)

    def _save_to(self, path: Path) -> bool:
        self.session.end_open_work()
        frame = self.session.frame
        preview = None if frame is None else frame.pixels
        if self._stamp is not None and self._stamp.was_changed(path) and not self.ask_overwrite(path):
            return False
        if not self.session.guarded(lambda: store.save(self.session.portrait, path, preview)):
            return False
        self._stamp = FileStamp.of(path)
        if self.saver is not None:
            self.saver.clear()
        remember_file(path)
        self.files_changed.emit()
        self.noted.emit(self.tr("Saved “{name}”.").format(name=path.name))
        return True

    # Leaving the program as a picture.

    def _present_face(self) -> bool:
        """Wait until the face on screen is that of the portrait as it is; False (and a banner) if none comes."""
        self.session.end_open_work()
        if not self.session.up_to_date:
            self._wait_for(self.session.frame_shown, lambda: self.session.up_to_date)
        if self.session.frame is None or not self.session.up_to_date:
            self.session.failed.emit(self.tr("There is no face to export yet. Wait until it is drawn and try again."))
            return False
        return True

    def _wait_for(self, shown: SignalInstance, done: Callable[[], bool]) -> None:
        """Wait for a frame that makes `done` true, for a failure, or for as long as a frame may take."""
        loop = QEventLoop()

        def look(*_: object) -> None:
            if done():
                loop.quit()

        seen = shown.connect(look)
        failed = self.session.failed.connect(loop.quit)
        QTimer.singleShot(_FRAME_WAIT_MS, loop, loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        shown.disconnect(seen)
        self.session.failed.disconnect(failed)

    def _finest_face(self, face: RGBArray) -> RGBArray:
        """The present face at the generator's largest side, else as it is shown."""
        if self.session.fine_frame is None:
            self.session.request_fine_frame()
            self._wait_for(self.session.fine_frame_shown, lambda: self.session.fine_frame is not None)
        return face if self.session.fine_frame is None else self.session.fine_frame.pixels

    def _drawn_mask(self) -> MaskArray | None:
        """A copy of the mask as it is drawn, moved by the head; None (and a banner) while it is not known."""
        masks: list[MaskArray] = []
        self.session.guarded(lambda: masks.append(self.session.shown_mask.copy()))
        return masks[0] if masks else None

    def export(self) -> None:
        """Ask what to export and where to, and write it."""
        if self.photographs is not None and self.photographs.shown:
            self.export_photograph()
            return
        frame = self.session.frame
        mask = self._drawn_mask()
        if mask is None:
            return
        face = np.zeros((256, 256, 3), np.uint8) if frame is None else frame.pixels
        dialog = ExportDialog(face, mask, self.window)
        dialog.finished.connect(dialog.deleteLater)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        choice = dialog.choice
        path = self.session.portrait.path
        stem = path.stem if path is not None else self.tr("Portrait")
        proposal = f"{stem}-{choice.what.value}{choice.suffix}"
        chosen = self.ask_save(self.tr("Export"), proposal, files_of(choice.suffix))
        if chosen is not None:
            if not chosen.suffix:
                chosen = chosen.with_suffix(choice.suffix)
            remember_folder(chosen)
            self.export_to(chosen, choice)

    def export_to(self, path: Path, choice: ExportChoice) -> bool:
        """Write an export; returns whether it is written."""
        mask = self._drawn_mask()
        if mask is None:
            return False
        if choice.what is What.MASK:
            done = self.session.guarded(lambda: write_mask(path, mask))
        else:
            if not self._present_face() or self.session.frame is None:
                return False
            face = self.session.frame.pixels
            if choice.size > len(face):
                face = self._finest_face(face)

            def write() -> None:
                if choice.what is What.BOTH:
                    both = side_by_side(scaled_face(face, choice.size), colorize(mask))
                    write_picture(path, both, quality=choice.quality, sign=choice.sign)
                else:
                    write_face(path, face, mask, choice.size, choice.quality, choice.transparent, choice.sign)

            done = self.session.guarded(lambda: _on_another_thread(write))
        if done:
            self.noted.emit(self.tr("Saved “{name}”.").format(name=path.name))
        return done

    def export_photograph(self) -> None:
        """Ask how to export the edited photograph and where to, and write it in the background."""
        photos = self.photographs
        if photos is None or photos.source is None:
            return
        self.session.end_open_work()
        left, top, right, bottom = photos.face_crop() or (0, 0, photos.source.width, photos.source.height)
        dialog = PhotoExportDialog(photos.source, (right - left, bottom - top), self.window)
        dialog.finished.connect(dialog.deleteLater)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        choice = dialog.choice
        proposal = proposed_name(photos.source.name, choice.suffix)
        chosen = self.ask_save(self.tr("Export photograph"), proposal, files_of(choice.suffix))
        if chosen is not None:
            if chosen.suffix.lower() not in format_named(str(choice.options.kind)).suffixes:
                chosen = chosen.with_name(chosen.name + choice.suffix)
            remember_folder(chosen)
            photos.export(chosen, choice.options, photos.face_crop() if choice.face_only else None, choice.longer)

    def open_photograph(self) -> None:
        """Ask for a photograph and open it to be edited at its own size."""
        if self.photographs is not None:
            self.photographs.prepare()
        patterns = " ".join(f"*{suffix}" for suffix in PHOTO_SUFFIXES)
        path = self.ask_open(self.tr("Open photograph"), self.tr("Photos ({patterns})").format(patterns=patterns))
        if path is not None:
            remember_folder(path)
            self.edit_photograph(path)

    def edit_photograph(self, path: Path, face: int = 0) -> None:
        """Open a photograph as the portrait, once its face is read; the present one may be saved before."""
        if self.photographs is not None and self.may_replace():
            self.photographs.open(path, face)

    def note_saved(self, path: Path) -> None:
        """Say that a file was written."""
        self.noted.emit(self.tr("Saved “{name}”.").format(name=path.name))

    def adopt_photograph(self, portrait: Portrait) -> None:
        """Put the portrait of a photograph that was read in place of the present one."""
        if self.may_replace():
            self._adopt(portrait)

    def copy_face(self) -> None:
        """Put the face on the clipboard, made in the background: of a photograph its own pixels, edited."""
        self.session.end_open_work()
        photos, bridge = self.photographs, self.session.bridge
        export = None if photos is None else photos.export_job(Path(), FOR_THE_CLIPBOARD, photos.face_crop())
        if export is not None:
            self._copy_job = bridge.run(CopyPhotograph(export))
            self.noted.emit(self.tr("Copying the face ..."))
        else:
            self._copy_job = bridge.run(CopyFace(self.session.portrait.state()))

    # A photo, and what is dropped.

    def open_photo(self) -> None:
        """Ask for a photo and take its style."""
        path = self.ask_photo(self.tr("Style from a photo"))
        if path is not None:
            self.styles.from_photo(path)

    def ask_photo(self, title: str) -> Path | None:
        """Ask for a photo."""
        patterns = " ".join(f"*{suffix}" for suffix in PHOTO_SUFFIXES)
        return self._ask_kinds(title, self.tr("Photos ({patterns});;All files (*)").format(patterns=patterns))

    def ask_face(self, title: str) -> Path | None:
        """Ask for a photo or a portrait."""
        patterns = " ".join(f"*{suffix}" for suffix in PHOTO_SUFFIXES)
        kinds = self.tr("Photos and portraits (*.fep {patterns});;All files (*)").format(patterns=patterns)
        return self._ask_kinds(title, kinds)

    def _ask_kinds(self, title: str, kinds: str) -> Path | None:
        path = self.ask_open(title, kinds)
        if path is not None:
            remember_folder(path)
        return path

    @staticmethod
    def can_take(data: QMimeData) -> bool:
        """Whether a drop or the clipboard holds files, addresses or a picture."""
        return data.hasUrls() or data.hasImage()

    def take_data(self, data: QMimeData) -> None:
        """Use what was dropped or pasted: the first file of several, else a picture. Nothing is refused in silence."""
        files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if files:
            if len(files) > 1:
                self.noted.emit(self.tr("Opened the first of {n} files.").format(n=len(files)))
            self.take_drop(files[0])
        elif data.hasImage():
            self._take_image(data.imageData())
        elif data.hasUrls():
            self.session.failed.emit(
                self.tr("Face Editor does not download pictures. Copy the picture in the browser and paste it here.")
            )

    def _take_image(self, image: object) -> None:
        """Use a picture that has no file: it is kept in the state folder, from where jobs can read it."""
        if not isinstance(image, QImage) or image.isNull():
            self.session.failed.emit(self.tr("The picture could not be read. Save it as a file and open that."))
            return
        self._pasted = self._pasted % _PASTED_KEPT + 1
        path = state_dir() / "pasted" / self.tr("Pasted picture {n}.png").format(n=self._pasted)
        self.session.guarded(lambda: save_image(image, path))
        if path.is_file():
            self.take_drop(path)

    def paste(self) -> None:
        """Use what is on the clipboard: a picture, a file, or a group of a head."""
        clipboard = QGuiApplication.clipboard()
        group = group_of_text(clipboard.text())
        if group is not None:
            self.paste_group(group)
        elif self.can_take(clipboard.mimeData()):
            self.take_data(clipboard.mimeData())
        else:
            self.noted.emit(self.tr("There is nothing on the clipboard that can be used here."))

    def take_drop(self, path: Path) -> None:
        """Use a dropped or chosen file: a portrait or mask is opened, a photo offered, a generator imported.

        Asks if a picture may be a mask or a photo.
        """
        if is_checkpoint(path):
            self.offer_generator(path)
            return
        if path.suffix.lower() == store.SUFFIX:
            self.open_path(path)
            return
        self._cancel_reading()
        self._reading = path
        self._reading_job = self.session.bridge.run(IdentifyPicture(path))

    def _cancel_reading(self) -> None:
        if self._reading_job is not None:
            self.session.bridge.cancel(self._reading_job)
            self._reading_job = None

    def _job_done(self, job: int, result: object) -> None:
        if job == self._copy_job and isinstance(result, CopiedPicture):
            self._copy_job = None
            QGuiApplication.clipboard().setMimeData(result.mime_data())
            size = result.image.size()
            told = self.tr("Face copied to the clipboard, {width} x {height} pixels.")
            self.noted.emit(told.format(width=size.width(), height=size.height()))
            return
        if job != self._reading_job or not isinstance(result, IdentifiedPicture):
            return
        self._reading_job = None
        path, kind = self._reading, result.kind
        if kind is PictureKind.UNCLEAR:
            kind = {"mask": PictureKind.MASK, "photo": PictureKind.PHOTO}.get(self.ask_mask_or_photo(path), kind)
        if kind is PictureKind.MASK:
            self.open_path(path, result.mask)
        elif kind is PictureKind.PHOTO:
            self.offer_photo(path)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job in (self._reading_job, self._copy_job):
            self._reading_job = None if job == self._reading_job else self._reading_job
            self._copy_job = None if job == self._copy_job else self._copy_job
            if not isinstance(error, Cancelled):
                self.session.failed.emit(str(error))

    # Recovery after a crash.

    def offer_recovery(self) -> bool:
        """Offer unsaved portraits of a crashed run; returns whether one was restored."""
        entries = autosave.recoverable()
        if not entries:
            return False
        dialog = RecoveryDialog(entries, self.window)
        dialog.finished.connect(dialog.deleteLater)
        result = dialog.exec()
        if result == RecoveryDialog.DISCARD:
            for entry in entries:
                autosave.discard(entry)
        if result != RecoveryDialog.RESTORE:
            return False
        chosen = dialog.chosen
        restored: list[Portrait] = []
        if not self.session.guarded(lambda: restored.append(autosave.restore(chosen))):
            return False
        self._adopt(restored[0])
        if self.saver is not None and not self.saver.take_over(chosen, restored[0]):
            self.session.failed.emit(
                self.tr("The recovered portrait could not be kept as a new snapshot; the old one stays. Save it now.")
            )
        return True


def _on_another_thread(work: Callable[[], T]) -> T:
    """Decode or write a picture while the window is painted; returns or raises what `work` does."""
    loop = QEventLoop()
    with ThreadPoolExecutor(1, "picture-file") as pool:
        future = pool.submit(work)
        later = Qt.ConnectionType.QueuedConnection
        future.add_done_callback(lambda _: QMetaObject.invokeMethod(loop, "quit", later))
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        return future.result()


def save_image(image: QImage, path: Path) -> None:
    """Write a picture of the clipboard as PNG; FaceEditorError if that fails."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, bytes(data.data()))
