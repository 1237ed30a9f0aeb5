"""Light of the head as spherical harmonics of order two, and as the lamps of a photographer.

Shading is `sh_basis(normal) @ gamma`, clipped at `DARKEST`; linear colour is `albedo ** 2.2 * shading`. Normals are in
camera axes: x to the right of the picture, y up, z to the viewer. Irradiance of a lobe of light: Ramamoorthi and
Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001), equations 5-9.
"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.head import LightRig

FloatArray = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

SH_CONSTANTS = (0.2820948, 0.4886025, 1.0925484, 0.3153916, 0.5462742)
"""Factors of the real spherical harmonics: constant, linear, products, 3z^2 - 1, x^2 - y^2."""
DARKEST = 0.01
"""Shading never falls below this: the second order swings below zero opposite to a hard light."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Weights of linear R, G, B in brightness (Rec. 709)."""

# Convolution with the clamped cosine, by order (Ramamoorthi & Hanrahan, equation 8), for each of the nine terms.
_BAND = np.array([0, 1, 1, 1, 2, 2, 2, 2, 2])
_CLAMPED_COSINE = np.array([math.pi, 2 * math.pi / 3, math.pi / 4])

# Shading that each lamp gives to a surface that faces it at strength 1. They are chosen so that the default rig shades
# a frontal face as bright (0.65 on average) as the mean light of the photographs does.
_KEY, _FILL, _RIM = 0.72, 0.48, 0.7
# Half angle of the key's disc, degrees: a hard lamp, and what a large window adds.
_HARD, _SOFT = 5.0, 80.0
# Fill is a constant and a little from below and in front, as from a reflector.
_REFLECTOR = 0.15 * np.array([0.0, -0.5, 0.87])


def sh_basis(normals: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The nine spherical harmonics of unit normals in camera axes.

    Args:
        normals: (..., 3) unit vectors.

    Returns:
        (..., 9) of the same type: 1, y, z, x, xy, yz, 3z^2 - 1, xz, x^2 - y^2 times their constants.
    """
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    constant, linear, product, zonal, sectoral = SH_CONSTANTS
    return np.stack(
        [
            np.full_like(x, constant), linear * y, linear * z, linear * x, product * x * y, product * y * z,
            zonal * (3 * z * z - 1), product * x * z, sectoral * (x * x - y * y),
        ],
        -1,
    )  # fmt: skip


def shade(normals: npt.NDArray[np.floating], gamma: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Shading (..., 3) of unit normals (..., 3) under gamma (9, 3): linear, about 0..2, at least `DARKEST`."""
    return np.maximum(sh_basis(normals) @ np.asarray(gamma, normals.dtype), normals.dtype.type(DARKEST))


def to_linear(colour: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """sRGB values 0..1 as linear light (IEC 61966-2-1)."""
    value = np.asarray(colour, np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((np.maximum(value, 0) + 0.055) / 1.055) ** 2.4)


def to_srgb(light: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Linear light as sRGB values (IEC 61966-2-1); negative light is black, above 1 is not clipped."""
    value = np.maximum(np.asarray(light, np.float64), 0)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)


def direction(azimuth: float, elevation: float) -> Float64Array:
    """Unit vector (3,) in camera axes towards a light at these degrees; 0, 0 is the camera's own place."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])


def angles(towards: npt.ArrayLike) -> tuple[float, float]:
    """Azimuth and elevation in degrees of a vector (3,) in camera axes, of any length but zero."""
    x, y, z = (float(v) for v in np.asarray(towards, np.float64))
    return math.degrees(math.atan2(x, z)), math.degrees(math.atan2(y, math.hypot(x, z)))


def rig_to_gamma(rig: LightRig) -> FloatArray:
    """Spherical harmonics (9, 3) float32 of a light rig.

    The key is a disc of light whose size is the softness, scaled so that a surface facing it is equally bright at any
    softness; the rim is a small lamp behind the head, on the side opposite to the key.
    """
    shapes = _shapes(direction(rig.azimuth, rig.elevation), rig.softness)
    key = rig.strength * to_linear(rig.colour)
    fill = rig.fill * to_linear(rig.fill_colour)
    rim = np.full(3, rig.rim)
    return (shapes.T @ np.stack([key, fill, rim])).astype(np.float32)


def gamma_to_rig(gamma: npt.NDArray[np.floating]) -> LightRig:
    """The light rig that comes nearest to gamma (9, 3), for showing any light as lamps.

    For a given direction and softness of the key everything else is linear (variable projection, Golub and Pereyra
    1973); these three start from the linear terms, which point at the light, and are refined by damped least squares.
    Front-facing normals count most. Takes about 4 ms.
    """
    target = _METRIC @ np.asarray(gamma, np.float64)
    linear = np.asarray(gamma, np.float64)[[3, 1, 2]] @ LUMINANCE  # x, y, z
    length = float(np.linalg.norm(linear))
    towards = linear / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])
    # A rim pulls the linear terms away from the key: its mirror image and the camera's place are tried as well.
    directions = (towards, _unit(towards * [-1.0, 1.0, 1.0] + [0.0, 0.0, 0.5]), np.array([0.0, 0.0, 1.0]))
    starts = [(start, softness) for start in directions for softness in (0.2, 0.8)]
    residual, (towards, softness) = min(
        ((float((_fit(target, *start)[1] ** 2).sum()), start) for start in starts), key=lambda pair: pair[0]
    )
    damping = 1e-3
    for _ in range(6):
        side = np.cross(towards, [0.0, 1.0, 0.0] if abs(towards[1]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(towards, side)])
        base = _fit(target, towards, softness)[1]
        step = 1e-3
        ahead = step if softness < 0.5 else -step
        jacobian = np.stack(
            [
                (_fit(target, _unit(towards + step * frame[0]), softness)[1] - base) / step,
                (_fit(target, _unit(towards + step * frame[1]), softness)[1] - base) / step,
                (_fit(target, towards, softness + ahead)[1] - base) / ahead,
            ],
            1,
        )
        normal = jacobian.T @ jacobian
        move = -np.linalg.solve(normal + damping * (np.diag(np.diag(normal)) + 1e-9 * np.eye(3)), jacobian.T @ base)
        move = np.clip(move, -0.5, 0.5)
        new = (_unit(towards + move[0] * frame[0] + move[1] * frame[1]), float(np.clip(softness + move[2], 0.0, 1.0)))
        error = float((_fit(target, *new)[1] ** 2).sum())
        if error < residual:
            gain = residual - error
            (towards, softness), residual, damping = new, error, damping * 0.2
            if gain < 1e-6 * residual + 1e-12:
                break
        else:
            damping *= 20.0
    lamps, _ = _fit(target, towards, softness)
    strength, colour = _lamp(lamps[:3], 3.0)
    fill, fill_colour = _lamp(lamps[3:6], 1.5)
    azimuth, elevation = angles(towards)
    return LightRig(
        azimuth, elevation, strength, colour, float(softness), fill, fill_colour, float(np.clip(lamps[6], 0.0, 2.0))
    )


def brightness(gamma: npt.NDArray[np.floating]) -> float:
    """Mean luminance of the shading over a ball seen from the front; 0.65 in the mean photograph."""
    return float(_FRONT_MEAN @ np.asarray(gamma, np.float64) @ LUMINANCE)


def with_brightness(gamma: npt.NDArray[np.floating], wanted: float) -> FloatArray:
    """Gamma scaled to a `brightness`; a light without any is replaced by even white light."""
    have = brightness(gamma)
    if have < 1e-4:
        even = np.zeros((9, 3), np.float32)
        even[0] = wanted / SH_CONSTANTS[0]
        return even
    return (np.asarray(gamma, np.float64) * (wanted / have)).astype(np.float32)


def mean_colour(gamma: npt.NDArray[np.floating]) -> Float64Array:
    """(3,) mean linear colour of the shading over a ball seen from the front (`brightness` is its luminance)."""
    return np.asarray(_FRONT_MEAN @ np.asarray(gamma, np.float64))


def tinted_rig(rig: LightRig, times: Float64Array) -> LightRig:
    """A rig with its light multiplied channel by channel (3,), within the range of lamps; the rim stays white."""
    strength, colour = _lamp(rig.strength * to_linear(rig.colour) * times, 3.0)
    fill, fill_colour = _lamp(rig.fill * to_linear(rig.fill_colour) * times, 1.5)
    rim = float(np.clip(rig.rim * (times @ LUMINANCE), 0.0, 2.0))
    return replace(rig, strength=strength, colour=colour, fill=fill, fill_colour=fill_colour, rim=rim)


def rotate_gamma(gamma: npt.NDArray[np.floating], rotation: npt.NDArray[np.floating]) -> FloatArray:
    """Gamma (9, 3) of the same light turned by a rotation (3, 3) in camera axes.

    Harmonics of order two stay among themselves, so that their values on enough directions give the turned ones
    exactly.
    """
    turned = sh_basis(_SPHERE @ np.asarray(rotation, np.float64))
    return (_SPHERE_INVERSE @ (turned @ np.asarray(gamma, np.float64))).astype(np.float32)


def _unit(vector: Float64Array) -> Float64Array:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def _lobe(towards: Float64Array, half_angle: float) -> Float64Array:
    """(9,) irradiance of a disc of light, 1 on a surface that faces it.

    A cap of half angle a has the zonal coefficients 1, (1 + c) / 2, c (1 + c) / 2 with c = cos a.
    """
    c = math.cos(math.radians(half_angle))
    zonal = np.array([1.0, (1 + c) / 2, c * (1 + c) / 2])
    facing = 0.25 + 0.5 * zonal[1] + 0.3125 * zonal[2]
    return np.asarray((_CLAMPED_COSINE * zonal)[_BAND] * sh_basis(towards) / facing, np.float64)


_FILL_SHAPE = np.zeros(9)
_FILL_SHAPE[0] = (1 - np.linalg.norm(_REFLECTOR)) / SH_CONSTANTS[0]
_FILL_SHAPE[[3, 1, 2]] = _REFLECTOR / SH_CONSTANTS[1]


def _shapes(towards: Float64Array, softness: float) -> Float64Array:
    """(3, 9): key, fill and rim of unit strength in white."""
    behind = _unit(np.array([-towards[0], 0.35, -0.8]))
    key = _KEY * _lobe(towards, _HARD + _SOFT * softness)
    return np.stack([key, _FILL * _FILL_SHAPE, _RIM * _lobe(behind, 15.0)])


def _fit(target: Float64Array, towards: Float64Array, softness: float) -> tuple[Float64Array, Float64Array]:
    """Lamps (7,): key RGB, fill RGB, rim, none negative, and the residual (27,) of the weighted target (9, 3)."""
    key, fill, rim = (_METRIC @ _shapes(towards, softness).T).T
    design = np.zeros((9, 3, 7))
    for channel in range(3):
        design[:, channel, channel] = key
        design[:, channel, 3 + channel] = fill
    design[:, :, 6] = rim[:, None]
    matrix, wanted = design.reshape(27, 7), target.reshape(27)
    normal = matrix.T @ matrix + 1e-9 * np.eye(7)
    right = matrix.T @ wanted
    free = np.ones(7, bool)
    lamps = np.zeros(7)
    for _ in range(3):
        lamps[:] = 0.0
        lamps[free] = np.linalg.solve(normal[np.ix_(free, free)], right[free])
        if (lamps >= 0).all():
            break
        free &= lamps > 0
    lamps = np.maximum(lamps, 0.0)
    return lamps, matrix @ lamps - wanted


def _lamp(light: Float64Array, strongest: float) -> tuple[float, tuple[float, float, float]]:
    """Strength and sRGB colour of linear light (3,)."""
    most = float(light.max())
    if most < 1e-6:
        return 0.0, (1.0, 1.0, 1.0)
    red, green, blue = (float(v) for v in np.clip(to_srgb(light / most), 0.0, 1.0))
    return min(most, strongest), (red, green, blue)


def _ball(count: int) -> Float64Array:
    """(count, 3) even directions on the sphere (Fibonacci lattice)."""
    turn = np.arange(count) * math.pi * (3 - math.sqrt(5))
    z = 1 - (2 * np.arange(count) + 1) / count
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], 1)


_SPHERE = _ball(64)
_SPHERE_INVERSE = np.linalg.pinv(sh_basis(_SPHERE))
# Mean of the harmonics over the visible half of a ball, by projected area: E[z] = 2/3, E[z^2] = 1/2.
_FRONT_MEAN = np.array([SH_CONSTANTS[0], 0, SH_CONSTANTS[1] * 2 / 3, 0, 0, 0, SH_CONSTANTS[3] / 2, 0, 0])


def _front_metric() -> Float64Array:
    """(9, 9) upper factor of the inner product of shadings in which front-facing normals count most."""
    ball = _ball(512)
    basis = sh_basis(ball)
    weight = 0.15 + np.maximum(ball[:, 2], 0)
    return np.asarray(np.linalg.cholesky((basis * weight[:, None]).T @ basis / len(ball)).T, np.float64)


_METRIC = _front_metric()
