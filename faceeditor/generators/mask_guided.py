"""The generators: mask (+ planes of a 3D head) + style code -> face, photograph + mask -> style code."""

import threading
import time
from collections import OrderedDict
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError
from faceeditor.generators.conditions import MaskCondition, mask_condition
from faceeditor.nets.mask_guided_forward import EMBED_INPUTS
from faceeditor.nets.mask_guided_pack import ENCODER_FILE, FINE_FILE, GENERATOR_FILE, PACK
from faceeditor.packs import ModelPack
from faceeditor.portrait.exemplars import FILE as EXEMPLARS
from faceeditor.portrait.exemplars import Exemplars
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray

DEVICES = ("cuda", "openvino-cpu", "torch-cpu")
"""The devices by name, the usually fastest first."""
SIZES = (128, 256, 512)

Pixels = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]
_REMEMBERED_MASKS = 8


class Backend(Protocol):
    """One way to run the network."""

    device: str

    @property
    def precision(self) -> str: ...
    def draw(self, condition: MaskCondition, style: StyleCode, size: int, maps: Maps | None = None) -> Pixels: ...
    def warm_up(self, size: int) -> None: ...
    def close(self) -> None: ...


class MaskGuided:
    """The mask-guided and the 3D-controlled generator (one network) of the model pack `mask-guided` on one device.

    May be used from any thread; frames are drawn one at a time. What follows from a mask alone is remembered for the
    last few masks.

    Args:
        device: one of `DEVICES`.
        pack: the opened pack; by default the program's own.

    Raises:
        ModelError: the pack is missing or damaged.
        EngineError: the device cannot be used.
    """

    def __init__(self, device: str, pack: ModelPack | None = None) -> None:
        if device not in DEVICES:
            raise EngineError(f"There is no device “{device}”; choose one of: auto, {', '.join(DEVICES)}.")
        self.device = device
        self._pack = pack or ModelPack.open(PACK)
        weights = generator_weights(self._pack)
        self.native = max(SIZES) if FINE_FILE in self._pack.files else 256
        """Largest side that the network itself draws."""
        self._backend = _open_backend(device, weights, self._pack)
        self._encoder: Any = None
        self._exemplars: Exemplars | None = None
        self._encoder_lock = threading.Lock()
        self._conditions: OrderedDict[bytes, MaskCondition] = OrderedDict()
        self._conditions_lock = threading.Lock()

    @property
    def precision(self) -> str:
        """ "bf16" or "f32": what the network calculates in."""
        return self._backend.precision

    def render(
        self, mask: MaskArray, style: StyleCode, size: int = 256, maps: Maps | None = None, hair: Maps | None = None
    ) -> Pixels:
        """Draw a face.

        Args:
            mask: (256, 256) uint8 region indices below 19.
            style: the style code.
            size: 256, 128 for the fast tier, or 512 for the fine one.
            maps: (10, 128, 128) planes of the 3D head (`head.maps.HeadMaps.condition`), which then decides on shape,
                expression, pose, complexion and light; None: the mask and the style decide alone.
            hair: (3, 128, 128) direction of the hair (`portrait.guides.hair_direction`); None: the style decides.

        Returns:
            a fresh (size, size, 3) uint8 array, sRGB.

        Raises:
            EngineError: the device failed.
        """
        if size not in SIZES:
            raise EngineError(f"The generator cannot draw at {size} pixels; choose 128, 256 or 512.")
        drawn = self._backend.draw(self._condition(mask, hair), style, min(size, self.native), maps)
        return drawn if len(drawn) == size else enlarged(drawn, size)

    def encode(self, photo: Pixels, mask: MaskArray, label: str = "") -> StyleCode:
        """The style of an aligned photograph; regions that it does not show are filled in from the pack's exemplars.

        Args:
            photo: (256, 256, 3) uint8 sRGB in the FFHQ layout.
            mask: (256, 256) uint8, its regions.
            label: label of the code.

        Raises:
            ModelError, EngineError: as of the constructor. Loads torch at the first call.
        """
        from faceeditor.generators.torch_backend import TorchEncoder

        with self._encoder_lock:
            if self._encoder is None:
                place = "cuda" if self.device == "cuda" else "cpu"
                self._encoder = TorchEncoder(self._pack.load(ENCODER_FILE), self._pack.config, place)
            style: StyleCode = self._encoder.encode(photo, mask, label)
            if self._exemplars is None and EXEMPLARS in self._pack.files:
                self._exemplars = Exemplars.from_arrays(self._pack.load(EXEMPLARS))
        return style if self._exemplars is None else self._exemplars.fill_missing_regions(style, mask)

    def warm_up(self, size: int) -> None:
        """Prepare for frames of a size; other threads may draw meanwhile. EngineError as of `render`."""
        self._backend.warm_up(min(size, self.native))

    def measure(self, runs: int = 3) -> float:
        """Median milliseconds of a full frame, over some runs after two that warm up."""
        mask = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
        mask[64:192, 64:192] = 1
        style = StyleCode.zeros()
        times = []
        for run in range(2 + runs):
            start = time.perf_counter()
            self.render(mask, style)
            if run >= 2:
                times.append((time.perf_counter() - start) * 1e3)
        return float(np.median(times))

    def close(self) -> None:
        """Give the device's memory back; the generator cannot be used afterwards."""
        self._backend.close()
        with self._encoder_lock:
            self._encoder = None

    def _condition(self, mask: MaskArray, hair: Maps | None) -> MaskCondition:
        key = mask.tobytes() if hair is None else mask.tobytes() + hair.tobytes()
        with self._conditions_lock:
            known = self._conditions.pop(key, None)
            condition = known if known is not None else mask_condition(mask, hair)
            self._conditions[key] = condition
            if len(self._conditions) > _REMEMBERED_MASKS:
                self._conditions.popitem(last=False)
        return condition


def generator_weights(pack: ModelPack, fine: bool = True) -> dict[str, npt.NDArray[Any]]:
    """The generator's state dict of a pack, the fine scale's under `fine.` where the pack has one and it is wanted.

    Raises:
        ModelError: a file is missing or damaged.
    """
    weights = {name: _with_all_planes(name, value) for name, value in pack.load(GENERATOR_FILE).items()}
    if fine and FINE_FILE in pack.files:
        weights |= {f"fine.{name}": value for name, value in pack.load(FINE_FILE).items()}
    return weights


def _with_all_planes(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A layer's weights, which do not look at the guides where the pack is older than these."""
    missing = EMBED_INPUTS - values.shape[1] if name.endswith(".embed.weight") and values.ndim == 4 else 0
    return values if missing <= 0 else np.pad(values, ((0, 0), (0, missing), (0, 0), (0, 0)))


def enlarged(picture: Pixels, side: int) -> Pixels:
    """A square picture (S, S, 3) uint8 at a larger side, Lanczos."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _open_backend(device: str, weights: dict[str, npt.NDArray[Any]], pack: ModelPack) -> Backend:
    # The heavy packages are loaded here, on the engine's thread, and only the one that is needed.
    if device == "openvino-cpu":
        from faceeditor.generators.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(weights)
    from faceeditor.generators.torch_backend import TorchBackend

    return TorchBackend(weights, pack.config, "cuda" if device == "cuda" else "cpu")
