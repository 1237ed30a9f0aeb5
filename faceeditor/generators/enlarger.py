"""The learnt enlarger (model pack `enlarger`) on a processor: drawn faces beyond what the generator draws."""

import threading
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError, ModelError
from faceeditor.nets.enlarger_forward import (
    FILE,
    MARGIN,
    PACK,
    FloatArray,
    added_detail,
    detail_of,
    lanczos2,
    levels_of,
)
from faceeditor.packs import ModelPack
from faceeditor.paths import models_dir

Pixels = npt.NDArray[np.uint8]

BACKENDS = ("openvino", "torch")
TILE = 256
"""Side of the tiles that are enlarged one by one, so that memory does not grow with the picture."""
_WHOLE = TILE + 2 * MARGIN

_opened: dict[tuple[str, str, int], "FaceEnlarger"] = {}
_lock = threading.Lock()


class FaceEnlarger:
    """Enlarges pictures to twice their size: Lanczos, and the detail that `nets.enlarger.Enlarger` adds.

    May be used from any thread; pictures are enlarged one at a time.

    Args:
        pack: the opened pack, by default the program's own.
        backend: "openvino" or "torch"; empty: OpenVINO where it can be loaded, else torch.

    Raises:
        ModelError: the pack is missing or damaged.
        EngineError: the backend cannot be used.
    """

    def __init__(self, pack: ModelPack | None = None, backend: str = "") -> None:
        if backend and backend not in BACKENDS:
            raise EngineError(f"The enlarger has no backend “{backend}”; choose one of: {', '.join(BACKENDS)}.")
        pack = pack or ModelPack.open(PACK)
        self._lock = threading.Lock()
        self._add, self.backend = _open_backend(pack, backend)

    def twice(self, picture: Pixels) -> Pixels:
        """A picture (H, W, 3) uint8 sRGB at twice its size; each pixel depends on those within `MARGIN` alone.

        Raises:
            EngineError: the backend failed.
        """
        height, width = picture.shape[:2]
        large = np.empty((2 * height, 2 * width, 3), np.uint8)
        bottom, right = MARGIN + -height % TILE, MARGIN + -width % TILE
        padded = cv2.copyMakeBorder(picture, MARGIN, bottom, MARGIN, right, cv2.BORDER_REFLECT_101)
        for top in range(0, height, TILE):
            for left in range(0, width, TILE):
                tile = padded[top : top + _WHOLE, left : left + _WHOLE].astype(np.float32)
                place = large[2 * top : 2 * (top + TILE), 2 * left : 2 * (left + TILE)]
                place[:] = self._tile(tile)[: len(place), : place.shape[1]]
        return large

    def _tile(self, tile: FloatArray) -> Pixels:
        """(2 TILE, 2 TILE, 3) uint8 from a tile with its margins, in levels."""
        with self._lock:
            added = self._add(detail_of(tile)[None])
        levels = lanczos2(tile) + levels_of(added[0])
        inner = levels[2 * MARGIN : -2 * MARGIN, 2 * MARGIN : -2 * MARGIN]
        return np.asarray(np.clip(np.rint(inner), 0, 255), np.uint8)


def load() -> FaceEnlarger | None:
    """The program's own enlarger, opened once per process and number of threads; None: there is no such pack.

    Raises:
        ModelError, EngineError: as of `FaceEnlarger`.
    """
    from faceeditor.generators.devices import cpu_threads

    if not (models_dir() / PACK).is_dir():
        return None
    pack = ModelPack.open(PACK)
    key = (str(pack.folder), pack.key, cpu_threads())
    with _lock:
        if key not in _opened:
            _opened[key] = FaceEnlarger(pack)
        return _opened[key]


Add = Callable[[FloatArray], FloatArray]
"""(1, 3, S, S) of `detail_of` a tile with its margins -> (1, 3, 2 S, 2 S) that the network adds."""


def _open_backend(pack: ModelPack, wanted: str) -> tuple[Add, str]:
    weights = pack.load(FILE)
    if wanted != "torch":
        try:
            return _openvino(weights), "openvino"
        except EngineError:
            if wanted:
                raise
    return _torch(weights, int(pack.config.get("width", 24))), "torch"


def _openvino(weights: dict[str, npt.NDArray[Any]]) -> Add:
    from faceeditor.generators.devices import cpu_threads
    from faceeditor.generators.openvino_runtime import latency_settings, load_openvino

    openvino = load_openvino()
    from faceeditor.generators.openvino_graph import OpenVinoOperations

    detail = openvino.opset13.parameter([1, 3, _WHOLE, _WHOLE], np.float32, "detail")
    try:
        added = added_detail(OpenVinoOperations(weights), detail)
        model = openvino.Model([openvino.opset13.result(added)], [detail], PACK)
    except (RuntimeError, KeyError, ValueError) as error:
        raise _unfit() from error
    try:
        # In bfloat16 the levels of a strong edge would be off by one here and there.
        compiled = openvino.Core().compile_model(model, "CPU", latency_settings(cpu_threads(), "f32"))
        request = compiled.create_infer_request()
    except RuntimeError as error:
        raise EngineError(f"OpenVINO does not accept the enlarger ({error}).") from error

    def add(values: FloatArray) -> FloatArray:
        try:
            request.infer([values], share_inputs=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO could not enlarge the picture ({error}).") from error
        return np.asarray(request.get_output_tensor().data, np.float32)

    return add


def _torch(weights: dict[str, npt.NDArray[Any]], width: int) -> Add:
    import torch

    from faceeditor.nets.enlarger import Enlarger
    from faceeditor.nets.loading import load_module

    net = load_module(Enlarger(width), weights, PACK)

    def add(values: FloatArray) -> FloatArray:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(values)).numpy(), np.float32)

    return add


def _unfit() -> ModelError:
    return ModelError(f"The model “{PACK}” does not fit to this program; reinstall Face Editor.")
