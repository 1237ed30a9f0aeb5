"""Pinned styles: kept for all portraits, one small file each.

``styles/<key>.json`` of the state folder: ``{"format": 1, "label": "Auburn", "order": 3, "style": "<base64>"}``, the
numbers as of `portrait.face_parts.pack_style`.
"""

import base64
import binascii
import json
from pathlib import Path

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.fileio import read_regular, set_aside
from faceeditor.images import write_atomic
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.paths import state_dir
from faceeditor.portrait.face_parts import MAX_LABEL, STYLE_BYTES, DamagedPartError, pack_style, unpack_styles
from faceeditor.portrait.style import StyleCode

FORMAT = 1
"""Version of the files."""
MAX_PINNED = 48
"""Styles that can be pinned."""
_MAX_BYTES = 2 * STYLE_BYTES + 16 * MAX_LABEL


def library_folder() -> Path:
    """Where pinned styles are kept (may not exist yet)."""
    return state_dir() / "styles"


def pinned_styles() -> tuple[StyleCode, ...]:
    """The pinned styles in the order in which they were pinned; files that cannot be read are set aside."""
    found = [entry for path in _files() if (entry := _read(path)) is not None]
    return tuple(style for _, style in sorted(found, key=lambda entry: entry[0])[:MAX_PINNED])


def pin_style(style: StyleCode) -> None:
    """Keep a style for all portraits, in place of one with the same numbers.

    Raises:
        PortraitError: there are too many, or it cannot be written.
    """
    known = {path.stem: _read(path) for path in _files()}
    before = known.get(style.key)
    if before is None and len(known) >= MAX_PINNED:
        raise PortraitError(f"At most {MAX_PINNED} styles can be pinned; unpin one of them first.")
    last = max((entry[0] for entry in known.values() if entry is not None), default=0)
    data = {
        "format": FORMAT,
        "label": style.label[:MAX_LABEL],
        "order": last + 1 if before is None else before[0],
        "style": base64.b64encode(pack_style(style)).decode("ascii"),
    }
    try:
        library_folder().mkdir(parents=True, exist_ok=True)
        write_atomic(_path(style), (json.dumps(data, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    except FaceEditorError as error:
        raise PortraitError(str(error)) from error
    except OSError as error:
        raise PortraitError(f"The style cannot be pinned ({error.strerror or error}); free its place.") from error


def unpin_style(style: StyleCode) -> None:
    """Keep a style for its own portrait only; nothing if it is not pinned.

    Raises:
        PortraitError: its file cannot be removed.
    """
    try:
        _path(style).unlink(missing_ok=True)
    except OSError as error:
        raise PortraitError(f"“{style.label}” cannot be unpinned ({error.strerror or error}).") from error


def _path(style: StyleCode) -> Path:
    return library_folder() / f"{style.key}.json"


def _files() -> list[Path]:
    folder = library_folder()
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _read(path: Path) -> tuple[int, StyleCode] | None:
    """Order and style of a file; None if it is none."""
    try:
        data = read_json_object(read_regular(path, _MAX_BYTES), _MAX_BYTES)
        number, label, order, code = (data.get(name) for name in ("format", "label", "order", "style"))
        if isinstance(number, int) and number > FORMAT:
            return None  # of a newer version, which reads it again
        if not isinstance(label, str) or not isinstance(order, int) or not isinstance(code, str):
            raise JsonError("it is no style")
        (style,) = unpack_styles(path.name, base64.b64decode(code, validate=True), [{"label": label}])
    except OSError:
        return None
    except (JsonError, DamagedPartError, binascii.Error, ValueError) as error:
        set_aside(path, str(error))
        return None
    return order, style
