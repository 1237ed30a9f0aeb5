"""The boxes for size and format that every dialog of export has."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QComboBox


def size_box(sizes: Sequence[int]) -> QComboBox:
    """A choice of the side in pixels, which is the data of each item.

    Args:
        sizes: sides in pixels, first the one at which faces are drawn; the others are marked as upscaled.
    """
    box = QComboBox()
    for size in sizes:
        note = "" if size == sizes[0] else QCoreApplication.translate("ExportBoxes", " (upscaled)")
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
