"""Adjustments: an ordered list of named, non-destructive changes of a face, each limited to regions.

Each can be switched off and weakened, and belongs to a set of regions with a soft border. Colour, detail and light
change the picture that was drawn; the style of a region changes what is drawn; an expression changes the head.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.portrait.expressions import EXPRESSION_PARTS, transferred
from faceeditor.portrait.head import EXPRESSION_DIM, HeadCoefficients, LightRig, LocalShape
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region

FloatArray = npt.NDArray[np.float32]

MAX_ADJUSTMENTS = 64
"""Adjustments of one face."""
MAX_FEATHER = 32.0
"""Widest soft border, in mask pixels."""

REGION_SETS: dict[str, frozenset[Region]] = {
    "hair": frozenset({Region.HAIR}),
    "brows": frozenset({Region.L_BROW, Region.R_BROW}),
    "iris": frozenset({Region.L_EYE, Region.R_EYE}),
    "lips": frozenset({Region.U_LIP, Region.L_LIP}),
    "skin": frozenset({Region.SKIN, Region.NOSE, Region.L_EAR, Region.R_EAR, Region.NECK}),
    "cloth": frozenset({Region.CLOTH}),
    "background": frozenset({Region.BACKGROUND}),
}
"""The usual sets of regions by name. Of the eyes, "iris" is the iris alone."""


@dataclass(frozen=True)
class ColourChange:
    """Another colour that keeps the texture: either a picked colour, or a shift of hue, lightness and saturation.

    Attributes:
        colour: sRGB 0..1 that the mean of the regions becomes; None: the shifts below.
        hue: turn of the hue in degrees, -180..180.
        lightness: -1 (dark) .. 1 (bright).
        saturation: -1 (grey) .. 1 (twice as colourful).
        iris: of the eyes, change the iris alone.
    """

    colour: tuple[float, float, float] | None = None
    hue: float = 0.0
    lightness: float = 0.0
    saturation: float = 0.0
    iris: bool = False

    def __post_init__(self) -> None:
        _check("hue", self.hue, -180, 180)
        _check("lightness", self.lightness, -1, 1)
        _check("saturation", self.saturation, -1, 1)
        if self.colour is not None:
            if len(self.colour) != 3:
                raise PortraitError("A colour is three numbers between 0 and 1.")
            for number in self.colour:
                _check("colour", number, 0, 1)


@dataclass(frozen=True)
class DetailChange:
    """Smoother or crisper: amount -1 (smoothed to broad areas) .. 1 (detail twice as strong)."""

    amount: float = -0.5

    def __post_init__(self) -> None:
        _check("amount", self.amount, -1, 1)


@dataclass(frozen=True, eq=False)
class RegionStyle:
    """The look of the regions from another style."""

    style: StyleCode


@dataclass(frozen=True, eq=False)
class ExpressionChange:
    """An expression of another head: brows, eyes and gaze, mouth, or all of it.

    Attributes:
        expression: (55,) float32 weights.
        gaze: (2,) float32 degrees.
        part: one of `expressions.EXPRESSION_PARTS`.
        add: add to the expression that is there, instead of replacing it.
    """

    expression: FloatArray
    gaze: FloatArray
    part: str = "all"
    add: bool = False

    def __post_init__(self) -> None:
        if self.part not in EXPRESSION_PARTS:
            raise PortraitError(f"There is no part “{self.part}” of an expression.")
        for name, size in (("expression", EXPRESSION_DIM), ("gaze", 2)):
            array = np.array(getattr(self, name), np.float32)
            if array.shape != (size,) or not np.isfinite(array).all() or np.abs(array).max() > 90:
                raise PortraitError("The expression is damaged; take it from its picture again.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)


@dataclass(frozen=True, eq=False)
class LightChange:
    """Another light in the regions: (9, 3) float32 spherical harmonics as in `HeadCoefficients.gamma`."""

    gamma: FloatArray

    def __post_init__(self) -> None:
        gamma = np.array(self.gamma, np.float32)
        if gamma.shape != (9, 3) or not np.isfinite(gamma).all() or np.abs(gamma).max() > 30:
            raise PortraitError("The light of an adjustment is damaged; set it anew.")
        gamma.flags.writeable = False
        object.__setattr__(self, "gamma", gamma)


@dataclass(frozen=True, eq=False)
class HeadChange:
    """Sliders of identity, expression and light in the regions: what they add to the head.

    A pose has no place here: a head turns as a whole.

    Attributes:
        shape, albedo, expression, gaze, gamma: float32, what is added to the parts of `HeadCoefficients`.
        rig: the lamps that make the light, if they are known.
    """

    shape: FloatArray
    albedo: FloatArray
    expression: FloatArray
    gaze: FloatArray
    gamma: FloatArray
    rig: LightRig | None = None

    def __post_init__(self) -> None:
        neutral = HeadCoefficients.neutral()
        for name, most in HEAD_PARTS.items():
            array = np.array(getattr(self, name), np.float32)
            good = array.shape == getattr(neutral, name).shape and bool((np.abs(array) <= most + 1e-3).all())
            if not good:  # NaN fails, too
                raise PortraitError("The sliders of an adjustment are damaged; set them anew.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def between(cls, head: HeadCoefficients, wanted: HeadCoefficients) -> "HeadChange":
        """What leads from one head to another; without their poses."""
        parts = {name: getattr(wanted, name) - getattr(head, name) for name in HEAD_PARTS}
        return cls(**parts, rig=wanted.rig if parts["gamma"].any() else None)

    def added(self, head: HeadCoefficients) -> HeadCoefficients:
        """A head with the sliders everywhere."""
        parts: dict[str, Any] = {name: getattr(head, name) + getattr(self, name) for name in HEAD_PARTS}
        return head.changed(**parts, rig=self.rig if self.gamma.any() else head.rig)

    @property
    def moves(self) -> bool:
        """Whether shape, expression or gaze change."""
        return bool(self.shape.any() or self.expression.any() or self.gaze.any())


HEAD_PARTS = {"shape": 12.0, "albedo": 12.0, "expression": 1.0, "gaze": 90.0, "gamma": 60.0}
"""The parts of a head that can be changed in regions, and by how much at most."""

Settings = ColourChange | DetailChange | RegionStyle | ExpressionChange | LightChange | HeadChange


@dataclass(frozen=True, eq=False)
class Adjustment:
    """One entry of the list.

    Attributes:
        name: as the user sees it.
        settings: what is changed.
        regions: where; empty: everywhere. An expression has no regions.
        enabled: the eye: whether it is in effect.
        strength: 0 (nothing) .. 1 (as set).
        feather: width of the soft border in mask pixels, 0..32.

    Raises:
        PortraitError: a value is out of range.
    """

    name: str
    settings: Settings
    regions: frozenset[Region] = field(default_factory=frozenset)
    enabled: bool = True
    strength: float = 1.0
    feather: float = 1.5

    def __post_init__(self) -> None:
        _check("strength", self.strength, 0, 1)
        _check("feather", self.feather, 0, MAX_FEATHER)
        object.__setattr__(self, "name", self.name.strip()[:200] or "Adjustment")
        object.__setattr__(self, "regions", frozenset(Region(region) for region in self.regions))

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.enabled and self.strength > 0

    @cached_property
    def region_list(self) -> tuple[int, ...]:
        """Its regions in order; all of them where none is named."""
        return tuple(sorted(int(region) for region in (self.regions or frozenset(Region))))

    def changed(self, **parts: Any) -> "Adjustment":
        """A copy with other values for some parts."""
        return replace(self, **parts)


Adjustments = tuple[Adjustment, ...]


def adjusted_head(head: HeadCoefficients, adjustments: Adjustments) -> HeadCoefficients:
    """The head with expressions and local shapes of the adjustments, in order; the head itself if there are none."""
    for adjustment in adjustments:
        settings = adjustment.settings
        if adjustment.active and isinstance(settings, ExpressionChange):
            head = transferred(
                head, settings.expression, settings.gaze, settings.part, adjustment.strength, settings.add
            )
        elif adjustment.active and isinstance(settings, HeadChange) and settings.moves:
            part = np.float32(adjustment.strength)
            local = LocalShape(
                part * settings.shape, part * settings.expression, part * settings.gaze, adjustment.region_list,
                adjustment.feather,
            )  # fmt: skip
            head = replace(head, local=(*head.local, local)) if adjustment.regions else head.applied(local)
    return head


def relit_head(head: HeadCoefficients, settings: Settings) -> HeadCoefficients | None:
    """A head under the light and with the skin of an adjustment; None for one that changes neither."""
    if isinstance(settings, LightChange):
        return head.changed(gamma=settings.gamma)
    if isinstance(settings, HeadChange) and _changes_pixels(settings):
        rig = settings.rig if settings.gamma.any() else head.rig
        return head.changed(gamma=head.gamma + settings.gamma, albedo=head.albedo + settings.albedo, rig=rig)
    return None


def adjusted_style(style: StyleCode, adjustments: Adjustments) -> StyleCode:
    """The style with the looks of regions of the adjustments, in order; the style itself if there are none."""
    for adjustment in adjustments:
        if not adjustment.active or not isinstance(adjustment.settings, RegionStyle):
            continue
        other = adjustment.settings.style
        mixed = style.blend(other, adjustment.strength) if adjustment.strength < 1 else other
        for region in adjustment.region_list:
            style = style.with_region(Region(region), mixed)
    return style


def pixel_adjustments(adjustments: Adjustments) -> Adjustments:
    """Those that change the drawn picture."""
    return tuple(each for each in adjustments if each.active and _changes_pixels(each.settings))


def _changes_pixels(settings: Settings) -> bool:
    if isinstance(settings, ColourChange):
        return settings.colour is not None or any((settings.hue, settings.lightness, settings.saturation))
    if isinstance(settings, HeadChange):
        return bool(settings.albedo.any() or settings.gamma.any())
    return isinstance(settings, LightChange) or (isinstance(settings, DetailChange) and settings.amount != 0)


def moved(adjustments: Sequence[Adjustment], index: int, place: int) -> Adjustments:
    """The list with one entry moved to another place."""
    entries = list(adjustments)
    entries.insert(place, entries.pop(index))
    return tuple(entries)


def _check(name: str, value: float, low: float, high: float) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:
        raise PortraitError(f"The {name} of an adjustment must lie between {low} and {high}, not {value}.")
