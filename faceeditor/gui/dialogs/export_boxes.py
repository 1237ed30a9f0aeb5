"""The boxes that dialogs of export share: size, format, transparent background."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox

from faceeditor.engine.requests import FINE
from faceeditor.export.credentials import why_not
from faceeditor.export.formats import FORMATS, Format, format_of


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


def picture_format_box(own: str = "") -> QComboBox:
    """A choice of the format of a picture; the data of each item is its suffix.

    Args:
        own: kind of the photograph's own format, which is marked.
    """
    names = []
    for each in FORMATS:
        name = each.name
        if each.layered:
            name = QCoreApplication.translate("ExportBoxes", "{name} (with layers)").format(name=name)
        elif each.kind == own:
            name = QCoreApplication.translate("ExportBoxes", "{name} (as the photograph)").format(name=name)
        names.append((name, each.suffix))
    return format_box(names)


def chosen_format(box: QComboBox) -> Format:
    """What is chosen in a `picture_format_box`."""
    return format_of(f"picture{box.currentData()}", layered=True)


def allow_layers(box: QComboBox, on: bool) -> None:
    """Make formats with layers possible or not; PNG takes the place of one that is chosen and no longer possible."""
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    for index, each in enumerate(FORMATS):
        model.item(index).setEnabled(on or not each.layered)
    if not on and chosen_format(box).layered:
        box.setCurrentIndex(0)


def transparency_box() -> QCheckBox:
    """A switch that leaves the background out."""
    box = QCheckBox(QCoreApplication.translate("ExportBoxes", "Transparent background"))
    box.setToolTip(QCoreApplication.translate("ExportBoxes", "The person alone, with soft outlines; not in JPEG"))
    return box


def sign_box() -> QCheckBox:
    """A switch that adds signed content credentials."""
    return QCheckBox(QCoreApplication.translate("ExportBoxes", "Sign (content credentials)"))


def offer_signing(box: QCheckBox, kind: str) -> None:
    """Offer a `sign_box` for a format, or say in its tool tip why that cannot be signed."""
    reason = why_not(kind)
    box.setEnabled(not reason)
    offer = QCoreApplication.translate(
        "ExportBoxes",
        "C2PA: adds a signed list of what was done. The key was made on this computer and stays here;\n"
        "it shows that pictures come from the same one. Nothing is sent.",
    )
    box.setToolTip(reason or offer)
