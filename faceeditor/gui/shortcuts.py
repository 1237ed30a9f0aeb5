"""Shortcuts of the commands: those of the table, and the user's own, which are kept in the settings.

A shortcut is one combination of keys in Qt's portable text, such as "Ctrl+Shift+S".
"""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence

from faceeditor.gui.actions import commands
from faceeditor.gui.settings import MAX_KEYS, settings

Keys = dict[str, tuple[str, ...]]
"""Shortcuts by the name of their command, the first one shown in menus."""

_PORTABLE = QKeySequence.SequenceFormat.PortableText


def default_keys() -> Keys:
    """The shortcuts of the table of commands."""
    return {command.name: tuple(map(normal, command.keys)) for command in commands()}


def present_keys() -> Keys:
    """The default shortcuts, replaced by the user's own where there are some."""
    keys = default_keys()
    for name, kept in settings().value("shortcuts").items():
        if name in keys:
            keys[name] = tuple(key for key in map(normal, kept) if key)
    return keys


def keep_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Keep in the settings what differs from the defaults."""
    defaults = default_keys()
    own = {name: list(each[:MAX_KEYS]) for name, each in keys.items() if each != defaults[name]}
    settings().setValue("shortcuts", own)


def normal(text: str) -> str:
    """The one way to write a combination of keys; empty for anything else."""
    sequence = QKeySequence.fromString(text, _PORTABLE)
    return sequence.toString(_PORTABLE) if sequence.count() == 1 else ""


def taken_by(keys: Mapping[str, tuple[str, ...]], name: str, key: str) -> str | None:
    """The name of another command than `name` that has a shortcut already."""
    return next((other for other, each in keys.items() if other != name and key in each), None)


def obstacle(key: str) -> str:
    """Why a combination of keys can belong to no command, as a sentence; empty if it can."""
    reserved = _reserved()
    if key not in reserved:
        return ""
    sentence = QCoreApplication.translate("Shortcuts", "“{key}” {use}; choose another key.")
    return sentence.format(key=key, use=reserved[key])


def _reserved() -> dict[str, str]:
    """Keys that canvas and fields use themselves."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Shortcuts", text)

    uses = {
        "Space": tr("moves the picture while it is held"),
        "Esc": tr("cancels a stroke and closes dialogs"),
        "Tab": tr("hides and shows the panels"),
        "Shift+Tab": tr("moves the keyboard focus back"),
        "Return": tr("activates what has the keyboard focus"),
        "Enter": tr("activates what has the keyboard focus"),
        "\\": tr("shows the original photograph while it is held"),
    }
    uses |= {str(digit): tr("selects a region") for digit in range(10)}
    uses |= {arrow: tr("moves through lists and sliders") for arrow in ("Left", "Right", "Up", "Down")}
    return uses
