"""Rows of a form whose labels stand in the middle of their fields."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QLayout, QWidget


def form_layout(parent: QWidget | None = None) -> QFormLayout:
    """A form with labels at the left; rows are added by `add_row`."""
    form = QFormLayout(parent) if parent is not None else QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(10)
    return form


def add_row(form: QFormLayout, text: str, field: QWidget | QLayout) -> QLabel:
    """Append a field with a label in front of it; returns the label.

    `QFormLayout` puts a label at the top of its row; the label is made as high as the field, so that their texts lie on
    one line.
    """
    name = QLabel(text)
    name.setMinimumHeight(field.sizeHint().height())
    if isinstance(field, QWidget):
        name.setBuddy(field)
        if not field.accessibleName():
            field.setAccessibleName(text)
    form.addRow(name, field)
    return name
