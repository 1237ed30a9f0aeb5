"""The portrait file, ``.fep``: a zip of plain JSON, PNG pictures and raw numbers. Nothing in it is executed.

Format version 2:

- ``portrait.json``: ``{"format": 2, "application": "Face Editor", "version": ..., "truncation": ..., "style":
  {"label": ...}, "recent_styles": [{"label": ...}, ...], "head": ..., "base_head": ...}``; the heads are null, or
  lists of numbers by the names of `HeadCoefficients`
- ``mask.png``: 256 x 256 palette PNG, indices are regions
- ``style.f32``: the style code, 2720 little-endian float32: regions (19, 32), overall (64), detail (8, 16, 16)
- ``recent.f32``: the recent styles, one after the other in the same form
- ``preview.png``: the face as last seen, optional

Format version 1 had no heads. A damaged head does not cost the picture: the portrait opens without it, with a note.
"""

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
from faceeditor.images import decode_bytes, write_atomic
from faceeditor.portrait.document import MAX_RECENT_STYLES, Portrait, PortraitState, checked_mask
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import encode_mask
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray

FORMAT = 2
"""Version of the portrait file that this program writes; it reads this one and older ones."""
SUFFIX = ".fep"
"""How a portrait file's name ends."""
PREVIEW_SIZE = 256
"""Largest side of the preview in pixels."""

_SHAPES = (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)
_SIZES = tuple(int(np.prod(shape)) for shape in _SHAPES)
_STYLE_BYTES = 4 * sum(_SIZES)
# Largest unpacked sizes that are read, so that a crafted file cannot fill the memory.
_LIMITS = {
    "portrait.json": 1 << 20,
    "mask.png": 4 << 20,
    "style.f32": _STYLE_BYTES,
    "recent.f32": _STYLE_BYTES * MAX_RECENT_STYLES,
    "preview.png": 16 << 20,
}
_MAX_LABEL = 200
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)


def save(portrait: Portrait, path: str | Path, preview: npt.NDArray[np.uint8] | None = None) -> None:
    """Write a portrait whole or not at all, and mark it saved under that path.

    Args:
        portrait: what to save; its history is not part of the file.
        path: the file to make or replace.
        preview: (H, W, 3) uint8 sRGB, the face as last seen, or None.

    Raises:
        PortraitError: it cannot be written; a file that was there stays, and the portrait stays unsaved.
    """
    path = Path(path)
    write_state(portrait.state(), path, preview)
    portrait.mark_saved(path)


def write_state(state: PortraitState, path: str | Path, preview: npt.NDArray[np.uint8] | None = None) -> None:
    """Write a portrait's state; may be called on any thread. Arguments and errors as in ``save``."""
    description = {
        "format": FORMAT,
        "application": "Face Editor",
        "version": __version__,
        "truncation": state.truncation,
        "style": {"label": state.style.label[:_MAX_LABEL]},
        "recent_styles": [{"label": style.label[:_MAX_LABEL]} for style in state.recent_styles],
        "head": None if state.head is None else state.head.to_json(),
        "base_head": None if state.base_head is None else state.base_head.to_json(),
    }
    members = {
        "portrait.json": json.dumps(description, ensure_ascii=False).encode("utf-8"),
        "mask.png": encode_mask(state.mask),
        "style.f32": _packed(state.style),
        "recent.f32": b"".join(_packed(style) for style in state.recent_styles),
    }
    if preview is not None:
        members["preview.png"] = _encoded_preview(preview)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            stored = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, stored)
    try:
        write_atomic(path, stream.getvalue())
    except FaceEditorError as error:
        raise PortraitError(str(error)) from error


def load(path: str | Path) -> Portrait:
    """Open a portrait file.

    Returns:
        The portrait, unmodified, with an empty history and its path set. Its ``note`` tells of a damaged head.

    Raises:
        PortraitError: the file is missing, no portrait, damaged, or made by a newer Face Editor.
    """
    path = Path(path)
    members = _members(path)
    description = _description(path, members)
    mask = _mask(path, members)
    styles = _unpacked(path, "style.f32", members["style.f32"], [description["style"]])
    recent = _unpacked(path, "recent.f32", members["recent.f32"], description["recent_styles"])
    head, base_head, note = _heads(path, description)
    try:
        return Portrait(
            mask, styles[0], description["truncation"], recent, path, head=head, base_head=base_head, note=note
        )
    except (PortraitError, TypeError) as error:
        raise _damaged(path, "portrait.json", str(error)) from error


def load_preview(path: str | Path) -> npt.NDArray[np.uint8] | None:
    """The preview in a portrait file, (H, W, 3) uint8 sRGB, or None if it has none or cannot be read."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            data = _read_member(path, archive, "preview.png")
        return np.array(decode_bytes(data, "preview.png").convert("RGB"))
    except (PortraitError, ImageError, KeyError, *_ZIP_ERRORS):
        return None


def _members(path: Path) -> dict[str, bytes]:
    """The unpacked members that a portrait needs."""
    try:
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            # The description comes first: a newer version may lack or exceed anything else.
            needed = ("portrait.json", "mask.png", "style.f32", "recent.f32")
            if "portrait.json" not in present:
                raise PortraitError(
                    f"“{path.name}” is no portrait (it has no “portrait.json”); choose a file saved by Face Editor."
                )
            members = {"portrait.json": _read_member(path, archive, "portrait.json")}
            _description(path, members)
            for name in needed[1:]:
                if name not in present:
                    raise PortraitError(
                        f"“{path.name}” is incomplete: its part “{name}” is missing; open an older copy of it."
                    )
                members[name] = _read_member(path, archive, name)
            return members
    except PortraitError:
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
    except (OSError, ValueError) as error:
        raise PortraitError(f"“{path.name}” cannot be read ({error}); choose another file.") from error


def _read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, unpacked to no more than its limit and checked against its CRC."""
    limit = _LIMITS[name]
    try:
        with archive.open(name) as stream:
            data = stream.read(limit + 1)
            if len(data) > limit:
                raise _damaged(path, name, f"it is larger than {limit} bytes")
            return data
    except KeyError:
        raise
    except _ZIP_ERRORS as error:
        raise _damaged(path, name, str(error) or type(error).__name__) from error


def _description(path: Path, members: dict[str, bytes]) -> dict[str, Any]:
    """portrait.json, checked: the format can be read, the entries are there and of the right kinds."""
    try:
        data = json.loads(members["portrait.json"].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "portrait.json", str(error) or type(error).__name__) from error
    number = data.get("format") if isinstance(data, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _damaged(path, "portrait.json", "it names no format")
    if number > FORMAT:
        raise PortraitError(
            f"“{path.name}” was made by a newer Face Editor (format {number}, this one reads {FORMAT}); update Face "
            "Editor to open it."
        )
    recent = data.get("recent_styles")
    truncation = data.get("truncation")
    sound = (
        isinstance(data.get("style"), dict)
        and isinstance(recent, list)
        and len(recent) <= MAX_RECENT_STYLES
        and all(isinstance(entry, dict) for entry in recent)
        and isinstance(truncation, int | float)
    )
    if not sound:
        raise _damaged(path, "portrait.json", "entries are missing or wrong")
    return dict(data)


def _mask(path: Path, members: dict[str, bytes]) -> MaskArray:
    try:
        image = decode_bytes(members["mask.png"], "mask.png")
        if image.mode not in ("P", "L") or image.size != (MASK_SIZE, MASK_SIZE):
            raise _damaged(path, "mask.png", f"it is {image.size[0]} x {image.size[1]} {image.mode}")
        return checked_mask(np.array(image, np.uint8))
    except (ImageError, PortraitError) as error:
        if str(error).startswith(f"“{path.name}”"):
            raise
        raise _damaged(path, "mask.png", str(error)) from error


def _heads(path: Path, description: dict[str, Any]) -> tuple[HeadCoefficients | None, HeadCoefficients | None, str]:
    """The head, the base head and a note for the user.

    A damaged head is replaced by the base head, at which the mask was painted: only the moved sliders are lost. Without
    the base head nobody knows where the mask belongs, so that both go and the head is read from the face again.
    """
    if description["format"] < 2:
        return None, None, ""
    entries = (description.get("head"), description.get("base_head"))
    if entries == (None, None):
        return None, None, ""
    head, base_head = (_head(entry) for entry in entries)
    if head is not None and base_head is not None:
        return head, base_head, ""
    if base_head is not None:
        note = f"The head of “{path.name}” is damaged and was reset to the one at which the mask was painted."
        return base_head, base_head, note
    note = f"The head of “{path.name}” is damaged and was left out; its sliders start from the face that you see."
    return None, None, note


def _head(entry: Any) -> HeadCoefficients | None:
    """A head of portrait.json, or None if it is damaged."""
    try:
        return HeadCoefficients.from_json(entry) if isinstance(entry, dict) else None
    except (PortraitError, OverflowError):
        return None


def _packed(style: StyleCode) -> bytes:
    parts = [part.astype("<f4").tobytes() for part in (style.regions, style.overall, style.detail)]
    return b"".join(parts)


def _unpacked(path: Path, name: str, data: bytes, entries: list[dict[str, Any]]) -> tuple[StyleCode, ...]:
    """The style codes of a member; ``entries`` are their descriptions."""
    if len(data) != _STYLE_BYTES * len(entries):
        raise _damaged(path, name, f"it has {len(data)} bytes and not {_STYLE_BYTES * len(entries)}")
    styles = []
    for index, entry in enumerate(entries):
        numbers = np.frombuffer(data, "<f4", sum(_SIZES), index * _STYLE_BYTES)
        parts = np.split(numbers, np.cumsum(_SIZES)[:-1])
        regions, overall, detail = (part.reshape(shape) for part, shape in zip(parts, _SHAPES, strict=True))
        try:
            styles.append(StyleCode(regions, overall, detail, str(entry.get("label", ""))[:_MAX_LABEL]))
        except PortraitError as error:
            raise _damaged(path, name, "it holds numbers that are not finite") from error
    return tuple(styles)


def _encoded_preview(preview: npt.NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(preview))
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=4)
    return stream.getvalue()


def _damaged(path: Path, member: str, why: str) -> PortraitError:
    reason = why.rstrip(".")
    return PortraitError(f"“{path.name}” is damaged in its part “{member}” ({reason}); open an older copy of it.")
