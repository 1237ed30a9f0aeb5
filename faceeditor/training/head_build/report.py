"""What is written beside the model: the photographs' coefficients in its spaces, and how well it meets them."""

import json
from pathlib import Path

import numpy as np

from faceeditor.head.camera import rotation
from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training.data import kept_out
from faceeditor.training.head_build.bases import Bases
from faceeditor.training.head_build.landmarks import reprojection
from faceeditor.training.head_build.sources import Array, Photographs


def coefficients(ids: tuple[str, ...], fits: dict[str, Array], shape: Array, albedo: Array) -> dict[str, Array]:
    """The coefficients of photographs by name: id, shape (N, 24), albedo (N, 32), expression (N, 55), gaze (N, 2),
    pose (N, 3), position (N, 3), gamma (N, 9, 3), ok, ok_light."""
    return {
        "id": np.array(ids),
        "shape": shape.astype(np.float32),
        "albedo": albedo.astype(np.float32),
        "expression": np.clip(fits["expression"], 0, 1).astype(np.float32),
        "gaze": fits["gaze"].mean(1).astype(np.float32),
        "pose": np.stack([fits["yaw"], fits["pitch"], fits["roll"]], 1).astype(np.float32),
        "position": fits["trans"].astype(np.float32),
        "gamma": fits["gamma"].astype(np.float32),
        "ok": fits["ok"],
        "ok_light": fits["ok_light"],
    }


def write_coefficients(path: Path, photos: Photographs, shape: Array, albedo: Array) -> None:
    """Write `coefficients` of all photographs as an .npz file."""
    np.savez(path, **coefficients(photos.ids, photos.fits, shape, albedo))  # type: ignore[arg-type]


def photograph_head(photos: Photographs, row: int, shape: Array) -> HeadCoefficients:
    """The head of a photograph, without its skin and light."""
    fits = photos.fits
    return HeadCoefficients.neutral().changed(
        shape=shape[row],
        expression=fits["expression"][row],
        gaze=fits["gaze"][row].mean(0),
        pose=(fits["yaw"][row], fits["pitch"][row], fits["roll"][row]),
        position=fits["trans"][row],
    )


def write_figures(path: Path, model: HeadModel, photos: Photographs, bases: Bases, shape: Array) -> None:
    """Measure the model on the photographs and write a JSON of figures.

    Landmark errors are pixels at 256 between projected and detected points, for all usable photographs and for those
    that are kept out of training; the outline of the face (which slides) and the irises are counted apart.
    """
    rows = np.flatnonzero(photos.fits["ok"])
    heads = [photograph_head(photos, int(row), shape) for row in rows]
    points = np.stack([model.landmarks478.points(model.vertices(head)) for head in heads])
    outline = set(OUTLINE)
    inner = np.array([index for index in range(468) if index not in outline])
    position = np.stack([head.position for head in heads])
    turns = np.stack([rotation(head.pose) for head in heads])
    every = reprojection(points, photos, rows, np.arange(478), position, turns)
    out = np.array([kept_out(photos.groups[row]) for row in rows])
    figures = {
        "vertices": len(model.mean),
        "skin_vertices": model.skin_vertices,
        "triangles": len(model.triangles),
        "photographs": len(rows),
        "kept_out_photographs": int(out.sum()),
        "variance_held_16": round(float(bases.held[15]), 4),
        "variance_held_24": round(float(bases.held[23]), 4),
    }
    for name, used in (("all", np.ones(len(rows), bool)), ("kept_out", out)):
        for part, columns in (("face", inner), ("outline", np.array(OUTLINE)), ("iris", np.arange(468, 478))):
            errors = every[used][:, columns]
            figures[f"landmarks_{part}_{name}_median_px"] = round(float(np.median(errors)), 3)
            figures[f"landmarks_{part}_{name}_p95_px"] = round(float(np.percentile(errors, 95)), 3)
    path.write_text(json.dumps(figures, indent=2) + "\n")


OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Landmarks of the face's oval, which lie on the outline that is seen and not at a fixed point of the skin."""
