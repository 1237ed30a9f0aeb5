"""Selecting a part of the mask, free of Qt: areas, how they are combined, their outline, and the mirrored partner.

A selection is an area (256, 256) bool of the mask as it is seen. It is no part of the portrait.
"""

from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.interaction.strokes import add_to_outline
from faceeditor.portrait.brush import Area, FaceAxis, Point, connected_area, polygon_area
from faceeditor.regions import MIRROR, MaskArray

Loop = npt.NDArray[np.float64]
"""(N, 2) corners x, y of a closed outline along the edges of pixels."""

_CLICK = 2.0
"""Pixels of the mask; an outline that stays within so many is a click."""
_NEAR = 5
"""Pixels by which a partner may lie beside the mirror image; no face is quite symmetric."""


class SelectMode(Enum):
    """What a new outline does to the selection that is there."""

    REPLACE = "replace"
    ADD = "add"
    SUBTRACT = "subtract"
    INTERSECT = "intersect"


def select_mode(shift: bool, alt: bool, otherwise: SelectMode) -> SelectMode:
    """The mode that the modifiers ask for: Shift adds, Alt subtracts, both intersect; without them another one."""
    if shift and alt:
        return SelectMode.INTERSECT
    return SelectMode.ADD if shift else SelectMode.SUBTRACT if alt else otherwise


def combined(selection: Area | None, area: Area | None, mode: SelectMode) -> Area | None:
    """A selection with another area taken into account; None stands for nothing selected, before and after."""
    before = np.zeros_like(area) if selection is None and area is not None else selection
    if before is None or area is None:
        return None if mode in (SelectMode.REPLACE, SelectMode.INTERSECT) else selection
    made = {
        SelectMode.REPLACE: lambda: area,
        SelectMode.ADD: lambda: before | area,
        SelectMode.SUBTRACT: lambda: before & ~area,
        SelectMode.INTERSECT: lambda: before & area,
    }[mode]()
    return made if made.any() else None


class SelectGesture:
    """An outline that is drawn by hand, or a click on a region."""

    def __init__(self, point: Point, mode: SelectMode) -> None:
        self.points: list[Point] = [point]
        self.mode = mode

    def move(self, point: Point) -> None:
        """Go on to a point of the picture."""
        add_to_outline(self.points, point)

    @property
    def is_click(self) -> bool:
        """Whether the pointer has hardly moved."""
        return bool((np.ptp(np.array(self.points), axis=0) < _CLICK).all())

    def area(self, mask: MaskArray) -> Area | None:
        """What is inside of the outline; for a click the connected part of the region there. None: nothing."""
        if self.is_click:
            return connected_area(mask, self.points[0])
        inside = polygon_area(mask.shape, np.array(self.points, np.float64))
        return inside if inside.any() else None


def bounds_of(area: Area) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of an area that is not empty, in pixels; right and bottom are outside of it."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def outline(area: Area) -> list[Loop]:
    """Closed loops along the edges of the pixels of an area (H, W): around each piece and around each hole.

    Returns:
        Loops without points in the middle of straight lines; pieces that touch at a corner have loops of their own.
    """
    padded = np.pad(area, 1).astype(np.int8)
    follows: dict[tuple[int, int], list[tuple[int, int]]] = {}
    # Edges with the area at their right hand, from corner to corner.
    for y, x in np.argwhere(np.diff(padded, axis=0)[:, 1:-1] != 0).tolist():
        above = padded[y, x + 1] > 0
        start, end = ((x + 1, y), (x, y)) if above else ((x, y), (x + 1, y))
        follows.setdefault(start, []).append(end)
    for y, x in np.argwhere(np.diff(padded, axis=1)[1:-1] != 0).tolist():
        left = padded[y + 1, x] > 0
        start, end = ((x, y), (x, y + 1)) if left else ((x, y + 1), (x, y))
        follows.setdefault(start, []).append(end)
    loops = []
    while follows:
        start = next(iter(follows))
        points, step, here = [start], (0, 0), start
        while True:
            choices = follows[here]
            # Where two pixels touch at a corner, turn right: each keeps its own loop.
            right = (here[0] - step[1], here[1] + step[0])
            end = right if right in choices else choices[0]
            choices.remove(end)
            if not choices:
                del follows[here]
            ahead = (end[0] - here[0], end[1] - here[1])
            if ahead == step:
                points[-1] = end
            else:
                points.append(end)
            step, here = ahead, end
            if here == start and here not in follows:
                break
        loop = np.array(points[:-1], np.float64)
        begun_on_a_line = np.array_equal(np.sign(loop[1] - loop[0]), step)
        loops.append(loop[1:] if begun_on_a_line else loop)
    return loops


def partner_area(mask: MaskArray, area: Area, axis: FaceAxis) -> Area | None:
    """The partner of an area on the other side of the face: the other eye for an eye; None if there is none.

    Whole connected parts have whole parts as partners, wherever these lie beside the mirror image, since no face is
    quite symmetric; pieces have the mirrored pieces. What is selected itself is nobody's partner.
    """
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width] + 0.5
    source = np.floor(np.stack(axis.reflect((x, y)))).astype(np.int64)
    inside = (source[0] >= 0) & (source[0] < width) & (source[1] >= 0) & (source[1] < height)
    mirrored = np.zeros_like(area)
    mirrored[inside] = area[source[1][inside], source[0][inside]]
    near = cv2.dilate(mirrored.astype(np.uint8), np.ones((2 * _NEAR + 1,) * 2, np.uint8)) > 0
    found = np.zeros_like(area)
    for region in np.unique(mask[area]):
        own, other = mask == region, (mask == MIRROR[region]) & ~area
        _, parts = cv2.connectedComponents(own.astype(np.uint8), connectivity=4)
        whole = not np.isin(parts[own & ~area], np.unique(parts[own & area])).any()
        if not whole:
            found |= other & mirrored
            continue
        _, parts = cv2.connectedComponents(other.astype(np.uint8), connectivity=4)
        met = np.unique(parts[other & near])
        found |= other & np.isin(parts, met)
    return found if found.any() else None
