"""Compiled loops of the plain renderer (`render`): skin, eyes, cloth, lashes and hair in linear light."""

import numpy as np

from faceeditor.head.camera import FOCAL
from faceeditor.head.jit import compiled
from faceeditor.head.light import DARKEST, SH_CONSTANTS
from faceeditor.head.maps import LEVELS, PART_COLOURS, PUPIL, SCLERA, TO_LINEAR, TO_SRGB, sample_chart
from faceeditor.head.model import EYE_CHART, IRIS_ANGLE, PUPIL_ANGLE, Part
from faceeditor.regions import Region

_C0, _C1, _C2, _C3, _C4 = (np.float32(value) for value in SH_CONSTANTS)
_DARKEST = np.float32(DARKEST)
_SCALP, _SHOULDERS, _EYE_LEFT, _EYE_RIGHT, _LASHES, _SKIN_PARTS = (
    int(Part.SCALP), int(Part.SHOULDERS), int(Part.EYE_LEFT), int(Part.EYE_RIGHT), int(Part.LASHES), int(Part.NECK) + 1
)  # fmt: skip
_SKIN_REGION, _HAIR_REGION = int(Region.SKIN), int(Region.HAIR)
_EYE_SCALE = np.float32(2 * EYE_CHART)
_IRIS_RIM, _PUPIL_RIM = np.float32(IRIS_ANGLE), np.float32(PUPIL_ANGLE)
_SCLERA, _PUPIL = np.array(SCLERA, np.float32), np.array(PUPIL, np.float32)
_FOCAL = np.float32(FOCAL)
_TOP = np.float32(LEVELS - 1)
_HALF = np.float32(0.5)
# Colour and reach of the light for parts without a chart; wet ones shine.
_PLAIN = np.ones((len(Part), 5), np.float32)
_PLAIN[:, 4] = 0.0
for _part, (_colour, _reach) in PART_COLOURS.items():
    _PLAIN[_part] = (*_colour, _reach, 0.0)
_PLAIN[[Part.GUM, Part.TEETH_UPPER, Part.TEETH_LOWER, Part.TONGUE], 4] = (0.5, 0.9, 0.6, 0.5)


@compiled
def clipped(value):  # type: ignore[no-untyped-def]
    """A number brought into 0..1."""
    return min(np.float32(1), max(np.float32(0), value))


@compiled
def step(low, high, value):  # type: ignore[no-untyped-def]
    """Smooth step from 0 at low to 1 at high."""
    t = clipped((value - low) / (high - low))
    return t * t * (np.float32(3) - np.float32(2) * t)


@compiled
def _hash(x, y, seed):  # type: ignore[no-untyped-def]
    h = np.uint32(x) * np.uint32(374761393) + np.uint32(y) * np.uint32(668265263) + np.uint32(seed) * np.uint32(69069)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    return np.float32((h ^ (h >> np.uint32(16))) & np.uint32(0xFFFF)) * np.float32(1 / 65535)


@compiled
def noise(x, y, seed):  # type: ignore[no-untyped-def]
    """Value noise 0..1 with features of size 1."""
    left, top = np.floor(x), np.floor(y)
    ax, ay = x - left, y - top
    ax, ay = ax * ax * (3 - 2 * ax), ay * ay * (3 - 2 * ay)
    i, j = int(left), int(top)
    upper = _hash(i, j, seed) * (1 - ax) + _hash(i + 1, j, seed) * ax
    lower = _hash(i, j + 1, seed) * (1 - ax) + _hash(i + 1, j + 1, seed) * ax
    return np.float32(upper * (1 - ay) + lower * ay)


@compiled
def _irradiance(gamma, channel, x, y, z):  # type: ignore[no-untyped-def]
    g = gamma[channel]
    light = _C0 * g[0] + _C1 * (y * g[1] + z * g[2] + x * g[3])
    light += _C2 * (x * y * g[4] + y * z * g[5] + x * z * g[7])
    light += _C3 * (np.float32(3) * z * z - np.float32(1)) * g[6] + _C4 * (x * x - y * y) * g[8]
    return max(light, _DARKEST)


@compiled
def paint_head(  # type: ignore[no-untyped-def]
    triangle, barycentric, triangles, parts, part_regions, corners, normals, occlusion, oily, scalp, chart, iris,
    axes, gamma, key, key_light, hair, cloth, cropped, oil, seed, colour, labels,
):  # fmt: skip
    """Colour (S, S, 3) in linear light and label (S, S) of every pixel that shows the head.

    Args:
        occlusion, oily, scalp: (V,) how much light reaches a vertex, its share in the oily zone, and of the scalp.
        axes: (2, 3) gaze axes in camera axes. key, key_light: (3,) direction and linear colour of the key light.
        hair, cloth: (3,) linear albedo. cropped: whether the scalp shows hair.
    """
    size = triangle.shape[0]
    texels = chart.shape[0]
    albedo = np.empty(3, np.float32)
    for y in range(size):
        for x in range(size):
            t = triangle[y, x]
            if t < 0:
                continue
            first, second = barycentric[y, x, 0], barycentric[y, x, 1]
            third = np.float32(1) - first - second
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            nx = first * normals[a, 0] + second * normals[b, 0] + third * normals[c, 0]
            ny = first * normals[a, 1] + second * normals[b, 1] + third * normals[c, 1]
            nz = first * normals[a, 2] + second * normals[b, 2] + third * normals[c, 2]
            scale = np.float32(1) / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-20))
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            vx = -(x + np.float32(0.5) - size * np.float32(0.5)) / (_FOCAL * size)
            vy = (y + np.float32(0.5) - size * np.float32(0.5)) / (_FOCAL * size)
            scale = np.float32(1) / np.sqrt(vx * vx + vy * vy + np.float32(1))
            vx, vy, vz = vx * scale, vy * scale, scale
            u = first * corners[t, 0, 0] + second * corners[t, 1, 0] + third * corners[t, 2, 0]
            v = first * corners[t, 0, 1] + second * corners[t, 1, 1] + third * corners[t, 2, 1]
            reach = first * occlusion[a] + second * occlusion[b] + third * occlusion[c]
            part = parts[t]
            label = part_regions[t]
            shine, sharpness = np.float32(0), np.float32(20)
            if part < _SKIN_PARTS:
                sample_chart(chart, texels, u, v, albedo)
                grain = noise(u * 420, v * 420, seed) - np.float32(0.5)
                patch = noise(u * 60, v * 60, seed + 1) - np.float32(0.5)
                for channel in range(3):
                    tone = albedo[channel] * (1 + np.float32(0.05) * grain + np.float32(0.05) * patch)
                    albedo[channel] = TO_LINEAR[int(clipped(tone) * _TOP + _HALF)]
                zone = first * oily[a] + second * oily[b] + third * oily[c]
                shine = (np.float32(0.10) + oil * (np.float32(0.10) + np.float32(0.35) * zone)) * (1 + grain)
                sharpness = np.float32(14) + np.float32(34) * oil * zone
                covered = first * scalp[a] + second * scalp[b] + third * scalp[c]
                if label == _HAIR_REGION:
                    label = _SKIN_REGION
                if cropped and covered > np.float32(0.02):
                    strand = noise(u * 300, v * 300, seed + 2)
                    # The hairline is ragged.
                    growth = step(
                        np.float32(0.35), np.float32(0.65), covered + np.float32(0.4) * (strand - np.float32(0.5))
                    )
                    for channel in range(3):
                        root = hair[channel] * (np.float32(0.5) + np.float32(0.7) * strand)
                        albedo[channel] += growth * (root - albedo[channel])
                    shine *= 1 - growth
                    if covered > np.float32(0.5):
                        label = _HAIR_REGION
            elif part == _SHOULDERS:
                weave = noise(u * 900, v * 900, seed + 3) - np.float32(0.5)
                fold = noise(u * 23, v * 37, seed + 4) - np.float32(0.5)
                for channel in range(3):
                    albedo[channel] = cloth[channel] * (1 + np.float32(0.25) * weave + np.float32(0.35) * fold)
            elif part in (_EYE_LEFT, _EYE_RIGHT):
                axis = axes[0] if part == _EYE_LEFT else axes[1]
                bulge = _eye(u, v, iris, seed, albedo)
                # The cornea is more curved than the eyeball: its normals lean outwards.
                along = nx * axis[0] + ny * axis[1] + nz * axis[2]
                cx = nx + bulge * (nx - along * axis[0])
                cy = ny + bulge * (ny - along * axis[1])
                cz = nz + bulge * (nz - along * axis[2])
                scale = np.float32(1) / np.sqrt(cx * cx + cy * cy + cz * cz)
                cx, cy, cz = cx * scale, cy * scale, cz * scale
                # The lid above shades the eye.
                reach = np.float32(0.85) - np.float32(0.6) * clipped(ny + np.float32(0.1))
                toward = np.float32(2) * (cx * vx + cy * vy + cz * vz)
                glint = (toward * cx - vx) * key[0] + (toward * cy - vy) * key[1] + (toward * cz - vz) * key[2]
                glint = step(np.float32(0.955), np.float32(0.99), glint)
                for channel in range(3):
                    diffuse = albedo[channel] * _irradiance(gamma, channel, nx, ny, nz) * reach
                    colour[y, x, channel] = diffuse + glint * np.float32(0.9) * key_light[channel]
                labels[y, x] = label
                continue
            else:
                for channel in range(3):
                    albedo[channel] = _PLAIN[part, channel] ** np.float32(2.2)
                reach = _PLAIN[part, 3]
                shine, sharpness = np.float32(0.25) * _PLAIN[part, 4], np.float32(60)
            hx, hy, hz = key[0] + vx, key[1] + vy, key[2] + vz
            scale = np.float32(1) / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
            facing = (nx * hx + ny * hy + nz * hz) * scale
            lit = clipped(np.float32(4) * (nx * key[0] + ny * key[1] + nz * key[2]) + np.float32(0.3))
            # Skin reflects more at grazing angles (Schlick).
            grazing = np.float32(1) - clipped(nx * vx + ny * vy + nz * vz)
            shine *= np.float32(0.7) + np.float32(1.5) * grazing * grazing * grazing * grazing
            gloss = np.float32(0)
            if facing > np.float32(0.6):
                gloss = shine * lit * facing**sharpness * reach
            for channel in range(3):
                diffuse = albedo[channel] * _irradiance(gamma, channel, nx, ny, nz) * reach
                colour[y, x, channel] = diffuse + gloss * key_light[channel]
            labels[y, x] = label


@compiled
def _eye(u, v, iris, seed, albedo):  # type: ignore[no-untyped-def]
    """Linear albedo (3,) of the eye at a place of its chart; returns how far the cornea bulges there."""
    du, dv = u - np.float32(0.5), v - np.float32(0.5)
    angle = _EYE_SCALE * np.sqrt(du * du + dv * dv)
    turn = np.arctan2(dv, du)
    inside = step(_IRIS_RIM + np.float32(1.2), _IRIS_RIM - np.float32(1.2), angle)
    pupil = step(_PUPIL_RIM + np.float32(0.8), _PUPIL_RIM - np.float32(0.8), angle)
    place = clipped((angle - _PUPIL_RIM) / (_IRIS_RIM - _PUPIL_RIM))
    # Fibres run outwards; around the pupil lies a paler ring, and the rim is dark.
    fibre = noise(turn * np.float32(9), place * np.float32(2), seed + 5) * np.float32(0.6)
    fibre += noise(turn * np.float32(23), place * np.float32(3), seed + 6) * np.float32(0.4)
    ring = step(np.float32(0.45), np.float32(0.1), place)
    rim = step(np.float32(0.72), np.float32(1.0), place)
    tone = (np.float32(0.65) + np.float32(0.7) * fibre + np.float32(0.25) * ring) * (1 - np.float32(0.6) * rim)
    vein = noise(u * 60, v * 60, seed + 7)
    for channel in range(3):
        white = _SCLERA[channel] - (np.float32(0.0) if channel == 0 else np.float32(0.05) * vein)
        white -= np.float32(0.0012) * max(np.float32(0), angle - np.float32(30))
        inner = iris[channel] * tone * (1 - pupil) + _PUPIL[channel] * pupil
        albedo[channel] = TO_LINEAR[int(clipped(white + inside * (inner - white)) * _TOP + _HALF)]
    return np.float32(0.9) * inside


@compiled
def paint_lashes(triangle, inverse_depth, head_depth, colour):  # type: ignore[no-untyped-def]
    """Darken what lies behind the lashes."""
    for y in range(triangle.shape[0]):
        for x in range(triangle.shape[1]):
            if triangle[y, x] >= 0 and inverse_depth[y, x] > head_depth[y, x] * np.float32(0.9995):
                for channel in range(3):
                    colour[y, x, channel] = colour[y, x, channel] * np.float32(0.3) + np.float32(0.002)


@compiled
def paint_hair(  # type: ignore[no-untyped-def]
    triangle, barycentric, inverse_depth, triangles, corners, normals, tangents, edge, head_depth, hair, gamma, key,
    key_light, fine, seed, colour, labels,
):  # fmt: skip
    """Lay one layer of hair over the picture.

    Light on strands: Kajiya and Kay, "Rendering Fur with Three Dimensional Textures" (1989), with a second, coloured
    highlight shifted towards the root (Scheuermann 2004).

    Args:
        corners: (T, 3, 2) chart, v runs along the strands. tangents: (N, 3) direction of strands in camera axes.
        edge: (N,) cm from the volume's open edge, where strands end one by one. fine: strands in the chart's width.
    """
    size = triangle.shape[0]
    for y in range(size):
        for x in range(size):
            t = triangle[y, x]
            if t < 0 or inverse_depth[y, x] < head_depth[y, x]:
                continue
            first, second = barycentric[y, x, 0], barycentric[y, x, 1]
            third = np.float32(1) - first - second
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            nx = first * normals[a, 0] + second * normals[b, 0] + third * normals[c, 0]
            ny = first * normals[a, 1] + second * normals[b, 1] + third * normals[c, 1]
            nz = first * normals[a, 2] + second * normals[b, 2] + third * normals[c, 2]
            scale = np.float32(1) / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-20))
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            inner = np.float32(1)
            if nz < 0:
                # The inside of the volume: darker, lit as its other face.
                nx, ny, nz, inner = -nx, -ny, -nz, np.float32(0.35)
            u = first * corners[t, 0, 0] + second * corners[t, 1, 0] + third * corners[t, 2, 0]
            v = first * corners[t, 0, 1] + second * corners[t, 1, 1] + third * corners[t, 2, 1]
            strand = noise(u * fine, v * np.float32(3.1), seed)
            lock = noise(u * fine * np.float32(0.14), v * np.float32(2.3), seed + 1)
            end = first * edge[a] + second * edge[b] + third * edge[c]
            cut = np.float32(0.5) * strand + np.float32(0.5) * lock
            alpha = step(np.float32(0.0), np.float32(0.5), end - np.float32(1.6) * cut + np.float32(0.25))
            # Where one looks along the surface single strands stand out.
            alpha *= step(np.float32(0.0), np.float32(0.22), nz - np.float32(0.18) * strand + np.float32(0.06))
            if alpha <= np.float32(0.01):
                continue
            tx = first * tangents[a, 0] + second * tangents[b, 0] + third * tangents[c, 0]
            ty = first * tangents[a, 1] + second * tangents[b, 1] + third * tangents[c, 1]
            tz = first * tangents[a, 2] + second * tangents[b, 2] + third * tangents[c, 2]
            # Strands are not quite parallel.
            lean = np.float32(0.35) * (lock - np.float32(0.5))
            tx, ty, tz = tx + lean * nx, ty + lean * ny, tz + lean * nz
            scale = np.float32(1) / np.sqrt(tx * tx + ty * ty + tz * tz + np.float32(1e-20))
            tx, ty, tz = tx * scale, ty * scale, tz * scale
            hx, hy, hz = key[0], key[1], key[2] + np.float32(1)
            scale = np.float32(1) / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
            along = (tx * hx + ty * hy + tz * hz) * scale
            across = np.sqrt(max(np.float32(0), np.float32(1) - along * along))
            shifted = along + np.float32(0.12) + np.float32(0.1) * (strand - np.float32(0.5))
            second_across = np.sqrt(max(np.float32(0), np.float32(1) - shifted * shifted))
            lit = clipped(np.float32(0.4) + np.float32(1.2) * (nx * key[0] + ny * key[1] + nz * key[2])) * inner
            gloss = np.float32(0.05) * across ** np.float32(90) * (np.float32(0.4) + strand)
            tint = np.float32(0.35) * second_across ** np.float32(30) * (np.float32(0.3) + np.float32(0.7) * strand)
            body = (np.float32(0.42) + np.float32(0.55) * strand + np.float32(0.4) * lock) * inner
            for channel in range(3):
                light = _irradiance(gamma, channel, nx, ny, nz) * hair[channel] * body
                light += lit * key_light[channel] * (gloss + tint * hair[channel])
                colour[y, x, channel] += alpha * (light - colour[y, x, channel])
            if alpha > np.float32(0.5):
                labels[y, x] = _HAIR_REGION


@compiled
def to_picture(colour, labels, times, picture, regions):  # type: ignore[no-untyped-def]
    """Mean colour of times x times samples as 8-bit sRGB (S, S, 3), and their commonest label (S, S)."""
    size = regions.shape[0]
    share = np.float32(1.0 / (times * times))
    for y in range(size):
        for x in range(size):
            for channel in range(3):
                total = np.float32(0)
                for j in range(times):
                    for i in range(times):
                        # Highlights are clipped before they are averaged, as a sensor does.
                        total += clipped(colour[y * times + j, x * times + i, channel])
                value = TO_SRGB[int(np.sqrt(total * share) * _TOP + _HALF)]
                picture[y, x, channel] = np.uint8(value * np.float32(255) + np.float32(0.5))
            best, most = labels[y * times, x * times], 0
            for k in range(times * times if times > 1 else 0):
                label = labels[y * times + k // times, x * times + k % times]
                count = 0
                for other in range(times * times):
                    if labels[y * times + other // times, x * times + other % times] == label:
                        count += 1
                if count > most:
                    best, most = label, count
            regions[y, x] = best
