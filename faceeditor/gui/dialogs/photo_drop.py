"""A photo that is dropped on the window or opened: a dialog asks what to use from it.

Public API for the window:

    drop = PhotoDrop(styles, heads, canvas)
    files.offer_photo = drop.offer             # drops and opened pictures end here

The answer is remembered for the next picture. While a picture is rebuilt, a card on the canvas shows how far it is.
"""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QImageReader, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.settings import settings
from faceeditor.gui.widgets.basic import label
from faceeditor.portrait.head import GROUPS

_PICTURE = 168
_CARD = 132


class Take(Enum):
    """What is taken from a picture."""

    STYLE = "style"
    HEAD = "head"
    PERSON = "person"


@dataclass(frozen=True)
class PhotoChoice:
    """An answer: what to take, and which groups of the head if it is the head."""

    take: Take = Take.STYLE
    groups: tuple[str, ...] = field(default=("expression", "pose", "light"))

    @classmethod
    def remembered(cls) -> "PhotoChoice":
        """The last answer."""
        kept = settings()
        names = str(kept.value("photo/groups", ",".join(cls().groups))).split(",")
        known = {take.value: take for take in Take}
        take = known.get(str(kept.value("photo/take", "")), cls().take)
        return cls(take, tuple(name for name in GROUPS if name in names) or cls().groups)

    def remember(self) -> None:
        """Propose this answer the next time."""
        kept = settings()
        kept.setValue("photo/take", self.take.value)
        kept.setValue("photo/groups", ",".join(self.groups))


class PhotoSheet(QDialog):
    """Asks what to use from a photo; 1, 2 and 3 choose, Enter applies, Esc cancels.

    Args:
        path: the picture.
        choice: the answer that is proposed.
        locked: groups of the head that cannot be taken because they are locked.
    """

    def __init__(
        self,
        path: Path,
        choice: PhotoChoice,
        locked: frozenset[str] = frozenset(),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Use from this photo"))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(20)
        outer.addWidget(self._picture(path), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(4)
        title = label(self.tr("Use from this photo"), "dialogTitle")
        column.addWidget(title)
        name = label(path.name, "hint")
        name.setMaximumWidth(380)
        column.addWidget(name)
        column.addSpacing(10)
        self._takes = QButtonGroup(self)
        self.choices: dict[Take, QRadioButton] = {}
        self.groups: dict[str, QCheckBox] = {}
        texts = {
            Take.STYLE: (
                self.tr("Style"),
                self.tr("Hair, skin and colours, applied to your mask"),
            ),
            Take.HEAD: (
                self.tr("Head parameters"),
                self.tr("Identity, expression, pose or light, applied to your portrait"),
            ),
            Take.PERSON: (
                self.tr("The whole person"),
                self.tr("Mask, head and style, reconstructed step by step (slow)"),
            ),
        }
        for take, (text, hint) in texts.items():
            self._add_choice(column, take, text, hint)
            if take is Take.HEAD:
                column.addLayout(self._group_row(choice, locked))
            column.addSpacing(8)
        column.addStretch(1)
        column.addLayout(self._buttons())
        outer.addLayout(column, 1)
        self.choices[choice.take].setChecked(True)
        self.choices[choice.take].setFocus()
        self._takes.buttonClicked.connect(self._refresh)
        self._takes.buttonToggled.connect(self._refresh)
        self._refresh()

    def _picture(self, path: Path) -> QLabel:
        reader = QImageReader(str(path))
        reader.setAutoTransform(True)
        if reader.size().isValid():
            reader.setScaledSize(reader.size().scaled(QSize(2, 2) * _PICTURE, Qt.AspectRatioMode.KeepAspectRatio))
        result = QLabel()
        result.setFixedSize(_PICTURE, _PICTURE)
        result.setAlignment(Qt.AlignmentFlag.AlignCenter)
        result.setAccessibleName(self.tr("The picture"))
        image = reader.read()
        if not image.isNull():
            result.setPixmap(_fitted(QPixmap.fromImage(image), _PICTURE, self.devicePixelRatioF()))
        return result

    def _add_choice(self, column: QVBoxLayout, take: Take, text: str, hint: str) -> None:
        button = QRadioButton(text)
        button.setAccessibleDescription(hint)
        button.setToolTip(self.tr("Key {n}").format(n=len(self.choices) + 1))
        self._takes.addButton(button)
        self.choices[take] = button
        column.addWidget(button)
        words = label(hint, "hint")
        words.setIndent(23)
        column.addWidget(words)

    def _group_row(self, choice: PhotoChoice, locked: frozenset[str]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(22, 2, 0, 0)
        row.setSpacing(14)
        names = {
            "identity": self.tr("Identity"),
            "expression": self.tr("Expression"),
            "pose": self.tr("Pose"),
            "light": self.tr("Light"),
        }
        for group in GROUPS:
            box = QCheckBox(names[group])
            box.setChecked(group in choice.groups and group not in locked)
            box.setEnabled(group not in locked)
            if group in locked:
                box.setToolTip(self.tr("This group is locked. Unlock it in its panel to change it."))
            box.clicked.connect(lambda: self.choices[Take.HEAD].setChecked(True))
            box.toggled.connect(self._refresh)
            self.groups[group] = box
            row.addWidget(box)
        row.addStretch(1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.take_button = QPushButton(self.tr("Apply"))
        self.take_button.setDefault(True)
        self.take_button.clicked.connect(self.accept)
        row.addWidget(cancel)
        row.addWidget(self.take_button)
        return row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = event.key() - Qt.Key.Key_1
        if 0 <= number < len(self.choices):
            button = list(self.choices.values())[number]
            button.setChecked(True)
            button.setFocus()
        else:
            super().keyPressEvent(event)

    @property
    def choice(self) -> PhotoChoice:
        """The answer as it stands."""
        take = next(take for take, button in self.choices.items() if button.isChecked())
        return PhotoChoice(take, tuple(group for group, box in self.groups.items() if box.isChecked()))

    def _refresh(self) -> None:
        if any(button.isChecked() for button in self.choices.values()):
            choice = self.choice
            self.take_button.setEnabled(choice.take is not Take.HEAD or bool(choice.groups))


class RebuildCard(QFrame):
    """Progress of a reconstruction: preview, bar and stop button.

    It lies in the lower right corner of its parent, and shows itself with the first picture that comes.
    """

    def __init__(self, heads: HeadController, parent: QWidget) -> None:
        super().__init__(parent)
        self._heads = heads
        self._canvas = parent
        self._working = False
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Reconstructing a photo"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(label(self.tr("Reconstructing"), "sectionTitle"))
        self.picture = QLabel()
        self.picture.setFixedSize(_CARD, _CARD)
        self.picture.setAccessibleName(self.tr("Preview"))
        column.addWidget(self.picture)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(self.tr("Progress"))
        column.addWidget(self.bar)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(heads.cancel_work)
        column.addWidget(self.stop)
        self.hide()
        parent.installEventFilter(self)
        heads.work_started.connect(self._begin)
        heads.work_progress.connect(lambda fraction: self.bar.setValue(round(fraction * 100)))
        heads.work_preview_ready.connect(self._show)
        heads.work_ended.connect(self._end)

    def _begin(self) -> None:
        self._working = True
        self.bar.setValue(0)

    def _end(self) -> None:
        self._working = False
        self.hide()

    def _show(self, pixels: npt.NDArray[np.uint8]) -> None:
        if not self._working:
            return  # a picture of some other work
        picture = QPixmap.fromImage(to_qimage(pixels))
        self.picture.setPixmap(_fitted(picture, _CARD, self.devicePixelRatioF()))
        if not self.isVisible():
            self.show()
            self.raise_()
            self._place()

    def _place(self) -> None:
        self.adjustSize()
        parent = self._canvas
        self.move(parent.width() - self.width() - 14, parent.height() - self.height() - 14)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False


class PhotoDrop(QObject):
    """Asks what to use from a photo and applies it.

    Args:
        styles, heads: take it.
        canvas: the sheet opens over its window, the card lies on it.
    """

    def __init__(self, styles: StyleController, heads: HeadController, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._styles = styles
        self._heads = heads
        self._canvas = canvas
        self.sheet: PhotoSheet | None = None
        self.card = RebuildCard(heads, canvas)

    def offer(self, path: Path) -> None:
        """Ask what to use from a photo; returns at once, the answer is applied when it comes."""
        if self.sheet is not None:
            self.sheet.reject()  # the newer picture counts
        locked = frozenset(group for group in GROUPS if self._heads.locked(group))
        sheet = PhotoSheet(path, PhotoChoice.remembered(), locked, self._canvas.window())
        self.sheet = sheet
        sheet.accepted.connect(lambda: self.take(path, sheet.choice))
        sheet.finished.connect(lambda: self._forget(sheet))
        sheet.open()

    def _forget(self, sheet: PhotoSheet) -> None:
        if self.sheet is sheet:
            self.sheet = None
        sheet.deleteLater()
        self._canvas.setFocus()

    def take(self, path: Path, choice: PhotoChoice) -> None:
        """Apply a choice in the background and remember it."""
        choice.remember()
        if choice.take is Take.STYLE:
            self._styles.from_photo(path)
        elif choice.take is Take.HEAD:
            self._heads.from_photo(path, choice.groups)
        else:
            self._heads.embed_photo(path)


def _fitted(picture: QPixmap, side: int, ratio: float) -> QPixmap:
    """A picture inside of a square of device-independent pixels."""
    pixels = round(side * ratio)
    scaled = picture.scaled(
        pixels, pixels, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    scaled.setDevicePixelRatio(ratio)
    return scaled
