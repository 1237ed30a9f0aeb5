"""The attribute page: change an attribute of the face while its identity is held, and watch how it goes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from faceeditor.export.picture import write_picture
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.attribute_controller import AttributeController
from faceeditor.gui.controllers.file_controller import PHOTO_SUFFIXES
from faceeditor.gui.controllers.identity_hold import IdentityHold
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.convergence_plot import ConvergencePlot
from faceeditor.gui.widgets.dialog_parts import MessageLabel, WorkBar, push_button
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.identity.attributes import ATTRIBUTES, PARTS
from faceeditor.identity.recogniser import SAME_PERSON
from faceeditor.paths import cache_dir

if TYPE_CHECKING:
    from faceeditor.identity.optimise import OptimisationStep

_PREVIEW, _PLOT_HEIGHT = 300, 210
_STEPS = {"Quick (20 steps)": 20, "Normal (40 steps)": 40, "Thorough (100 steps)": 100}
_PART_TITLES = {
    "hair": "Hair", "eyes": "Eyes", "brows": "Brows", "mouth": "Mouth", "nose": "Nose", "skin": "Skin",
    "glasses": "Glasses", "clothes": "Clothes", "background": "Background",
}  # fmt: skip


class AttributePage(QDialog):
    """Choose an attribute or a picture as a guide, watch the steps, take any of them into the portrait.

    Args:
        attributes: does the work.
        hold: while it holds identity, its distance is the largest that can be chosen here.
        use_photo: takes the file of a picture, as a photo that was dropped.
        ask_photo: asks for a photo; None if none was chosen.
        parent: the main window.
    """

    def __init__(
        self,
        attributes: AttributeController,
        hold: IdentityHold,
        use_photo: Callable[[Path], None],
        ask_photo: Callable[[str], Path | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.attributes = attributes
        self._use_photo, self._ask_photo = use_photo, ask_photo
        self.guide: Path | None = None
        self._follow_last = True
        self._used = 0
        self.setWindowTitle(self.tr("Attributes"))
        self.setAcceptDrops(True)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 18)
        outer.setSpacing(20)
        outer.addLayout(self._control_column())
        outer.addLayout(self._result_column(), 1)
        attributes.stepped.connect(self._take_step)
        attributes.progress.connect(self.bar.show_share)
        attributes.ended.connect(self._end)
        attributes.changed.connect(self._refresh)
        self._hold = hold
        hold.changed.connect(self._follow_hold)
        self._follow_hold()
        self._refresh()

    # Building.

    def _control_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(label(self.tr("Attributes"), "dialogTitle"))
        self.attribute = QComboBox()
        self.attribute.setAccessibleName(self.tr("Attribute"))
        for name, attribute in ATTRIBUTES.items():
            self.attribute.addItem(self.tr(attribute.title), name)
        column.addWidget(self.attribute)
        row = QHBoxLayout()
        self.choose_guide = push_button(self.tr("Like a picture ..."), self._choose_guide)
        self.drop_guide = push_button(self.tr("Forget picture"), self._forget_guide)
        row.addWidget(self.choose_guide)
        row.addWidget(self.drop_guide)
        column.addLayout(row)
        self.guide_text = label("", "hint")
        self.guide_text.setWordWrap(True)
        column.addWidget(self.guide_text)
        grid = QGridLayout()
        self.parts: dict[str, QCheckBox] = {}
        for index, part in enumerate(PARTS):
            box = QCheckBox(self.tr(_PART_TITLES[part]))
            grid.addWidget(box, index // 3, index % 3)
            self.parts[part] = box
        column.addWidget(label(self.tr("Only"), "sectionTitle"))
        column.addLayout(grid)
        self.amount = SliderRow(self.tr("Amount"), 0.1, 1.5, 1.0, "%", 0.01)
        self.hold = SliderRow(self.tr("Hold identity at"), 0.1, 0.9, 0.45)
        self.hold.moved.connect(lambda _: self._show_plot())
        column.addWidget(self.amount)
        column.addWidget(self.hold)
        self.steps = QComboBox()
        self.steps.setAccessibleName(self.tr("Steps"))
        for title, count in _STEPS.items():
            self.steps.addItem(self.tr(title), count)
        self.steps.setCurrentIndex(1)
        self.mode = QComboBox()
        self.mode.setAccessibleName(self.tr("Method"))
        self.mode.addItem(self.tr("Change style and head"), "portrait")
        self.mode.addItem(self.tr("Change pixels, as published"), "pixels")
        column.addWidget(self.steps)
        column.addWidget(self.mode)
        column.addLayout(self._work_row())
        self.bar = WorkBar()
        column.addWidget(self.bar)
        self.message = MessageLabel(3, 300)
        column.addWidget(self.message)
        column.addStretch(1)
        return column

    def _work_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.start = push_button(self.tr("Start"), self._start, default=True)
        self.pause = push_button(self.tr("Pause"), self._pause_or_resume)
        self.stop = push_button(self.tr("Stop"), self.attributes.stop)
        for button in (self.start, self.pause, self.stop):
            row.addWidget(button)
        return row

    def _result_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(12)
        top = QHBoxLayout()
        self.preview = QLabel()
        self.preview.setFixedSize(_PREVIEW, _PREVIEW)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setObjectName("preview")
        self.preview.setStyleSheet(f"#preview {{ background: {color('well').name()}; border-radius: 6px; }}")
        self.preview.setAccessibleName(self.tr("Face at the chosen step"))
        top.addWidget(self.preview)
        side = QVBoxLayout()
        side.setSpacing(8)
        self.use = push_button(self.tr("Use this step"), self._use_chosen)
        self.use.setToolTip(self.tr("Take style and head of this step into the portrait; one undo step"))
        self.figures = label("", "hint")
        self.figures.setWordWrap(True)
        side.addWidget(self.use)
        side.addWidget(self.figures)
        side.addStretch(1)
        top.addLayout(side, 1)
        column.addLayout(top)
        self.plot = ConvergencePlot()
        self.plot.setMinimumHeight(_PLOT_HEIGHT)
        self.plot.picked.connect(self.choose)
        column.addWidget(self.plot, 1)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Step"))
        self.slider.setToolTip(self.tr("Go back to any step, here or by a click on its dot"))
        self.slider.valueChanged.connect(self.choose)
        column.addWidget(self.slider)
        return column

    def _follow_hold(self) -> None:
        """Show the distance of the switch in the status bar while that holds identity."""
        self.hold.setEnabled(not self._hold.on)
        if self._hold.on:
            self.hold.set_once(min(self._hold.limit, 0.9))
            self.hold.setToolTip(self.tr("Set beside the meter in the status bar, where identity is held"))
        else:
            self.hold.setToolTip(
                self.tr("Largest distance to the face as it is; below 0.60 it counts as the same person")
            )

    # The guide.

    def _choose_guide(self) -> None:
        path = self._ask_photo(self.tr("Like a picture"))
        if path is not None:
            self.set_guide(path)

    def set_guide(self, path: Path) -> None:
        """Take a picture as the guide: what is checked below becomes like it."""
        self.guide = path
        if not any(box.isChecked() for box in self.parts.values()):
            self.parts["hair"].setChecked(True)
        self._refresh()

    def _forget_guide(self) -> None:
        self.guide = None
        self._refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = self._dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.set_guide(path)

    @staticmethod
    def _dropped(event: QDropEvent) -> Path | None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        return next((path for path in paths if path.suffix.lower() in PHOTO_SUFFIXES), None)

    # The work.

    def _start(self) -> None:
        parts = tuple(part for part, box in self.parts.items() if box.isChecked())
        if self.guide is not None and not parts:
            self.message.say(self.tr("Check what is to be taken from the picture."), True)
            return
        self._follow_last = True
        self.message.say(self.tr("Preparing ..."))
        self.attributes.start(
            str(self.attribute.currentData()), self.guide, parts, self.amount.real,
            self.hold.real, int(self.steps.currentData()), str(self.mode.currentData()),
        )  # fmt: skip

    def _pause_or_resume(self) -> None:
        (self.attributes.resume if self.attributes.paused else self.attributes.pause)()

    def _take_step(self, step: "OptimisationStep") -> None:
        self.message.say("")
        last = len(self.attributes.steps) - 1
        self.slider.blockSignals(True)
        self.slider.setRange(0, last)
        if self._follow_last:
            self.slider.setValue(last)
        self.slider.blockSignals(False)
        self._show_chosen()

    def _end(self, sentence: str, problem: bool) -> None:
        if sentence or not problem:
            self.message.say(sentence, problem)

    def _refresh(self) -> None:
        running, paused = self.attributes.running, self.attributes.paused
        self.start.setEnabled(not running)
        self.start.setText(self.tr("Start again") if paused else self.tr("Start"))
        self.pause.setEnabled(running or paused)
        self.pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self.stop.setEnabled(running or paused)
        self.bar.setVisible(running or paused)
        self.attribute.setEnabled(self.guide is None)
        self.drop_guide.setEnabled(self.guide is not None)
        if self.guide is not None:
            self.guide_text.setText(self.tr("Like “{name}”").format(name=self.guide.name))
        else:
            self.guide_text.setText(self.tr("Or drop a picture here to make the face like it."))
        if not self.attributes.steps:
            self.slider.setRange(0, 0)
        self._show_chosen()

    # The chosen step.

    @property
    def chosen(self) -> "OptimisationStep | None":
        """The step whose picture is shown."""
        steps, index = self.attributes.steps, self.slider.value()
        return steps[index] if index < len(steps) else None

    def choose(self, index: int) -> None:
        """Show a step by its index; the last one goes on being followed."""
        self._follow_last = index >= len(self.attributes.steps) - 1
        self.slider.blockSignals(True)
        self.slider.setValue(index)
        self.slider.blockSignals(False)
        self._show_chosen()

    def _show_chosen(self) -> None:
        step = self.chosen
        self.use.setEnabled(step is not None)
        self.use.setText(
            self.tr("Use as a photo ...") if step is not None and step.portrait is None else self.tr("Use this step")
        )
        self._show_plot()
        self.slider.setEnabled(step is not None)
        if step is None:
            face = self.attributes.present_face
            self.preview.setPixmap(QPixmap() if face is None else _pixmap(face))
            self.figures.setText(self.tr("Start changes this face step by step; any step can be taken."))
            return
        self.preview.setPixmap(_pixmap(step.pixels))
        same = self.tr("same person") if step.distance < SAME_PERSON else self.tr("another person")
        self.figures.setText(
            self.tr("Step {n}\nAttribute: {share}\nIdentity distance: {distance} ({same})").format(
                n=step.number, share=f"{step.progress:.0%}", distance=f"{step.distance:.2f}", same=same
            )
        )

    def _show_plot(self) -> None:
        points = [(step.distance, step.progress) for step in self.attributes.steps]
        self.plot.show_points(points, self.slider.value() if points else -1, self.hold.real)

    def _use_chosen(self) -> None:
        step = self.chosen
        if step is None:
            return
        if step.portrait is not None:
            title = self.attribute.currentText() if self.guide is None else self.tr("Like the picture")
            if self.attributes.apply(step, title):
                self.message.say(self.tr("“{name}” is in the portrait.").format(name=title))
            return
        folder = cache_dir() / "attributes"
        folder.mkdir(parents=True, exist_ok=True)
        self._used += 1
        path = folder / f"{self.attribute.currentData()}-{self._used}.png"
        write_picture(path, step.pixels)
        self._use_photo(path)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_chosen()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.attributes.pause()
        super().closeEvent(event)


def _pixmap(pixels: npt.NDArray[np.uint8]) -> QPixmap:
    aspect, mode = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(to_qimage(pixels)).scaled(_PREVIEW, _PREVIEW, aspect, mode)
