"""The parts of a face as members of a portrait file (`portrait.store`), and back.

A face has an entry in ``portrait.json`` (name, truncation, label of the style, widths and lengths of its comb strokes,
place in the photograph, adjustments) and members of its own:

- ``mask.png``: 256 x 256 palette PNG, indices are regions
- ``style.f32``: the style code, 2720 little-endian float32: regions (19, 32), overall (64), detail (8, 16, 16)
- ``head.json``, ``base-head.json``: the heads, numbers by the names of `HeadCoefficients`; only where there are any
- ``comb.f32``: points of all comb strokes, (N, 2) float32; only where there are any
- ``adjustment0.f32``, ...: the style of an adjustment that has one
- ``source-mask.png``, ``source-style.f32``, ``source-head.json``: what the photograph says of the face
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from faceeditor.errors import FaceEditorError, ImageError, PortraitError
from faceeditor.images import decode_bytes
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.portrait.adjustments import (
    MAX_ADJUSTMENTS,
    Adjustment,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    LightChange,
    RegionStyle,
    Settings,
)
from faceeditor.portrait.head import HeadCoefficients, rig_from_json
from faceeditor.portrait.masks import encode_mask
from faceeditor.portrait.state import (
    MAX_COMB_POINTS,
    MAX_COMB_STROKES,
    CombStroke,
    FaceSource,
    FaceState,
    HeadPair,
    checked_mask,
)
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray, Region

_KINDS: dict[str, type[Settings]] = {
    kind.__name__: kind for kind in (ColourChange, DetailChange, RegionStyle, ExpressionChange, LightChange, HeadChange)
}

Members = dict[str, bytes]
"""Unpacked members of a file by their names."""
MAX_LABEL = 200
"""Characters of a style's label or a face's name that are kept."""

_SHAPES = (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)
_SIZES = tuple(int(np.prod(shape)) for shape in _SHAPES)
STYLE_BYTES = 4 * sum(_SIZES)
"""Bytes of a packed style code."""
LIMITS = {
    "mask.png": 4 << 20,
    "style.f32": STYLE_BYTES,
    "head.json": 1 << 18,
    "base-head.json": 1 << 18,
    "comb.f32": 32 << 20,
}
"""Largest unpacked sizes of members that are read."""


class DamagedPartError(FaceEditorError):
    """A member of a portrait file is damaged; the message is the reason, a phrase."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(reason)
        self.member = member


def face_members(face: FaceState, prefix: str, members: Members) -> dict[str, Any]:
    """Add a face's members under a prefix; returns its entry in portrait.json."""
    members[prefix + "mask.png"] = encode_mask(face.mask)
    members[prefix + "style.f32"] = pack_style(face.style)
    entry: dict[str, Any] = {
        "name": face.name[:MAX_LABEL],
        "truncation": face.truncation,
        "style": {"label": face.style.label[:MAX_LABEL]},
        "comb": [{"width": stroke.width, "points": len(stroke.points)} for stroke in face.comb],
        "source": None,
    }
    if face.head is not None and face.base_head is not None:
        entry["read_head"] = face.read_head
        members[prefix + "head.json"] = json.dumps(face.head.to_json()).encode()
        members[prefix + "base-head.json"] = json.dumps(face.base_head.to_json()).encode()
    if face.comb:
        members[prefix + "comb.f32"] = b"".join(stroke.points.astype("<f4").tobytes() for stroke in face.comb)
    entry["adjustments"] = [
        adjustment_entry(each, f"{prefix}adjustment{index}.f32", members) for index, each in enumerate(face.adjustments)
    ]
    if (source := face.source) is not None:
        entry["source"] = {
            "box": list(source.box), "centre": list(source.centre), "half": list(source.half),
            "style": {"label": source.style.label[:MAX_LABEL]},
        }  # fmt: skip
        members[prefix + "source-mask.png"] = encode_mask(source.mask)
        members[prefix + "source-style.f32"] = pack_style(source.style)
        members[prefix + "source-head.json"] = json.dumps(source.head.to_json()).encode()
    return entry


def read_face(entry: dict[str, Any], prefix: str, members: Members, file: str, notes: list[str]) -> FaceState:
    """A face of a file.

    Args:
        entry: its entry in portrait.json.
        prefix: of its members.
        members: of the file.
        file: its name, for the notes.
        notes: sentences for the user, added to.

    Raises:
        DamagedPartError: a part other than the heads is damaged.
    """
    truncation = entry.get("truncation")
    if not isinstance(entry.get("style"), dict) or not isinstance(truncation, int | float):
        raise DamagedPartError("portrait.json", "entries of a face are missing or wrong")
    heads: HeadPair = (None, None)
    if "read_head" in entry:
        present, base = (_json(members.get(prefix + name)) for name in ("head.json", "base-head.json"))
        heads, note = _heads(present, base, file)
        notes += [note] if note else []
    try:
        return FaceState(
            _mask(prefix + "mask.png", members),
            unpack_styles(prefix + "style.f32", members[prefix + "style.f32"], [entry["style"]])[0],
            truncation,
            *heads,
            entry.get("read_head") is True,
            _comb(entry, prefix, members),
            _source(entry, prefix, members),
            str(entry.get("name", ""))[:MAX_LABEL],
            _adjustments(entry, prefix, members),
        )
    except PortraitError as error:
        raise DamagedPartError("portrait.json", str(error)) from error


def read_old_face(description: dict[str, Any], members: Members, file: str, notes: list[str]) -> FaceState:
    """The face of a file of format 1 or 2; arguments and errors as of `read_face`."""
    heads: HeadPair = (None, None)
    if (description.get("head"), description.get("base_head")) != (None, None) and description["format"] == 2:
        heads, note = _heads(description.get("head"), description.get("base_head"), file)
        notes += [note] if note else []
    style = unpack_styles("style.f32", members["style.f32"], [description["style"]])[0]
    try:
        return FaceState(_mask("mask.png", members), style, description["truncation"], *heads)
    except PortraitError as error:
        raise DamagedPartError("portrait.json", str(error)) from error


def pack_style(style: StyleCode) -> bytes:
    """A style code as little-endian float32."""
    parts = [part.astype("<f4").tobytes() for part in (style.regions, style.overall, style.detail)]
    return b"".join(parts)


def unpack_styles(name: str, data: bytes, entries: Sequence[dict[str, Any]]) -> tuple[StyleCode, ...]:
    """The style codes of a member; ``entries`` are their descriptions. DamagedPartError if they do not fit."""
    if len(data) != STYLE_BYTES * len(entries):
        raise DamagedPartError(name, f"it has {len(data)} bytes and not {STYLE_BYTES * len(entries)}")
    styles = []
    for index, entry in enumerate(entries):
        numbers = np.frombuffer(data, "<f4", sum(_SIZES), index * STYLE_BYTES)
        parts = np.split(numbers, np.cumsum(_SIZES)[:-1])
        regions, overall, detail = (part.reshape(shape) for part, shape in zip(parts, _SHAPES, strict=True))
        try:
            styles.append(StyleCode(regions, overall, detail, str(entry.get("label", ""))[:MAX_LABEL]))
        except PortraitError as error:
            raise DamagedPartError(name, "it holds numbers that are not finite") from error
    return tuple(styles)


def _mask(name: str, members: Members) -> MaskArray:
    try:
        image = decode_bytes(members[name], name)
        if image.mode not in ("P", "L") or image.size != (MASK_SIZE, MASK_SIZE):
            raise DamagedPartError(name, f"it is {image.size[0]} x {image.size[1]} {image.mode}")
        return checked_mask(np.array(image, np.uint8))
    except (ImageError, PortraitError) as error:
        raise DamagedPartError(name, str(error)) from error


def _heads(present: Any, base: Any, file: str) -> tuple[HeadPair, str]:
    """The head, the base head and a note for the user.

    A damaged head is replaced by the base head, at which the mask was painted: only the moved sliders are lost. Without
    the base head nobody knows where the mask belongs, so that both go and the head is read from the face again.
    """
    head, base_head = _head(present), _head(base)
    if head is not None and base_head is not None:
        return (head, base_head), ""
    if base_head is not None:
        note = f"The head of “{file}” is damaged and was reset to the one at which the mask was painted."
        return (base_head, base_head), note
    note = f"The head of “{file}” is damaged and was left out; its sliders start from the face that you see."
    return (None, None), note


def _json(data: bytes | None) -> Any:
    """The JSON object of a member; None if it is damaged or missing."""
    try:
        return None if data is None else read_json_object(data, LIMITS["head.json"])
    except JsonError:
        return None


def _head(entry: Any) -> HeadCoefficients | None:
    """A head of a file, or None if it is damaged."""
    try:
        return HeadCoefficients.from_json(entry) if isinstance(entry, dict) else None
    except (PortraitError, OverflowError):
        return None


def _comb(entry: dict[str, Any], prefix: str, members: Members) -> tuple[CombStroke, ...]:
    entries = entry.get("comb", [])
    name = prefix + "comb.f32"
    if not isinstance(entries, list) or len(entries) > MAX_COMB_STROKES:
        raise DamagedPartError("portrait.json", "the comb strokes are described wrongly")
    counts = [int(stroke.get("points", 0)) for stroke in entries if _is_stroke(stroke)]
    if len(counts) != len(entries) or not all(1 <= count <= MAX_COMB_POINTS for count in counts):
        raise DamagedPartError("portrait.json", "the comb strokes are described wrongly")
    data = members.get(name, b"")
    if len(data) != 8 * sum(counts):
        raise DamagedPartError(name, f"it has {len(data)} bytes and not {8 * sum(counts)}")
    points = np.split(np.frombuffer(data, "<f4").reshape(-1, 2), np.cumsum(counts)[:-1]) if counts else []
    try:
        return tuple(CombStroke(each, stroke["width"]) for each, stroke in zip(points, entries, strict=True))
    except (KeyError, TypeError, PortraitError) as error:
        raise DamagedPartError(name, str(error)) from error


def adjustment_entry(adjustment: Adjustment, member: str, members: Members) -> dict[str, Any]:
    """The entry of an adjustment; a style is added to the members under a name."""
    settings = adjustment.settings
    values: dict[str, Any]
    if isinstance(settings, RegionStyle):
        values = {"label": settings.style.label[:MAX_LABEL]}
        members[member] = pack_style(settings.style)
    else:
        values = {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(settings).items()
        }
        if values.get("rig") is not None:
            values["rig"] = dict(vars(values["rig"]))
    return {
        "name": adjustment.name, "kind": type(settings).__name__, "values": values, "enabled": adjustment.enabled,
        "strength": adjustment.strength, "feather": adjustment.feather,
        "regions": sorted(int(region) for region in adjustment.regions),
    }  # fmt: skip


def read_adjustment(entry: Any, member: str, members: Members) -> Adjustment:
    """An adjustment of a file. Raises DamagedPartError."""
    try:
        kind, values = _KINDS[entry["kind"]], dict(entry["values"])
        if kind is RegionStyle:
            values = {"style": unpack_styles(member, members.get(member, b""), [values])[0]}
        if kind is ColourChange and values.get("colour") is not None:
            values["colour"] = tuple(values["colour"])
        if kind is HeadChange and values.get("rig") is not None:
            values["rig"] = rig_from_json(values["rig"])
        return Adjustment(
            str(entry["name"]), kind(**values), frozenset(Region(number) for number in entry["regions"]),
            entry["enabled"] is True, entry["strength"], entry["feather"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, PortraitError) as error:
        raise DamagedPartError("portrait.json", f"an adjustment is damaged: {error}") from error


def _adjustments(entry: dict[str, Any], prefix: str, members: Members) -> tuple[Adjustment, ...]:
    entries = entry.get("adjustments", [])
    if not isinstance(entries, list) or len(entries) > MAX_ADJUSTMENTS:
        raise DamagedPartError("portrait.json", "the adjustments are described wrongly")
    return tuple(read_adjustment(each, f"{prefix}adjustment{index}.f32", members) for index, each in enumerate(entries))


def _is_stroke(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("points"), int)


def _source(entry: dict[str, Any], prefix: str, members: Members) -> FaceSource | None:
    found = entry.get("source")
    if found is None:
        return None
    name = prefix + "source-head.json"
    try:
        head = HeadCoefficients.from_json(read_json_object(members[name], LIMITS["head.json"]))
    except (JsonError, PortraitError, OverflowError) as error:
        raise DamagedPartError(name, str(error)) from error
    mask = _mask(prefix + "source-mask.png", members)
    style_name = prefix + "source-style.f32"
    try:
        style = unpack_styles(style_name, members[style_name], [found["style"]])[0]
        left, top, right, bottom = (float(number) for number in found["box"])
        x, y = (float(number) for number in found["centre"])
        half_x, half_y = (float(number) for number in found["half"])
        return FaceSource((left, top, right, bottom), (x, y), (half_x, half_y), mask, style, head)
    except (KeyError, TypeError, ValueError, AttributeError, PortraitError) as error:
        raise DamagedPartError("portrait.json", "the place of a face in the photograph is damaged") from error
