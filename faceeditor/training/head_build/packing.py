"""The learnt head as a pack: what `faceeditor.head.model` reads."""

from pathlib import Path
from typing import Any

import numpy as np

from faceeditor.head.model import FILE, LENGTH_UNIT, PACK, UV_STEPS, Direction, Landmarks
from faceeditor.packs import ModelPack, write_pack
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.training.head_build.bases import Bases
from faceeditor.training.head_build.sources import Array
from faceeditor.training.head_build.topology import Topology

VERSION = "2026.11"
STILL = 1.5e-3
"""Centimetres below which a vertex does not move with an expression."""
IRIS_PALETTE = (
    (44, 26, 16), (66, 40, 24), (92, 60, 36), (112, 84, 48), (110, 104, 62), (96, 112, 92), (96, 122, 138),
    (126, 152, 172),
)  # fmt: skip
"""sRGB from dark brown over hazel and green to blue."""


def quantised_uv(uv: Array) -> Array:
    """Texture coordinates 0..1 as 16 bit."""
    return np.round(np.clip(uv, 0, 1) * UV_STEPS).astype(np.uint16)


def arrays_of(
    topology: Topology, bases: Bases, landmarks: tuple[Landmarks, Landmarks], skin: tuple[Array, Array]
) -> dict[str, Array]:
    """The arrays of the pack, but for directions and hair."""
    starts, movers, offsets = _sparse(bases.expression)
    mean, modes = skin
    scale = np.abs(modes).reshape(len(modes), -1).max(1) / 127
    few, many = landmarks
    return {
        "mean": np.round(bases.mean / LENGTH_UNIT).astype(np.int16),
        "shape_basis": bases.shape.astype(np.float16),
        "expression_start": starts,
        "expression_vertex": movers,
        "expression_offset": offsets,
        "jaw_weight": bases.jaw_weight.astype(np.float16),
        "neck_weight": bases.neck_weight.astype(np.float16),
        "eye_pivot_basis": bases.pivot_basis.astype(np.float16),
        "triangles": topology.triangles.astype(np.uint16),
        "triangle_region": topology.region,
        "triangle_part": topology.part,
        "triangle_uv": quantised_uv(topology.uv),
        "mirror": topology.mirror.astype(np.uint16),
        "albedo_mean": np.round(np.clip(mean, 0, 1) * 255).astype(np.uint8),
        "albedo_basis": np.round(modes / scale[:, None, None, None]).astype(np.int8),
        "albedo_scale": scale.astype(np.float16),
        "landmarks68_vertices": few.vertices.astype(np.uint16),
        "landmarks68_barycentric": few.barycentric.astype(np.float16),
        "landmarks478_vertices": many.vertices.astype(np.uint16),
        "landmarks478_barycentric": many.barycentric.astype(np.float16),
        "iris_palette": np.array(IRIS_PALETTE, np.uint8),
    }


def _sparse(expression: Array) -> tuple[Array, Array, Array]:
    """Expressions as the vertices that move: first entry of each (56,), vertices, offsets in half precision."""
    starts, movers, offsets = [0], [], []
    for displacement in expression:
        moving = np.flatnonzero(np.linalg.norm(displacement, axis=1) > STILL)
        movers.append(moving.astype(np.uint16))
        offsets.append(displacement[moving].astype(np.float16))
        starts.append(starts[-1] + len(moving))
    return np.array(starts, np.int32), np.concatenate(movers), np.concatenate(offsets)


def direction_arrays(directions: dict[str, Direction]) -> tuple[dict[str, Array], dict[str, list[float]]]:
    """Arrays of the named directions and their entries in the list of the pack."""
    arrays = {
        "direction_shape": np.stack([direction.shape for direction in directions.values()]),
        "direction_albedo": np.stack([direction.albedo for direction in directions.values()]),
    }
    return arrays, {name: [direction.low, direction.high] for name, direction in directions.items()}


def write_head(
    folder: Path,
    arrays: dict[str, Array],
    topology: Topology,
    bases: Bases,
    gaze_offset: Array,
    extra: dict[str, Any],
) -> ModelPack:
    """Write the pack into the resources folder.

    Args:
        folder: the pack's own folder, `resources/head`.
        gaze_offset: (2, 2) degrees that are added to the gaze of each eye.
        extra: further entries of the list, as directions and hair.
    """
    config = {
        "expressions": list(EXPRESSIONS),
        "skin_vertices": topology.skin_vertices,
        "eye_vertices": [list(span) for span in topology.eyes],
        "jaw": {name: np.round(value, 6).tolist() for name, value in bases.jaw.items()},
        "eye_pivot": np.round(bases.pivot, 5).tolist(),
        "gaze_offset": np.round(gaze_offset, 4).tolist(),
        **extra,
    }
    if folder.name != PACK:
        raise ValueError(f"the head's folder must be called {PACK}")
    return write_pack(folder.parent, PACK, "head", VERSION, {FILE: arrays}, config)
