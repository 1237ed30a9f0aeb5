"""The export dialog of a photograph: format, depth, size, what its metadata keep."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from faceeditor.errors import FaceEditorError
from faceeditor.export.credentials import has_credentials, why_not
from faceeditor.export.formats import format_named, is_written
from faceeditor.export.metadata import has_position
from faceeditor.export.photograph import SaveOptions, encode_photograph
from faceeditor.gui.dialogs.export_boxes import (
    chosen_format,
    offer_signing,
    picture_format_box,
    sign_box,
    transparency_box,
)
from faceeditor.gui.settings import settings
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import AnswerRow
from faceeditor.gui.widgets.form import add_row, form_layout
from faceeditor.images import SourceImage

_TILES, _TILE = 4, 128
"""Tiles along either side, and their side in pixels, of the sample from which the size of a file is estimated."""
_ESTIMATE_MS = 120
_PICTURES = 3
"""Whole pictures in a document with layers: source, result and both together. Regions take little beside them."""
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
        self._has_credentials = has_credentials(source.data)
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
        self.format = picture_format_box(source.kind)
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
        self.transparent = transparency_box()
        outer.addWidget(self.transparent)
        self.sign = sign_box()
        outer.addWidget(self.sign)
        self.srgb = QCheckBox(self.tr("Convert to sRGB"))
        self.srgb.setToolTip(self.tr("Otherwise the photograph keeps its own colour space"))
        self.srgb.setVisible(source.icc is not None)
        outer.addWidget(self.srgb)
        self.position = QCheckBox(self.tr("The photograph says where it was taken (GPS): leave that out"))
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
        self._estimating = QTimer(self, interval=_ESTIMATE_MS, singleShot=True)
        self._estimating.timeout.connect(self._show_estimate)
        self.quality.valueChanged.connect(lambda value: self._quality_value.setText(str(value)))
        self.quality.valueChanged.connect(self._estimating.start)
        for box in (self.sides, self.format, self.bits):
            box.currentIndexChanged.connect(self._refresh)
        self.sign.toggled.connect(self._refresh)
        self._quality_value.setText(str(self.quality.value()))
        self._refresh()
        self._show_estimate()
        self.setMinimumWidth(460)

    def _recall(self) -> None:
        """Start with the last answers; the format is the photograph's own until another one was chosen."""
        kept = settings()
        own = format_named(self._source.kind).suffix if is_written(self._source.kind) else ".png"
        _select(self.format, str(kept.value("export/photo_format")) or own)
        _select(self.sides, str(kept.value("export/photo_size")) or "same")
        _select(self.bits, int(kept.value("export/photo_bits")) or self._source.bits)
        self.srgb.setChecked(bool(kept.value("export/photo_srgb")) and self._source.icc is not None)
        self.transparent.setChecked(bool(kept.value("export/photo_transparent")))
        # A chain of credentials is not broken unasked.
        self.sign.setChecked(bool(kept.value("export/sign")) or self._has_credentials)
        self.quality.setValue(int(kept.value("export/photo_quality")))
        self.position.setChecked(bool(kept.value("export/photo_remove_position")))

    def accept(self) -> None:
        """Remember the answers."""
        kept = settings()
        own = chosen_format(self.format).kind == self._source.kind
        kept.setValue("export/photo_format", "" if own else str(self.format.currentData()))
        kept.setValue("export/photo_size", str(self.sides.currentData()))
        kept.setValue("export/photo_quality", self.quality.value())
        if self.position.isVisibleTo(self):
            kept.setValue("export/photo_remove_position", self.position.isChecked())
        if self.srgb.isVisibleTo(self):
            kept.setValue("export/photo_srgb", self.srgb.isChecked())
        if self.bits.isVisibleTo(self):
            bits = int(self.bits.currentData())
            kept.setValue("export/photo_bits", 0 if bits == self._source.bits else bits)
        if self.transparent.isEnabled():
            kept.setValue("export/photo_transparent", self.transparent.isChecked())
        if self.sign.isEnabled() and not self._has_credentials:
            kept.setValue("export/sign", self.sign.isChecked())
        super().accept()

    @property
    def choice(self) -> PhotoExportChoice:
        """What is chosen now."""
        target, size = chosen_format(self.format), str(self.sides.currentData())
        options = SaveOptions(
            target.kind,
            int(self.bits.currentData()) if target.deep else 8,
            self.quality.value(),
            keep_position=not self.position.isChecked(),
            srgb=self.srgb.isChecked(),
            transparent=target.transparent and self.transparent.isChecked(),
            sign=self.sign.isEnabled() and self.sign.isChecked(),
        )
        return PhotoExportChoice(target.suffix, options, size == "face", int(size) if size.isdigit() else None)

    def _refresh(self) -> None:
        target = chosen_format(self.format)
        depth: tuple[QWidget, ...] = (self.bits, self._bits_name)
        for widget in depth:
            widget.setVisible(target.deep)
        quality: tuple[QWidget, ...] = (self.quality, self._quality_name, self._quality_value)
        for widget in quality:
            widget.setVisible(target.lossy)
        self.transparent.setEnabled(target.transparent)
        offer_signing(self.sign, target.kind)
        notes = [self.tr("The metadata state that the photograph was edited with generative AI.")]
        if target.lossy:
            notes.append(self.tr("This format stores every pixel anew; PNG and TIFF keep untouched pixels exactly."))
        if target.layered:
            notes.append(self.tr("Layers: source, result, and hidden the regions and the matte of the person."))
        if reason := why_not(target.kind):
            notes.append(reason)
        if self._has_credentials and not self.choice.options.sign:
            notes.append(self.tr("The photograph's own content credentials are lost unless the export is signed."))
        if self._source.bits == 16 and not target.deep:
            notes.append(self.tr("It keeps 8 of the photograph's 16 bits."))
        self.hint.setText(" ".join(notes))
        self._estimating.start()

    def _show_estimate(self) -> None:
        megabytes = self._estimated() / 1e6
        self.estimate.setText(
            self.tr("About {n} MB").format(n=f"{megabytes:.1f}" if megabytes < 10 else f"{megabytes:.0f}")
        )

    def _estimated(self) -> float:
        """Bytes of the file, from tiles spread over what is exported."""
        choice, source = self.choice, self._source
        part = _sample(source.samples)
        plain = replace(source, samples=part, alpha=None, data=b"", exif=None, xmp=None, iptc=None, icc=None)
        options = replace(choice.options, srgb=False, transparent=False, sign=False)
        if options.kind == "psd":  # whose compression gains nothing on photographs
            size = _PICTURES * part.size * (options.bits or 8) // 8
        else:
            layered = chosen_format(self.format).layered
            options = replace(options, kind="png") if layered else options
            try:
                size = len(encode_photograph(plain, part, options)) * (_PICTURES if layered else 1)
            except FaceEditorError:
                return 0.0
        width, height = self._face if choice.face_only else (source.width, source.height)
        pixels = width * height
        if choice.longer is not None:
            pixels = round(pixels * (choice.longer / max(width, height)) ** 2)
        return size * pixels / max(1, part.shape[0] * part.shape[1])


def _sample(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Tiles spread evenly over a picture, side by side; a small picture itself."""
    height, width = samples.shape[:2]
    if min(height, width) <= _TILES * _TILE:
        return np.ascontiguousarray(samples)
    tops, lefts = (np.linspace(0, side - _TILE, _TILES).astype(int) for side in (height, width))
    rows = [np.concatenate([samples[y : y + _TILE, x : x + _TILE] for x in lefts], 1) for y in tops]
    return np.ascontiguousarray(np.concatenate(rows))


def proposed_name(name: str, suffix: str) -> str:
    """A name for an edited photograph that is not the photograph's own."""
    return f"{Path(name).stem}-edited{suffix}"


def _select(box: QComboBox, data: object) -> None:
    index = box.findData(data)
    if index >= 0:
        box.setCurrentIndex(index)


__all__ = ["SIDES", "PhotoExportChoice", "PhotoExportDialog", "proposed_name"]
