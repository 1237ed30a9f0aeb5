"""How much of an attribute a picture shows, by networks that no loss of the optimisation uses.

Reader and parser were trained for other ends; a linear probe on their pooled features tells smile, age, beard, glasses
and length of hair, and colours, shape and light are measured as such. Every measure is scaled so that people who lack
the attribute are at 0 on average and people who show it at 1.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.head.model import HeadModel
from faceeditor.identity.guides import PACK
from faceeditor.packs import ModelPack
from faceeditor.photo.networks import open_parser, open_reader
from faceeditor.regions import MaskArray, Region

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

FILE = "probes.safetensors"
PROBED = ("smile", "age", "youth", "beard", "glasses", "long_hair")
MEASURED = ("blond_hair", "black_hair", "red_hair", "grey_hair", "makeup", "fullness", "side_light")
_LIPS = (Region.U_LIP, Region.L_LIP)


def features(pixels: Pixels) -> FloatArray:
    """Pooled features of reader and parser.

    Args:
        pixels: (256, 256, 3) uint8, aligned.

    Returns:
        (528,) float32: 384 of the reader's, 144 of the parser's.

    Raises:
        ModelError: a pack is missing or damaged.
    """
    reader, parser = open_reader(), open_parser()
    with torch.inference_mode():
        picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1.0
        small = F.interpolate(picture, size=(128, 128), mode="area")
        deep = reader.down3(reader.down2(reader.down1(reader.stem(F.pixel_unshuffle(small, 2)))))
        hidden = F.leaky_relu(reader.hidden(F.leaky_relu(reader.reduce(deep), 0.1).flatten(1)), 0.1)[0]
        x = parser.stem(F.pixel_unshuffle(picture, 2))
        for layer in (parser.down2, parser.down3, parser.down4, parser.down5):
            x = layer(x)
        return np.concatenate([hidden.numpy(), x.mean((2, 3))[0].numpy()]).astype(np.float32)


def raw_measure(attribute: str, pixels: Pixels, mask: MaskArray) -> FloatArray:
    """A measure that needs no probe, as a short vector; `AttributeMeter` projects and scales it.

    Args:
        attribute: one of `MEASURED`.
        pixels: (256, 256, 3) uint8, aligned.
        mask: (256, 256) uint8, their regions.
    """
    if attribute in ("fullness", "side_light"):
        return _by_reader(attribute, pixels)
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)

    def mean(regions: tuple[Region, ...]) -> FloatArray:
        inside = np.isin(mask, regions)
        return lab[inside].mean(0) if inside.sum() >= 20 else np.zeros(3, np.float32)

    if attribute == "makeup":
        return np.asarray(mean(_LIPS) - mean((Region.SKIN,)), np.float32)
    return np.asarray(mean((Region.HAIR,)), np.float32)


def _by_reader(attribute: str, pixels: Pixels) -> FloatArray:
    from faceeditor.photo.reader import run_reader

    _, parts = run_reader(pixels)
    if attribute == "side_light":
        light = parts["gamma"].mean(1)
        return np.array([abs(light[3]) / (abs(light[0]) + 1e-3)], np.float32)
    weight = HeadModel.load().directions["weight"].shape
    return np.array([parts["shape"] @ weight / (weight @ weight)], np.float32)


class AttributeMeter:
    """Measures attributes.

    Args:
        probes: `<attribute>.direction` (D,), `<attribute>.zero` and `<attribute>.one` (scalars) of each attribute.
    """

    def __init__(self, probes: Mapping[str, npt.NDArray[Any]]) -> None:
        self._probes = probes

    @classmethod
    def load(cls) -> "AttributeMeter":
        """The probes of the pack `attribute-guides`; ModelError if it is missing or damaged."""
        return cls(ModelPack.open(PACK).load(FILE))

    def measure(self, attribute: str, pixels: Pixels, mask: MaskArray) -> float:
        """How much of an attribute a picture shows: about 0 without it, about 1 with it.

        Args:
            attribute: its name.
            pixels: (256, 256, 3) uint8, aligned.
            mask: (256, 256) uint8, their regions.

        Raises:
            FaceEditorError: there is no such measure.
        """
        if attribute not in PROBED + MEASURED:
            raise FaceEditorError(f"“{attribute}” cannot be measured.")
        values = features(pixels) if attribute in PROBED else raw_measure(attribute, pixels, mask)
        try:
            direction, zero, one = (self._probes[f"{attribute}.{part}"] for part in ("direction", "zero", "one"))
            value = float(values @ direction)
            low, high = (float(np.asarray(x).reshape(-1)[0]) for x in (zero, one))
        except (KeyError, ValueError, IndexError) as error:
            raise ModelError("The probes of attributes are damaged; reinstall Face Editor.") from error
        return (value - low) / (high - low) if high != low else 0.0


def fitted_probe(values: FloatArray, marks: npt.NDArray[np.int8], ridge: float = 3.0) -> dict[str, FloatArray]:
    """A probe: ridge regression of the marks for long vectors, the difference of means for short ones.

    Args:
        values: (N, D) features.
        marks: (N,) 1 shows the attribute, -1 lacks it, 0 unknown.
        ridge: weight of the penalty for a feature of unit variance.

    Returns:
        direction (D,), zero and one (1,): where people without and with the attribute are on average.
    """
    with_it, without = values[marks == 1], values[marks == -1]
    mean = (with_it.mean(0) + without.mean(0)) / 2
    if values.shape[1] <= 8:
        spread = np.concatenate([with_it - with_it.mean(0), without - without.mean(0)]).std(0) + 1e-6
        direction = (with_it.mean(0) - without.mean(0)) / spread**2
    else:
        known = values[marks != 0]
        spread = known.std(0) + 1e-3 * float(known.std())
        x = (known - mean) / spread
        shown = marks[marks != 0] == 1
        share = np.where(shown, len(shown) / (2 * shown.sum()), len(shown) / (2 * (~shown).sum()))
        gram = x @ x.T + ridge * values.shape[1] * np.diag(1 / share)
        direction = (x.T @ np.linalg.solve(gram, np.where(shown, 1.0, -1.0))) / spread
    direction = np.asarray(direction / np.linalg.norm(direction), np.float32)
    ends = (float((without @ direction).mean()), float((with_it @ direction).mean()))
    return {"direction": direction, "zero": np.array([ends[0]], np.float32), "one": np.array([ends[1]], np.float32)}
