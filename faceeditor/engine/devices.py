"""Which device draws: the wanted one, or the fastest, measured at the first start and remembered."""

import hashlib
import json
import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.fileio import read_regular, set_aside
from faceeditor.generators.devices import cpu_name, cpu_threads, cuda_possible, installed_version
from faceeditor.images import write_atomic
from faceeditor.jsonio import MAX_BYTES, JsonError, read_json_object
from faceeditor.nets.mask_guided_pack import PACK
from faceeditor.packs import ModelPack
from faceeditor.paths import cache_dir
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

_log = logging.getLogger(__name__)

ENOUGH_MS = 40.0
"""A device that draws a full frame in this time is fast enough for the pen; slower ones are not even loaded."""

DEVICE_NAMES = {
    "cuda": "graphics card (CUDA)",
    "openvino-cpu": "processor (OpenVINO)",
    "torch-cpu": "processor (PyTorch)",
}
"""Devices as the user reads them."""

_CHOICE_FILE = "device.json"


class Generator(Protocol):
    """What the engine needs of a generator (`generators.mask_guided.MaskGuided`, or a stand-in)."""

    device: str

    def render(
        self,
        mask: MaskArray,
        style: StyleCode,
        size: int = 256,
        maps: npt.NDArray[np.float32] | None = None,
        hair: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]: ...
    def encode(self, photo: npt.NDArray[np.uint8], mask: MaskArray, label: str = "") -> StyleCode: ...
    def measure(self, runs: int = 3) -> float: ...
    def close(self) -> None: ...


@runtime_checkable
class WarmsUp(Protocol):
    """A generator that can prepare for a size while it draws."""

    def warm_up(self, size: int) -> None: ...


OpenGenerator = Callable[[str], Generator]


class Choice(NamedTuple):
    """An opened generator and its milliseconds for a full frame (0: not measured)."""

    generator: Generator
    milliseconds: float


def open_mask_guided(device: str) -> Generator:
    """Open the program's own generator on a device."""
    from faceeditor.generators.mask_guided import MaskGuided

    return MaskGuided(device)


def open_device(wanted: str, opener: OpenGenerator = open_mask_guided, graphics_card: bool = True) -> Choice:
    """Open the wanted device, or the best one for "auto".

    Auto takes a graphics card if there is one, else OpenVINO; torch on the CPU is tried only where OpenVINO does not
    work or needs more than `ENOUGH_MS`. The result is remembered for this processor and these versions.

    Args:
        wanted: "auto" or the name of a device.
        opener: opens a generator on a named device.
        graphics_card: whether auto may take one (not after it has failed).

    Raises:
        ModelError: the model pack is missing or damaged.
        EngineError: no device works, or not the wanted one.
    """
    if wanted != "auto":
        return Choice(opener(wanted), 0.0)
    if graphics_card and cuda_possible():
        try:
            return Choice(opener("cuda"), 0.0)
        except EngineError as error:
            _log.info("no graphics card: %s", error)
    remembered = _remembered()
    if remembered is not None:
        try:
            return Choice(opener(remembered[0]), remembered[1])
        except EngineError as error:
            _log.warning("the remembered device %s does not work any more: %s", remembered[0], error)
    choice = _fastest(opener)
    _remember(choice)
    return choice


def _fastest(opener: OpenGenerator) -> Choice:
    best: Choice | None = None
    failure: EngineError | None = None
    for device in ("openvino-cpu", "torch-cpu"):
        try:
            generator = opener(device)
            candidate = Choice(generator, generator.measure())
        except EngineError as error:
            _log.warning("%s does not work: %s", device, error)
            failure = failure or error
            continue
        _log.info("%s draws a frame in %.1f ms", device, candidate.milliseconds)
        loser: Choice | None = candidate
        if best is None or candidate.milliseconds < best.milliseconds:
            best, loser = candidate, best
        if loser is not None:
            loser.generator.close()
        if best.milliseconds <= ENOUGH_MS:
            break
    if best is None:
        raise failure or EngineError("No device can run the generator; reinstall Face Editor.")
    return best


def _machine_key() -> str:
    """Hash of everything that the choice depends on."""
    facts = [cpu_name(), str(cpu_threads()), installed_version("openvino"), installed_version("torch")]
    facts.append(ModelPack.open(PACK).key)
    return hashlib.sha256("|".join(facts).encode()).hexdigest()[:24]


def _remembered() -> tuple[str, float] | None:
    file = cache_dir() / _CHOICE_FILE
    try:
        data = read_json_object(read_regular(file, MAX_BYTES))
        if data["key"] == _machine_key() and data["device"] in DEVICE_NAMES:
            return str(data["device"]), float(data["milliseconds"])
    except JsonError as error:
        set_aside(file, str(error))
    except (OSError, ValueError, KeyError, TypeError, FaceEditorError):
        # A missing or foreign file means that there is nothing remembered; it is written anew.
        return None
    return None


def _remember(choice: Choice) -> None:
    try:
        data = {
            "key": _machine_key(),
            "device": choice.generator.device,
            "milliseconds": round(choice.milliseconds, 2),
            "processor": cpu_name(),
        }
        write_atomic(cache_dir() / _CHOICE_FILE, json.dumps(data, indent=2).encode())
    except (OSError, FaceEditorError) as error:
        _log.warning("the choice of device could not be remembered: %s", error)
