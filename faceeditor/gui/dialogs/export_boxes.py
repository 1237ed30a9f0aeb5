"""The boxes for size and format that every dialog of export has."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QComboBox

from faceeditor.engine.requests import FINE


def size_box(sizes: Sequence[int]) -> QComboBox:
    """A choice of the side in pixels, which is the data of each item.

    Args:
        sizes: sides in pixels; those beyond what the network draws are marked as enlarged.
    """
    box = QComboBox()
    for size in sizes:
        note = "" if size <= FINE else QCoreApplication.translate("ExportBoxes", " (enlarged)")
        box.addItem(f"{size} x {size}{note}", size)
    return box


def format_box(formats: Sequence[tuple[str, str]]) -> QComboBox:
    """A choice of the file format; the data of each item is its suffix.

    Args:
        formats: (name, suffix with its dot).
    """
    box = QComboBox()
    for name, suffix in formats:
        box.addItem(name, suffix)
    return box
