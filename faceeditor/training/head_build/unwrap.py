"""Photographs unwrapped into the skin's chart, with their light divided out."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceeditor.head.raster import BOTH, Buffers, Rasteriser, vertex_normals
from faceeditor.regions import Region
from faceeditor.training.head_build.sources import GUMS, HEAD, SOCKET, Array, Photographs, Scans
from faceeditor.training.head_build.votes import PIVOT_Z, projected

SIZE = 256
SKIN_LIKE = (Region.SKIN, Region.NOSE, Region.U_LIP, Region.L_LIP, Region.L_BROW, Region.R_BROW)
_HIDING = (
    Region.BACKGROUND, Region.GLASSES, Region.EARRING, Region.NECKLACE, Region.CLOTH, Region.HAIR, Region.HAT,
    Region.NECK, Region.L_EAR, Region.R_EAR,
)  # fmt: skip
_OPENINGS = (Region.L_EYE, Region.R_EYE, Region.MOUTH)
GAMMA = 2.2
DARKEST_SHADING = 0.01


@dataclass(frozen=True, eq=False)
class Chart:
    """Which point of the scans' mesh each texel of the chart is.

    Attributes:
        vertices (256, 256, 3) and barycentric (256, 256, 3); covered (256, 256); region (256, 256) uint8.
        window: (P, 2) rows and columns of the texels that are learnt, left and right half alike.
    """

    vertices: Array
    barycentric: Array
    covered: Array
    region: Array
    window: Array


def build_chart(scans: Scans, region: Array, learnt: Array) -> Chart:
    """Rasterise the mesh into its chart; `learnt` (256, 256) marks the texels to learn."""
    rows = np.flatnonzero(scans.triangles.max(1) < HEAD)
    triangles = scans.triangles[rows].astype(np.int32)
    flat = np.ones((HEAD, 3), np.float32)
    flat[:, 0], flat[:, 1] = scans.chart[:, 0] * SIZE, (1 - scans.chart[:, 1]) * SIZE
    buffers = Rasteriser(SIZE).draw(flat, triangles, np.full(len(triangles), BOTH, np.uint8))
    covered = buffers.triangle >= 0
    index = np.maximum(buffers.triangle, 0)
    barycentric = np.dstack([buffers.barycentric, 1 - buffers.barycentric.sum(2)])
    both = covered & learnt & covered[:, ::-1] & learnt[:, ::-1]
    return Chart(triangles[index], barycentric, covered, region[rows[index]], np.argwhere(both))


def srgb_to_linear(values: Array) -> Array:
    """sRGB curve to linear light, 0..1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def unwrap(scans: Scans, photos: Photographs, chart: Chart, rows: Array) -> tuple[Array, Array]:
    """Albedo of every texel of the chart's window in each photograph, with its weight.

    Returns:
        colours (N, P, 3) uint8 sRGB-like albedo (exponent 2.2), 255 = 1.2; weights (N, P) uint8.
    """
    triangles = scans.triangles[scans.triangles.max(1) < GUMS].astype(np.int32)
    at = tuple(chart.window.T)
    corners, shares = chart.vertices[at], chart.barycentric[at].astype(np.float32)
    raster = Rasteriser(SIZE)
    identity = np.ascontiguousarray(scans.identity[:, :GUMS].reshape(len(scans.identity), -1))
    expression = np.ascontiguousarray(scans.expression[:, :GUMS].reshape(len(scans.expression), -1))
    mean = scans.mean[:GUMS].astype(np.float32)
    colours = np.zeros((len(rows), len(shares), 3), np.uint8)
    weights = np.zeros((len(rows), len(shares)), np.uint8)
    names = [i for i, name in enumerate(photos.fits["exp_names"]) if not str(name).startswith("PupilDilate")]
    for index, row in enumerate(rows):
        fits = photos.fits
        # The fits' albedo and light were found with the raw geometry, which meets the picture best.
        head = mean + (fits["alpha_raw"][row] @ identity + fits["beta_raw"][row, names] @ expression).reshape(-1, 3)
        turn = cv2.Rodrigues(fits["rotvec_raw"][row].astype(np.float64))[0].astype(np.float32)
        points = ((head - np.array((0, 0, PIVOT_Z), np.float32)) @ turn.T + fits["trans_raw"][row]).astype(np.float32)
        flat = projected(points)
        buffers = raster.draw(flat, triangles)
        normals = vertex_normals(points, np.ascontiguousarray(triangles[triangles.max(1) < SOCKET]))
        colour, weight = _texels(photos, row, fits["gamma"][row], corners, shares, points, normals, buffers)
        colours[index] = np.round(np.clip(colour / 1.2, 0, 1) * 255)
        weights[index] = np.round(weight * 255)
    return colours, weights


def _texels(
    photos: Photographs, row: int, gamma: Array, corners: Array, shares: Array, points: Array,
    normals: Array, buffers: Buffers,
) -> tuple[Array, Array]:  # fmt: skip
    """Albedo (P, 3) and weight (P,) of the texels in one photograph."""
    position = np.einsum("pk,pkc->pc", shares, points[corners])
    normal = np.einsum("pk,pkc->pc", shares, normals[corners])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    pixel = projected(position)
    u, v = pixel[:, 0] - 0.5, pixel[:, 1] - 0.5
    inside = (u > 1) & (u < SIZE - 2) & (v > 1) & (v < SIZE - 2)
    column, line = np.clip(np.round(u), 0, SIZE - 1).astype(int), np.clip(np.round(v), 0, SIZE - 1).astype(int)
    # Hidden texels lie behind what the picture shows there; 0.25 cm allows for the slope of the skin.
    shown = 1 / np.maximum(buffers.inverse_depth[line, column], 1e-6)
    visible = inside & (-position[:, 2] < shown + 0.25)
    towards = -(normal * position).sum(1) / np.linalg.norm(position, axis=1)
    facing = np.clip((towards - 0.2) / 0.45, 0, 1)
    labels = photos.labels(row)
    hidden = cv2.dilate(np.isin(labels, _HIDING).astype(np.uint8), np.ones((7, 7), np.uint8))
    opening = cv2.dilate(np.isin(labels, _OPENINGS).astype(np.uint8), np.ones((3, 3), np.uint8))
    free = np.isin(labels, SKIN_LIKE) & (hidden == 0) & (opening == 0)
    photo = photos.picture(row).astype(np.float32) / 255
    seen = _sampled(photo, u, v)
    shading = np.clip(sh_basis(normal) @ gamma, DARKEST_SHADING, None)
    albedo = (srgb_to_linear(seen) / shading) ** (1 / GAMMA)
    # Burnt-out and black pixels tell no colour, nor does skin in the deepest shade of its light.
    burnt = np.clip((0.99 - seen.max(1)) / 0.05, 0.05, 1)
    shade = np.clip((shading.mean(1) / np.median(shading.mean(1)) - 0.15) / 0.3, 0, 1)
    return albedo, visible * facing * free[line, column] * burnt * shade


def _sampled(picture: Array, u: Array, v: Array) -> Array:
    """(P, C) values of a picture (H, W, C) between its pixels; positions outside take the nearest pixel."""
    height, width = picture.shape[:2]
    u, v = np.clip(u, 0, width - 1.001), np.clip(v, 0, height - 1.001)
    x, y = u.astype(np.intp), v.astype(np.intp)
    right, down = (u - x)[:, None], (v - y)[:, None]
    upper = picture[y, x] * (1 - right) + picture[y, x + 1] * right
    lower = picture[y + 1, x] * (1 - right) + picture[y + 1, x + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def sh_basis(normal: Array) -> Array:
    """(N, 9) real spherical harmonics of unit normals, as in the fits."""
    x, y, z = normal.T
    return np.stack(
        [
            np.full_like(x, 0.2820948), 0.4886025 * y, 0.4886025 * z, 0.4886025 * x, 1.0925484 * x * y,
            1.0925484 * y * z, 0.3153916 * (3 * z * z - 1), 1.0925484 * x * z, 0.5462742 * (x * x - y * y),
        ],
        1,
    )  # fmt: skip
