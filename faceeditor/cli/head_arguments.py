"""Arguments that turn, move, light and vary the head of a rendered face, and what they do to it.

The table of flags is plain text here, because the help must not load numpy; a test holds it against the controls.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError, PortraitError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from faceeditor.head.controls import Control
    from faceeditor.head.presets import Preset
    from faceeditor.portrait.head import HeadCoefficients

MAX_STEPS = 100
"""Values of one sweep at most."""

FLAGS: dict[str, tuple[tuple[str, float, float, str], ...]] = {
    "head: pose and gaze (degrees)": (
        ("yaw", -45, 45, "turn the nose to the right side of the picture"),
        ("pitch", -30, 30, "lift the chin"),
        ("roll", -30, 30, "tilt clockwise"),
        ("gaze_yaw", -40, 40, "look to the right side of the picture"),
        ("gaze_pitch", -30, 30, "look up"),
    ),
    "head: expression": (
        ("smile", 0, 1, "smile"),
        ("frown", 0, 1, "corners of the mouth down"),
        ("jaw_open", 0, 1, "open the jaw"),
        ("pucker", 0, 1, "pucker the lips"),
        ("kiss", 0, 1, "kiss"),
        ("puff", 0, 1, "puff the cheeks"),
        ("sneer", 0, 1, "wrinkle the nose"),
        ("blink", 0, 1, "close both eyes"),
        ("wink_left", 0, 1, "wink with the person's left eye"),
        ("wink_right", 0, 1, "wink with the person's right eye"),
        ("squint", 0, 1, "squint"),
        ("eye_wide", 0, 1, "open the eyes wide"),
        ("brow_raise", 0, 1, "raise the brows"),
        ("brow_lower", 0, 1, "lower the brows"),
    ),
    "head: light": (
        ("exposure", -4, 2, "brightness in stops; 0 as in the mean photograph"),
        ("key_azimuth", -180, 180, "degrees of the key light to the right side of the picture"),
        ("key_elevation", -90, 90, "degrees of the key light above the camera"),
        ("key_strength", 0, 3, "brightness of the key light"),
        ("key_softness", 0, 1, "0 a hard lamp, 1 a large window"),
        ("fill", 0, 1.5, "even light from all sides"),
        ("rim", 0, 2, "light from behind"),
    ),
}
"""By heading: name of the control, its range, and what it does."""

_PRESETS = {"expression": "head: expression", "light": "head: light", "pose": "head: pose and gaze (degrees)"}
_SEEDED = ("identity", "expression", "light")


@dataclass(frozen=True)
class Sweep:
    """Values of one control, evenly from one to the other."""

    control: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class HeadOptions:
    """What a command line asks of the head, checked.

    Attributes:
        seeds: groups to be drawn at random, and their seeds.
        presets: to be applied after that.
        values: controls and their values, to be set last, in order.
        sweeps: none, one, or two: columns, then rows.
        plain: the plain rendering of the head is wanted and not the generator's picture.
    """

    seeds: "tuple[tuple[str, int], ...]" = ()
    presets: "tuple[Preset, ...]" = ()
    values: "tuple[tuple[Control, float], ...]" = ()
    sweeps: tuple[Sweep, ...] = ()
    plain: bool = False

    def __bool__(self) -> bool:
        return bool(self.seeds or self.presets or self.values or self.sweeps or self.plain)


def declare(parser: argparse.ArgumentParser, series: bool = True) -> None:
    """Declare the arguments of the head, in groups; `series`: those of sweeps and views, too."""
    groups = {heading: parser.add_argument_group(heading) for heading in FLAGS}
    for group, heading in _PRESETS.items():
        text = f"start from a preset of the {group}, as {_EXAMPLES[group]}"
        groups[heading].add_argument(f"--{group}", metavar="PRESET", help=text)
    for heading, flags in FLAGS.items():
        for name, low, high, text in flags:
            groups[heading].add_argument(
                f"--{name.replace('_', '-')}",
                type=float,
                dest=f"control_{name}",
                metavar=f"{low:g}..{high:g}",
                help=text,
            )
    chance = parser.add_argument_group("head: at random")
    for group in _SEEDED:
        text = f"draw a plausible {group}; the same seed gives the same one"
        chance.add_argument(f"--{group}-seed", type=arguments.seed, metavar="SEED", help=text)
    if not series:
        parser.set_defaults(sweep=[], plain=False)
        return
    views = parser.add_argument_group("head: series and views")
    views.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME:FROM:TO:COUNT",
        help="draw so many values of a control, as yaw:-40:40:9; a second sweep makes a grid: columns, then rows",
    )
    views.add_argument("--plain", action="store_true", help="write the plain rendering of the 3D head")


_EXAMPLES = {"expression": "joy", "light": "rembrandt", "pose": "three-quarter-left"}


def parse_options(args: argparse.Namespace, settings: Sequence[tuple[str, str]] = ()) -> HeadOptions:
    """What parsed arguments ask of the head.

    Args:
        args: as `declare` gave them.
        settings: names and values of `--set`; they come after the flags.

    Raises:
        FaceEditorError: an unknown name, or a value that is out of range, no number, or does not go with another.
    """
    given = [(name, getattr(args, f"control_{name}")) for flags in FLAGS.values() for name, *_ in flags]
    given = [(name, value) for name, value in given if value is not None]
    seeds = tuple((g, getattr(args, f"{g}_seed")) for g in _SEEDED if getattr(args, f"{g}_seed") is not None)
    wanted = {group: getattr(args, group) for group in _PRESETS if getattr(args, group) is not None}
    if not (given or settings or seeds or wanted or args.sweep):
        return HeadOptions(plain=args.plain)
    for group, _ in seeds:
        if group in wanted:
            raise FaceEditorError(f"--{group} and --{group}-seed exclude each other; leave one of them out.")
    from faceeditor.head.presets import find_preset

    values = []
    for name, value in given:
        found = _control(name)
        values.append((found, found.check(value)))
    values += [_setting(name, text) for name, text in settings]
    return HeadOptions(
        seeds,
        tuple(find_preset(group, name) for group, name in wanted.items()),
        tuple(values),
        _sweeps(args.sweep),
        args.plain,
    )


def apply_options(
    head: "HeadCoefficients", wanted: HeadOptions, photo_light: "npt.NDArray[np.float32] | None" = None
) -> "HeadCoefficients":
    """A head with everything that is asked of it, the sweeps left aside.

    `photo_light` is the light that was read from the photograph which the head belongs to (`presets.apply_preset`).

    Raises:
        FaceEditorError: a model that is needed for it is missing.
    """
    from faceeditor.head.model import HeadModel
    from faceeditor.head.presets import apply_preset, random_group

    named = {found.group for found, _ in wanted.values}
    # Only the named directions of identities need the model.
    model = HeadModel.load() if "identity" in named else None
    if wanted.seeds:
        from faceeditor.generators.head_prior import HeadPrior

        prior = HeadPrior.load()
        for group, seed in wanted.seeds:
            head = random_group(group, seed, head, model, prior)
    for preset in wanted.presets:
        head = apply_preset(preset, head, model, photo_light)
    for found, value in wanted.values:
        head = found.set(head, model, value)
    return head


def _control(name: str) -> "Control":
    """A control by its name, written with underscores or hyphens."""
    from faceeditor.head.controls import control

    return control(name.replace("-", "_"))


def _setting(name: str, text: str) -> "tuple[Control, float]":
    """A control and the value that `--set` gives it."""
    where = f"“--set {name}={text}” does not work"
    try:
        found = _control(name)
        return found, found.check(float(text))
    except PortraitError as error:
        raise FaceEditorError(f"{where}: {_inside(error)}") from None
    except ValueError:
        raise FaceEditorError(f"{where}: “{text}” is no number; write one, as {name}=0.5.") from None


def _sweeps(texts: Sequence[str]) -> tuple[Sweep, ...]:
    if len(texts) > 2:
        raise FaceEditorError(f"A picture has columns and rows, so that {len(texts)} sweeps are too many; give two.")
    sweeps = tuple(_sweep(text) for text in texts)
    if len({sweep.control for sweep in sweeps}) < len(sweeps):
        raise FaceEditorError(f"Both sweeps are of “{sweeps[0].control}”; sweep two controls, or give one sweep.")
    return sweeps


def _sweep(text: str) -> Sweep:
    where = f"“--sweep {text}” does not work"
    parts = text.split(":")
    try:
        name, (low, high), count = parts[0], (float(parts[1]), float(parts[2])), int(parts[3])
        good = len(parts) == 4 and math.isfinite(low) and math.isfinite(high)
    except (ValueError, IndexError):
        good = False
    if not good:
        raise FaceEditorError(f"{where}; write a control, two numbers and how many, as yaw:-40:40:9.")
    if not 2 <= count <= MAX_STEPS:
        raise FaceEditorError(f"{where}: {count} values are not within 2 to {MAX_STEPS}.")
    try:
        found = _control(name)
        values = [found.check(low + (high - low) * step / (count - 1)) for step in range(count)]
    except PortraitError as error:
        raise FaceEditorError(f"{where}: {_inside(error)}") from None
    return Sweep(found.name, tuple(values))


def _inside(error: PortraitError) -> str:
    """A sentence as it stands after a colon."""
    text = str(error)
    return text[0].lower() + text[1:]
