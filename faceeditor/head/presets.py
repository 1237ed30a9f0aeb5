"""Presets: named values of one group's controls, as small JSON files that can be mixed.

``resources/presets/<group>/<name>.json`` holds the program's own, ``presets/<group>`` of the state folder the user's:
``{"format": 1, "group": "expression", "name": "Joy", "values": {"smile": 0.8, ...}}``, and for the order in which the
program's own are shown ``"order": 1``. Values are those of `head.controls`; what a preset does not name is neutral.
"""

import functools
import json
import logging
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.fileio import read_regular
from faceeditor.head.control_kinds import Directed, Exposure, Lamp, Number, beside_lamps, exposed_like, with_rig
from faceeditor.head.controls import Control, control, controls, near
from faceeditor.images import write_atomic
from faceeditor.jsonio import JsonError, read_json_object
from faceeditor.paths import resources_dir, state_dir
from faceeditor.portrait.head import EXPRESSIONS, EYE_LOOK, GROUPS, HeadCoefficients, LightRig

FORMAT = 1
"""Version of the preset files."""
MAX_NAME = 60
"""Longest name of a preset."""

_MAX_BYTES = 64 * 1024
_LAST = 1 << 20
# What a light may hold beside its lamps and still be saved as lamps: less than a step of eight bits on a face.
_LEFT_OVER = 0.004
# Weights that pull the same skin in opposite directions, and how much of both is too much.
_TOO_MUCH = 0.4
_ANTAGONISTS = (
    ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"),
    *(
        (f"{one}_{side}", f"{other}_{side}")
        for one, other in (
            ("eyeBlink", "eyeWide"), ("eyeSquint", "eyeWide"), ("mouthSmile", "mouthFrown"),
            ("eyeLookUp", "eyeLookDown"), ("eyeLookIn", "eyeLookOut"),
        )
        for side in "LR"
    ),
)  # fmt: skip

_log = logging.getLogger(__name__)


class Prior(Protocol):
    """Whoever draws plausible heads (`generators.head_prior.HeadPrior`)."""

    def draw(self, group: str, random: np.random.Generator, head: HeadCoefficients) -> HeadCoefficients:
        """The head with a random identity, expression, pose or light."""


@dataclass(frozen=True)
class Preset:
    """Named values of one group's controls.

    Attributes:
        name: as people read it.
        group: "identity", "expression", "pose" or "light".
        values: by names of controls; read-only.
        path: the file it came from, or None.
        order: where it stands among others; the user's own come last.

    Raises:
        PortraitError: no name, or values that are unknown, out of range or contradict each other. Names of identity
            directions are looked up where the preset is used, because the head model knows them.
    """

    name: str
    group: str
    values: Mapping[str, float] = field(default_factory=dict, hash=False)
    path: Path | None = field(default=None, compare=False)
    order: int = field(default=_LAST, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.strip())
        if self.group not in GROUPS:
            raise PortraitError(f"The preset “{self.name}” is of no known group; write {', '.join(GROUPS)}.")
        if not slug(self.name) or len(self.name) > MAX_NAME:
            raise PortraitError(f"A preset's name has 1 to {MAX_NAME} characters, letters or digits among them.")
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        _check(self)

    @property
    def own(self) -> bool:
        """Whether it is one of the user's, which can be changed and deleted."""
        return self.path is not None and self.path.parent == own_folder(self.group)


def slug(name: str) -> str:
    """A preset's name as it stands in file names and on the command line: "Three-quarter left": three-quarter-left."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


def own_folder(group: str) -> Path:
    """Where the user's presets of a group are kept (may not exist yet)."""
    return state_dir() / "presets" / group


def presets(group: str, on_error: Callable[[PortraitError], None] | None = None) -> tuple[Preset, ...]:
    """The program's presets of a group in their order, then the user's by name.

    A preset of the user's takes the place of one of the program's with the same name.

    Args:
        group: one of `GROUPS`.
        on_error: told of every file of the user's that cannot be read, and is left out; by default that is logged.

    Raises:
        PortraitError: one of the program's own is damaged.
    """
    found = {slug(preset.name): preset for preset in _carried(str(resources_dir() / "presets" / group))}
    own = own_folder(group)
    for path in sorted(own.glob("*.json")) if own.is_dir() else ():
        try:
            preset = read_preset(path)
            if preset.group != group:
                raise PortraitError(f"The preset “{path.name}” is one of the {preset.group}; move it to that folder.")
        except PortraitError as error:
            if on_error is None:
                _log.warning("%s", error)
            else:
                on_error(error)
        else:
            found[slug(preset.name)] = preset
    return tuple(sorted(found.values(), key=lambda preset: (preset.order, preset.name.lower())))


def find_preset(group: str, name: str) -> Preset:
    """A preset by its name, in any spelling of capitals, blanks and hyphens.

    Raises:
        PortraitError: there is none; the sentence names those that come near.
    """
    known = {slug(preset.name): preset for preset in presets(group)}
    if slug(name) in known:
        return known[slug(name)]
    raise PortraitError(f"There is no preset “{name}” of the {group}{near(slug(name), known)}.")


def read_preset(path: str | Path) -> Preset:
    """A preset from a file.

    Raises:
        PortraitError: it cannot be read, is no preset, or its values are unknown, out of range or contradictory.
    """
    path = Path(path)
    try:
        content = read_regular(path, _MAX_BYTES)
    except OSError as error:
        raise PortraitError(f"The preset “{path.name}” cannot be read ({error.strerror or error}).") from error
    try:
        data = read_json_object(content, _MAX_BYTES)
    except JsonError as error:
        raise PortraitError(
            f"“{path.name}” is no preset ({error}); choose a file that Face Editor saved, or remove it."
        ) from None
    if not isinstance(data.get("values"), dict):
        raise PortraitError(f"“{path.name}” is no preset; choose a file that Face Editor saved, or remove it.")
    number = data.get("format")
    if number != FORMAT or isinstance(number, bool):
        raise PortraitError(
            f"“{path.name}” is a preset of format {number}, and this Face Editor reads {FORMAT}; update it."
        )
    name, group, order = data.get("name"), data.get("group"), data.get("order", _LAST)
    if not isinstance(name, str) or not isinstance(group, str) or not isinstance(order, int):
        raise PortraitError(f"The preset “{path.name}” lacks its name or group; add them or remove the file.")
    return Preset(name, group, data["values"], path, order)


def write_preset(path: str | Path, preset: Preset) -> None:
    """Write a preset whole or not at all; folders are made.

    Raises:
        PortraitError: it cannot be written.
    """
    path = Path(path)
    data: dict[str, Any] = {"format": FORMAT, "group": preset.group, "name": preset.name}
    if preset.order != _LAST:
        data["order"] = preset.order
    data["values"] = dict(preset.values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    except FaceEditorError as error:
        raise PortraitError(str(error)) from error
    except OSError as error:
        raise PortraitError(
            f"The folder of “{path.name}” cannot be made ({error.strerror or error}); free its place."
        ) from error


def save_preset(preset: Preset) -> Preset:
    """Keep a preset among the user's own, in place of one of the same name; returns it with its path.

    Raises:
        PortraitError: it cannot be written.
    """
    kept = Preset(preset.name, preset.group, preset.values, own_folder(preset.group) / f"{slug(preset.name)}.json")
    assert kept.path is not None
    write_preset(kept.path, kept)
    return kept


def rename_preset(preset: Preset, name: str) -> Preset:
    """Give a preset of the user's another name; returns it as it is kept now.

    Raises:
        PortraitError: it is one of the program's, the name cannot be used or is taken, or the file cannot be written.
    """
    renamed = Preset(name, preset.group, preset.values)
    if not preset.own:
        raise PortraitError(f"“{preset.name}” came with Face Editor and keeps its name; save one of your own instead.")
    if slug(renamed.name) != slug(preset.name):
        if slug(renamed.name) in {slug(known.name) for known in presets(preset.group)}:
            raise PortraitError(f"There is already a preset “{renamed.name}”; choose another name.")
        kept = save_preset(renamed)
        delete_preset(preset)
        return kept
    return save_preset(renamed)


def delete_preset(preset: Preset) -> None:
    """Remove a preset of the user's.

    Raises:
        PortraitError: it is one of the program's, or cannot be removed.
    """
    if not preset.own or preset.path is None:
        raise PortraitError(f"“{preset.name}” came with Face Editor and stays; save one of your own instead.")
    try:
        preset.path.unlink(missing_ok=True)
    except OSError as error:
        raise PortraitError(f"“{preset.name}” cannot be removed ({error.strerror or error}).") from error


def preset_of(name: str, group: str, head: HeadCoefficients) -> Preset:
    """A group of a head as a preset.

    Values are rounded to four digits and brought into the range of their controls; a pose is saved without the place in
    the picture.

    Raises:
        PortraitError: the name cannot be used, or the head's weights contradict each other.
    """
    values: dict[str, float] = {}
    lids = {EXPRESSIONS[index] for index in EYE_LOOK}  # they follow the gaze
    # Lamps are saved as lamps where they are all of the light.
    lamps = group == "light" and head.rig is not None and bool(np.abs(beside_lamps(head)).max() < _LEFT_OVER)
    for found in controls():
        wanted = {
            "identity": found.section in ("Modes", "Skin modes"),
            "expression": found.section in ("Gaze", "Weights") and found.name not in lids,
            "pose": found.section == "Head",
            "light": isinstance(found.kind, Lamp) if lamps else found.section == "Coefficients",
        }[group]
        if found.group == group and wanted:
            value = round(found.clip(found.get(head)), 4)
            if value or group in ("pose", "light"):
                values[found.name] = value
    return Preset(name, group, values)


def apply_preset(
    preset: Preset,
    head: HeadCoefficients,
    model: Directed | None = None,
    photo_light: npt.NDArray[np.floating] | None = None,
) -> HeadCoefficients:
    """The head with one group as the preset has it; what it does not name is neutral, but the place in the picture
    stays, and so does the light under a preset of the exposure alone.

    Args:
        preset: what to apply.
        head: keeps its other groups.
        model: the head model; by default the program's own where identity directions are named.
        photo_light: (9, 3) the light that was read from the photograph which the head belongs to: lamps then keep its
            exposure and its white (`exposed_like`).

    Raises:
        PortraitError: an identity direction is unknown or out of range.
    """
    model = _model_for(preset, model)
    places = {found.name: place for place, found in enumerate(controls(model))}
    named = [(control(name, model), value) for name, value in preset.values.items()]
    # Gaze before the weights of its lids, exposure after everything that it scales.
    named.sort(key=lambda pair: len(places) if isinstance(pair[0].kind, Exposure) else places[pair[0].name])
    head = _cleared(preset.group, head, [found for found, _ in named])
    for found, value in named:
        head = found.set(head, model, found.check(value))
    if photo_light is not None and any(isinstance(found.kind, Lamp) for found, _ in named):
        head = exposed_like(head, photo_light)
    return head


def mix_heads(
    group: str, targets: Sequence[tuple[HeadCoefficients, float]], head: HeadCoefficients
) -> HeadCoefficients:
    """The head with one group mixed from several heads, linear in its coefficients; the lids follow a mixed gaze.

    Args:
        group: one of `GROUPS`.
        targets: heads and their shares, from 0, together at most 1.
        head: has the rest of the shares, and keeps its other groups; a light rig survives only as the whole of one
            head.
    """
    own = 1.0 - sum(share for _, share in targets)
    for target, share in (*targets, (head, own)):
        if share > 1.0 - 1e-6:
            return head.with_group(group, target)
    parts = {
        part: own * getattr(head, part) + sum(share * getattr(target, part) for target, share in targets)
        for part in GROUPS[group]
        if part != "rig"
    }
    mixed = head.changed(**parts)
    # Half of a look to the left and half of one to the right is a look ahead, and the lids go with it.
    looks = group == "expression" and any((target.gaze != head.gaze).any() for target, _ in targets)
    return _with_lids(mixed) if looks else mixed


def random_group(
    group: str, seed: int, head: HeadCoefficients, model: Directed | None, prior: Prior
) -> HeadCoefficients:
    """The head with one group drawn at random; the same seed gives the same draw, and each group draws its own.

    Args:
        group: one of `GROUPS`.
        seed: from 0.
        head: keeps its other groups.
        model: the head model, for priors that draw along its directions; not used by the program's own.
        prior: draws plausible ones, as `generators.head_prior.HeadPrior`.
    """
    random = np.random.default_rng([seed, tuple(GROUPS).index(group)])
    drawn = prior.draw(group, random, head)
    # Whatever a prior does with the rest: only this group is its business.
    result = head.with_group(group, drawn)
    return _with_lids(result) if group == "expression" else result


def reset_group(group: str, head: HeadCoefficients, base: HeadCoefficients | None = None) -> HeadCoefficients:
    """The head with one group as in the base head; without one it is neutral, in its place in the picture and in
    the light of the default rig."""
    return head.with_group(group, base) if base is not None else _cleared(group, head, [])


# Inside.


def _cleared(group: str, head: HeadCoefficients, named: list[Control]) -> HeadCoefficients:
    """The head from which a preset that names these controls starts."""
    neutral = HeadCoefficients.neutral()
    if group == "identity":
        return head.changed(shape=neutral.shape, albedo=neutral.albedo)
    if group == "expression":
        return head.changed(expression=neutral.expression, gaze=neutral.gaze)
    if group == "pose":
        return head.changed(pose=neutral.pose)
    if not named or any(isinstance(found.kind, Lamp) for found in named):
        return with_rig(head, LightRig())
    if any(isinstance(found.kind, Number) for found in named):
        return head.changed(gamma=neutral.gamma)
    return head


def _with_lids(head: HeadCoefficients) -> HeadCoefficients:
    from faceeditor.head.model import lids_follow

    return lids_follow(head)


def _model_for(preset: Preset, model: Directed | None) -> Directed | None:
    """The model that a preset needs: the program's own if identity directions are named and none is at hand."""
    if model is not None or preset.group != "identity" or all(name in _fixed() for name in preset.values):
        return model
    from faceeditor.head.model import HeadModel

    return HeadModel.load()


@functools.cache
def _fixed() -> dict[str, Control]:
    """The controls that need no model."""
    return {found.name: found for found in controls()}


def _check(preset: Preset) -> None:
    """PortraitError unless the values are known, in range and agree with each other."""
    owner: dict[str, str] = {}
    here = f"in the preset “{preset.name}”"
    for name, value in preset.values.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise PortraitError(f"“{name}” {here} is no number; mend or remove it.")
        found = _fixed().get(name)
        if found is None and preset.group == "identity" and name.isidentifier():
            continue
        if found is None:
            raise PortraitError(f"There is no control “{name}” {here}{near(name, _fixed())}.")
        if found.group != preset.group:
            raise PortraitError(f"“{name}” {here} belongs to the {found.group}; keep one group in one preset.")
        try:
            found.check(value)
        except PortraitError as error:
            raise PortraitError(f"{str(error).removesuffix('.')} {here}.") from None
        for number in found.kind.touches:
            if number in owner:
                raise PortraitError(f"“{owner[number]}” and “{name}” {here} set the same; keep one of them.")
            owner[number] = name
    kinds = {type(_fixed()[name].kind) for name in owner.values()}
    if preset.group == "light" and kinds >= {Lamp, Number}:
        raise PortraitError(f"Lamps and coefficients exclude each other {here}; keep one kind of them.")
    if preset.group == "expression":
        weights = apply_preset(preset, HeadCoefficients.neutral())
        for one, other in _ANTAGONISTS:
            if min(weights.expression_of(one), weights.expression_of(other)) > _TOO_MUCH:
                raise PortraitError(f"“{one}” and “{other}” {here} pull against each other; lower one of them.")


@functools.lru_cache(maxsize=16)
def _carried(folder: str) -> tuple[Preset, ...]:
    """The program's own presets of a folder, read once per process."""
    return tuple(read_preset(path) for path in sorted(Path(folder).glob("*.json")))
