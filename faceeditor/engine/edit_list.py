"""What was done to a face of a photograph, in words: for content credentials."""

import numpy as np

from faceeditor.engine.photo_edit import FaceEdit
from faceeditor.regions import REGION_NAMES

_RAW = ("Modes", "Skin modes", "Weights", "Coefficients")
"""Sections of controls that repeat what others say."""
_UNITS = {"%": " %", "deg": " degrees", "cm": " cm", "EV": " stops"}


def edit_list(wanted: FaceEdit) -> tuple[str, ...]:
    """Sentences on what an edit changes: controls with their values before and after, painted regions, adjustments."""
    from faceeditor.head.controls import controls

    done: list[str] = []
    read, head = wanted.photo.head, wanted.head
    if head is not None and head is not read:
        for name, part in (("Shape of the face", "shape"), ("Skin", "albedo")):
            if not np.array_equal(getattr(head, part), getattr(read, part)):
                done.append(name)
        both_sides: set[str] = set()
        for control in controls():
            before, after = control.get(read), control.get(head)
            # As fine as a slider shows.
            if control.section in _RAW or abs(after - before) < 0.5 * control.step:
                continue
            if control.symmetric:
                both_sides.add(control.name)
            elif control.name.rpartition("_")[0] in both_sides:
                continue
            done.append(f"{control.title}: {_shown(before, after, control.unit)}")
    if wanted.own_style is not None and wanted.style.key != wanted.own_style.key:
        done.append(f"Style: {wanted.style.label or 'another one'}")
    if wanted.mask is not None:
        changed = np.unique(wanted.mask[wanted.mask != wanted.photo.mask])
        if len(changed):
            done.append(f"Painted: {', '.join(REGION_NAMES[region] for region in changed)}")
    done += [f"Adjustment: {adjustment.name}" for adjustment in wanted.adjustments if adjustment.active]
    return tuple(done)


def _shown(before: float, after: float, unit: str) -> str:
    share = 100 if unit == "%" else 1
    first, second = (f"{round(value * share, 0 if unit == '%' else 2) + 0.0:g}" for value in (before, after))
    return f"{first} to {second}{_UNITS.get(unit, '')}"
