"""The export dialog: what, how large, in which format."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from faceeditor.export import side_by_side
from faceeditor.export.credentials import why_not
from faceeditor.export.documents import cut_face
from faceeditor.gui.dialogs.export_boxes import (
    allow_layers,
    chosen_format,
    offer_signing,
    picture_format_box,
    sign_box,
    size_box,
    transparency_box,
)
from faceeditor.gui.imaging import over_checkerboard, to_qimage
from faceeditor.gui.settings import settings
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import AnswerRow
from faceeditor.gui.widgets.form import add_row, form_layout
from faceeditor.regions import MaskArray, colorize

SIZES = (256, 512, 1024, 2048)
_PREVIEW = 280


class What(Enum):
    """What is exported."""

    FACE = "face"
    MASK = "mask"
    BOTH = "both"


@dataclass(frozen=True)
class ExportChoice:
    """What the user chose.

    Attributes:
        what: face, mask or both.
        size: the face's side in pixels.
        suffix: ending of the file.
        quality: 1..100 of lossy formats.
        transparent: leave the face's background out.
        sign: add signed content credentials.
    """

    what: What
    size: int
    suffix: str
    quality: int
    transparent: bool = False
    sign: bool = False


class ExportDialog(QDialog):
    """Choose an export; the file name is asked for afterwards."""

    def __init__(self, face: npt.NDArray[np.uint8], mask: MaskArray, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._face, self._mask = face, mask
        self.setWindowTitle(self.tr("Export"))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(24)
        self.preview = QLabel()
        self.preview.setFixedSize(_PREVIEW, _PREVIEW)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName(self.tr("Preview"))
        outer.addWidget(self.preview)
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(label(self.tr("Export"), "dialogTitle"))
        form = form_layout()
        self.what = QComboBox()
        for text, what in (
            (self.tr("Face"), What.FACE),
            (self.tr("Mask"), What.MASK),
            (self.tr("Mask and face, side by side"), What.BOTH),
        ):
            self.what.addItem(text, what)
        add_row(form, self.tr("What"), self.what)
        self.side = size_box(SIZES)
        add_row(form, self.tr("Size"), self.side)
        self.format = picture_format_box()
        add_row(form, self.tr("Format"), self.format)
        self.quality = QSlider(Qt.Orientation.Horizontal)
        self.quality.setRange(50, 100)
        self.quality.setValue(95)
        self._quality_value = label("95", "value")
        quality = QHBoxLayout()
        quality.addWidget(self.quality, 1)
        quality.addWidget(self._quality_value)
        self._quality_name = add_row(form, self.tr("Quality"), quality)
        column.addLayout(form)
        self.transparent = transparency_box()
        column.addWidget(self.transparent)
        self.sign = sign_box()
        column.addWidget(self.sign)
        self.hint = label("", "hint")
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        column.addStretch(1)
        column.addLayout(AnswerRow(self.tr("Export ..."), self.accept, self.reject))
        outer.addLayout(column, 1)
        self._propose_last()
        self.accepted.connect(self._remember)
        for box in (self.what, self.format):
            box.currentIndexChanged.connect(self._refresh)
        self.transparent.toggled.connect(self._refresh)
        self.quality.valueChanged.connect(lambda value: self._quality_value.setText(str(value)))
        self._refresh()
        self.setMinimumWidth(660)

    def _propose_last(self) -> None:
        """Begin with the choices of the last export."""
        kept = settings()
        what = str(kept.value("export/what"))
        if what in [each.value for each in What]:
            self.what.setCurrentIndex(self.what.findData(What(what)))
        self.side.setCurrentIndex(max(0, self.side.findData(int(kept.value("export/size")))))
        self.format.setCurrentIndex(max(0, self.format.findData(str(kept.value("export/format")))))
        self.quality.setValue(round(kept.value("export/quality")))
        self.transparent.setChecked(bool(kept.value("export/transparent")))
        self.sign.setChecked(bool(kept.value("export/sign")))
        self._quality_value.setText(str(self.quality.value()))

    def _remember(self) -> None:
        kept, choice = settings(), self.choice
        kept.setValue("export/what", choice.what.value)
        kept.setValue("export/size", choice.size)
        kept.setValue("export/format", str(self.format.currentData()))
        kept.setValue("export/quality", choice.quality)
        kept.setValue("export/transparent", self.transparent.isChecked())
        kept.setValue("export/sign", self.sign.isChecked())

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now."""
        what = What(self.what.currentData())
        suffix = ".png" if what is What.MASK else str(self.format.currentData())
        transparent = self.transparent.isEnabled() and self.transparent.isChecked()
        sign = what is not What.MASK and self.sign.isEnabled() and self.sign.isChecked()
        return ExportChoice(what, int(self.side.currentData()), suffix, self.quality.value(), transparent, sign)

    def _refresh(self) -> None:
        what = What(self.what.currentData())
        allow_layers(self.format, what is What.FACE)
        # Only PNG keeps the indices of a mask, and only at its own size do they mean what was painted.
        self.side.setEnabled(what is not What.MASK)
        self.format.setEnabled(what is not What.MASK)
        target = chosen_format(self.format)
        self.transparent.setEnabled(what is What.FACE and target.transparent)
        offer_signing(self.sign, target.kind)
        self.sign.setVisible(what is not What.MASK)
        notes = [self.tr("The metadata of every file states that it was made with generative AI.")]
        if what is not What.MASK and (reason := why_not(target.kind)):
            notes.append(reason)
        self.hint.setText(" ".join(notes))
        for widget in (self.quality, self._quality_name, self._quality_value):
            widget.setVisible(target.lossy and what is not What.MASK)
        self.preview.setPixmap(self._preview(self.choice))

    def _preview(self, choice: ExportChoice) -> QPixmap:
        """What will be exported, over a checkerboard where it is transparent."""
        picture = {
            What.FACE: lambda: self._face,
            What.MASK: lambda: colorize(self._mask),
            What.BOTH: lambda: side_by_side(self._face, colorize(self._mask)),
        }[choice.what]()
        if choice.transparent:
            picture = over_checkerboard(*cut_face(self._face, self._mask))
        ratio = self.devicePixelRatioF()
        side = round(_PREVIEW * ratio)
        pixels = QPixmap.fromImage(to_qimage(picture)).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixels.setDevicePixelRatio(ratio)
        return pixels
