"""Head coefficients: identity, expression, pose and light of a portrait as numbers (Deng et al., DiscoFaceGAN).

Axes: x to the person's left (the right side of the picture of a frontal face), y up, z out of the face; centimetres
and degrees. `faceeditor.head` turns coefficients into vertices and pictures.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError

FloatArray = npt.NDArray[np.float32]

SHAPE_DIM = 24
"""Number of identity modes of the shape."""
ALBEDO_DIM = 32
"""Number of identity modes of the skin's albedo."""
EXPRESSIONS: tuple[str, ...] = (
    "browDown_L", "browDown_R", "browInnerUp_L", "browInnerUp_R", "browOuterUp_L", "browOuterUp_R",
    "cheekPuff_L", "cheekPuff_R", "cheekRaiser_L", "cheekRaiser_R", "cheekSquint_L", "cheekSquint_R",
    "eyeBlink_L", "eyeBlink_R", "eyeLookDown_L", "eyeLookDown_R", "eyeLookIn_L", "eyeLookIn_R",
    "eyeLookOut_L", "eyeLookOut_R", "eyeLookUp_L", "eyeLookUp_R", "eyeSquint_L", "eyeSquint_R",
    "eyeWide_L", "eyeWide_R", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose",
    "mouthDimple_L", "mouthDimple_R", "mouthFrown_L", "mouthFrown_R", "mouthFunnel", "mouthLeft",
    "mouthLowerDown_L", "mouthLowerDown_R", "mouthPress_L", "mouthPress_R", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmile_L", "mouthSmile_R",
    "mouthStretch_L", "mouthStretch_R", "mouthUpperUp_L", "mouthUpperUp_R", "noseSneer_L", "noseSneer_R",
)  # fmt: skip
"""Names of the expression weights, in order (ARKit's, by the person's left and right)."""
EXPRESSION_DIM = len(EXPRESSIONS)
EYE_LOOK: tuple[int, ...] = tuple(i for i, name in enumerate(EXPRESSIONS) if name.startswith("eyeLook"))
"""The expression weights that follow the gaze: the lids move with the eyes."""

GROUPS: dict[str, tuple[str, ...]] = {
    "identity": ("shape", "albedo"),
    "expression": ("expression", "gaze"),
    "pose": ("pose", "position"),
    "light": ("gamma", "rig"),
}
"""The four groups that are reset, locked, drawn at random and copied as a whole, and their parts."""

MOVING_PARTS: tuple[str, ...] = ("shape", "expression", "gaze", "pose", "position")
"""The parts that move a mask; light and skin leave every outline where it is."""

LATENT_PARTS: dict[str, tuple[str, ...]] = {
    "identity": ("shape", "albedo"),
    "expression": ("expression", "gaze"),
    "pose": ("pose",),
    "light": ("gamma",),
}
"""The parts of each group that random draws are made of; a drawn pose keeps its position, a drawn light has no rig."""

_SHAPES: dict[str, tuple[int, ...]] = {
    "shape": (SHAPE_DIM,), "albedo": (ALBEDO_DIM,), "expression": (EXPRESSION_DIM,), "gaze": (2,), "pose": (3,),
    "position": (3,), "gamma": (9, 3),
}  # fmt: skip
_TITLES = {
    "shape": "identity (shape)", "albedo": "identity (skin)", "expression": "expression", "gaze": "gaze",
    "pose": "pose", "position": "position", "gamma": "light",
}  # fmt: skip
_LIMITS: dict[str, tuple[Any, Any]] = {
    "shape": (-6.0, 6.0), "albedo": (-6.0, 6.0), "expression": (0.0, 1.0), "gaze": ((-45, -35), (45, 35)),
    "pose": ((-75, -60, -60), (75, 60, 60)), "position": ((-40, -40, -400), (40, 40, -40)), "gamma": (-30.0, 30.0),
}  # fmt: skip


@dataclass(frozen=True)
class LightRig:
    """A key light, fill and rim as a photographer would set them; directions are the camera's.

    Attributes:
        azimuth: degrees of the key light from the camera, -180..180, positive at the right side of the picture.
        elevation: degrees above the camera, -90..90.
        strength: brightness of the key light, 0..3.
        colour: sRGB of the key light, each 0..1.
        softness: 0 (a hard lamp) .. 1 (a large window).
        fill: even light from all sides, 0..1.5.
        fill_colour: sRGB of the fill, each 0..1.
        rim: light from behind, opposite to the key, 0..2.

    Raises:
        PortraitError: a value is not finite or out of range.
    """

    azimuth: float = 35.0
    elevation: float = 25.0
    strength: float = 1.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    softness: float = 0.6
    fill: float = 0.5
    fill_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rim: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "azimuth": (-180, 180), "elevation": (-90, 90), "strength": (0, 3), "softness": (0, 1), "fill": (0, 1.5),
            "rim": (0, 2),
        }  # fmt: skip
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not low <= value <= high:  # NaN fails, too
                raise PortraitError(f"The light's {name} is {value}; it must lie between {low} and {high}.")
        for name in ("colour", "fill_colour"):
            colour = getattr(self, name)
            good = len(colour) == 3 and all(isinstance(c, (int, float)) and 0 <= c <= 1 for c in colour)
            if not good:
                raise PortraitError(f"The light's {name.replace('_', ' ')} must be three numbers between 0 and 1.")


@dataclass(frozen=True, eq=False)
class LocalShape:
    """Another shape and expression in regions of the face.

    Attributes:
        shape: (24,) float32, expression: (55,) float32, gaze: (2,) float32 degrees: what is added to the head's.
        regions: numbers of the regions, in order.
        feather: width of the soft border in mask pixels.
    """

    shape: FloatArray
    expression: FloatArray
    gaze: FloatArray
    regions: tuple[int, ...]
    feather: float

    @cached_property
    def key(self) -> bytes:
        """Hash of all of it."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.shape, self.expression, self.gaze):
            digest.update(array.astype(np.float32).tobytes())
        digest.update(repr((self.regions, float(self.feather))).encode())
        return digest.digest()

    def __post_init__(self) -> None:
        for name, size, most in (("shape", SHAPE_DIM, 12), ("expression", EXPRESSION_DIM, 1), ("gaze", 2, 90)):
            array = np.array(getattr(self, name), np.float32)
            if array.shape != (size,) or not np.isfinite(array).all() or np.abs(array).max() > most + 1e-3:
                raise PortraitError("The shape of a part of the head is damaged; remove the adjustment that makes it.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if not 0 <= self.feather <= 1000:  # NaN fails, too
            raise PortraitError(f"The feather of a part of the head is {self.feather}; it must lie between 0 and 1000.")

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, as they stand in files."""
        numbers = {name: getattr(self, name).tolist() for name in ("shape", "expression", "gaze")}
        return {**numbers, "regions": list(self.regions), "feather": self.feather}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LocalShape":
        """The local shape of a file. Raises PortraitError, KeyError, TypeError or ValueError: it is damaged."""
        shape, expression, gaze = (np.asarray(data[name], np.float32) for name in ("shape", "expression", "gaze"))
        regions = tuple(int(region) for region in data["regions"])
        return cls(shape, expression, gaze, regions, float(data["feather"]))

    def scaled(self, share: float) -> "LocalShape":
        """A share of it."""
        part = np.float32(share)
        return replace(self, shape=part * self.shape, expression=part * self.expression, gaze=part * self.gaze)


@dataclass(frozen=True, eq=False)
class HeadCoefficients:
    """Everything that the 3D head is made from. Arrays are copied and made read-only.

    Attributes:
        shape: (24,) float32, identity modes of the shape, about N(0, 1) among people.
        albedo: (32,) float32, identity modes of the skin, about N(0, 1) among people.
        expression: (55,) float32 weights 0..1 in the order of `EXPRESSIONS`.
        gaze: (2,) float32 degrees: yaw > 0 to the person's left (right side of the picture), pitch > 0 up.
        pose: (3,) float32 degrees: yaw > 0 turns the nose to the right side of the picture, pitch > 0 lifts the chin,
            roll > 0 tilts clockwise in the picture.
        position: (3,) float32 centimetres from the camera; z is negative, about -105.
        gamma: (9, 3) float32 spherical harmonics of the light in camera axes, R G B (`faceeditor.head.light`).
        rig: the lamps in gamma, or None if they are not known; gamma may hold more than they explain.
        local: what is added in regions of the face, one after the other. A portrait's own head has none: they are
            made of its adjustments (`adjustments.adjusted_head`).

    Raises:
        PortraitError: an array has another shape, or a value is not finite or out of range.
    """

    shape: FloatArray
    albedo: FloatArray
    expression: FloatArray
    gaze: FloatArray
    pose: FloatArray
    position: FloatArray
    gamma: FloatArray
    rig: LightRig | None = None
    local: tuple[LocalShape, ...] = ()

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            array = np.array(getattr(self, name), np.float32, order="C", copy=True)
            if array.shape != shape:
                raise PortraitError(f"The head's {_TITLES[name]} has {array.shape} numbers and not {shape}.")
            if not np.isfinite(array).all():
                raise PortraitError(f"The head's {_TITLES[name]} holds numbers that are not finite; reset it.")
            low, high = _LIMITS[name]
            if (array < np.float32(low) - 1e-4).any() or (array > np.float32(high) + 1e-4).any():
                raise PortraitError(f"The head's {_TITLES[name]} is out of range ({low} to {high}); reset it.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def neutral(cls) -> "HeadCoefficients":
        """The average head, looking at the camera in even light."""
        gamma = np.zeros((9, 3), np.float32)
        gamma[0] = 3.0
        zeros: dict[str, Any] = {name: np.zeros(shape, np.float32) for name, shape in _SHAPES.items()}
        zeros |= {"gamma": gamma, "position": np.array([0.0, -2.4, -105.0], np.float32)}
        return cls(**zeros)

    @cached_property
    def key(self) -> str:
        """Hash of the numbers: equal coefficients have equal keys in every process."""
        digest = hashlib.blake2b(digest_size=16)
        for name in _SHAPES:
            digest.update(getattr(self, name).tobytes())
        for each in self.local:
            digest.update(each.key)
        return digest.hexdigest()

    @cached_property
    def geometry_key(self) -> bytes:
        """Hash of what moves a mask: heads that differ in light and skin only have the same."""
        digest = hashlib.blake2b(digest_size=16)
        for name in MOVING_PARTS:
            digest.update(getattr(self, name).tobytes())
        for each in self.local:
            digest.update(each.key)
        return digest.digest()

    def applied(self, local: LocalShape) -> "HeadCoefficients":
        """The head with a local shape everywhere."""
        return self.changed(
            shape=self.shape + local.shape, expression=self.expression + local.expression,
            gaze=self.gaze + local.gaze,
        )  # fmt: skip

    def changed(self, **parts: Any) -> "HeadCoefficients":
        """A copy with other values for some parts; values are brought into range, but NaN is an error.

        A gamma given without its rig drops the rig.
        """
        if "gamma" in parts and "rig" not in parts:
            parts["rig"] = None
        for name in parts.keys() & _SHAPES.keys():
            low, high = _LIMITS[name]
            parts[name] = np.clip(np.asarray(parts[name], np.float32), np.float32(low), np.float32(high))
        return replace(self, **parts)

    def with_group(self, group: str, other: "HeadCoefficients") -> "HeadCoefficients":
        """This head with one of `GROUPS` taken from another."""
        return replace(self, **{name: getattr(other, name) for name in GROUPS[group]})

    def blend(self, other: "HeadCoefficients", t: float) -> "HeadCoefficients":
        """Linear mixture: this head at 0, the other at 1 (t is clipped to 0..1)."""
        t = min(1.0, max(0.0, float(t)))
        if t in (0.0, 1.0):
            return other if t else self
        mixed: dict[str, Any] = {
            n: getattr(self, n) + np.float32(t) * (getattr(other, n) - getattr(self, n)) for n in _SHAPES
        }
        local = self.local
        if [each.key for each in self.local] != [each.key for each in other.local]:
            local = (*(each.scaled(1 - t) for each in self.local), *(each.scaled(t) for each in other.local))
        return HeadCoefficients(**mixed, local=local)

    def expression_of(self, name: str) -> float:
        """One expression weight by its name."""
        return float(self.expression[EXPRESSIONS.index(name)])

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, as they stand in files."""
        data: dict[str, Any] = {name: getattr(self, name).tolist() for name in _SHAPES}
        if self.rig is not None:
            data["rig"] = dict(vars(self.rig))
        if self.local:
            data["local"] = [each.to_json() for each in self.local]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "HeadCoefficients":
        """The head of a file.

        Raises:
            PortraitError: a part is missing, has another size or is out of range.
        """
        try:
            with np.errstate(over="ignore"):  # an infinity is refused with a sentence
                parts: dict[str, Any] = {name: np.asarray(data[name], np.float32) for name in _SHAPES}
            rig = rig_from_json(data["rig"]) if data.get("rig") is not None else None
            parts["local"] = tuple(LocalShape.from_json(each) for each in data.get("local", ()))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise PortraitError(f"The head coefficients are damaged ({error}); reset the head.") from error
        return cls(**parts, rig=rig)


def rig_from_json(data: Mapping[str, Any]) -> LightRig:
    """A light rig of a file; values that it does not name keep their defaults.

    Raises:
        PortraitError: a value is unknown, not a number or out of range.
    """
    if not isinstance(data, Mapping):
        raise PortraitError("A light rig is a list of names with values; mend or remove the file.")
    known = set(LightRig.__dataclass_fields__)
    unknown = set(data) - known
    if unknown:
        raise PortraitError(f"A light rig has no value “{sorted(unknown)[0]}”; it knows {', '.join(sorted(known))}.")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in data.items()
    }
    for value in values.values():
        for number in value if isinstance(value, tuple) else (value,):
            if not isinstance(number, (int, float)) or not math.isfinite(number):
                raise PortraitError("A light rig holds numbers only; mend or remove the file.")
    return LightRig(**values)
