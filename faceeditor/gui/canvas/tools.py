"""The state of the tools: which tool, region and size. It is not part of the portrait."""

from enum import Enum

from PySide6.QtCore import QObject, Signal

from faceeditor.interaction.selection import SelectMode
from faceeditor.regions import Region

MIN_SIZE = 1.0
MAX_SIZE = 96.0
DEFAULT_SIZE = 14.0
"""Diameters of the brush in mask pixels."""
MAX_LAG = 80.0
"""How far the brush trails behind the pointer at the most stabilisation, in device-independent pixels."""
MIN_STRENGTH, DEFAULT_STRENGTH = 0.05, 0.8
"""How far the push brush takes the mask along; at most 1."""


class Tool(Enum):
    """What the pen does."""

    BRUSH = "brush"
    ERASER = "eraser"
    FILL = "fill"
    LASSO = "lasso"
    SELECT = "select"
    PUSH = "push"
    PICKER = "picker"
    PAN = "pan"
    TURN = "turn"
    COMB = "comb"


class ToolState(QObject):
    """Observable tool settings, shared by canvas, panels and keys.

    Signals:
        changed: any setting has a new value.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tool = Tool.BRUSH
        self._region = Region.HAIR
        self._previous = Region.SKIN
        self._size = DEFAULT_SIZE
        self._stabiliser = 0.0
        self._symmetry = False
        self._paint_over: frozenset[Region] | None = None
        self._select_mode = SelectMode.REPLACE
        self._strength = DEFAULT_STRENGTH
        self._push_current = False

    @property
    def tool(self) -> Tool:
        return self._tool

    @property
    def region(self) -> Region:
        """The region that brush, fill and lasso paint with."""
        return self._region

    @property
    def previous_region(self) -> Region:
        """The region selected before; X swaps the two."""
        return self._previous

    @property
    def size(self) -> float:
        """Diameter of the brush in mask pixels."""
        return self._size

    @property
    def stabiliser(self) -> float:
        """How much the stabiliser smooths strokes, 0..1."""
        return self._stabiliser

    @property
    def lag(self) -> float:
        """How far the brush trails behind the pointer, in device-independent pixels."""
        return MAX_LAG * self._stabiliser

    @property
    def symmetry(self) -> bool:
        """Whether a stroke is mirrored across the face axis, left and right regions exchanged."""
        return self._symmetry

    @property
    def paint_over(self) -> frozenset[Region] | None:
        """Regions that may be painted over; None for all."""
        return self._paint_over

    @property
    def select_mode(self) -> SelectMode:
        """What a new outline does to the selection while no modifier is held."""
        return self._select_mode

    @property
    def strength(self) -> float:
        """0.05 .. 1: how far the push brush takes the mask along."""
        return self._strength

    @property
    def push_current(self) -> bool:
        """Whether the push brush moves the borders of the current region only."""
        return self._push_current

    def _set(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.changed.emit()

    def set_tool(self, tool: Tool) -> None:
        self._set("_tool", tool)

    def set_region(self, region: Region) -> None:
        """Select a region; the one selected until now becomes the previous one."""
        if region != self._region:
            self._previous, self._region = self._region, Region(region)
            self.changed.emit()

    def swap_regions(self) -> None:
        self.set_region(self._previous)

    def set_size(self, size: float) -> None:
        self._set("_size", min(max(float(size), MIN_SIZE), MAX_SIZE))

    def set_stabiliser(self, share: float) -> None:
        self._set("_stabiliser", min(max(float(share), 0.0), 1.0))

    def grow(self, step: int) -> None:
        """Make the brush larger (step 1) or smaller (step -1), in steps that feel even at every size."""
        change = max(1.0, round(self._size * 0.15))
        self.set_size(round(self._size) + step * change)

    def set_symmetry(self, on: bool) -> None:
        self._set("_symmetry", bool(on))

    def set_paint_over(self, regions: frozenset[Region] | None) -> None:
        """Protect everything but these regions; None or all of them for no protection."""
        whole = regions is None or len(regions) == len(Region)
        self._set("_paint_over", None if whole else frozenset(regions or ()))

    def set_select_mode(self, mode: SelectMode) -> None:
        self._set("_select_mode", mode)

    def set_strength(self, strength: float) -> None:
        self._set("_strength", min(max(float(strength), MIN_STRENGTH), 1.0))

    def set_push_current(self, on: bool) -> None:
        self._set("_push_current", bool(on))
