"""Guide planes read off photographs: which way their hair runs, and what their open mouths show.

The hair's direction is that of least change in the structure tensor (Bigun and Granlund, "Optimal orientation detection
of linear symmetry"), with its coherence as strength.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.portrait.guides import (
    GUIDE_CHANNELS,
    GUIDE_SIDE,
    HAIR_CHANNELS,
    guide_planes,
    mirrored_guides,
)
from faceeditor.regions import MaskArray, Region
from faceeditor.training.data import FaceSet

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_STEPS = 127.0
_QUIET = 4.0
"""Gradient energy (grey levels squared) below which hair counts as smooth and has no direction."""
_CAVITY, _CAVITY_SOFT = 0.42, 0.05
"""Lightness, relative to the skin's, below which the inner mouth is dark cavity."""
_TONGUE, _TONGUE_SOFT = 16.0, 3.0
"""Redness (a of Lab, above half of the skin's) from which it is tongue."""


def read_hair_direction(picture: Pixels, mask: MaskArray, smoothing: float = 4.0) -> Floats:
    """Direction of the hair of a photograph.

    Args:
        picture: (256, 256, 3) uint8 sRGB; mask: (256, 256) uint8, its regions.
        smoothing: standard deviation in pixels over which directions are averaged.

    Returns:
        (3, 128, 128) float32, as `portrait.guides.hair_direction`.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    x, y = cv2.Scharr(grey, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(grey, cv2.CV_32F, 0, 1) / 32
    hair = (mask == Region.HAIR).astype(np.uint8)
    # Not the outline of the region, whose edge says nothing of strands.
    inner = cv2.erode(hair, np.ones((7, 7), np.uint8)).astype(np.float32)
    tensor = np.stack([y * y - x * x, -2 * x * y, x * x + y * y]) * inner
    smooth = np.stack([cv2.GaussianBlur(part, (0, 0), smoothing) for part in tensor])
    planes = smooth[:2] / (smooth[2] + _QUIET) * hair
    planes = np.concatenate([planes, np.hypot(planes[0], planes[1])[None]])
    side = planes.shape[1]
    if side != GUIDE_SIDE:
        planes = np.stack([cv2.resize(p, (GUIDE_SIDE, GUIDE_SIDE), interpolation=cv2.INTER_AREA) for p in planes])
    return planes.astype(np.float32)


def read_mouth_parts(picture: Pixels, mask: MaskArray) -> Floats:
    """Teeth, tongue and cavity in the inner mouth of a photograph, by colour.

    Args:
        picture: (S, S, 3) uint8 sRGB, S = 256 or 128; mask: (S, S) uint8, its regions.

    Returns:
        (3, 128, 128) float32 shares, as `portrait.guides.mouth_parts`.
    """
    inside = mask == Region.MOUTH
    if not inside.any():
        return np.zeros((3, GUIDE_SIDE, GUIDE_SIDE), np.float32)
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness, redness = lab[..., 0], lab[..., 1]
    skin = mask == Region.SKIN
    usual, usual_red = (float(np.median(lab[..., k][skin])) if skin.any() else v for k, v in ((0, 60.0), (1, 12.0)))
    dark = _sigmoid((_CAVITY - lightness / max(usual, 20.0)) / _CAVITY_SOFT)
    red = _sigmoid((redness - 0.5 * usual_red - _TONGUE) / _TONGUE_SOFT)
    parts = np.stack([(1 - dark) * (1 - red), (1 - dark) * red, dark]).astype(np.float32) * inside
    parts = np.stack([cv2.GaussianBlur(part, (0, 0), 1.2 * len(mask) / 256) for part in parts])
    parts *= inside / np.maximum(parts.sum(0), 1e-3)
    if len(mask) == GUIDE_SIDE:
        return parts.astype(np.float32)
    return np.stack([cv2.resize(p, (GUIDE_SIDE, GUIDE_SIDE), interpolation=cv2.INTER_AREA) for p in parts])


def _sigmoid(x: Any) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float32)


class FaceGuides:
    """Guide planes of a data set's photographs, in memory: as they show, and as they are in use."""

    def __init__(self, faces: FaceSet) -> None:
        shape = (len(faces), GUIDE_CHANNELS, GUIDE_SIDE, GUIDE_SIDE)
        self._read, self._usual = np.zeros(shape, np.int8), np.zeros(shape, np.int8)
        self._hair = np.zeros((len(faces), GUIDE_SIDE, GUIDE_SIDE), np.int8)
        for row, (picture, mask) in enumerate(zip(faces.pictures, faces.masks, strict=True)):
            hair, mouth = read_hair_direction(picture, mask), read_mouth_parts(picture, mask)
            self._read[row] = np.round(np.concatenate([hair, mouth]) * _STEPS)
            self._usual[row] = np.round(guide_planes(mask) * _STEPS)
            share = (mask == Region.HAIR).reshape(GUIDE_SIDE, 2, GUIDE_SIDE, 2).mean((1, 3))
            self._hair[row] = np.round(share * _STEPS)

    def of(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_], random: np.random.Generator) -> Floats:
        """Planes (B, 6, 128, 128) as the photographs show them: hair left out or weakened, mouths at times left out."""
        planes = _of(self._read, rows, flips)
        for plane in planes:
            plane[:HAIR_CHANNELS] *= _hair_gain(random)
            plane[HAIR_CHANNELS:] *= random.random() > 0.15
        return planes

    def usual(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_]) -> Floats:
        """Planes (B, 6, 128, 128) as they are in use without a comb: no direction, the usual parts of the mouth."""
        return _of(self._usual, rows, flips)

    def in_use(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_], random: np.random.Generator) -> Floats:
        """Planes for other styles on the photographs' masks: hair as of `of` or combed, usual parts of the mouth."""
        planes = self.usual(rows, flips)
        planes[:, :HAIR_CHANNELS] = _of(self._read, rows, flips)[:, :HAIR_CHANNELS]
        for plane, row, flip in zip(planes, rows, flips, strict=True):
            if random.random() < 0.4:
                hair = self._hair[row][:, ::-1] if flip else self._hair[row]
                plane[:HAIR_CHANNELS] = combed(hair.astype(np.float32) / np.float32(_STEPS), random)
            plane[:HAIR_CHANNELS] *= _hair_gain(random)
        return planes


def _of(stored: npt.NDArray[np.int8], rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_]) -> Floats:
    planes = stored[rows].astype(np.float32) / np.float32(_STEPS)
    planes[flips] = mirrored_guides(planes[flips])
    return planes


def combed(hair: Floats, random: np.random.Generator) -> Floats:
    """Hair (S, S) 0..1 laid by a comb at random: one direction that turns slowly, (3, S, S) as of `hair_direction`."""
    side = len(hair)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    turn = random.uniform(-2, 2, 2)
    angle = random.uniform(0, np.pi) + turn[0] * x + turn[1] * y
    return np.stack([hair * np.cos(2 * angle), hair * np.sin(2 * angle), hair]).astype(np.float32)


def _hair_gain(random: np.random.Generator) -> Floats:
    """(1, 128, 128) or scalar weights of a photograph's hair direction: none for half, else all of it or a part."""
    kind = random.random()
    if kind < 0.5:
        return np.zeros((1, 1, 1), np.float32)
    gain = np.full((1, 1, 1), random.uniform(0.6, 1.0), np.float32)
    if kind < 0.8:
        return gain
    # As where a comb went: around a place at random.
    y, x = np.mgrid[:GUIDE_SIDE, :GUIDE_SIDE].astype(np.float32)
    at, reach = random.uniform(0, GUIDE_SIDE, 2), random.uniform(8, 40)
    near = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * reach**2))
    return np.asarray(gain * near[None], np.float32)
