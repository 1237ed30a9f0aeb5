"""The preferences: what the program remembers, and its shortcuts."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.actions import Actions
from faceeditor.gui.dialogs import export_dialog
from faceeditor.gui.dialogs.export_boxes import offer_signing, picture_format_box, sign_box, size_box
from faceeditor.gui.dialogs.shortcuts_page import ShortcutsPage
from faceeditor.gui.settings import forget_files, recent_files, settings
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.form import add_row, form_layout
from faceeditor.paths import state_dir


class PreferencesDialog(QDialog):
    """Every change holds at once; there is nothing to confirm.

    Args:
        actions: the window's commands.
        reset_panels: puts the panels back where they were at first.
    """

    def __init__(self, actions: Actions, reset_panels: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preferences"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(14)
        column.addWidget(label(self.tr("Preferences"), "dialogTitle"))
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setDrawBase(False)
        self.pages.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.general = GeneralPage(actions, reset_panels)
        self.shortcuts = ShortcutsPage(actions)
        for page, title in ((self.general, self.tr("General")), (self.shortcuts, self.tr("Shortcuts"))):
            frame = QWidget()
            inner = QVBoxLayout(frame)
            inner.setContentsMargins(0, 14, 0, 0)
            inner.addWidget(page)
            self.pages.addTab(frame, title)
        column.addWidget(self.pages, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        column.addWidget(buttons)
        self.setMinimumWidth(600)

    def show_shortcuts(self) -> None:
        """Turn to the table of shortcuts."""
        self.pages.setCurrentIndex(1)
        self.shortcuts.search.setFocus(Qt.FocusReason.TabFocusReason)


class GeneralPage(QWidget):
    """What dialogs propose, and what is remembered."""

    def __init__(self, actions: Actions, reset_panels: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self._form = form_layout()
        column.addLayout(self._form)
        self._title(self.tr("Canvas"))
        self.smooth_outlines = self._command(actions["smooth_outlines"])
        self._title(self.tr("Exported pictures"))
        self.side = size_box(export_dialog.SIZES)
        self._choice(self.tr("Size"), self.side, "export/size")
        self.format = picture_format_box()
        self._choice(self.tr("Format"), self.format, "export/format")
        self.quality = self._quality("export/quality")
        self._title(self.tr("Exported photographs"))
        self.photo_format = picture_format_box()
        self.photo_format.insertItem(0, self.tr("As the photograph"), "")
        self._choice(self.tr("Format"), self.photo_format, "export/photo_format")
        self.photo_quality = self._quality("export/photo_quality")
        position = QCheckBox(self.tr("Remove the place where a photograph was taken (GPS)"))
        self.remove_position = self._switch(position, "export/photo_remove_position")
        self._title(self.tr("All exports"))
        self.sign = self._switch(sign_box(), "export/sign")
        offer_signing(self.sign, "png")
        self._title(self.tr("Window"))
        self.forget = self._button(self.tr("Recent files"), self.tr("Clear the list"), self._forget)
        self.forget.setEnabled(bool(recent_files()))
        self.reset_panels = self._button(self.tr("Panels"), self.tr("Reset panels"), reset_panels)
        column.addStretch(1)
        hint = label(self.tr("Settings are kept in {folder}.").format(folder=state_dir()), "hint")
        hint.setWordWrap(True)
        hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(hint)

    def _title(self, text: str) -> None:
        title = label(text, "panelTitle")
        title.setContentsMargins(0, 8 if self._form.rowCount() else 0, 0, 0)
        self._form.addRow(title)

    def _choice(self, name: str, box: QComboBox, setting: str) -> None:
        """A choice whose data is a setting."""
        box.setCurrentIndex(max(0, box.findData(settings().value(setting))))
        box.currentIndexChanged.connect(lambda: settings().setValue(setting, box.currentData()))
        add_row(self._form, name, box)

    def _switch(self, box: QCheckBox, setting: str) -> QCheckBox:
        """A switch that is a setting."""
        box.setChecked(bool(settings().value(setting)))
        box.toggled.connect(lambda on: settings().setValue(setting, on))
        self._form.addRow(box)
        return box

    def _command(self, action: QAction) -> QCheckBox:
        """A switch that is in a menu, too."""
        box = QCheckBox(action.text().replace("&", ""))
        box.setChecked(action.isChecked())
        box.toggled.connect(action.setChecked)
        action.toggled.connect(box.setChecked)
        self._form.addRow(box)
        return box

    def _quality(self, setting: str) -> QSlider:
        row = QHBoxLayout()
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(50, 100)
        slider.setAccessibleName(self.tr("Quality"))
        slider.setValue(round(settings().value(setting)))
        value = label(str(slider.value()), "value")
        value.setMinimumWidth(28)
        slider.valueChanged.connect(lambda quality: value.setText(str(quality)))
        slider.valueChanged.connect(lambda quality: settings().setValue(setting, quality))
        row.addWidget(slider, 1)
        row.addWidget(value)
        add_row(self._form, self.tr("Quality"), row)
        return slider

    def _button(self, name: str, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.setAutoDefault(False)
        button.setAccessibleName(f"{name}: {text}")
        button.clicked.connect(bound(act))
        add_row(self._form, name, button)
        return button

    def _forget(self) -> None:
        forget_files()
        self.forget.setEnabled(False)
