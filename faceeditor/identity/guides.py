"""Guides: encoded pictures of generated people who show an attribute or lack it (model pack `attribute-guides`)."""

import functools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, ModelError, PortraitError
from faceeditor.packs import ModelPack
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

FloatArray = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]

PACK = "attribute-guides"
FILE = "guides.safetensors"
NEAREST = 5
"""k of the paper: how many guides are asked for."""
HEAD_PARTS = ("shape", "albedo", "expression", "gaze", "pose", "position", "gamma")


@dataclass(frozen=True, eq=False)
class Guide:
    """A person whose attribute is copied.

    Attributes:
        mask: (256, 256) uint8.
        style: the style code.
        head: the head as read; its light is that of the style.
        embedding: (128,) float32, the recogniser's.
    """

    mask: MaskArray
    style: StyleCode
    head: HeadCoefficients
    embedding: FloatArray


class Guides:
    """The guides of the pack.

    Args:
        people: the guides.
        shows: attribute -> (N,) int8: 1 shows it, -1 is known to lack it, 0 neither.
    """

    def __init__(self, people: Sequence[Guide], shows: dict[str, npt.NDArray[np.int8]]) -> None:
        self.people, self.shows = tuple(people), shows

    def __len__(self) -> int:
        return len(self.people)

    def nearest(
        self, attribute: str, embedding: FloatArray, count: int = NEAREST, lacking: bool = False
    ) -> list[Guide]:
        """The guides most similar to a person, the nearest first.

        Args:
            attribute: its name.
            embedding: (128,) of the person.
            count: how many at most.
            lacking: those without the attribute.

        Raises:
            FaceEditorError: there are none.
        """
        marks = self.shows.get(attribute)
        wanted = np.flatnonzero(marks == (-1 if lacking else 1)) if marks is not None else np.empty(0, np.int64)
        if not len(wanted):
            raise FaceEditorError(f"There are no guides for “{attribute}”; drop a picture that shows it as a guide.")
        apart = [float(np.linalg.norm(self.people[i].embedding - embedding)) for i in wanted]
        return [self.people[wanted[i]] for i in np.argsort(apart, kind="stable")[:count]]

    @classmethod
    def load(cls) -> "Guides":
        """The program's own; ModelError if the pack is missing or damaged."""
        pack = ModelPack.open(PACK)
        return _loaded(str(pack.folder), pack.key)

    @classmethod
    def from_arrays(cls, arrays: Arrays, attributes: Sequence[str]) -> "Guides":
        """As `arrays` gave them; ModelError if one is missing or does not fit."""
        try:
            masks = unpacked_masks(arrays["masks"], arrays["mask_lengths"])
            shows = np.asarray(arrays["shows"], np.int8)
            if shows.shape != (len(masks), len(attributes)):
                raise ValueError("marks")
            people = [
                Guide(masks[i], style_at(arrays, i), head_at(arrays, i), np.asarray(arrays["embedding"][i], np.float32))
                for i in range(len(masks))
            ]
        except (KeyError, IndexError, ValueError, TypeError, PortraitError, zlib.error) as error:
            raise ModelError(f"The guides are damaged ({error}); reinstall Face Editor.") from None
        return cls(people, {name: shows[:, i] for i, name in enumerate(attributes)})

    def arrays(self) -> Arrays:
        """For a model pack; the order of attributes is that of `shows`."""
        masks, lengths = packed_masks([guide.mask for guide in self.people])
        made: Arrays = {
            "masks": masks,
            "mask_lengths": lengths,
            "shows": np.stack(list(self.shows.values()), 1).astype(np.int8),
            "embedding": np.stack([guide.embedding for guide in self.people]),
        }
        for part in ("regions", "overall", "detail"):
            made[part] = np.stack([getattr(guide.style, part) for guide in self.people])
        for part in HEAD_PARTS:
            made[part] = np.stack([getattr(guide.head, part) for guide in self.people])
        return made


def style_at(arrays: Arrays, index: int) -> StyleCode:
    """One style code out of arrays regions (N, 19, 32), overall (N, 64) and detail (N, 8, 16, 16)."""
    names = ("regions", "overall", "detail")
    regions, overall, detail = (np.asarray(arrays[name][index], np.float32) for name in names)
    return StyleCode(regions, overall, detail)


def head_at(arrays: Arrays, index: int) -> HeadCoefficients:
    """One head out of arrays (N, ...) by the names `HEAD_PARTS`."""
    parts: dict[str, Any] = {part: np.asarray(arrays[part][index], np.float32) for part in HEAD_PARTS}
    return HeadCoefficients(**parts)


@functools.lru_cache(maxsize=2)
def _loaded(folder: str, key: str) -> Guides:
    pack = ModelPack.open(PACK)
    return Guides.from_arrays(pack.load(FILE), [str(name) for name in pack.config.get("attributes", [])])


def packed_masks(masks: Sequence[MaskArray]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Masks as one run of compressed bytes, and the length of each."""
    blocks = [zlib.compress(np.ascontiguousarray(mask, np.uint8).tobytes(), 9) for mask in masks]
    return np.frombuffer(b"".join(blocks), np.uint8).copy(), np.array([len(block) for block in blocks], np.int32)


def unpacked_masks(data: npt.NDArray[np.uint8], lengths: npt.NDArray[Any]) -> list[MaskArray]:
    """The masks (256, 256) uint8 of `packed_masks`.

    Raises:
        ValueError, zlib.error: the bytes are damaged.
    """
    masks, at, size = [], 0, MASK_SIZE * MASK_SIZE
    for length in lengths:
        unpack = zlib.decompressobj()
        raw = unpack.decompress(bytes(data[at : at + int(length)]), size)
        mask = np.frombuffer(raw, np.uint8).reshape(MASK_SIZE, MASK_SIZE)
        if mask.max(initial=0) >= REGION_COUNT:
            raise ValueError("a mask has an unknown region")
        masks.append(mask)
        at += int(length)
    return masks
