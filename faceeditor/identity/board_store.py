"""A board packed for the portrait's file: the pinned person, the options, what is kept and starred.

Pictures and vectors are not kept: they are drawn again from what made them. Tiles that are not starred come from their
seeds. The bytes are safetensors; a text in JSON lies in them as an array of bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.identity.board import BoardOptions
from faceeditor.identity.variation import Variation
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import checked_mask, checked_truncation
from faceeditor.portrait.style import StyleCode

FORMAT = 1
MOST_STARRED = 200
_TEXT_LIMIT = 8 << 20
_DAMAGED = "The board in this portrait is damaged and was left out; pin the person again."


@dataclass(frozen=True, eq=False)
class StarredTile:
    """A starred picture: what made it, and with what seed."""

    variation: Variation
    method: str
    seed: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class SavedBoard:
    """What is kept of a board.

    Attributes:
        person: the pinned person.
        origin: what is varied in the person's place, None: the person.
        options: the board's.
        rerolls: how often each tile was drawn anew.
        kept: indices of the tiles that stay.
        starred: the starred pictures.
    """

    person: Variation
    options: BoardOptions
    origin: Variation | None = None
    rerolls: Mapping[int, int] = field(default_factory=dict)
    kept: Sequence[int] = ()
    starred: Sequence[StarredTile] = ()


def packed(board: SavedBoard) -> bytes:
    """The bytes of a board."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    options = asdict(board.options) | {"locks": sorted(board.options.locks)}
    text = {
        "format": FORMAT,
        "options": options,
        "rerolls": {str(index): count for index, count in board.rerolls.items()},
        "kept": sorted(board.kept),
        "person": _pack(board.person, "person", arrays),
        "origin": None if board.origin is None else _pack(board.origin, "origin", arrays),
        "starred": [
            {"method": tile.method, "seed": list(tile.seed), "variation": _pack(tile.variation, f"star{n}", arrays)}
            for n, tile in enumerate(board.starred[:MOST_STARRED])
        ],
    }
    arrays["text"] = np.frombuffer(json.dumps(text).encode("utf-8"), np.uint8)
    return save(arrays)


def unpacked(data: bytes) -> SavedBoard:
    """The board of bytes, trusting nothing in them.

    Raises:
        FaceEditorError: they are damaged, or of a newer program.
    """
    try:
        arrays = load(data)
        text = read_json_object(arrays["text"].tobytes(), _TEXT_LIMIT)
        if text["format"] > FORMAT:
            raise FaceEditorError("The board was made by a newer Face Editor and was left out; update Face Editor.")
        options = dict(text["options"])
        options["locks"] = frozenset(str(lock) for lock in options["locks"])
        starred = [
            StarredTile(_unpack(tile["variation"], arrays), str(tile["method"]), _seed(tile["seed"]))
            for tile in text["starred"][:MOST_STARRED]
        ]
        return SavedBoard(
            _unpack(text["person"], arrays),
            BoardOptions(**options),
            None if text["origin"] is None else _unpack(text["origin"], arrays),
            {int(index): int(count) for index, count in text["rerolls"].items()},
            [int(index) for index in text["kept"]],
            starred,
        )
    except (SafetensorError, JsonError, PortraitError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FaceEditorError(_DAMAGED) from error


def _pack(variation: Variation, name: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """The text of a variation; its arrays are added under names that begin with `name`, equal masks once."""
    style = variation.style
    arrays[f"{name}.style"] = np.concatenate([style.regions.ravel(), style.overall, style.detail.ravel()])
    mask = next((n for n, array in arrays.items() if n.endswith(".mask") and np.array_equal(array, variation.mask)), "")
    if not mask:
        mask = f"{name}.mask"
        arrays[mask] = np.ascontiguousarray(variation.mask)
    return {
        "mask": mask,
        "style": f"{name}.style",
        "label": style.label,
        "truncation": variation.truncation,
        "read_head": variation.read_head,
        "head": None if variation.head is None else variation.head.to_json(),
        "base_head": None if variation.base_head is None else variation.base_head.to_json(),
    }


def _unpack(text: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Variation:
    flat = np.asarray(arrays[str(text["style"])], np.float32)
    regions, overall, detail = np.split(flat, [19 * 32, 19 * 32 + 64])
    style = StyleCode(regions.reshape(19, 32), overall, detail.reshape(8, 16, 16), str(text["label"])[:200])
    heads = [None if text[name] is None else HeadCoefficients.from_json(text[name]) for name in ("head", "base_head")]
    mask = checked_mask(np.array(arrays[str(text["mask"])]))
    truncation = checked_truncation(float(text["truncation"]))
    return Variation(mask, style, heads[0], heads[1], truncation, text.get("read_head") is True)


def _seed(values: Sequence[Any]) -> tuple[int, int, int]:
    board, index, reroll = (int(value) for value in values)
    if min(board, index, reroll) < 0:
        raise ValueError("a seed is negative")
    return board, index, reroll
