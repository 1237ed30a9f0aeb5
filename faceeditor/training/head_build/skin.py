"""The skin's albedo learnt from unwrapped photographs: mean, 32 modes, and the coefficients of every photograph."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceeditor.portrait.head import ALBEDO_DIM
from faceeditor.regions import Region
from faceeditor.training.head_build.skin_fill import blur, blurred_inside, calmed, continued
from faceeditor.training.head_build.skin_modes import principal
from faceeditor.training.head_build.sources import HEAD, Array, Scans
from faceeditor.training.head_build.unwrap import SIZE, Chart

SMALL = 128
"""Side of the chart that modes are kept in."""
LEARNT_MODES = 40
"""Modes that fill in what a photograph does not show."""
NOISE = 0.045
"""Standard deviation of a texel about the modes (sRGB-like 0..1)."""
LIGHT_REMOVED = 0.8
"""How much of a pattern that a low-order light could have made is taken for left-over light."""


@dataclass(frozen=True, eq=False)
class Zones:
    """Parts of the chart at one size, (H, W) float32 0..1.

    Attributes:
        detail: brows, lips, lids and nostrils. brows, lips: generous zones in which dark or red skin is natural.
        plain: skin that the rest of the head is continued from.
    """

    detail: Array
    brows: Array
    lips: Array
    plain: Array


@dataclass(frozen=True, eq=False)
class Skin:
    """What was learnt: mean (256, 256, 3), modes (32, 128, 128, 3), coefficients (N, 32) of the rows given."""

    mean: Array
    modes: Array
    coefficients: Array
    seen: Array


def zones(chart: Chart, size: int) -> Zones:
    """Zones of the chart, from the regions of its triangles."""
    scale = size / 128

    def grown(regions: tuple[Region, ...], sigma: float, gain: float) -> Array:
        inside: Array = (np.isin(chart.region, regions) & chart.covered).astype(np.float32)
        inside = cv2.resize(inside, (size, size), interpolation=cv2.INTER_AREA)
        return np.clip(blur(inside, sigma * scale) * gain, 0, 1)

    brows = grown((Region.L_BROW, Region.R_BROW), 2.5, 4.0)
    lips = grown((Region.U_LIP, Region.L_LIP), 1.8, 3.0)
    nose = grown((Region.NOSE,), 1.5, 1.0)
    row = np.arange(size)[:, None] / scale
    # The lids lie just below the brows: the same columns, from there down to the cheek.
    column = brows.max(0) > 0.3
    lids = ((row > 31) & (row < 41) & column[None]).astype(np.float32)
    lids = np.clip(blur(np.broadcast_to(lids, (size, size)).astype(np.float32), 1.0 * scale) * 1.3, 0, 1)
    nostrils = nose * np.clip((row - 52) / 3, 0, 1)
    skin: Array = (np.isin(chart.region, (Region.SKIN, Region.NOSE)) & chart.covered).astype(np.float32)
    skin = cv2.resize(skin, (size, size), interpolation=cv2.INTER_AREA)
    detail = np.clip(brows + lips + lids + nostrils, 0, 1)
    return Zones(detail, brows, lips, skin * (1 - np.clip(detail * 1.5, 0, 1)))


def learn_skin(
    scans: Scans, chart: Chart, colours: Array, weights: Array, start: dict[str, Array], start_coefficients: Array
) -> Skin:
    """Learn mean and modes.

    Args:
        colours, weights: (N, P, 3) and (N, P) uint8 of `unwrap.unwrap`.
        start: the skin model of the fits; start_coefficients: (N, 40) in it, for what no photograph shows.
    """
    large, small = zones(chart, SIZE), zones(chart, SMALL)
    patterns = _light_patterns(scans, chart)
    first = start["mean"].astype(np.float32)
    textures, known = _prepared(chart, colours, weights, first, large, patterns)
    share = known.mean(0)
    inside = share > 0.25 * share.max()
    guess = shrunk(start["basis"].astype(np.float32))
    fallback = shrunk(first[None])[0] + np.tensordot(start_coefficients.astype(np.float32), guess, 1)
    mean, modes, codes = _completed(textures, known, fallback, inside, small)
    mean, modes, turn = principal(mean, modes, codes)
    coefficients = (codes - codes.mean(0)) @ turn
    trust, holes = _trusted(inside)
    source = small.plain * (holes > 0.9)
    smooth = [calmed(mode.astype(np.float32), trust, small.detail, small.lips, 1.0) for mode in modes]
    modes = np.stack([continued(_patched(mode, trust, holes), holes, source, 1.0) for mode in smooth])
    fine = _fine_mean(chart, colours, weights, first, large, patterns, textures, known, mean)
    fine_trust = cv2.resize(trust, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    fine_holes = cv2.resize(holes, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    fine_source = cv2.resize(source, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    whole = continued(_patched(fine, fine_trust, fine_holes), fine_holes, fine_source, 2.0)
    return Skin(np.clip(whole, 0.02, 1), modes, coefficients, known.mean((1, 2)))


def shrunk(pictures: Array) -> Array:
    """(N, 256, 256, 3) -> (N, 128, 128, 3) by averaging."""
    n, h, w, c = pictures.shape
    return pictures.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def _enlarged(picture: Array) -> Array:
    return cv2.resize(picture.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def _light_patterns(scans: Scans, chart: Chart) -> Array:
    """(P, 6) patterns over the window that a low-order light, the same at both sides, could make."""
    from faceeditor.head.raster import vertex_normals

    triangles = scans.triangles[scans.triangles.max(1) < HEAD].astype(np.int32)
    normals = vertex_normals(scans.mean[:HEAD].astype(np.float32), np.ascontiguousarray(triangles))
    at = tuple(chart.window.T)
    normal = np.einsum("pk,pkc->pc", chart.barycentric[at], normals[chart.vertices[at]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    _, y, z = normal.T
    return np.stack([np.ones_like(y), y, z, y * z, y * y, z * z], 1)


def _even(
    chart: Chart, colour: Array, weight: Array, first: Array, area: Zones, patterns: Array
) -> tuple[Array, Array]:
    """One photograph's texels as a symmetric texture without shadows, beards and left-over light.

    Returns:
        texture (256, 256, 3) and weight (256, 256), zero outside of the window.
    """
    at = tuple(chart.window.T)
    albedo = colour.astype(np.float32) * (1.2 / 255)
    known = weight.astype(np.float32) / 255
    grid = np.zeros((SIZE, SIZE, 4), np.float32)
    brows, lips, plain = area.brows[at], area.lips[at], area.plain[at]
    level = np.log(np.maximum(albedo, 0.02)) - np.log(np.maximum(first[at], 0.02))
    sure = (known > 0.5) & (plain > 0.6)
    if sure.sum() < 500:
        return grid[..., :3], grid[..., 3]
    tone = np.median(level[sure], 0)
    level -= tone
    for _ in range(2):
        use = known * plain * np.exp(-((level.mean(1) / 0.25) ** 2))
        weighted = patterns * use[:, None]
        fit = np.linalg.solve(weighted.T @ patterns + 3.0 * np.eye(6), weighted.T @ level)
        light = patterns @ fit
        light -= (light * use[:, None]).sum(0) / max(use.sum(), 1e-6)
        level -= LIGHT_REMOVED * light
        level -= (level * use[:, None]).sum(0) / max(use.sum(), 1e-6)
    # Plain skin far darker than its person's is shadow, hair or beard, far brighter is shine; brows may be dark.
    dark = 0.2 + 1.3 * brows + 0.6 * lips
    bright = 0.2 + 0.5 * lips + 0.3 * brows
    deviation = level.mean(1)
    known *= np.clip(1 - (-deviation - dark) / 0.2, 0, 1) * np.clip(1 - (deviation - bright) / 0.25, 0, 1)
    hue = np.abs(level - deviation[:, None]).max(1)
    known *= np.clip(1 - (hue - 0.22 - 0.5 * lips - 0.4 * brows) / 0.2, 0, 1)
    grid[(*at, slice(0, 3))] = first[at] * np.exp(tone + level)
    grid[(*at, 3)] = known
    other = grid[:, ::-1]
    both = grid[..., 3] + other[..., 3]
    texture = (grid[..., :3] * grid[..., 3:] + other[..., :3] * other[..., 3:]) / np.maximum(both, 1e-6)[..., None]
    return np.clip(texture, 0, 1.1), np.clip(both, 0, 1)


def _prepared(
    chart: Chart, colours: Array, weights: Array, first: Array, area: Zones, patterns: Array
) -> tuple[Array, Array]:
    """All photographs' textures (N, 128, 128, 3) and weights (N, 128, 128), calmed."""
    small = zones(chart, SMALL)
    textures = np.zeros((len(colours), SMALL, SMALL, 3), np.float32)
    known = np.zeros((len(colours), SMALL, SMALL), np.float32)
    for index in range(len(colours)):
        texture, weight = _even(chart, colours[index], weights[index], first, area, patterns)
        total = weight.reshape(SMALL, 2, SMALL, 2).sum((1, 3))
        summed = (texture * weight[..., None]).reshape(SMALL, 2, SMALL, 2, 3).sum((1, 3))
        value = summed / np.maximum(total, 1e-6)[..., None]
        known[index] = total / 4
        textures[index] = calmed(value, known[index], small.detail, small.lips, 1.0)
    return textures, known


def _completed(
    textures: Array, known: Array, fallback: Array, inside: Array, area: Zones
) -> tuple[Array, Array, Array]:
    """Principal components with missing data: what is not seen is filled in by the modes, again and again.

    Returns:
        mean (128, 128, 3), modes (K, 128, 128, 3) of unit length over the weighted texels, codes (N, K).
    """
    at = np.nonzero(inside)
    emphasis = np.sqrt(1 + 2.0 * area.detail[at]).astype(np.float32)
    values = textures[:, at[0], at[1]]
    weight = known[:, at[0], at[1]][..., None]
    filled = values * weight + fallback[:, at[0], at[1]] * (1 - weight)
    people = len(values)
    # Photographs that show little skin teach little.
    voice = np.clip(weight.mean((1, 2)) / 0.5, 0.05, 1)[:, None]
    for _ in range(10):
        mean = (filled * voice[..., None]).sum(0) / voice.sum()
        centred = ((filled - mean) * emphasis[:, None]).reshape(people, -1)
        scaled = centred * voice
        values_, vectors = np.linalg.eigh(scaled @ scaled.T)
        order = np.argsort(values_)[::-1][:LEARNT_MODES]
        modes = vectors[:, order].T @ scaled
        modes /= np.linalg.norm(modes, axis=1, keepdims=True)
        variance = values_[order] / (voice**2).sum()
        shrink = variance / (variance + NOISE**2)
        codes = centred @ modes.T * shrink
        # Rare extremes (paint, make-up, burns) would else shape modes of their own.
        limit = 3.0 * codes.std(0)
        codes = np.clip(codes, -limit, limit)
        drawn = (codes @ modes).reshape(people, -1, 3) / emphasis[:, None] + mean
        filled = values * weight + drawn * (1 - weight)
    codes = _weighted_codes(values - mean, weight, modes, variance, emphasis)
    limit = 3.0 * codes.std(0)
    codes = np.clip(codes, -limit, limit)
    picture = np.zeros((LEARNT_MODES, SMALL, SMALL, 3), np.float32)
    picture[:, at[0], at[1]] = modes.reshape(LEARNT_MODES, -1, 3) / emphasis[:, None]
    whole = np.zeros((SMALL, SMALL, 3), np.float32)
    whole[at] = mean
    return whole, picture, codes


def _weighted_codes(deviation: Array, weight: Array, modes: Array, variance: Array, emphasis: Array) -> Array:
    """(N, K) codes of the textures from what is seen of them: ridge regression with the modes' variances as prior."""
    people = len(deviation)
    codes = np.zeros((people, len(modes)))
    # Neighbouring texels and the three colours share their errors: a texel counts as a tenth of a measurement.
    noise = 10 * NOISE**2
    for person in range(people):
        w = np.repeat(weight[person, :, 0], 3).astype(np.float32)
        target = (deviation[person] * emphasis[:, None]).reshape(-1)
        weighted = modes * w
        normal = weighted @ modes.T / noise + np.diag(1 / variance)
        codes[person] = np.linalg.solve(normal, weighted @ target / noise)
    return codes


def _fine_mean(
    chart: Chart, colours: Array, weights: Array, first: Array, area: Zones, patterns: Array,
    textures: Array, known: Array, mean: Array,
) -> Array:  # fmt: skip
    """The mean at 256: the small one and the detail that it cannot hold, averaged over the photographs."""
    total = np.zeros((SIZE, SIZE, 1))
    summed = np.zeros((SIZE, SIZE, 3))
    for index in range(0, len(colours), 2):
        texture, weight = _even(chart, colours[index], weights[index], first, area, patterns)
        sure = cv2.resize(known[index], (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        weight = (weight * (sure > 0.9))[..., None]
        summed += weight * (texture - _enlarged(textures[index]))
        total += weight
    detail = summed / np.maximum(total, 1.0)
    settled = np.clip(total / max(total.max() * 0.1, 1), 0, 1)
    fine = (_enlarged(mean) + detail * settled).astype(np.float32)
    return calmed(fine, np.ones((SIZE, SIZE), np.float32), area.detail, area.lips, 1.0)


def _trusted(inside: Array) -> tuple[Array, Array]:
    """Where texels are used as they are (128, 128) 0..1, falling softly to the rim of what was learnt (inside), and the
    same with the openings of eyes and mouth filled up."""
    solid = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
    rim = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    holes = np.clip((rim - 1.5) / 7, 0, 1)
    holes = holes * holes * (3 - 2 * holes)
    known = np.clip(blur(inside.astype(np.float32), 0.8) * 2 - 1, 0, 1)
    return (holes * known).astype(np.float32), holes.astype(np.float32)


def _patched(picture: Array, trust: Array, holes: Array) -> Array:
    """Fill the openings of eyes and mouth, where `trust` is less than `holes`, from what lies around them."""
    scale = picture.shape[0] / 128
    trust = np.where(holes > 1e-3, trust / np.maximum(holes, 1e-3), 0)
    near = trust.astype(np.float32)
    smooth = blurred_inside(picture, near, 6.0 * scale)
    for sigma in (3.0, 1.5):
        share = np.clip(blur(near, sigma * scale) * 3, 0, 1)[..., None]
        smooth = smooth * (1 - share) + blurred_inside(picture, near, sigma * scale) * share
    out = picture * trust[..., None] + smooth * (1 - trust[..., None])
    return out.astype(np.float32)


def fitted_textures(start: dict[str, Array], fitted: Array) -> tuple[Array, Array]:
    """Textures (N, 128, 128, 3) of fitted albedo coefficients (N, 40) in the skin model that fits start from, and where
    they are known (128, 128)."""
    mean, basis = (shrunk(part.astype(np.float32)) for part in (start["mean"][None], start["basis"]))
    known = shrunk((start["mask"] == 2).astype(np.float32)[None, ..., None])[0, ..., 0]
    return mean + np.tensordot(fitted, basis, 1), known


def coefficients_of(skin: Skin, textures: Array, known: Array) -> Array:
    """(N, 32) coefficients of textures (N, 128, 128, 3) where they are known (128, 128): least squares with N(0, 1)."""
    at = known > 0.5
    modes = skin.modes[:, at].reshape(ALBEDO_DIM, -1).astype(np.float64)
    target = (textures - shrunk(skin.mean[None])[0])[:, at].reshape(len(textures), -1)
    noise = 10 * NOISE**2
    return np.asarray(np.linalg.solve(modes @ modes.T / noise + np.eye(ALBEDO_DIM), modes @ target.T / noise).T)
