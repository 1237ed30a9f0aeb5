"""Gains in linear light, with highlights that roll off instead of clipping."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_LEVELS = 4096
KNEE = np.float32(0.7)
"""Linear light above which highlights are compressed."""


def _tables() -> tuple[FloatArray, FloatArray]:
    encoded = np.linspace(0, 1, _LEVELS)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    # The inverse by the square root of the light: dark tones need the finer steps.
    light = np.linspace(0, 1, _LEVELS) ** 2
    inverse = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return linear.astype(np.float32), inverse.astype(np.float32)


TO_LINEAR, TO_ENCODED = _tables()
"""(4096,) linear light by encoded values, and encoded values by the square root of linear light, over 0..1."""


def to_linear(values: FloatArray) -> FloatArray:
    """Encoded values 0..1 (IEC 61966-2-1, which Adobe RGB and Display P3 come near) as linear light."""
    return _looked_up(TO_LINEAR, values)


def to_encoded(light: FloatArray) -> FloatArray:
    """The inverse of `to_linear`, for light in 0..1."""
    return _looked_up(TO_ENCODED, np.sqrt(np.maximum(light, 0)))


def encoded_bytes() -> npt.NDArray[np.uint8]:
    """(4096,) samples of 8 bits by the square root of linear light 0..1: a table for compiled loops."""
    return np.rint(TO_ENCODED * np.float32(255)).astype(np.uint8)


def _looked_up(table: FloatArray, values: FloatArray) -> FloatArray:
    """Linear interpolation in a table over 0..1."""
    place = np.clip(values, 0, 1) * np.float32(_LEVELS - 1)
    low = np.minimum(place.astype(np.int32), _LEVELS - 2)
    start = table[low]
    return np.asarray(start + (table[low + 1] - start) * (place - low), np.float32)


def rolled_off(light: FloatArray) -> FloatArray:
    """Light of any strength in 0..1: as it is up to a knee, then ever flatter, never clipped."""
    over = np.maximum(light - KNEE, 0)
    room = np.float32(1) - KNEE
    return np.asarray(np.minimum(light, KNEE) + room * (1 - np.exp(-over / room)), np.float32)
