"""Where the program finds what it carries, and where it keeps what it writes."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from faceeditor.fileio import report

_PACKAGE = Path(__file__).resolve().parent


def _carried(name: str) -> Path:
    # A wheel brings its data along; what lies beside an installed package may be anybody's.
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def _created(override: str | None, place: str) -> Path:
    if override:
        folder = Path(override)
    else:
        # Imported here: training also runs on machines that have no platformdirs.
        import platformdirs

        folder = Path(getattr(platformdirs, place)("faceeditor", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _replaced(folder, error.strerror or str(error))
    if not os.access(folder, os.W_OK | os.X_OK):
        return _replaced(folder, "it is write-protected")
    return folder


_replacements: dict[Path, Path] = {}


def _replaced(folder: Path, why: str) -> Path:
    """A private temporary folder in place of one that cannot be used; it is removed as the program ends."""
    if folder not in _replacements:
        made = Path(tempfile.mkdtemp(prefix="faceeditor-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        _replacements[folder] = made
        report(
            f"The folder “{folder}” cannot be used ({why}), so settings and snapshots of unsaved work are not kept; "
            "save your portraits yourself."
        )
    return _replacements[folder]


def models_dir() -> Path:
    """Folder of the model packs; the environment variable FACEEDITOR_MODELS overrides the carried one."""
    override = os.environ.get("FACEEDITOR_MODELS")
    return Path(override) if override else _carried("models")


def resources_dir() -> Path:
    """Folder of icons, sample masks and presets."""
    return _carried("resources")


def generators_dir() -> Path:
    """Folder of imported generators (created); FACEEDITOR_GENERATORS overrides the platform's place."""
    override = os.environ.get("FACEEDITOR_GENERATORS")
    if override:
        return _created(override, "user_data_path")
    folder = _created(None, "user_data_path") / "generators"
    folder.mkdir(exist_ok=True)
    return folder


def state_dir() -> Path:
    """Folder for autosaves, logs and settings (created); FACEEDITOR_STATE overrides the platform's place."""
    override = os.environ.get("FACEEDITOR_STATE")
    return _created(override, "user_state_path")


def state_folder(name: str) -> Path:
    """A folder inside the state folder (created); a temporary one where that cannot be."""
    folder = state_dir() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _replaced(folder, error.strerror or str(error))
    return folder


def cache_dir() -> Path:
    """Folder for what can be computed again, as the device choice (created); FACEEDITOR_CACHE overrides it."""
    override = os.environ.get("FACEEDITOR_CACHE")
    return _created(override, "user_cache_path")
