"""Parts of an expression, and how one is taken over from another head: by part and amount, apart from the pose."""

from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients

FloatArray = npt.NDArray[np.float32]

_PREFIXES = {"brows": ("brow",), "eyes": ("eye", "cheekSquint", "cheekRaiser"), "mouth": ("jaw", "mouth", "cheekPuff")}
EXPRESSION_PARTS: dict[str, tuple[int, ...]] = {
    "all": tuple(range(len(EXPRESSIONS))),
    **{
        part: tuple(index for index, name in enumerate(EXPRESSIONS) if name.startswith(prefixes))
        for part, prefixes in _PREFIXES.items()
    },
}
"""Indices of expression weights by part; "eyes" and "all" include the gaze. The nose's sneer is in "all" alone."""


def transferred(
    head: HeadCoefficients,
    expression: npt.ArrayLike,
    gaze: npt.ArrayLike,
    part: str = "all",
    amount: float = 1.0,
    add: bool = False,
) -> HeadCoefficients:
    """A head with a part of another one's expression.

    Args:
        head: the head to change; its identity, pose and light stay.
        expression: (55,) weights of the other head.
        gaze: (2,) degrees of the other head.
        part: one of `EXPRESSION_PARTS`.
        amount: 0 leaves the head as it is, 1 takes the part over (or adds all of it).
        add: add to what is there instead of replacing it; weights stay within 0..1.

    Raises:
        PortraitError: there is no such part, or the amount is out of range.
    """
    if part not in EXPRESSION_PARTS:
        raise PortraitError(f"There is no part “{part}” of an expression; choose {', '.join(EXPRESSION_PARTS)}.")
    if not 0 <= amount <= 1:  # NaN fails, too
        raise PortraitError(f"The amount of an expression must be between 0 and 1, not {amount}.")
    if amount == 0:
        return head
    chosen = list(EXPRESSION_PARTS[part])
    other = np.asarray(expression, np.float32)
    weights = head.expression.copy()
    kept = weights[chosen] if add else weights[chosen] * np.float32(1 - amount)
    weights[chosen] = np.clip(kept + np.float32(amount) * other[chosen], 0, 1)
    parts: dict[str, Any] = {"expression": weights}
    if part in ("eyes", "all"):
        kept_gaze = head.gaze if add else head.gaze * np.float32(1 - amount)
        parts["gaze"] = kept_gaze + np.float32(amount) * np.asarray(gaze, np.float32)
    return head.changed(**parts)


def neutral(head: HeadCoefficients) -> HeadCoefficients:
    """The head without an expression, looking straight ahead of its face."""
    zeros = np.zeros_like(head.expression)
    return head.changed(expression=zeros, gaze=np.zeros(2, np.float32))
