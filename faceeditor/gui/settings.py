"""What the window remembers between two starts: geometry, view options, recent files."""

from pathlib import Path

from PySide6.QtCore import QSettings

from faceeditor.paths import state_dir

RECENT_FILES = 10


def settings() -> QSettings:
    """The settings file in the state folder."""
    return QSettings(str(state_dir() / "window.ini"), QSettings.Format.IniFormat)


def recent_files() -> list[Path]:
    """Files opened or saved lately that still exist, newest first."""
    value = settings().value("recent", [])
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [path for path in (Path(str(name)) for name in names) if path.is_file()]


def remember_file(path: Path) -> None:
    """Put a file at the head of the recent ones."""
    path = path.resolve()
    files = [path, *(known for known in recent_files() if known != path)][:RECENT_FILES]
    settings().setValue("recent", [str(known) for known in files])


def forget_files() -> None:
    """Empty the list of recent files."""
    settings().setValue("recent", [])


def last_folder() -> str:
    """The folder that the last file dialog ended in, or the home folder."""
    folder = str(settings().value("folder", ""))
    return folder if folder and Path(folder).is_dir() else str(Path.home())


def remember_folder(path: Path) -> None:
    """Begin the next file dialog in this file's folder."""
    settings().setValue("folder", str(path.resolve().parent))
