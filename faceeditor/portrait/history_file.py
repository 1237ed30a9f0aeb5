"""The history as members of a portrait file (`portrait.store`), and back: the tree of steps, its names and its masks.

- ``history.json``: tables of labels, heads, comb strokes, adjustments and masks, the steps (every parent before its
  children) that point into them, and the number of the present one
- ``history.f32``: the styles of all steps, one after the other
- ``history.masks``: the packed masks (`history.PackedMask`), one after the other
- ``history.pictures``: what the steps looked like (`portrait.step_pictures`), one after the other, of the newest steps
  alone where there are too many; optional

A history that is damaged or too large costs nothing else: the portrait opens, or is saved, without it.
"""

import json
import zlib
from collections.abc import Callable
from typing import Any

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.jsonio import read_json_object
from faceeditor.portrait.face_parts import (
    MAX_LABEL,
    STYLE_BYTES,
    Members,
    adjustment_entry,
    pack_style,
    read_adjustment,
    unpack_styles,
)
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.history import NO_MASK, History, Node, PackedMask
from faceeditor.portrait.state import CombStroke, FaceState, PortraitState
from faceeditor.portrait.step_pictures import MAX_BYTES
from faceeditor.portrait.style import StyleCode

JSON, STYLES, MASKS = "history.json", "history.f32", "history.masks"
PICTURES = "history.pictures"
LIMITS = {JSON: 32 << 20, STYLES: 64 << 20, MASKS: 64 << 20, PICTURES: 4 << 20}
"""Largest unpacked sizes of the members that are written and read."""
MAX_STEPS = 20_000
"""Steps that are written and read."""


class _Table:
    """Objects by number, each once."""

    def __init__(self, entry: Callable[[Any], Any]) -> None:
        self._entry = entry
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []
        self.entries: list[Any] = []

    def number(self, value: Any) -> int | None:
        """The number of an object; None for None and an empty tuple."""
        if value is None or value == ():
            return None
        if id(value) not in self._numbers:
            entry = self._entry(value)  # may add what it refers to first
            self._numbers[id(value)] = len(self.entries)
            self.entries.append(entry)
            self._kept.append(value)  # so that no other object gets its identity
        return self._numbers[id(value)]


def history_members(history: History, state: PortraitState) -> Members:
    """The members of a history; none if it has no steps or is too large, or belongs to another photograph.

    Args:
        history: the tree.
        state: what is saved: steps of another photograph than its own are not kept.
    """
    nodes = list(history.nodes())
    sources = [face.source for face in state.faces]
    if not 1 < len(nodes) <= MAX_STEPS or not all(_fits(node, state, sources) for node in nodes):
        return {}
    members: Members = {}
    styles, masks = bytearray(), bytearray()

    def style_entry(style: StyleCode) -> str:
        styles.extend(pack_style(style))
        return style.label[:MAX_LABEL]

    def mask_entry(packed: PackedMask) -> list[int | None]:
        base = mask_table.number(packed.base)
        masks.extend(packed.data)
        return [base, len(packed.data)]

    def adjustments_entry(adjustments: Any) -> list[Any]:
        made = []
        for adjustment in adjustments:
            extra: Members = {}
            entry = adjustment_entry(adjustment, "style", extra)
            if extra:
                entry["style"] = style_table.number(adjustment.settings.style)
            made.append(entry)
        return made

    style_table, mask_table = _Table(style_entry), _Table(mask_entry)
    head_table = _Table(lambda head: head.to_json())
    pictures = _kept_pictures(nodes)
    comb_table = _Table(lambda comb: [[stroke.width, stroke.points.tolist()] for stroke in comb])
    adjustment_table = _Table(adjustments_entry)
    steps = [
        {
            "number": node.number, "parent": None if node.parent is None else node.parent.number,
            "name": node.name[:MAX_LABEL], "label": node.label, "active": node.state.active,
            "photo": node.state.photo is not None, "picture": len(pictures.get(node.number, b"")),
            "faces": [
                {
                    "mask": mask_table.number(packed), "style": style_table.number(face.style),
                    "truncation": face.truncation, "head": head_table.number(face.head),
                    "base_head": head_table.number(face.base_head), "read_head": face.read_head,
                    "comb": comb_table.number(face.comb), "adjustments": adjustment_table.number(face.adjustments),
                    "source": None if face.source is None else sources.index(face.source), "name": face.name,
                }
                for face, packed in zip(node.state.faces, node.masks, strict=True)
            ],
        }
        for node in nodes
    ]  # fmt: skip
    tables = {
        "styles": style_table.entries, "heads": head_table.entries, "combs": comb_table.entries,
        "adjustments": adjustment_table.entries, "masks": mask_table.entries, "steps": steps,
        "present": history.present.number,
    }  # fmt: skip
    members[JSON] = json.dumps(tables, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    members[STYLES], members[MASKS] = bytes(styles), bytes(masks)
    if pictures:
        members[PICTURES] = b"".join(pictures.get(node.number, b"") for node in nodes)
    return {} if any(len(data) > LIMITS[name] for name, data in members.items()) else members


def _kept_pictures(nodes: list[Node]) -> dict[int, bytes]:
    """Pictures by the numbers of their steps: of the newest ones, as many as there is room for."""
    kept: dict[int, bytes] = {}
    room = LIMITS[PICTURES]
    for node in sorted(nodes, key=lambda node: -node.number):
        room -= len(node.picture)
        if room < 0:
            break
        if node.picture:
            kept[node.number] = node.picture
    return kept


def _fits(node: Node, state: PortraitState, sources: list[Any]) -> bool:
    photo = node.state.photo
    known = all(face.source is None or any(face.source is each for each in sources) for face in node.state.faces)
    return known and (photo is None or photo is state.photo)


def read_history(members: Members, state: PortraitState) -> tuple[Node, Node] | None:
    """The first state's node and the present node of a file's history; None if the file has none.

    Raises:
        PortraitError: the history is damaged, or does not end in the state of the file.
    """
    if JSON not in members:
        return None
    try:
        data = read_json_object(members[JSON], LIMITS[JSON])
        steps = data["steps"]
        if not 1 < len(steps) <= MAX_STEPS:
            raise PortraitError("it has too many steps")
        tables = _Tables(data, members)
        nodes: dict[int, Node] = {}
        root: Node | None = None
        for step in steps:
            node = tables.node(step, state)
            if step["parent"] is None:
                if root is not None:
                    raise PortraitError("it has two beginnings")
                root = node
            else:
                node.parent = nodes[step["parent"]]
                node.parent.children.append(node)
            if node.number in nodes:
                raise PortraitError("a step stands twice in it")
            nodes[node.number] = node
        present = nodes[data["present"]]
        if root is None or not _same(present.restore(), state):
            raise PortraitError("it does not end in the present state")
        return root, present
    except (FaceEditorError, KeyError, IndexError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise PortraitError(f"The history is damaged ({error}).") from error


class _Tables:
    """What the steps of a file point to."""

    def __init__(self, data: dict[str, Any], members: Members) -> None:
        labels = [{"label": label} for label in data["styles"]]
        self.styles = unpack_styles(STYLES, members.get(STYLES, b""), labels)
        self.heads = [HeadCoefficients.from_json(entry) for entry in data["heads"]]
        self.combs = [tuple(CombStroke(points, width) for width, points in entry) for entry in data["combs"]]
        self.adjustments = [tuple(self._adjustment(each) for each in entry) for entry in data["adjustments"]]
        self.masks: list[PackedMask] = []
        self._pictures, self._pictured = members.get(PICTURES, b""), 0  # bytes, and how many of them were taken
        blob, start = members.get(MASKS, b""), 0
        for base, length in data["masks"]:
            packed = PackedMask.from_data(blob[start : start + length], None if base is None else self.masks[base])
            packed.unpack()  # a damaged one is found now
            self.masks.append(packed)
            start += length

    def _picture(self, length: Any) -> bytes:
        """The next picture; empty if it is missing."""
        if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= MAX_BYTES:
            raise PortraitError("a step has a wrong picture")
        self._pictured += length
        picture = self._pictures[self._pictured - length : self._pictured]
        return picture if len(picture) == length else b""

    def _adjustment(self, entry: dict[str, Any]) -> Any:
        extra: Members = {}
        if "style" in entry:
            extra["style"] = pack_style(self.styles[entry["style"]])
        return read_adjustment(entry, "style", extra)

    def node(self, step: dict[str, Any], state: PortraitState) -> Node:
        """The node of a step, without its place in the tree."""
        faces, masks = [], []
        for entry in step["faces"]:
            head, base = (None if entry[name] is None else self.heads[entry[name]] for name in ("head", "base_head"))
            comb = () if entry["comb"] is None else self.combs[entry["comb"]]
            adjustments = () if entry["adjustments"] is None else self.adjustments[entry["adjustments"]]
            source = None if entry["source"] is None else state.faces[entry["source"]].source
            faces.append(
                FaceState(
                    NO_MASK,
                    self.styles[entry["style"]],
                    entry["truncation"],
                    head,
                    base,
                    entry["read_head"] is True,
                    comb,
                    source,
                    str(entry["name"])[:MAX_LABEL],
                    adjustments,
                )
            )
            masks.append(self.masks[entry["mask"]])
        bare = PortraitState(tuple(faces), step["active"], state.photo if step["photo"] is True else None)
        number = step["number"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise PortraitError("a step has no number")
        node = Node(number, str(step["name"])[:MAX_LABEL], bare, tuple(masks), label=str(step["label"])[:MAX_LABEL])
        node.picture = self._picture(step.get("picture", 0))
        node.nbytes = STYLE_BYTES + sum(packed.nbytes for packed in masks) + len(node.picture)
        return node


def _same(a: PortraitState, b: PortraitState) -> bool:
    """Whether two states show the same masks, styles and heads."""
    if len(a.faces) != len(b.faces) or a.active != b.active:
        return False
    pairs = zip(a.faces, b.faces, strict=True)
    return all(
        (x.mask == y.mask).all() and x.style.key == y.style.key and x.truncation == y.truncation
        and (x.head and x.head.key) == (y.head and y.head.key) and len(x.adjustments) == len(y.adjustments)
        for x, y in pairs
    )  # fmt: skip
