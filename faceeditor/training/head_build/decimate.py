"""Half-edge collapse: a lighter mesh whose vertices are vertices of the given one.

Quadric errors as in Garland and Heckbert, "Surface Simplification Using Quadric Error Metrics" (1997), weighted by how
much each place matters, with an edge-length term that keeps flat skin able to bend. Edges between labels are kept as
lines: their vertices only slide along them. Nothing leaves the surface, so every mode is sampled exactly.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from faceeditor.training.head_build.sources import Array

LENGTH_TERM = 0.012
"""Squared centimetres of error that one squared centimetre of edge length counts as."""


class _Mesh:
    """Triangles around vertices, while vertices vanish."""

    def __init__(self, points: Array, triangles: Array, labels: Array) -> None:
        self.points = [tuple(map(float, p)) for p in points]
        self.triangles = {index: tuple(map(int, t)) for index, t in enumerate(triangles)}
        self.labels = labels.tolist()
        self.around: dict[int, set[int]] = defaultdict(set)
        for index, corners in self.triangles.items():
            for vertex in corners:
                self.around[vertex].add(index)

    def neighbours(self, vertex: int) -> set[int]:
        found = {v for index in self.around[vertex] for v in self.triangles[index]}
        found.discard(vertex)
        return found

    def line_neighbours(self, vertex: int) -> set[int]:
        """The other ends of this vertex's edges that lie on a border or between two labels."""
        sides: dict[int, list[int]] = defaultdict(list)
        for index in self.around[vertex]:
            for other in self.triangles[index]:
                if other != vertex:
                    sides[other].append(self.labels[index])
        return {v for v, labels in sides.items() if len(labels) == 1 or len(set(labels)) > 1}

    def normal(self, a: int, b: int, c: int) -> tuple[float, float, float]:
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = self.points[a], self.points[b], self.points[c]
        ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
        return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx

    def may_collapse(self, gone: int, kept: int) -> bool:
        """Whether `gone` can become `kept` without turning a triangle over or changing the surface's connection."""
        ends = {kept} if kept in self.line_neighbours(gone) else set()
        lines = self.line_neighbours(gone)
        if lines and (not ends or len(lines) != 2):
            return False
        shared = self.neighbours(gone) & self.neighbours(kept)
        common = self.around[gone] & self.around[kept]
        if len(shared) != len(common):
            return False
        for index in self.around[gone] - common:
            corners = self.triangles[index]
            before = self.normal(*corners)
            after = self.normal(*(kept if v == gone else v for v in corners))
            inner = sum(x * y for x, y in zip(before, after, strict=True))
            first = sum(x * x for x in before)
            second = sum(x * x for x in after)
            if second < 1e-10 or inner < 0.3 * (first * second) ** 0.5:
                return False
            longest = max(
                self.squared_length(*pair) for pair in _pairs(tuple(kept if v == gone else v for v in corners))
            )
            # Slivers: twice the area against the longest edge.
            if second**0.5 < 0.12 * longest and second / longest**2 < first / self._longest(corners) ** 2:
                return False
        return True

    def _longest(self, corners: tuple[int, ...]) -> float:
        return max(self.squared_length(*pair) for pair in _pairs(corners))

    def squared_length(self, a: int, b: int) -> float:
        return sum((x - y) ** 2 for x, y in zip(self.points[a], self.points[b], strict=True))

    def collapse(self, gone: int, kept: int) -> None:
        for index in list(self.around[gone]):
            corners = self.triangles[index]
            if kept in corners:
                for vertex in corners:
                    self.around[vertex].discard(index)
                del self.triangles[index]
            else:
                self.triangles[index] = tuple(kept if v == gone else v for v in corners)
                self.around[kept].add(index)
        del self.around[gone]


def _pairs(corners: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return (corners[0], corners[1]), (corners[1], corners[2]), (corners[2], corners[0])


def _quadrics(mesh: _Mesh, count: int) -> Array:
    """(count, 11) symmetric 4 x 4 quadric (10 numbers) and area at each vertex, lines included."""
    quadrics = np.zeros((count, 11))
    for corners in mesh.triangles.values():
        normal = np.array(mesh.normal(*corners))
        double = float(np.linalg.norm(normal))
        if double < 1e-12:
            continue
        normal /= double
        plane = _plane(normal, mesh.points[corners[0]], double / 6)
        for vertex in corners:
            quadrics[vertex] += plane
        for a, b in _pairs(corners):
            if b in mesh.line_neighbours(a):
                # A wall along lines keeps them in place.
                edge = np.subtract(mesh.points[b], mesh.points[a])
                wall = np.cross(edge, normal)
                size = float(np.linalg.norm(wall))
                if size > 1e-12:
                    across = _plane(wall / size, mesh.points[a], size**2)
                    across[10] = 0
                    quadrics[a] += across
                    quadrics[b] += across
    return quadrics


def _plane(normal: Array, point: tuple[float, ...], weight: float) -> Array:
    a, b, c = normal
    d = -float(normal @ np.array(point))
    return weight * np.array([a * a, a * b, a * c, a * d, b * b, b * c, b * d, c * c, c * d, d * d, 1.0])


def decimate(
    points: Array, triangles: Array, labels: Array, importance: Array, group: Array, targets: Mapping[Any, int]
) -> tuple[Array, Array]:
    """Collapse edges until every group of vertices is down to its target.

    Args:
        points: (V, 3) cm.
        triangles: (T, 3).
        labels: (T,) lines between labels and open borders stay lines.
        importance: (V,) factor on squared errors.
        group: (V,) group of each vertex; targets: vertices to keep per group (groups not named are left alone).

    Returns:
        triangles (T', 3) of the vertices that stay, and the row of each in the given triangles.
    """
    mesh = _Mesh(points, triangles, labels)
    quadrics = _quadrics(mesh, len(points)).tolist()
    weight, kind = importance.tolist(), group.tolist()
    left = {name: int((group[np.unique(triangles)] == name).sum()) for name in targets}
    stamp = [0] * len(points)
    heap: list[tuple[float, int, int, int]] = []

    def push(gone: int) -> None:
        """Queue the cheapest place for a vertex to go."""
        if kind[gone] not in targets:
            return
        q1 = quadrics[gone]
        best = None
        lines = mesh.line_neighbours(gone)
        for kept in lines or mesh.neighbours(gone):
            q2 = quadrics[kept]
            x, y, z = mesh.points[kept]
            a, b, c, d, e, f, g, h, i, j, area = (m + n for m, n in zip(q1, q2, strict=True))
            error = (
                a * x * x + 2 * b * x * y + 2 * c * x * z + 2 * d * x + e * y * y + 2 * f * y * z + 2 * g * y
                + h * z * z + 2 * i * z + j
            )  # fmt: skip
            cost = max(error, 0.0) / max(area, 1e-9) + LENGTH_TERM * mesh.squared_length(gone, kept)
            cost *= max(weight[gone], weight[kept])
            if (best is None or cost < best[0]) and mesh.may_collapse(gone, kept):
                best = (cost, kept)
        if best is not None:
            heapq.heappush(heap, (best[0], gone, best[1], stamp[gone]))

    for vertex in list(mesh.around):
        push(vertex)
    while heap and any(left[name] > targets[name] for name in targets):
        _, gone, kept, when = heapq.heappop(heap)
        if gone not in mesh.around or when != stamp[gone] or left[kind[gone]] <= targets[kind[gone]]:
            continue
        if kept not in mesh.around or not mesh.may_collapse(gone, kept):
            stamp[gone] += 1
            push(gone)
            continue
        touched = mesh.neighbours(gone)
        mesh.collapse(gone, kept)
        left[kind[gone]] -= 1
        quadrics[kept] = [m + n for m, n in zip(quadrics[gone], quadrics[kept], strict=True)]
        for vertex in touched:
            stamp[vertex] += 1
            push(vertex)
    rows = np.array(sorted(mesh.triangles))
    return np.array([mesh.triangles[row] for row in rows]), rows
