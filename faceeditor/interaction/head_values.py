"""Heads between portraits: a group as text for the clipboard, left and right exchanged. Free of Qt."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.portrait.head import EXPRESSIONS, GROUPS, HeadCoefficients

KIND = "faceeditor/head-group"
"""Marks a JSON text as a group of a head."""
FORMAT = 1

# The harmonics that change their sign with x: x, xy, xz.
_ODD_IN_X = (3, 4, 7)


def _twin(name: str) -> str:
    """The expression weight of the other side; names without a side are their own twins."""
    for one, other in (("_L", "_R"), ("_R", "_L")):
        if name.endswith(one):
            return name.removesuffix(one) + other
    return {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}.get(
        name, name
    )


_TWINS: npt.NDArray[np.intp] = np.array([EXPRESSIONS.index(_twin(name)) for name in EXPRESSIONS], np.intp)


def mirrored_head(head: HeadCoefficients) -> HeadCoefficients:
    """The head as seen in a mirror: pose, gaze and light turned round, left and right of the expression exchanged.

    The identity stays: its modes are all but symmetric.
    """
    gamma = head.gamma.copy()
    gamma[list(_ODD_IN_X)] *= -1
    rig = None if head.rig is None else replace(head.rig, azimuth=-head.rig.azimuth)
    return head.changed(
        expression=head.expression[_TWINS],
        gaze=head.gaze * np.array([-1, 1], np.float32),
        pose=head.pose * np.array([-1, 1, -1], np.float32),
        position=head.position * np.array([-1, 1, 1], np.float32),
        gamma=gamma,
        rig=rig,
    )


def group_to_text(group: str, head: HeadCoefficients) -> str:
    """A group of a head as JSON text, fit for any clipboard."""
    data = head.to_json()
    values = {part: data[part] for part in GROUPS[group] if part in data}
    return json.dumps({"kind": KIND, "format": FORMAT, "group": group, "values": values})


def group_of_text(text: str) -> str | None:
    """Which group a text of the clipboard holds; None if it holds none."""
    data = _parsed(text)
    group = data.get("group")
    return group if data.get("kind") == KIND and isinstance(group, str) and group in GROUPS else None


def group_from_text(group: str, text: str, head: HeadCoefficients) -> HeadCoefficients:
    """The head with a group taken from a text of the clipboard.

    Raises:
        PortraitError: the text holds no group of a head, another group, or numbers that no head can have.
    """
    data = _parsed(text)
    if group_of_text(text) is None:
        raise PortraitError(f"There is no {group} on the clipboard. Copy one in the {group} panel first.")
    if data["group"] != group:
        raise PortraitError(
            f"The clipboard holds a group called “{data['group']}”; paste it in the panel of that name."
        )
    if data.get("format") != FORMAT:
        raise PortraitError(
            f"The {group} on the clipboard comes from another version; update Face Editor and copy again."
        )
    values = data.get("values")
    if not isinstance(values, dict):
        raise PortraitError(f"The {group} on the clipboard is damaged; copy it again.")
    own = head.to_json()
    own.pop("rig", None)
    other = {part: values.get(part, own.get(part)) for part in GROUPS[group]}
    try:
        pasted = HeadCoefficients.from_json(own | {part: value for part, value in other.items() if value is not None})
    except (PortraitError, OverflowError) as error:
        reason = str(error).rstrip(".").removesuffix("; reset it").removesuffix("; reset the head")
        raise PortraitError(f"The {group} on the clipboard cannot be used ({reason}); copy it again.") from error
    return head.with_group(group, pasted)


def _parsed(text: str) -> dict[str, Any]:
    """The JSON object of a text; an empty one if it is none."""
    if KIND not in text:
        return {}
    try:
        return read_json_object(text)
    except JsonError:
        return {}
