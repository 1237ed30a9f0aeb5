"""Named controls of a head: what sliders, presets and the command line set, as data.

A control reads a value from a head and gives a head with another one; it keeps nothing itself. `identity` controls work
along the named directions of the head model, `expression` controls on the weights, `light` controls on the light rig.
"""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from faceeditor.errors import ModelError, PortraitError
from faceeditor.head.control_kinds import Along, Directed, Exposure, Gaze, Kind, Lamp, Number, Opposed, Weights
from faceeditor.portrait.head import ALBEDO_DIM, EXPRESSIONS, EYE_LOOK, GROUPS, SHAPE_DIM, HeadCoefficients, LightRig

_NEUTRAL = HeadCoefficients.neutral()
_EQUAL = 1e-6


@dataclass(frozen=True)
class Control:
    """One slider.

    Attributes:
        name: as presets and the command line call it ("jaw_open", "mouthSmile_L").
        title: as people read it ("Jaw open").
        group: "identity", "expression", "pose" or "light", as in `portrait.head.GROUPS`.
        section: heading within the group ("Mouth", "Weights").
        low, high: range of the values that can be set.
        default: what a reset sets.
        unit: "" (steps of a mode or direction), "%" (the value is a share: 1 is shown as 100 %), "deg", "cm", "EV".
        step: of an arrow key.
        symmetric: whether it acts on both sides of the face alike.
        kind: what it does.
    """

    name: str
    title: str
    group: str
    section: str
    low: float
    high: float
    default: float
    unit: str
    step: float
    symmetric: bool = True
    kind: Kind = field(repr=False, kw_only=True)

    def get(self, head: HeadCoefficients, model: Directed | None = None) -> float:
        """The head's value; outside of low..high where a head came from elsewhere and has more than can be set.

        Args:
            head: the head.
            model: the head model; only the named identity directions need it.
        """
        return self.kind.read(head, model)

    def set(self, head: HeadCoefficients, model: Directed | None, value: float) -> HeadCoefficients:
        """The head with another value, brought into low..high; the value that it has gives the head itself.

        Raises:
            PortraitError: the value is not finite.
        """
        if not math.isfinite(value):
            raise PortraitError(f"{self.title} cannot be {value}; choose {self._range}.")
        if abs(value - self.get(head, model)) <= _EQUAL:
            return head
        return self.kind.write(head, model, self.clip(value))

    def clip(self, value: float) -> float:
        """The nearest value within low..high."""
        return min(self.high, max(self.low, float(value)))

    def check(self, value: float) -> float:
        """The value itself.

        Raises:
            PortraitError: it is not finite or not within low..high.
        """
        if not self.low - _EQUAL <= value <= self.high + _EQUAL:  # NaN fails, too
            raise PortraitError(f"“{self.name}” cannot be {value:g}; choose {self._range}.")
        return value

    @property
    def _range(self) -> str:
        unit = {"deg": " degrees", "cm": " cm", "EV": " stops"}.get(self.unit, "")
        return f"{self.low:g} to {self.high:g}{unit}"


def controls(model: Directed | None = None) -> tuple[Control, ...]:
    """All controls in the order in which they are shown, by group and section.

    Args:
        model: the head model; without it the named identity directions are left out.
    """
    return (*(_directions(model) if model is not None else ()), *_FIXED.values())


def settled(head: HeadCoefficients, origin: HeadCoefficients, model: Directed) -> HeadCoefficients:
    """The head with every group taken over from the origin whose controls all show the origin's values.

    Controls are set by solving for their values: one that is set back comes within rounding of where it was. This
    makes it the same head again, number for number.
    """
    groups: dict[str, bool] = dict.fromkeys(GROUPS, True)
    for found in controls(model):
        if groups[found.group]:
            apart = abs(found.get(head, model) - found.get(origin, model))
            groups[found.group] = apart <= _SETTLED * (found.high - found.low)
    for group in (name for name, equal in groups.items() if equal):
        head = head.with_group(group, origin)
    return head


def set_back(head: HeadCoefficients, origin: HeadCoefficients, found: Control, model: Directed) -> HeadCoefficients:
    """The head with a control set to the origin's value, and exactly the origin's numbers where that is possible.

    A control of the expression that moves several weights at once gives each of them back as it was.
    """
    changed = found.set(head, model, found.get(origin, model))
    if found.group == "expression":
        ends = [found.set(head, model, value) for value in (found.low, found.high)]
        touched = (ends[0].expression != changed.expression) | (ends[1].expression != changed.expression)
        expression = np.where(touched, origin.expression, changed.expression)
        turned = any((end.gaze != changed.gaze).any() for end in ends)
        if turned and np.allclose(changed.gaze, origin.gaze, atol=1e-3):
            expression[list(EYE_LOOK)] = origin.expression[list(EYE_LOOK)]  # the lids follow the gaze
            changed = changed.changed(gaze=origin.gaze)
        changed = changed.changed(expression=expression)
    return settled(changed, origin, model)


_SETTLED = 1e-4
"""Share of a control's range within which two values are shown as the same."""


def control(name: str, model: Directed | None = None) -> Control:
    """A control by its name.

    Args:
        name: as in `Control.name`.
        model: where identity directions are looked up; by default the program's own head model.

    Raises:
        PortraitError: there is none of that name; the sentence names those that come near.
    """
    if name in _FIXED:
        return _FIXED[name]
    if model is None:
        model = _carried_model()
    known = {found.name: found for found in controls(model)}
    if name in known:
        return known[name]
    raise PortraitError(f"There is no control “{name}”{near(name, known)}.")


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: which known ones come near, or what to do else."""
    by_key = {candidate.lower(): candidate for candidate in known}
    close = [by_key[key] for key in difflib.get_close_matches(name.lower(), list(by_key), n=3, cutoff=0.55)]
    # "brow" is far from "brow_raise" by letters, but not to a person.
    if len(name) >= 3:
        close += [by_key[key] for key in by_key if name.lower() in key and by_key[key] not in close][: 4 - len(close)]
    if close:
        return "; did you mean " + " or ".join(f"“{candidate}”" for candidate in close[:4]) + "?"
    return "; choose a known name, as " + ", ".join(list(by_key.values())[:6])


def _carried_model() -> Directed | None:
    from faceeditor.head.model import HeadModel

    try:
        return HeadModel.load()
    except ModelError:
        # Without the model there are no directions; whoever draws a head says that it is missing.
        return None


# Identity.

_SECTIONS = (
    (("eye", "lid", "brow"), "Eyes"), (("nose", "nostril"), "Nose"), (("mouth", "lip"), "Mouth"),
    (("jaw", "chin"), "Jaw and chin"), (("cheek",), "Cheeks"), (("ear", "neck"), "Ears and neck"),
    (("face", "head", "forehead", "skull", "temple"), "Face"), (("skin", "beard", "freckle"), "Skin"),
)  # fmt: skip


def _directions(model: Directed) -> tuple[Control, ...]:
    """Sliders of the model's named directions, sections together."""
    made = []
    for name, direction in model.directions.items():
        words = name.split("_")
        section = next((title for keys, title in _SECTIONS if any(key in words for key in keys)), "Character")
        title = name.replace("_", " ").capitalize()
        made.append(
            Control(name, title, "identity", section, direction.low, direction.high, 0.0, "", 0.05, kind=Along(name))
        )
    sections = list(dict.fromkeys(control.section for control in made))
    return tuple(sorted(made, key=lambda control: sections.index(control.section)))


def _modes(part: str, prefix: str, title: str, section: str, count: int) -> list[Control]:
    return [
        Control(
            f"{prefix}_{index + 1}", f"{title} {index + 1}", "identity", section, -4.0, 4.0, 0.0, "", 0.05,
            kind=Number(part, index),
        )
        for index in range(count)
    ]  # fmt: skip


# Expression: sections, names, titles and what they set. Gains are what the face does along with the first weight.

_BOTH: tuple[tuple[str, str, str, dict[str, float]], ...] = (
    ("Mouth", "smile", "Smile", {"mouthSmile": 1.0, "cheekSquint": 0.35}),
    ("Mouth", "frown", "Frown", {"mouthFrown": 1.0}),
    ("Mouth", "dimple", "Dimples", {"mouthDimple": 1.0}),
    ("Mouth", "mouth_stretch", "Stretch", {"mouthStretch": 1.0}),
    ("Mouth", "upper_lip_raise", "Upper lip up", {"mouthUpperUp": 1.0}),
    ("Mouth", "lower_lip_drop", "Lower lip down", {"mouthLowerDown": 1.0}),
    ("Mouth", "lip_press", "Press lips", {"mouthPress": 1.0}),
    ("Eyes", "blink", "Blink", {"eyeBlink": 1.0}),
    ("Eyes", "eye_wide", "Wide eyes", {"eyeWide": 1.0}),
    ("Eyes", "squint", "Squint", {"eyeSquint": 1.0}),
    ("Brows", "brow_raise", "Raise brows", {"browInnerUp": 0.8, "browOuterUp": 1.0}),
    ("Brows", "brow_lower", "Lower brows", {"browDown": 1.0}),
    ("Brows", "brow_inner", "Inner brows up", {"browInnerUp": 1.0}),
    ("Brows", "brow_outer", "Outer brows up", {"browOuterUp": 1.0}),
    ("Cheeks and nose", "sneer", "Sneer", {"noseSneer": 1.0, "mouthUpperUp": 0.35}),
    ("Cheeks and nose", "puff", "Puff cheeks", {"cheekPuff": 1.0}),
    ("Cheeks and nose", "cheek_raise", "Raise cheeks", {"cheekRaiser": 1.0}),
)
_ONE: tuple[tuple[str, str, str, dict[str, float]], ...] = (
    ("Mouth", "jaw_open", "Jaw open", {"jawOpen": 1.0}),
    ("Mouth", "pucker", "Pucker", {"mouthPucker": 1.0}),
    ("Mouth", "kiss", "Kiss", {"mouthPucker": 1.0, "mouthFunnel": 0.35}),
    ("Mouth", "funnel", "Round lips", {"mouthFunnel": 1.0}),
    ("Mouth", "lips_in", "Lips in", {"mouthRollLower": 1.0, "mouthRollUpper": 1.0}),
    ("Mouth", "chin_raise", "Raise chin", {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.4}),
    ("Mouth", "jaw_forward", "Jaw forward", {"jawForward": 1.0}),
    # One eye closes, and its cheek comes up to meet it.
    ("Eyes", "wink_left", "Wink left", {"eyeBlink_L": 1.0, "cheekRaiser_L": 0.6}),
    ("Eyes", "wink_right", "Wink right", {"eyeBlink_R": 1.0, "cheekRaiser_R": 0.6}),
)
_EXPRESSION_SECTIONS = ("Mouth", "Eyes", "Brows", "Cheeks and nose")


def _weights(name: str, title: str, section: str, gains: dict[str, float], symmetric: bool = True) -> Control:
    return Control(
        name, title, "expression", section, 0.0, 1.0, 0.0, "%", 0.01, symmetric, kind=Weights(tuple(gains.items()))
    )


def _expressions() -> list[Control]:
    made: list[Control] = []
    for section, name, title, gains in _BOTH:
        made.append(_weights(name, title, section, {f"{key}_{side}": g for key, g in gains.items() for side in "LR"}))
        for side, word in (("L", "left"), ("R", "right")):
            one_sided = {f"{key}_{side}": gain for key, gain in gains.items()}
            made.append(_weights(f"{name}_{word}", f"{title} {word}", section, one_sided, symmetric=False))
    for section, name, title, gains in _ONE:
        made.append(_weights(name, title, section, gains, symmetric=not name.startswith("wink")))
    for name, title, plus, minus in (
        ("jaw_side", "Jaw to the side", "jawLeft", "jawRight"),
        ("mouth_side", "Mouth to the side", "mouthLeft", "mouthRight"),
    ):
        kind = Opposed(plus, minus)
        made.append(Control(name, title, "expression", "Mouth", -1.0, 1.0, 0.0, "%", 0.01, False, kind=kind))
    made.sort(key=lambda control: _EXPRESSION_SECTIONS.index(control.section))
    for axis, (name, title, most) in enumerate((("gaze_yaw", "Look aside", 40.0), ("gaze_pitch", "Look up", 30.0))):
        made.append(Control(name, title, "expression", "Gaze", -most, most, 0.0, "deg", 0.5, kind=Gaze(axis)))
    for name in EXPRESSIONS:
        both_sides = not name.endswith(("_L", "_R", "Left", "Right"))
        made.append(_weights(name, _weight_title(name), "Weights", {name: 1.0}, symmetric=both_sides))
    return made


def _weight_title(name: str) -> str:
    """ "mouthSmile_L" -> "Mouth smile left"."""
    words = re.sub(r"([A-Z])", r" \1", name.removesuffix("_L").removesuffix("_R")).lower()
    side = {"_L": " left", "_R": " right"}.get(name[-2:], "")
    return f"{words.capitalize()}{side}"


# Pose.


def _pose() -> list[Control]:
    made = [
        Control(name, name.capitalize(), "pose", "Head", -most, most, 0.0, "deg", 0.5, kind=Number("pose", index))
        for index, (name, most) in enumerate((("yaw", 45.0), ("pitch", 30.0), ("roll", 30.0)))
    ]
    x, y, z = (float(value) for value in _NEUTRAL.position)
    return [
        *made,
        Control(
            "distance", "Distance", "pose", "Place", 70.0, 200.0, -z, "cm", 1.0, kind=Number("position", 2, sign=-1)
        ),
        Control("shift_x", "Shift aside", "pose", "Place", -15.0, 15.0, 0.0, "cm", 0.1, kind=Number("position", 0, x)),
        Control("shift_y", "Shift up", "pose", "Place", -15.0, 15.0, 0.0, "cm", 0.1, kind=Number("position", 1, y)),
    ]


# Light.

_CHANNELS = ("red", "green", "blue")
_HARMONICS = ("constant", "y", "z", "x", "xy", "yz", "3z² − 1", "xz", "x² − y²")


def _light() -> list[Control]:
    rig = LightRig()

    def lamp(name: str, title: str, section: str, low: float, high: float, unit: str, step: float, at: str) -> Control:
        return Control(name, title, "light", section, low, high, getattr(rig, at), unit, step, kind=Lamp(at))

    def colour(section: str, prefix: str, at: str) -> list[Control]:
        return [
            Control(
                f"{prefix}_{channel}", f"{section} {channel}", "light", section, 0.0, 1.0, getattr(rig, at)[index],
                "%", 0.01, kind=Lamp(at, index),
            )
            for index, channel in enumerate(_CHANNELS)
        ]  # fmt: skip

    made = [
        Control("exposure", "Exposure", "light", "Overall", -4.0, 2.0, 0.0, "EV", 0.05, kind=Exposure()),
        lamp("key_azimuth", "Key aside", "Key", -180.0, 180.0, "deg", 1.0, "azimuth"),
        lamp("key_elevation", "Key height", "Key", -90.0, 90.0, "deg", 1.0, "elevation"),
        lamp("key_strength", "Key strength", "Key", 0.0, 3.0, "%", 0.01, "strength"),
        lamp("key_softness", "Softness", "Key", 0.0, 1.0, "%", 0.01, "softness"),
        *colour("Key", "key", "colour"),
        lamp("fill", "Fill", "Fill", 0.0, 1.5, "%", 0.01, "fill"),
        *colour("Fill", "fill", "fill_colour"),
        lamp("rim", "Rim", "Rim", 0.0, 2.0, "%", 0.01, "rim"),
    ]
    for term, harmonic in enumerate(_HARMONICS):
        for index, channel in enumerate(_CHANNELS):
            low, high = (0.0, 12.0) if term == 0 else (-6.0, 6.0)
            place = 3 * term + index
            made.append(
                Control(
                    f"sh{term}_{channel}",
                    f"{harmonic} {channel}",
                    "light",
                    "Coefficients",
                    low,
                    high,
                    float(_NEUTRAL.gamma.flat[place]),
                    "",
                    0.02,
                    kind=Number("gamma", place),
                )
            )
    return made


_FIXED: dict[str, Control] = {
    made.name: made
    for made in (
        *_modes("shape", "mode", "Mode", "Modes", SHAPE_DIM),
        *_modes("albedo", "skin", "Skin mode", "Skin modes", ALBEDO_DIM),
        *_expressions(),
        *_pose(),
        *_light(),
    )
}
