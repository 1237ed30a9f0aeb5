"""The ball of light, free of Qt: a sphere shaded by spherical harmonics, and where a lamp's handle lies on it.

Public API: `BallPicture(size).render(gamma, rig)` -> RGBA pixels; `handle_of(azimuth, elevation)` and `lamp_at(x, y)`
lead from a lamp to its handle and back; `dragged_rig`, `softened`, `brightened`, `turned`, `reset_rig` are the
edits of a rig.

Positions on the ball: x to the right and y up, 1 at the ball's edge. Inside of the edge a lamp stands in front and its
handle lies on the ball where the ball faces it; between the edge and `RIM` it stands behind.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faceeditor.head.light import angles, direction, shade, to_linear, to_srgb
from faceeditor.portrait.head import LightRig

FloatArray = npt.NDArray[np.float32]

RIM = 1.3
"""Where the ring of lamps that stand behind ends, in radii of the ball."""
TURN_STEP = 5.0
"""Degrees of one press of an arrow key."""
STRENGTH_STEP = 0.05
"""What one notch of the wheel changes the key light's strength by."""
MAX_STRENGTH = 3.0

_CLAY = 0.50
"""sRGB value of the ball's material: a neutral grey about as light as skin."""
_GLOSS = 0.16
_LUT_MAX = 4.0
# Degrees that the ring holds. Right behind the ball all of its outer edge would be one and the same lamp.
_BEHIND = 80.0
# Sub-pixels over which the edge fades: one pixel reads as smooth at every ratio of the screen.
_EDGE = 1.0


@lru_cache(maxsize=1)
def _srgb_table() -> npt.NDArray[np.uint8]:
    """8-bit sRGB of linear light 0..`_LUT_MAX` in 4096 steps; the brightest lights roll off instead of clipping."""
    light = np.linspace(0.0, _LUT_MAX, 4096)
    rolled = np.where(light < 0.7, light, 0.7 + 0.3 * (1.0 - np.exp(-(light - 0.7) / 0.3)))
    return np.asarray(np.round(to_srgb(rolled) * 255.0), np.uint8)


class BallPicture:
    """Pictures of the ball at one size; the last one is remembered.

    Args:
        size: side of the picture in pixels; the ball touches its edges.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        axis = (np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0
        x, y = np.meshgrid(axis, -axis)
        distance = np.hypot(x, y)
        self._alpha = np.clip((1.0 - distance) * size / 2.0 / _EDGE + 0.5, 0.0, 1.0)
        self._inside = np.flatnonzero(self._alpha.ravel() > 0.0)
        # The edge's pixels reach a little beyond the ball: they take the normal of the nearest point on it.
        within = np.maximum(distance.ravel()[self._inside], 1.0)
        nx, ny = x.ravel()[self._inside] / within, y.ravel()[self._inside] / within
        nz = np.sqrt(np.maximum(1.0 - nx * nx - ny * ny, 0.0))
        self._normals: FloatArray = np.stack([nx, ny, nz], 1).astype(np.float32)
        self._last: tuple[bytes, npt.NDArray[np.uint8]] | None = None

    def render(self, gamma: npt.NDArray[np.floating], rig: LightRig) -> npt.NDArray[np.uint8]:
        """The ball in a light.

        Args:
            gamma: (9, 3) spherical harmonics of the light in camera axes, R G B.
            rig: the lamps; the key light gives the glossy spot.

        Returns:
            (size, size, 4) uint8, premultiplied RGBA in sRGB; the same array for the same light.
        """
        key = np.asarray(gamma, np.float32).tobytes() + repr(rig).encode()
        if self._last is None or self._last[0] != key:
            self._last = (key, self._drawn(np.asarray(gamma, np.float32), rig))
        return self._last[1]

    def _drawn(self, gamma: FloatArray, rig: LightRig) -> npt.NDArray[np.uint8]:
        light = shade(self._normals, gamma) * np.float32(_CLAY**2.2)
        towards = direction(rig.azimuth, rig.elevation)
        half = towards + np.array([0.0, 0.0, 1.0])
        length = float(np.linalg.norm(half))
        if length > 1e-3 and rig.strength > 0:
            facing = np.maximum(self._normals @ (half / length).astype(np.float32), 0.0)
            # Blinn's exponent falls with the size of the lamp: a window gives a broad, faint spot.
            exponent = 12.0 + 110.0 * (1.0 - rig.softness) ** 2
            seen = max(0.0, min(1.0, (float(towards[2]) + 0.3) / 0.6))
            gloss = _GLOSS * rig.strength * (1.0 - 0.55 * rig.softness) * seen
            light += (facing**exponent)[:, None] * (gloss * to_linear(rig.colour)).astype(np.float32)
        steps = np.minimum(light * np.float32(4095.0 / _LUT_MAX), 4095.0).astype(np.uint16)
        out = np.zeros((self.size * self.size, 4), np.uint8)
        alpha = self._alpha.ravel()[self._inside]
        out[self._inside, :3] = _srgb_table()[steps] * alpha[:, None] + 0.5
        out[self._inside, 3] = alpha * 255.0 + 0.5
        result = out.reshape(self.size, self.size, 4)
        result.flags.writeable = False
        return result


def handle_of(azimuth: float, elevation: float) -> tuple[float, float]:
    """Where a lamp's handle lies on the ball: (x, y) in radii, y up."""
    x, y, z = (float(part) for part in direction(azimuth, elevation))
    across = math.hypot(x, y)
    if z >= 0.0 or across < 1e-9:
        return (x, y) if z >= 0.0 else (0.0, RIM)
    behind = 1.0 + (RIM - 1.0) * min((math.degrees(math.acos(max(-1.0, z))) - 90.0) / _BEHIND, 1.0)
    return x / across * behind, y / across * behind


def lamp_at(x: float, y: float) -> tuple[float, float]:
    """Azimuth and elevation in degrees of the lamp whose handle lies at (x, y); points beyond `RIM` count as on it."""
    across = math.hypot(x, y)
    if across <= 1.0:
        return angles((x, y, math.sqrt(max(0.0, 1.0 - across * across))))
    away = math.radians(90.0 + _BEHIND * min((across - 1.0) / (RIM - 1.0), 1.0))
    return angles((x / across * math.sin(away), y / across * math.sin(away), math.cos(away)))


def dragged_rig(rig: LightRig, x: float, y: float) -> LightRig:
    """The rig with its key light's handle at (x, y)."""
    azimuth, elevation = lamp_at(x, y)
    return replace(rig, azimuth=azimuth, elevation=elevation)


def softened(rig: LightRig, by: float) -> LightRig:
    """The rig with a softer (by > 0) or harder key light."""
    return replace(rig, softness=min(max(rig.softness + by, 0.0), 1.0))


def brightened(rig: LightRig, by: float) -> LightRig:
    """The rig with a stronger (by > 0) or weaker key light."""
    return replace(rig, strength=min(max(round(rig.strength + by, 4), 0.0), MAX_STRENGTH))


def turned(rig: LightRig, right: float, up: float) -> LightRig:
    """The rig with its key light moved by degrees to the right and up; over the top it comes down on the other side."""
    azimuth, elevation = rig.azimuth + right, rig.elevation + up
    if abs(elevation) > 90.0:
        azimuth, elevation = azimuth + 180.0, math.copysign(180.0, elevation) - elevation
    return replace(rig, azimuth=(azimuth + 180.0) % 360.0 - 180.0, elevation=elevation)


def reset_rig(rig: LightRig) -> LightRig:
    """The rig with direction, strength and softness of its key light as they are at first; colours and fill stay."""
    first = LightRig()
    return replace(
        rig, azimuth=first.azimuth, elevation=first.elevation, strength=first.strength, softness=first.softness
    )
