"""What the window remembers between two starts: geometry, view options, recent files, the last answers in dialogs.

One JSON file, `settings.json` in the state folder, read with bounds and checked value by value against `SCHEMA`;
nothing in it is executed. A damaged file is set aside, a value that does not fit is replaced by its default.
"""

import base64
import binascii
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceeditor.errors import FaceEditorError
from faceeditor.fileio import read_regular, set_aside
from faceeditor.images import write_atomic
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.paths import state_dir

_log = logging.getLogger(__name__)

RECENT_FILES = 10
FORMAT = 1
_FILE = "settings.json"
_MAX_TEXT = 4096
_MAX_BLOB = 1 << 16
MAX_KEYS = 2
"""Most shortcuts of one command."""
_MAX_COMMANDS, _MAX_KEY = 500, 64


@dataclass(frozen=True)
class Setting:
    """A value that is remembered.

    Attributes:
        default: what holds until something else is set.
        check: whether a value is of the right kind and in range.
    """

    default: Any
    check: Callable[[Any], bool]


def text(default: str = "") -> Setting:
    """A setting that is a short text."""
    return Setting(default, lambda value: isinstance(value, str) and len(value) <= _MAX_TEXT)


def texts(count: int) -> Setting:
    """A setting that is a list of at most so many short texts."""
    return Setting(
        [],
        lambda value: (
            isinstance(value, list)
            and len(value) <= count
            and all(isinstance(each, str) and len(each) <= _MAX_TEXT for each in value)
        ),
    )


def flag(default: bool = False) -> Setting:
    """A setting that is on or off."""
    return Setting(default, lambda value: isinstance(value, bool))


def number(default: float, low: float, high: float) -> Setting:
    """A setting that is a number within limits."""

    def check(value: Any) -> bool:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return plain and math.isfinite(value) and low <= value <= high

    return Setting(default, check)


def shortcuts() -> Setting:
    """A setting that gives commands, by name, their shortcuts."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and len(value) <= _MAX_COMMANDS
            and all(isinstance(name, str) and texts(MAX_KEYS).check(keys) for name, keys in value.items())
            and all(len(text) <= _MAX_KEY for name, keys in value.items() for text in (name, *keys))
        )

    return Setting({}, check)


def blob() -> Setting:
    """A setting that is a block of bytes (kept as base64), as the geometry of a window."""
    return Setting(b"", lambda value: isinstance(value, bytes) and len(value) <= _MAX_BLOB)


SCHEMA: dict[str, Setting] = {
    "recent": texts(RECENT_FILES),
    "folder": text(),
    "geometry": blob(),
    "panels": blob(),
    "view/mode": text(),
    "view/smooth_outlines": flag(True),
    "brush/stabiliser": number(0, 0, 1),
    "reference/picture": text(),
    "shortcuts": shortcuts(),
    "photo/take": text(),
    "photo/groups": text(),
    "export/what": text(),
    "export/size": number(512, 0, 1 << 14),
    "export/format": text(),
    "export/quality": number(95, 1, 100),
    "export/transparent": flag(),
    "export/sign": flag(),
    "export/photo_format": text(),
    "export/photo_size": text(),
    "export/photo_quality": number(95, 1, 100),
    "export/photo_remove_position": flag(),
    "presets/pinned": texts(100),
    "export/photo_bits": number(0, 0, 16),
    "export/photo_srgb": flag(),
    "export/photo_transparent": flag(),
}
"""Every value that is kept, by name. New ones are added here."""


class Settings:
    """The values of the settings file.

    Every reading looks at the file, every change reads and writes it whole, so that two windows do not undo each
    other's changes. Where the file cannot be written, values are kept until the program ends.
    """

    _unwritten: dict[str, Any] = {}  # noqa: RUF012 - one for the process

    def __init__(self, file: Path) -> None:
        self._file = file

    def value(self, name: str, default: Any = None) -> Any:
        """A value, or the default (by default that of the schema) where none is kept.

        Raises:
            KeyError: the schema has no such value.
        """
        setting = SCHEMA[name]
        kept = self._kept()
        if name in kept:
            return kept[name]
        return setting.default if default is None else default

    def setValue(self, name: str, value: Any) -> None:
        """Keep a value.

        Raises:
            KeyError: the schema has no such value.
            ValueError: the value does not fit the schema.
        """
        if not SCHEMA[name].check(value):
            raise ValueError(f"{value!r} cannot be kept as {name}")
        values = {**self._kept(), name: value}
        Settings._unwritten[name] = value
        coded = {each: _coded(values[each]) for each in sorted(values)}
        content = json.dumps({"format": FORMAT, "values": coded}, indent=1, ensure_ascii=True) + "\n"
        try:
            write_atomic(self._file, content.encode("ascii"))
        except FaceEditorError as error:
            _log.warning("settings are kept until the program ends only: %s", error)
        else:
            Settings._unwritten.clear()

    def _kept(self) -> dict[str, Any]:
        """The sound values of the file, and those that could not be written to it."""
        return {**_read(self._file), **Settings._unwritten}


def settings() -> Settings:
    """The settings in the state folder."""
    return Settings(state_dir() / _FILE)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = read_regular(file, MAX_FILE)
    except OSError:
        return {}
    try:
        values = read_json_object(content, MAX_FILE).get("values")
        if not isinstance(values, dict):
            raise JsonError("it holds no values")
    except JsonError as error:
        set_aside(file, str(error))
        return {}
    found = {}
    for name, value in values.items():
        setting = SCHEMA.get(name)
        if setting is None:
            continue  # of another version
        decoded = _decoded(value) if isinstance(setting.default, bytes) else value
        if setting.check(decoded):
            found[name] = decoded
        else:
            _log.warning("the setting %s does not fit and was replaced by its default", name)
    return found


MAX_FILE = 1 << 20
"""Largest settings file that is read, in bytes."""


def _coded(value: Any) -> Any:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (ValueError, binascii.Error):
        return None


def recent_files() -> list[Path]:
    """Files opened or saved lately that still exist, newest first."""
    return [path for path in map(Path, settings().value("recent")) if _is_file(path)]


def remember_file(path: Path) -> None:
    """Put a file at the head of the recent ones."""
    path = path.absolute()
    names = [str(path), *(str(known) for known in recent_files() if known != path)]
    if len(str(path)) <= _MAX_TEXT and _is_unicode(str(path)):
        settings().setValue("recent", [name for name in names if _is_unicode(name)][:RECENT_FILES])


def forget_files() -> None:
    """Empty the list of recent files."""
    settings().setValue("recent", [])


def last_folder() -> str:
    """The folder that the last file dialog ended in, or the home folder."""
    folder = str(settings().value("folder"))
    try:
        return folder if folder and Path(folder).is_dir() else str(Path.home())
    except (OSError, RuntimeError, ValueError):
        return str(Path.cwd())


def remember_folder(path: Path) -> None:
    """Begin the next file dialog in this file's folder."""
    folder = str(path.absolute().parent)
    if len(folder) <= _MAX_TEXT and _is_unicode(folder):
        settings().setValue("folder", folder)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_unicode(name: str) -> bool:
    """Whether a file name can be written as text; names of other encodings hold half surrogate pairs."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
