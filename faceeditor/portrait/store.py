"""The portrait file, ``.fep``: a zip of plain JSON, PNG pictures and raw numbers. Nothing in it is executed.

Format version 3:

- ``portrait.json``: ``{"format": 3, "application": "Face Editor", "version": ..., "active": 0, "photo": null or
  {"name": ..., "sha256": ..., "bytes": ..., "beside": false}, "faces": [...], "recent_styles": [{"label": ...}, ...]}``
- ``photo``: the bytes of the source photograph's file exactly as they were, where there is one. Autosave keeps them
  beside the snapshot instead (``"beside": true``), in a file that is named by their digest and written once
- ``face0/mask.png``, ``face0/style.f32``, ...: the parts of the faces, see `portrait.face_parts`
- ``recent.f32``: the recent styles, one after the other
- ``history.json``, ``history.f32``, ``history.masks``, ``history.pictures``: the steps, see `portrait.history_file`;
  not in a snapshot of the autosave
- ``preview.png``: the face as last seen, optional
- ``board.safetensors``: the board of the same person (`identity.board_store`), optional; the store only carries it

Versions 1 (without heads) and 2 (one face: ``mask.png``, ``style.f32``, heads in ``portrait.json``) are read as well.
A damaged head or a missing photograph does not cost the picture: the portrait opens without it, with a note.
"""

import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceeditor import __version__
from faceeditor.errors import FaceEditorError, ImageError, PortraitError
from faceeditor.fileio import open_regular
from faceeditor.images import decode_bytes, write_atomic
from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE, DIGITAL_SOURCE_TYPE, marked_png
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.portrait import history_file
from faceeditor.portrait.adjustments import MAX_ADJUSTMENTS
from faceeditor.portrait.document import MAX_RECENT_STYLES, Portrait, Snapshot
from faceeditor.portrait.face_parts import (
    LIMITS,
    MAX_LABEL,
    STYLE_BYTES,
    DamagedPartError,
    Members,
    face_members,
    pack_style,
    read_face,
    read_old_face,
    unpack_styles,
)
from faceeditor.portrait.history import History
from faceeditor.portrait.history_file import history_members, read_history
from faceeditor.portrait.state import MAX_FACES, MAX_PHOTO_BYTES, Photo, PortraitState

FORMAT = 3
"""Version of the portrait file that this program writes; it reads this one and older ones."""
SUFFIX = ".fep"
"""How a portrait file's name ends."""
PREVIEW_SIZE = 256
"""Largest side of the preview in pixels."""

BOARD = "board.safetensors"
"""Member of the board."""

_JSON_LIMIT = 1 << 20
# Largest unpacked sizes that are read, so that a crafted file cannot fill the memory.
_LIMITS = {
    "portrait.json": _JSON_LIMIT,
    "recent.f32": STYLE_BYTES * MAX_RECENT_STYLES,
    "preview.png": 16 << 20,
    BOARD: 64 << 20,
    "photo": MAX_PHOTO_BYTES,
    **history_file.LIMITS,
}
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)
_STORED = (".png", ".masks", ".pictures", "photo")  # compressed already


def save(portrait: Portrait, path: str | Path, preview: npt.NDArray[np.uint8] | None = None) -> None:
    """Write a portrait whole or not at all, and mark it saved under that path.

    Args:
        portrait: what to save, with its history.
        path: the file to make or replace.
        preview: (H, W, 3) uint8 sRGB, the face as last seen, or None.

    Raises:
        PortraitError: it cannot be written; a file that was there stays, and the portrait stays unsaved.
    """
    path = Path(path)
    write_snapshot(portrait.snapshot(), path, preview, history=portrait.history)
    portrait.mark_saved(path)


def write_snapshot(
    snapshot: Snapshot,
    path: str | Path,
    preview: npt.NDArray[np.uint8] | None = None,
    photo_beside: bool = False,
    history: History | None = None,
) -> None:
    """Write a snapshot; may be called on any thread. Arguments and errors as in ``save``.

    Args:
        snapshot: what to write.
        path: the file to make or replace.
        preview: as in ``save``.
        photo_beside: keep the photograph in a file of its own beside ``path`` (`photo_file`), which is written only if
            it is not there yet.
        history: the steps that led to the snapshot, or None.
    """
    path, state = Path(path), snapshot.state
    photo = state.photo
    members: Members = {}
    faces = [face_members(face, f"face{index}/", members) for index, face in enumerate(state.faces)]
    description = {
        "format": FORMAT,
        "application": "Face Editor",
        "version": __version__,
        "active": state.active,
        "photo": None if photo is None else _photo_entry(photo, photo_beside),
        "faces": faces,
        "recent_styles": [{"label": style.label[:MAX_LABEL]} for style in snapshot.recent_styles],
    }
    members = {"portrait.json": json.dumps(description, ensure_ascii=False).encode("utf-8", "replace"), **members}
    members["recent.f32"] = b"".join(pack_style(style) for style in snapshot.recent_styles)
    if history is not None:
        members |= history_members(history, state)
    if preview is not None:
        made = DIGITAL_SOURCE_TYPE if photo is None else COMPOSITE_SOURCE_TYPE
        members["preview.png"] = _encoded_preview(preview, made)
    if snapshot.board:
        members[BOARD] = snapshot.board
    if photo is not None and not photo_beside:
        members["photo"] = photo.data
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            stored = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, stored)
    try:
        if photo is not None and photo_beside:
            _keep_beside(photo, path)
        write_atomic(path, stream.getvalue())
    except FaceEditorError as error:
        raise PortraitError(str(error)) from error


def photo_file(path: Path, digest: str) -> Path:
    """The file beside a snapshot in which a photograph of this SHA-256 is kept."""
    return path.with_name(f"{path.stem}.{digest[:16]}.photo")


def load(path: str | Path) -> Portrait:
    """Open a portrait file.

    Returns:
        The portrait, unmodified, with its history and its path set. Its ``note`` tells of a damaged head or a
        missing photograph.

    Raises:
        PortraitError: the file is missing, no portrait, damaged, or made by a newer Face Editor.
    """
    path = Path(path)
    notes: list[str] = []
    try:
        members = _members(path)
        description = _description(path, members["portrait.json"])
        recent = unpack_styles("recent.f32", members["recent.f32"], description["recent_styles"])
        if description["format"] < FORMAT:
            state = PortraitState((read_old_face(description, members, path.name, notes),))
        else:
            faces = tuple(
                read_face(entry, f"face{index}/", members, path.name, notes)
                for index, entry in enumerate(description["faces"])
            )
            state = PortraitState(faces, description["active"], _photo(path, description, members, notes))
    except DamagedPartError as error:
        raise _damaged(path, error.member, str(error)) from error
    except (PortraitError, TypeError) as error:
        if str(error).startswith(f"“{path}") or str(error).startswith(f"“{path.name}"):
            raise
        raise _damaged(path, "portrait.json", str(error)) from error
    try:
        steps = read_history(members, state)
    except PortraitError:
        steps = None
        notes.append(f"The history of “{path.name}” is damaged and was left out.")
    board = members.get(BOARD, b"")
    portrait = Portrait.of(Snapshot(state, recent, path, board=board), note=" ".join(notes))
    if steps is not None:
        portrait.adopt_history(*steps)
    return portrait


def load_preview(path: str | Path) -> npt.NDArray[np.uint8] | None:
    """The preview in a portrait file, (H, W, 3) uint8 sRGB, or None if it has none or cannot be read."""
    path = Path(path)
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            data = _read_member(path, archive, "preview.png")
        return np.array(decode_bytes(data, "preview.png").convert("RGB"))
    except (PortraitError, ImageError, KeyError, DamagedPartError, *_ZIP_ERRORS):
        return None


def _members(path: Path) -> Members:
    """The unpacked members that a portrait needs."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            present = set(archive.namelist())
            # The description comes first: a newer version may lack or exceed anything else.
            if "portrait.json" not in present:
                raise PortraitError(
                    f"“{path.name}” is no portrait (it has no “portrait.json”); choose a file saved by Face Editor."
                )
            members = {"portrait.json": _read_member(path, archive, "portrait.json")}
            description = _description(path, members["portrait.json"])
            needed, optional = _names(description)
            for name in needed:
                if name not in present:
                    raise PortraitError(
                        f"“{path.name}” is incomplete: its part “{name}” is missing; open an older copy of it."
                    )
            for name in (*needed, *(name for name in optional if name in present)):
                members[name] = _read_member(path, archive, name)
            if BOARD in present:
                members[BOARD] = _read_board(path, archive)
            return members
    except (PortraitError, DamagedPartError):
        raise
    except FileNotFoundError:
        raise PortraitError(f"“{path}” does not exist; choose another file.") from None
    except IsADirectoryError:
        raise PortraitError(f"“{path}” is a folder; choose a portrait inside it.") from None
    except PermissionError:
        raise PortraitError(f"“{path.name}” may not be read; change its permissions or choose another file.") from None
    except zipfile.BadZipFile:
        raise PortraitError(
            f"“{path.name}” is no portrait or was cut short; choose a file saved by Face Editor or an older copy."
        ) from None
    except _ZIP_ERRORS as error:
        raise PortraitError(f"“{path.name}” cannot be read ({error}); choose another file.") from error


def _names(description: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the members that a portrait must have, and of those that it may have."""
    if description["format"] < FORMAT:
        return ["mask.png", "style.f32", "recent.f32"], []
    needed, optional = ["recent.f32"], ["photo", *history_file.LIMITS]
    for index, entry in enumerate(description["faces"]):
        needed += [f"face{index}/mask.png", f"face{index}/style.f32"]
        optional += [f"face{index}/{part}" for part in ("head.json", "base-head.json", "comb.f32")]
        adjustments = entry.get("adjustments")
        count = min(len(adjustments), MAX_ADJUSTMENTS) if isinstance(adjustments, list) else 0
        optional += [f"face{index}/adjustment{number}.f32" for number in range(count)]
        if entry.get("source") is not None:
            needed += [f"face{index}/source-{part}" for part in ("mask.png", "style.f32", "head.json")]
    return needed, optional


def _read_board(path: Path, archive: zipfile.ZipFile) -> bytes:
    """The packed board; what cannot be read costs the board alone, and whoever unpacks it says so."""
    try:
        return _read_member(path, archive, BOARD)
    except DamagedPartError:
        return b"damaged"


def _read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, unpacked to no more than its limit and checked against its CRC."""
    part = name.rpartition("/")[2].removeprefix("source-")
    limit = _LIMITS.get(name) or (STYLE_BYTES if part.startswith("adjustment") else LIMITS[part])
    try:
        with archive.open(name) as stream:
            data = stream.read(limit + 1)
    except KeyError:
        raise
    except _ZIP_ERRORS as error:
        raise DamagedPartError(name, str(error) or type(error).__name__) from error
    if len(data) > limit:
        raise DamagedPartError(name, f"it is larger than {limit} bytes")
    return data


def _description(path: Path, data: bytes) -> dict[str, Any]:
    """portrait.json, checked: the format can be read, the entries are there and of the right kinds."""
    try:
        found = read_json_object(data, _JSON_LIMIT)
    except JsonError as error:
        raise DamagedPartError("portrait.json", str(error)) from error
    number = found.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise DamagedPartError("portrait.json", "it names no format")
    if number > FORMAT:
        raise PortraitError(
            f"“{path.name}” was made by a newer Face Editor (format {number}, this one reads {FORMAT}); update Face "
            "Editor to open it."
        )
    recent, faces = found.get("recent_styles"), found.get("faces")
    sound = isinstance(recent, list) and len(recent) <= MAX_RECENT_STYLES and _objects(recent)
    if number >= FORMAT:
        active = found.get("active")
        sound = sound and isinstance(faces, list) and 1 <= len(faces) <= MAX_FACES and _objects(faces)
        sound = sound and isinstance(active, int) and not isinstance(active, bool)
    else:
        sound = sound and isinstance(found.get("style"), dict) and isinstance(found.get("truncation"), int | float)
    if not sound:
        raise DamagedPartError("portrait.json", "entries are missing or wrong")
    return found


def _objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _photo_entry(photo: Photo, beside: bool) -> dict[str, Any]:
    return {"name": photo.name[:MAX_LABEL], "sha256": photo.digest, "bytes": len(photo.data), "beside": beside}


def _keep_beside(photo: Photo, path: Path) -> None:
    """Write the photograph beside a snapshot unless it is there already."""
    file = photo_file(path, photo.digest)
    try:
        if file.stat().st_size == len(photo.data):
            return
    except OSError:
        pass
    write_atomic(file, photo.data)


def _photo(path: Path, description: dict[str, Any], members: Members, notes: list[str]) -> Photo | None:
    """The photograph; None, with a note, if it is missing or not the one that it was."""
    entry = description.get("photo")
    if entry is None:
        return None
    name, digest = (entry.get("name"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(digest, str) or len(digest) != 64 or not digest.isalnum():
        raise DamagedPartError("portrait.json", "its photograph is described wrongly")
    data = members.get("photo")
    if data is None and entry.get("beside") is True:
        try:
            with photo_file(path, digest).open("rb") as stream:
                data = stream.read(MAX_PHOTO_BYTES + 1)
        except OSError:
            data = None
    if not data or hashlib.sha256(data).hexdigest() != digest:
        what = "damaged" if data else "missing"
        notes.append(
            f"The photograph “{name}” of this portrait is {what}; its faces are kept, but edits cannot be put back "
            "into the photograph. Open the photograph anew to do that."
        )
        return None
    return Photo(data, name)


def _encoded_preview(preview: npt.NDArray[np.uint8], source_type: str) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(preview))
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=4, pnginfo=marked_png(source_type))
    return stream.getvalue()


def _damaged(path: Path, member: str, why: str) -> PortraitError:
    reason = why.rstrip(".")
    return PortraitError(f"“{path.name}” is damaged in its part “{member}” ({reason}); open an older copy of it.")
