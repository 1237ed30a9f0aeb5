"""The coefficients of a head as labels: by name, as arrays, also those of the mirror image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.portrait.head import EXPRESSIONS

Floats = npt.NDArray[np.float32]

PARTS = ("shape", "albedo", "expression", "gaze", "pose", "position", "gamma")
"""The coefficients in the order of `Reading`, after the landmarks."""
LIGHT = ("albedo", "gamma")
"""The coefficients that a picture's colours tell of."""


def read_fitted_heads(fitted: Path, names: Sequence[str]) -> tuple[dict[str, Floats], npt.NDArray[np.bool_]]:
    """Read the coefficients of photographs.

    Args:
        fitted: `photos.npz` of the head's build.
        names: the photographs' ids.

    Returns:
        `PARTS` by name, each (N, ...), and (N,) which heads can be trusted.

    Raises:
        FaceEditorError: the file is missing or does not hold all of the photographs.
    """
    try:
        with np.load(fitted) as file:
            data = {name: file[name] for name in (*PARTS, "id", "ok", "ok_light")}
    except (OSError, KeyError, ValueError) as error:
        raise FaceEditorError(f"Coefficients cannot be read from {fitted} ({error}): build the head.") from error
    rows = {str(name): row for row, name in enumerate(data["id"])}
    missing = [name for name in names if name not in rows]
    if missing:
        raise FaceEditorError(f"{fitted} lacks photograph {missing[0]}: build the head anew.")
    order = np.array([rows[name] for name in names])
    return {name: data[name][order].astype(np.float32) for name in PARTS}, (data["ok"] & data["ok_light"])[order]


def _other_side(name: str) -> str:
    for a, b in (("_L", "_R"), ("Left", "Right")):
        if name.endswith(a):
            return name[: -len(a)] + b
        if name.endswith(b):
            return name[: -len(b)] + a
    return name


MIRRORED_EXPRESSION = np.array([EXPRESSIONS.index(_other_side(name)) for name in EXPRESSIONS])
"""Index of each expression weight's twin on the other side."""


def mirrored_labels(labels: dict[str, Floats]) -> dict[str, Floats]:
    """The coefficients of one picture after it was mirrored."""
    new = dict(labels)
    new["pose"] = labels["pose"] * np.array([-1, 1, -1], np.float32)
    new["position"] = labels["position"] * np.array([-1, 1, 1], np.float32)
    new["gaze"] = labels["gaze"] * np.array([-1, 1], np.float32)
    new["expression"] = labels["expression"][MIRRORED_EXPRESSION]
    new["gamma"] = mirrored_gamma(labels["gamma"])
    return new


def mirrored_gamma(gamma: Floats) -> Floats:
    """Light (..., 9, 3) after its picture was mirrored."""
    new = gamma.copy()
    new[..., [3, 4, 7], :] *= -1
    return new
