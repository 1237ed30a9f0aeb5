"""The dialog that asks what to use from a photo, and of which face in it."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.controllers.file_jobs import PhotoPreview
from faceeditor.gui.settings import settings
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import AnswerRow
from faceeditor.gui.widgets.face_picker import FacePicker
from faceeditor.portrait.head import GROUPS

_PICTURE = 220


class Take(Enum):
    """What is taken from a picture."""

    EDIT = "edit"
    STYLE = "style"
    HEAD = "head"
    PERSON = "person"


@dataclass(frozen=True)
class PhotoChoice:
    """An answer: what to take, which groups of the head if it is the head, and of which face, the largest first."""

    take: Take = Take.EDIT
    groups: tuple[str, ...] = field(default=("expression", "pose", "light"))
    face: int = 0

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
    """Asks what to use from a photo; 1 to 4 choose, Enter applies, Esc cancels.

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
        self.problem = ""
        self.picker = FacePicker(_PICTURE)
        self.picker.show_text(self.tr("Loading ..."))
        self._faces_hint = label("", "hint")
        self._faces_hint.setWordWrap(True)
        self._faces_hint.setFixedWidth(_PICTURE)
        self._faces_hint.hide()
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.picker)
        left.addWidget(self._faces_hint)
        left.addStretch(1)
        outer.addLayout(left)
        column = QVBoxLayout()
        column.setSpacing(4)
        title = label(self.tr("Use from this photo"), "dialogTitle")
        column.addWidget(title)
        name = label("", "hint")
        name.setText(name.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, 380))
        name.setToolTip(str(path))
        column.addWidget(name)
        column.addSpacing(10)
        self._takes = QButtonGroup(self)
        self.choices: dict[Take, QRadioButton] = {}
        self.groups: dict[str, QCheckBox] = {}
        texts = {
            Take.EDIT: (
                self.tr("Edit this photograph"),
                self.tr("Opens it at its own size; what you do not touch stays as it is"),
            ),
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
        buttons = AnswerRow(self.tr("Apply"), self.accept, self.reject)
        self.take_button = buttons.confirm
        column.addLayout(buttons)
        outer.addLayout(column, 1)
        self.choices[choice.take].setChecked(True)
        self.choices[choice.take].setFocus()
        self._takes.buttonClicked.connect(self._refresh)
        self._takes.buttonToggled.connect(self._refresh)
        self._refresh()

    def show_preview(self, preview: PhotoPreview) -> None:
        """Show the photo, and its faces if there are several."""
        self.picker.show_picture(preview.pixels, preview.faces)
        several = len(preview.faces) > 1
        self._faces_hint.setText(self.tr("{n} faces: click the one to use").format(n=len(preview.faces)))
        self._faces_hint.setVisible(several)
        if not preview.faces:
            self.show_problem(self.tr("No face was found in this photo."))
        self._refresh()

    def show_problem(self, sentence: str) -> None:
        """Say why nothing of the photo can be used."""
        self.problem = sentence
        self.picker.show_text("" if self.picker.faces else self.tr("No preview"))
        self._faces_hint.setText(sentence)
        self._faces_hint.show()
        self._refresh()

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
        groups = tuple(group for group, box in self.groups.items() if box.isChecked())
        return PhotoChoice(take, groups, self.picker.face)

    def _refresh(self) -> None:
        if any(button.isChecked() for button in self.choices.values()):
            choice = self.choice
            complete = choice.take is not Take.HEAD or bool(choice.groups)
            self.take_button.setEnabled(complete and not self.problem)
