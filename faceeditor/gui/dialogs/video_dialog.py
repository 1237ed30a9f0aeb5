"""The video dialog: a turntable of the head or a morph to another portrait, with a preview that plays.

Public API for the window: `export_video(session, styles, heads, ask_save, ask_open, parent)` shows the dialog and
returns the file that was written, or None. Everything is drawn in the background of the engine.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from faceeditor.engine import Frame, JobContext, RenderRequest, RenderVideo
from faceeditor.engine.requests import FINE, FULL
from faceeditor.engine.sequences import MAX_FRAMES, MAX_TURN, morph, turntable
from faceeditor.engine.video_job import PreviewVideo
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.dialogs.export_boxes import format_box, size_box
from faceeditor.gui.dialogs.file_dialog import files_of
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.settings import remember_folder
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import AnswerRow, MessageLabel, WorkBar
from faceeditor.gui.widgets.form import add_row, form_layout
from faceeditor.gui.widgets.name_box import NameBox
from faceeditor.gui.widgets.segments import Segments
from faceeditor.portrait import store
from faceeditor.portrait.style import StyleCode

RATES = (12, 25, 30, 50)
SIZES = (256, 512, 1024)
FORMATS = (("MP4", ".mp4"), ("WebP", ".webp"))
_PREVIEW = 300
_PREVIEW_FRAMES = 24
"""Frames of the preview, whatever the video has; it takes as long as the video does."""
_PREVIEW_REST_MS = 300
_SMALL = 24
_SECONDS = 4.0
_LENGTH_STEP = 0.5
_LONGEST = 20.0

AskFile = Callable[[str, str], Path | None]
"""(title, kinds) -> the file that the user names, or None."""
AskSave = Callable[[str, str, str], Path | None]
"""(title, proposed name, kinds) -> the file that the user names, or None."""


class Motion(Enum):
    """What moves in a video."""

    TURNTABLE = "turntable"
    MORPH = "morph"


@dataclass(frozen=True, eq=False)
class WatchedVideo:
    """`RenderVideo` that shows each of its frames as it is drawn.

    Attributes:
        video: the job itself.
        show: called on the job's thread with each frame's uint8 pixels, in order.
    """

    long: ClassVar[bool] = True

    video: RenderVideo
    show: Callable[[npt.NDArray[np.uint8]], None]

    def run(self, context: JobContext) -> Path:
        """As of `RenderVideo`."""

        def frame(request: RenderRequest) -> Frame:
            drawn = context.frame(request)
            self.show(drawn.pixels)
            return drawn

        return self.video.run(replace(context, frame=frame))


class VideoDialog(QDialog):
    """Choose, watch and write a video.

    Attributes:
        written: the file, once it is there.
    """

    def __init__(
        self,
        session: PortraitSession,
        styles: StyleController,
        heads: HeadController,
        ask_save: AskSave,
        ask_open: AskFile,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._heads = heads
        self._ask_save, self._ask_open = ask_save, ask_open
        self._job: int | None = None
        self._path: Path | None = None
        self._drawn = self._count = 0
        self._others: list[RenderRequest] = []  # ends of a morph, in the order of the box
        self._preview_job: int | None = None
        self._previewed: tuple[object, ...] = ()  # what the preview shows
        self._pictures: list[QPixmap] = []
        self._shown = 0
        self._playing = QTimer(self)
        self._playing.timeout.connect(self._play_next)
        self._rest = QTimer(self, interval=_PREVIEW_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._draw_preview)
        self.written: Path | None = None
        self.setWindowTitle(self.tr("Export a video"))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(24)
        self.preview = QLabel()
        self.preview.setFixedSize(_PREVIEW, _PREVIEW)
        self.preview.setAccessibleName(self.tr("Preview"))
        outer.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(14)
        column.addWidget(label(self.tr("Export a video"), "dialogTitle"))
        self.motion = Segments([self.tr("Turntable"), self.tr("Morph")])
        self.motion.set_current(0)
        self.motion.chosen.connect(self._refresh)
        column.addWidget(self.motion)
        self.form = QWidget()
        self._fill_form(styles)
        column.addWidget(self.form)
        self.message = MessageLabel(2)
        column.addWidget(self.message)
        self.bar = WorkBar()
        column.addWidget(self.bar)
        column.addStretch(1)
        buttons = AnswerRow(self.tr("Export ..."), self._ask_and_begin, self._stop_or_reject)
        self.cancel, self.make = buttons.cancel, buttons.confirm
        column.addLayout(buttons)
        outer.addLayout(column, 1)
        self.setMinimumWidth(720)
        bridge = session.bridge
        bridge.job_progress.connect(self._progress)
        bridge.job_done.connect(self._done)
        bridge.job_failed.connect(self._failed)
        bridge.preview_ready.connect(self._picture)
        heads.read.connect(self._head_read)
        if session.frame is not None:
            self.preview.setPixmap(self._pixmap(session.frame.pixels))
        self._refresh()
        self.make.setFocus()

    # Building.

    def _fill_form(self, styles: StyleController) -> None:
        form = form_layout(self.form)
        self.degrees = QSlider(Qt.Orientation.Horizontal)
        self.degrees.setRange(10, int(MAX_TURN))
        self.degrees.setValue(35)
        self.degrees.setAccessibleName(self.tr("Angle to each side in degrees"))
        self._degrees_value = label("", "value")
        turn = QHBoxLayout()
        turn.addWidget(self.degrees, 1)
        turn.addWidget(self._degrees_value)
        add_row(form, self.tr("Angle to each side"), turn)
        self._turn_row = turn
        self.other = NameBox()
        self.other.currentTextChanged.connect(self.other.setToolTip)
        self.other.setAccessibleName(self.tr("Second portrait of the morph"))
        self.other.setIconSize(QSize(_SMALL, _SMALL))
        for style in styles.recent:
            if style.key != self._session.portrait.style.key:
                self._add_style(style, styles.picture(style))
        self.browse = QPushButton(self.tr("Portrait ..."))
        self.browse.setToolTip(self.tr("Morph to a portrait file"))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        to = QHBoxLayout()
        to.addWidget(self.other, 1)
        to.addWidget(self.browse)
        add_row(form, self.tr("To"), to)
        self._to_row = to
        self.back = QCheckBox(self.tr("Seamless loop"))
        self.back.setToolTip(self.tr("Morph forward and back, so that the video can be played in a loop"))
        self.back.setChecked(True)
        form.addRow("", self.back)
        self.length = QSlider(Qt.Orientation.Horizontal)
        self.length.setRange(1, round(_LONGEST / _LENGTH_STEP))
        self.length.setAccessibleName(self.tr("Length in seconds"))
        self._length_value = label("", "value")
        length = QHBoxLayout()
        length.addWidget(self.length, 1)
        length.addWidget(self._length_value)
        add_row(form, self.tr("Length"), length)
        self.set_seconds(_SECONDS)
        self.rate = QComboBox()
        for rate in RATES:
            self.rate.addItem(self.tr("{n} fps").format(n=rate), rate)
        self.rate.setCurrentIndex(RATES.index(25))
        add_row(form, self.tr("Frames"), self.rate)
        self.side = size_box(SIZES)
        self.side.setCurrentIndex(SIZES.index(FINE))
        add_row(form, self.tr("Size"), self.side)
        self.format = format_box(FORMATS)
        add_row(form, self.tr("Format"), self.format)
        self._form = form
        for box in (self.other, self.rate, self.side, self.format):
            box.currentIndexChanged.connect(self._refresh)
        for changed in (self.degrees.valueChanged, self.length.valueChanged, self.back.toggled):
            changed.connect(self._refresh)

    def _add_style(self, style: StyleCode, picture: npt.NDArray[np.uint8] | None) -> None:
        here = RenderRequest.of(self._session.portrait.state())
        self._add_other(style.label or self.tr("Style"), here.with_face(style=style), picture)

    def _add_other(self, name: str, request: RenderRequest, picture: npt.NDArray[np.uint8] | None) -> None:
        icon = QIcon() if picture is None else QIcon(QPixmap.fromImage(to_qimage(picture)))
        self._others.append(request)
        self.other.addItem(icon, name)

    def _browse(self) -> None:
        path = self._ask_open(self.tr("Morph to a portrait"), self.tr("Portraits (*.fep)"))
        if path is not None:
            self.add_portrait(path)

    def add_portrait(self, path: Path) -> None:
        """Take a portrait file as the other end of the morph; the message says so if it cannot be read."""
        try:
            request = RenderRequest.of(store.load(path).state())
            picture = store.load_preview(path)
        except FaceEditorError as error:
            self._complain(str(error))
            return
        remember_folder(path)
        self._add_other(path.stem, request, picture)
        self.other.setCurrentIndex(self.other.count() - 1)
        self._refresh()

    # What is chosen.

    @property
    def chosen_motion(self) -> Motion:
        """Turntable or morph."""
        return Motion.MORPH if self.motion.current() == 1 else Motion.TURNTABLE

    @property
    def seconds(self) -> float:
        """How long the video will last."""
        return self.length.value() * _LENGTH_STEP

    def set_seconds(self, seconds: float) -> None:
        """Choose how long the video lasts, in steps of half a second."""
        self.length.setValue(round(seconds / _LENGTH_STEP))

    @property
    def frames(self) -> int:
        """How many frames the video will have."""
        count = round(self.seconds * int(self.rate.currentData()))
        return min(max(count, 2), MAX_FRAMES)

    @property
    def running(self) -> bool:
        """Whether a video is being made."""
        return self._job is not None

    def _obstacle(self) -> str:
        """Why no video can be made of what is chosen; empty if it can."""
        if self.chosen_motion is Motion.MORPH and not self._others:
            return self.tr("Generate a second style or choose a portrait file to morph to.")
        if self.chosen_motion is Motion.TURNTABLE and self._heads.head is None:
            return self.tr("The head is still being detected. Wait a moment.")
        return ""

    def _refresh(self) -> None:
        turning = self.chosen_motion is Motion.TURNTABLE
        self._form.setRowVisible(self._turn_row, turning)
        self._form.setRowVisible(self._to_row, not turning)
        self._form.setRowVisible(self.back, not turning)
        self._degrees_value.setText(f"{self.degrees.value()}°")
        self._length_value.setText(self.tr("{n} s").format(n=f"{self.seconds:.1f}"))
        self.form.setEnabled(not self.running)
        self.motion.setEnabled(not self.running)
        self.make.setVisible(not self.running)
        self.bar.setVisible(self.running)
        self.cancel.setText(self.tr("Stop") if self.running else self.tr("Cancel"))
        if not self.running:
            obstacle = self._obstacle()
            self.make.setEnabled(not obstacle)
            self.message.say(obstacle or self.tr("{n} frames").format(n=self.frames))
            self._refresh_preview(bool(obstacle))

    def _head_read(self) -> None:
        if not self.running and not self.make.isEnabled():
            self._refresh()

    # The preview.

    @property
    def playing(self) -> bool:
        """Whether the preview moves."""
        return self._playing.isActive()

    def _refresh_preview(self, impossible: bool) -> None:
        """Draw the preview anew, soon, if it shows another motion; its speed follows at once."""
        motion = self.chosen_motion
        turning = motion is Motion.TURNTABLE
        ends = (self.degrees.value(),) if turning else (self.other.currentIndex(), self.back.isChecked())
        wanted = (motion, *ends)
        self._playing.setInterval(max(15, round(1000 * self.seconds / _PREVIEW_FRAMES)))
        if impossible:
            self._stop_preview()
        elif wanted != self._previewed:
            self._stop_preview()
            self._previewed = wanted
            self._rest.start()
        elif len(self._pictures) > 1 and self._preview_job is None:
            self._playing.start()

    def _draw_preview(self) -> None:
        requests: list[RenderRequest] = []
        if not self._session.guarded(lambda: requests.extend(self._requests(_PREVIEW_FRAMES))):
            return
        self._preview_job = self._session.bridge.run_with_previews(lambda emit: PreviewVideo(requests, FULL, emit))

    def _stop_preview(self) -> None:
        self._rest.stop()
        self._playing.stop()
        self._previewed, self._pictures = (), []
        if self._preview_job is not None:
            self._session.bridge.cancel(self._preview_job)
            self._preview_job = None

    def _play_next(self) -> None:
        self._shown = (self._shown + 1) % len(self._pictures)
        self.preview.setPixmap(self._pictures[self._shown])

    def _complain(self, sentence: str) -> None:
        self.message.say(sentence, problem=True)

    # Making it.

    def _ask_and_begin(self) -> None:
        self._session.end_open_work()
        suffix = str(self.format.currentData())
        own = self._session.portrait.path
        stem = own.stem if own is not None else self.tr("Portrait")
        path = self._ask_save(self.tr("Export a video"), f"{stem}-{self.chosen_motion.value}{suffix}", files_of(suffix))
        if path is not None:
            path = path if path.suffix else path.with_suffix(suffix)
            remember_folder(path)
            self.begin(path)

    def begin(self, path: Path) -> None:
        """Make the video that is chosen; progress and frames show in the dialog, which closes when it is written."""
        try:
            requests = self._requests(self.frames)
            video = RenderVideo(path, requests, int(self.rate.currentData()), int(self.side.currentData()))
        except FaceEditorError as error:
            self._complain(str(error))
            return
        self._stop_preview()
        self._path = path
        self._drawn, self._count = 0, len(requests)
        self.bar.show_share(0.0)
        self._job = self._session.bridge.run_with_previews(lambda emit: WatchedVideo(video, emit))
        self._refresh()
        self.message.say(self.tr("Frame 1 of {n}").format(n=self._count))

    def _requests(self, frames: int) -> tuple[RenderRequest, ...]:
        here = self._heads.request()
        if self.chosen_motion is Motion.TURNTABLE:
            return turntable(here, float(self.degrees.value()), frames)
        other = self._others[self.other.currentIndex()]
        if other.face.head is None:
            here = RenderRequest.of(self._session.portrait.state())  # two painted portraits: their outlines wander
        if not self.back.isChecked():
            return morph(here, other, frames)
        forth = morph(here, other, max(2, frames // 2 + 1))
        return (*forth, *forth[-2:0:-1])

    def _progress(self, job: int, fraction: float) -> None:
        if job == self._job:
            self.bar.show_share(fraction)

    def _picture(self, job: int, pixels: npt.NDArray[np.uint8]) -> None:
        if job == self._job:
            self._drawn = min(self._drawn + 1, self._count)
            self.message.say(self.tr("Frame {i} of {n}").format(i=self._drawn, n=self._count))
            self.preview.setPixmap(self._pixmap(pixels))
        elif job == self._preview_job:
            self._pictures.append(self._pixmap(pixels))
            self._shown = len(self._pictures) - 1
            self.preview.setPixmap(self._pictures[-1])

    def _pixmap(self, pixels: npt.NDArray[np.uint8]) -> QPixmap:
        """A frame at the preview's size."""
        ratio = self.devicePixelRatioF()
        side = round(_PREVIEW * ratio)
        picture = QPixmap.fromImage(to_qimage(pixels)).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        picture.setDevicePixelRatio(ratio)
        return picture

    def _done(self, job: int, result: object) -> None:
        if job == self._job:
            self._job = None
            self.written = self._path
            self.accept()
        elif job == self._preview_job:
            self._preview_job = None
            if len(self._pictures) > 1:
                self._playing.start()

    def _failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job = None
            self._refresh()
            if isinstance(error, Cancelled):
                self.message.say(self.tr("Stopped. No file was written."))
            else:
                self._complain(str(error))
        elif job == self._preview_job:
            # Without a preview there is still a picture; what is wrong is said where the video is made.
            self._preview_job = None

    def _stop_or_reject(self) -> None:
        if self._job is not None:
            self._session.bridge.cancel(self._job)
            self.message.say(self.tr("Stopping ..."))
        else:
            self.reject()

    def reject(self) -> None:
        """Close; a video under way is stopped and nothing of it is left."""
        if self._job is not None:
            self._session.bridge.cancel(self._job)
            self._job = None
        super().reject()

    def done(self, result: int) -> None:
        """Close; the preview ends."""
        self._stop_preview()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        super().closeEvent(event)


def export_video(
    session: PortraitSession,
    styles: StyleController,
    heads: HeadController,
    ask_save: AskSave,
    ask_open: AskFile,
    parent: QWidget | None = None,
) -> Path | None:
    """Show the dialog; returns the file that was written, or None."""
    dialog = VideoDialog(session, styles, heads, ask_save, ask_open, parent)
    dialog.finished.connect(dialog.deleteLater)
    dialog.exec()
    return dialog.written
