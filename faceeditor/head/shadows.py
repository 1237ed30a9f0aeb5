"""Shadows that the key light of a head casts on it: shadow maps (Williams 1978) from many places of a soft lamp."""

import math

import numpy as np
import numpy.typing as npt

from faceeditor.head.light import direction
from faceeditor.head.maps import drawn_sides
from faceeditor.head.model import HeadModel
from faceeditor.head.posing import posed
from faceeditor.head.raster import BOTH, NONE, Rasteriser, interpolate
from faceeditor.portrait.head import HeadCoefficients, LightRig

FloatArray = npt.NDArray[np.float32]

SHADOW_SIDE = 192
"""Side of a shadow map in pixels; it covers head and shoulders."""
_REACH = 17.0
"""Half of what a shadow map covers, in cm."""
_BIAS = 0.35
"""Depth in cm that a surface may lie behind itself."""
_HARD, _SOFT = 3.0, 42.0
"""Half angle in degrees of the lamp, and what softness adds."""
_FAR = 100.0


def key_visibility(
    model: HeadModel, head: HeadCoefficients, rig: LightRig, size: int = 256, samples: int = 16
) -> FloatArray:
    """How much of the key light each pixel of a head sees.

    Args:
        model: the head model.
        head: its coefficients.
        rig: the lamps; only direction and softness of the key count.
        size: side of the picture in pixels.
        samples: places of the lamp from which a shadow map is drawn.

    Returns:
        (S, S) float32, 0 in full shadow .. 1 in full light; 1 where there is no head.
    """
    view = posed(model, head)
    to_size = np.array([size / 256, size / 256, 1], np.float32)
    buffers = Rasteriser(size).draw(view.projected * to_size, model.triangles, drawn_sides(model))
    places = interpolate(buffers, model.triangles, view.points)
    covered = buffers.triangle >= 0
    here = places[covered]
    if not len(here):
        return np.ones((size, size), np.float32)
    sides = np.where(drawn_sides(model) == NONE, NONE, BOTH).astype(np.uint8)
    rasteriser = Rasteriser(SHADOW_SIDE)
    centre = view.points.mean(0)
    seen = np.zeros(len(here), np.float32)
    lamps = lamp_directions(rig, samples)
    for towards in lamps:
        axes = _axes(towards)
        drawn = rasteriser.draw(_from_lamp(view.points - centre, axes), model.triangles, sides)
        seen += _lit(drawn.inverse_depth, _from_lamp(here - centre, axes))
    out = np.ones((size, size), np.float32)
    out[covered] = seen / np.float32(len(lamps))
    return out


def lamp_directions(rig: LightRig, samples: int) -> FloatArray:
    """(samples, 3) unit vectors towards evenly spread places of the key lamp (a Vogel spiral on its disc)."""
    middle = direction(rig.azimuth, rig.elevation)
    across, up, _ = _axes(middle.astype(np.float32)).astype(np.float64)
    half = math.tan(math.radians(min(80.0, _HARD + _SOFT * rig.softness)))
    index = np.arange(samples)
    radius = half * np.sqrt((index + 0.5) / samples)
    turn = index * math.pi * (3 - math.sqrt(5))
    spread = (radius * np.cos(turn))[:, None] * across + (radius * np.sin(turn))[:, None] * up
    vectors = middle + spread
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _axes(towards: FloatArray) -> FloatArray:
    """(3, 3) right-handed axes whose last one points to the lamp."""
    helper = np.array([0.0, 1.0, 0.0] if abs(towards[1]) < 0.9 else [1.0, 0.0, 0.0], np.float32)
    across = np.cross(helper, towards)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(towards, across), towards]).astype(np.float32)


def _from_lamp(points: FloatArray, axes: FloatArray) -> FloatArray:
    """(N, 3) points as a lamp at infinity sees them: pixels of the shadow map, and nearness in cm."""
    seen = points @ axes.T
    half = np.float32(SHADOW_SIDE / 2)
    scale = np.float32(half / _REACH)
    return np.stack([half + seen[:, 0] * scale, half - seen[:, 1] * scale, seen[:, 2] + np.float32(_FAR)], 1)


def _lit(nearest: FloatArray, places: FloatArray) -> FloatArray:
    """(N,) 0..1 share of the four map pixels around each place that nothing nearer covers."""
    x, y = places[:, 0] - np.float32(0.5), places[:, 1] - np.float32(0.5)
    last = np.float32(SHADOW_SIDE - 1.001)
    x, y = np.clip(x, 0, last), np.clip(y, 0, last)
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, down = x - column, y - row
    limit = places[:, 2] + np.float32(_BIAS)
    total = np.zeros(len(places), np.float32)
    for dy, share_y in ((0, 1 - down), (1, down)):
        for dx, share_x in ((0, 1 - right), (1, right)):
            total += share_y * share_x * (nearest[row + dy, column + dx] <= limit)
    return total
