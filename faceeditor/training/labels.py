"""The coefficients of a head as labels: by name, as arrays, also those of the mirror image."""

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.head import EXPRESSIONS

Floats = npt.NDArray[np.float32]

PARTS = ("shape", "albedo", "expression", "gaze", "pose", "position", "gamma")
"""The coefficients in the order of `Reading`, after the landmarks."""
LIGHT = ("albedo", "gamma")
"""The coefficients that a picture's colours tell of."""


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
    gamma = labels["gamma"].copy()
    gamma[[3, 4, 7]] *= -1
    new["gamma"] = gamma
    return new
