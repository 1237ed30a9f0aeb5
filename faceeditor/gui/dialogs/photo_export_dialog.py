"""The export dialog of a photograph: format, depth, size, what its metadata keep."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from faceeditor.errors import FaceEditorError
from faceeditor.export.metadata import has_position
from faceeditor.export.photograph import DEEP_KINDS, KINDS, SaveOptions, encode_photograph
from faceeditor.gui.settings import settings
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import AnswerRow
from faceeditor.gui.widgets.form import add_row, form_layout
from faceeditor.images import SourceImage

FORMATS = (("JPEG", ".jpg"), ("PNG", ".png"), ("TIFF", ".tiff"), ("WebP", ".webp"), ("AVIF", ".avif"))
_LOSSY = (".jpg", ".webp", ".avif")
_SAMPLE = 512
SIDES = (4096, 2048, 1024)
"""Longer sides that a photograph can be reduced to."""


@dataclass(frozen=True)
class PhotoExportChoice:
    """What the user chose.

    Attributes:
        suffix: ending of the file.
        options: how it is written.
        face_only: cut the face out.
        longer: longer side in pixels, None: as it is.
    """

    suffix: str
    options: SaveOptions
    face_only: bool = False
    longer: int | None = None


class PhotoExportDialog(QDialog):
    """Choose how a photograph is written; the file name is asked for afterwards. The answers are remembered.

    Args:
        source: the photograph.
        face: width and height of the face's rectangle.
    """

    def __init__(self, source: SourceImage, face: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source, self._face = source, face
        self.setWindowTitle(self.tr("Export photograph"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(14)
        outer.addWidget(label(self.tr("Export photograph"), "dialogTitle"))
        form = form_layout()
        self.sides = QComboBox()
        self.sides.addItem(self.tr("Same size ({w} x {h})").format(w=source.width, h=source.height), "same")
        self.sides.addItem(self.tr("Face only ({w} x {h})").format(w=face[0], h=face[1]), "face")
        for side in SIDES:
            if side < max(source.width, source.height):
                self.sides.addItem(self.tr("Longer side {n}").format(n=side), str(side))
        add_row(form, self.tr("Size"), self.sides)
        self.format = QComboBox()
        for name, suffix in FORMATS:
            same = KINDS[suffix] == source.kind
            self.format.addItem(self.tr("{name} (as the photograph)").format(name=name) if same else name, suffix)
        add_row(form, self.tr("Format"), self.format)
        self.bits = QComboBox()
        for bits in (8, 16):
            self.bits.addItem(self.tr("{n} bits per channel").format(n=bits), bits)
        self._bits_name = add_row(form, self.tr("Depth"), self.bits)
        self.quality = QSlider(Qt.Orientation.Horizontal)
        self.quality.setRange(50, 100)
        self._quality_value = label("95", "value")
        row = QHBoxLayout()
        row.addWidget(self.quality, 1)
        row.addWidget(self._quality_value)
        self._quality_name = add_row(form, self.tr("Quality"), row)
        outer.addLayout(form)
        self.srgb = QCheckBox(self.tr("Convert to sRGB"))
        self.srgb.setToolTip(self.tr("Otherwise the photograph keeps its own colour space"))
        self.srgb.setVisible(source.icc is not None)
        outer.addWidget(self.srgb)
        self.position = QCheckBox(self.tr("Remove the place where the photograph was taken (GPS)"))
        self.position.setVisible(has_position(source.exif, source.xmp))
        outer.addWidget(self.position)
        self.estimate = label("", "hint")
        outer.addWidget(self.estimate)
        self.hint = label("", "hint")
        self.hint.setWordWrap(True)
        outer.addWidget(self.hint)
        outer.addStretch(1)
        buttons = AnswerRow(self.tr("Export ..."), self.accept, self.reject)
        self.export_button = buttons.confirm
        outer.addLayout(buttons)
        self._recall()
        self.quality.valueChanged.connect(lambda value: self._quality_value.setText(str(value)))
        for box in (self.sides, self.format, self.bits):
            box.currentIndexChanged.connect(self._refresh)
        self.quality.sliderReleased.connect(self._refresh)
        self._quality_value.setText(str(self.quality.value()))
        self._refresh()
        self.setMinimumWidth(460)

    def _recall(self) -> None:
        """Start with the last answers; the format is the photograph's own until another one was chosen."""
        kept = settings()
        own = next((suffix for _, suffix in FORMATS if KINDS[suffix] == self._source.kind), ".png")
        _select(self.format, str(kept.value("export/photo_format")) or own)
        _select(self.sides, str(kept.value("export/photo_size")) or "same")
        _select(self.bits, self._source.bits)
        self.quality.setValue(int(kept.value("export/photo_quality")))
        self.position.setChecked(bool(kept.value("export/photo_remove_position")))

    def accept(self) -> None:
        """Remember the answers."""
        kept = settings()
        own = KINDS[str(self.format.currentData())] == self._source.kind
        kept.setValue("export/photo_format", "" if own else str(self.format.currentData()))
        kept.setValue("export/photo_size", str(self.sides.currentData()))
        kept.setValue("export/photo_quality", self.quality.value())
        kept.setValue("export/photo_remove_position", self.position.isChecked())
        super().accept()

    @property
    def choice(self) -> PhotoExportChoice:
        """What is chosen now."""
        suffix, size = str(self.format.currentData()), str(self.sides.currentData())
        bits = int(self.bits.currentData()) if KINDS[suffix] in DEEP_KINDS else 8
        options = SaveOptions(
            KINDS[suffix], bits, self.quality.value(), not self.position.isChecked(), self.srgb.isChecked()
        )
        return PhotoExportChoice(suffix, options, size == "face", int(size) if size.isdigit() else None)

    def _refresh(self) -> None:
        suffix = str(self.format.currentData())
        deep, lossy = KINDS[suffix] in DEEP_KINDS, suffix in _LOSSY
        depth: tuple[QWidget, ...] = (self.bits, self._bits_name)
        for widget in depth:
            widget.setVisible(deep)
        quality: tuple[QWidget, ...] = (self.quality, self._quality_name, self._quality_value)
        for widget in quality:
            widget.setVisible(lossy)
        notes = [self.tr("The metadata state that the photograph was edited with generative AI.")]
        if lossy:
            notes.append(self.tr("This format stores every pixel anew; PNG and TIFF keep untouched pixels exactly."))
        if self._source.bits == 16 and not deep:
            notes.append(self.tr("It keeps 8 of the photograph's 16 bits."))
        self.hint.setText(" ".join(notes))
        megabytes = self._estimated() / 1e6
        self.estimate.setText(
            self.tr("About {n} MB").format(n=f"{megabytes:.1f}" if megabytes < 10 else f"{megabytes:.0f}")
        )

    def _estimated(self) -> float:
        """Bytes of the file, from a part in the middle of the photograph."""
        choice, source = self.choice, self._source
        middle_y, middle_x, half = source.height // 2, source.width // 2, _SAMPLE // 2
        area = (slice(max(0, middle_y - half), middle_y + half), slice(max(0, middle_x - half), middle_x + half))
        part: Any = np.ascontiguousarray(source.samples[area])
        plain = replace(source, samples=part, alpha=None, data=b"", exif=None, xmp=None, iptc=None, icc=None)
        try:
            size = len(encode_photograph(plain, part, replace(choice.options, srgb=False)))
        except FaceEditorError:
            return 0.0
        width, height = self._face if choice.face_only else (source.width, source.height)
        pixels = width * height
        if choice.longer is not None:
            pixels = round(pixels * (choice.longer / max(width, height)) ** 2)
        return size * pixels / max(1, part.shape[0] * part.shape[1])


def proposed_name(name: str, suffix: str) -> str:
    """A name for an edited photograph that is not the photograph's own."""
    return f"{Path(name).stem}-edited{suffix}"


def _select(box: QComboBox, data: object) -> None:
    index = box.findData(data)
    if index >= 0:
        box.setCurrentIndex(index)


__all__ = ["FORMATS", "SIDES", "PhotoExportChoice", "PhotoExportDialog", "proposed_name"]
