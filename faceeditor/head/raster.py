"""A z-buffer on one processor core: which triangle each pixel shows, and where on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.head.jit import compiled

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

NONE, FRONT, BOTH = 0, 1, 2
"""Sides of a triangle that are drawn."""
_NOTHING = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Buffers:
    """What a rasteriser drew.

    Attributes:
        triangle: (S, S) int32 index of the nearest triangle, -1 where there is none.
        barycentric: (S, S, 2) float32 weights of its first two corners on the surface (perspective-correct); undefined
            where there is no triangle.
        inverse_depth: (S, S) float32 inverse depth in 1/cm, larger is nearer, 0 where there is no triangle.
    """

    triangle: IntArray
    barycentric: FloatArray
    inverse_depth: FloatArray

    def copy(self) -> "Buffers":
        """Buffers of their own, which the next drawing leaves alone."""
        return Buffers(self.triangle.copy(), self.barycentric.copy(), self.inverse_depth.copy())


class Rasteriser:
    """Draws triangles into buffers that it owns and uses again; one thread at a time."""

    def __init__(self, size: int) -> None:
        """Args: size: side of the square picture in pixels."""
        self.size = size
        self.buffers = Buffers(
            np.full((size, size), -1, np.int32),
            np.zeros((size, size, 2), np.float32),
            np.zeros((size, size), np.float32),
        )

    def draw(
        self,
        projected: FloatArray,
        triangles: IntArray,
        sides: npt.NDArray[np.uint8] | None = None,
        behind: FloatArray | None = None,
    ) -> Buffers:
        """Draw triangles.

        Args:
            projected: (V, 3) float32 from `camera.project`: u, v in pixels (centre of the first pixel 0.5, 0.5) and
                the inverse depth.
            triangles: (T, 3) int32, counter-clockwise when seen from outside.
            sides: (T,) uint8, how much of each triangle is drawn: `NONE`, `FRONT` (the default) or `BOTH`.
            behind: (S, S) inverse depth; only what lies behind it is drawn (depth peeling).

        Returns:
            The rasteriser's own buffers, valid until the next call.
        """
        if sides is None:
            sides = np.full(len(triangles), FRONT, np.uint8)
        out = self.buffers
        if behind is None:
            behind = _NOTHING
        _draw(projected, triangles, sides, behind, out.triangle, out.barycentric, out.inverse_depth)
        return out


def vertex_normals(points: FloatArray, triangles: IntArray, out: FloatArray | None = None) -> FloatArray:
    """Unit normals of vertices, the mean over their triangles by area.

    Args:
        points: (V, 3) float32 positions.
        triangles: (T, 3) int32, counter-clockwise when seen from outside.
        out: (V, 3) float32 to write into.

    Returns:
        (V, 3) float32 in the axes of the points; zero for a vertex without triangles.
    """
    normals = np.empty_like(points) if out is None else out
    _vertex_normals(points, triangles, normals)
    return normals


def interpolate(buffers: Buffers, triangles: IntArray, values: FloatArray) -> FloatArray:
    """Values of vertices at each pixel: (V, C) float32 -> (S, S, C) float32, zero where there is no triangle."""
    out = np.zeros((*buffers.triangle.shape, values.shape[1]), np.float32)
    _interpolate(buffers.triangle, buffers.barycentric, triangles, values, out)
    return out


@compiled
def _draw(projected, triangles, sides, behind, triangle, barycentric, inverse_depth):  # type: ignore[no-untyped-def]
    height, width = triangle.shape
    triangle[:] = -1
    inverse_depth[:] = 0.0
    peeled = behind.shape[0] > 0
    for t in range(triangles.shape[0]):
        if sides[t] == NONE:
            continue
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = (
            projected[a, 0], projected[a, 1], projected[b, 0], projected[b, 1], projected[c, 0], projected[c, 1],
        )  # fmt: skip
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        # v runs downwards: what faces the camera runs clockwise here.
        if area >= -1e-9 and (area <= 1e-9 or sides[t] != BOTH):
            continue
        low_x, high_x = min(x0, x1, x2), max(x0, x1, x2)
        low_y, high_y = min(y0, y1, y2), max(y0, y1, y2)
        if high_x < 0 or high_y < 0 or low_x > width or low_y > height:
            continue
        left, right = max(0, int(np.ceil(low_x - 0.5))), min(width - 1, int(np.floor(high_x - 0.5)))
        top, bottom = max(0, int(np.ceil(low_y - 0.5))), min(height - 1, int(np.floor(high_y - 0.5)))
        if left > right or top > bottom:
            continue
        scale = np.float32(1.0) / area
        z0, z1, z2 = projected[a, 2], projected[b, 2], projected[c, 2]
        first_along, second_along = (y1 - y2) * scale, (y2 - y0) * scale
        first_down, second_down = (x2 - x1) * scale, (x0 - x2) * scale
        px, py = np.float32(left + 0.5), np.float32(top + 0.5)
        first_row = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * scale
        second_row = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * scale
        for y in range(top, bottom + 1):
            first, second = first_row, second_row
            for x in range(left, right + 1):
                third = np.float32(1.0) - first - second
                # The margin closes cracks that rounding opens between neighbours.
                if first >= -1e-5 and second >= -1e-5 and third >= -1e-5:
                    depth = first * z0 + second * z1 + third * z2
                    if depth > inverse_depth[y, x] and (not peeled or depth < behind[y, x]):
                        inverse_depth[y, x] = depth
                        triangle[y, x] = t
                        barycentric[y, x, 0] = first * z0 / depth
                        barycentric[y, x, 1] = second * z1 / depth
                first += first_along
                second += second_along
            first_row += first_down
            second_row += second_down


@compiled
def _vertex_normals(points, triangles, normals):  # type: ignore[no-untyped-def]
    normals[:] = 0.0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in range(3):
            vertex = triangles[t, corner]
            normals[vertex, 0] += x
            normals[vertex, 1] += y
            normals[vertex, 2] += z
    for vertex in range(points.shape[0]):
        x, y, z = normals[vertex, 0], normals[vertex, 1], normals[vertex, 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length > 1e-20:
            scale = np.float32(1.0) / length
            normals[vertex, 0] *= scale
            normals[vertex, 1] *= scale
            normals[vertex, 2] *= scale


@compiled
def _interpolate(triangle, barycentric, triangles, values, out):  # type: ignore[no-untyped-def]
    height, width = triangle.shape
    for y in range(height):
        for x in range(width):
            t = triangle[y, x]
            if t >= 0:
                first, second = barycentric[y, x, 0], barycentric[y, x, 1]
                third = np.float32(1.0) - first - second
                a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                for channel in range(values.shape[1]):
                    out[y, x, channel] = (
                        first * values[a, channel] + second * values[b, channel] + third * values[c, channel]
                    )
