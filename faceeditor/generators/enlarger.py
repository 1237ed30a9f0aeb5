"""The learnt enlarger (model pack `enlarger`) on a processor: drawn faces beyond what the generator draws."""

import threading
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.generators.cpu_network import Network, OpenedPacks, open_network, openvino_network
from faceeditor.generators.openvino_runtime import load_openvino
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

TILE = 256
"""Side of the tiles that are enlarged one by one, so that memory does not grow with the picture."""
_WHOLE = TILE + 2 * MARGIN

_opened: OpenedPacks["FaceEnlarger"] = OpenedPacks()


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
        pack = pack or ModelPack.open(PACK)
        weights, width = pack.load(FILE), int(pack.config.get("width", 24))
        self._lock = threading.Lock()
        # (1, 3, S, S) of `detail_of` a tile with its margins -> (1, 3, 2 S, 2 S) that the network adds
        self._add, self.backend = open_network(
            PACK, backend, lambda: _openvino(weights), lambda: _torch(weights, width)
        )

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
    if not (models_dir() / PACK).is_dir():
        return None
    pack = ModelPack.open(PACK)
    return _opened.get(pack, lambda: FaceEnlarger(pack))


def _openvino(weights: dict[str, npt.NDArray[Any]]) -> Network:
    def build() -> Any:
        from faceeditor.generators.openvino_graph import OpenVinoOperations

        openvino = load_openvino()
        detail = openvino.opset13.parameter([1, 3, _WHOLE, _WHOLE], np.float32, "detail")
        added = added_detail(OpenVinoOperations(weights), detail)
        return openvino.Model([openvino.opset13.result(added)], [detail], PACK)

    # In bfloat16 the levels of a strong edge would be off by one here and there.
    return openvino_network(PACK, build)


def _torch(weights: dict[str, npt.NDArray[Any]], width: int) -> Network:
    import torch

    from faceeditor.nets.enlarger import Enlarger
    from faceeditor.nets.loading import load_module

    net = load_module(Enlarger(width), weights, PACK)

    def add(values: FloatArray) -> FloatArray:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(values)).numpy(), np.float32)

    return add
