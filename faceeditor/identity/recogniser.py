"""The recogniser (model pack `recogniser`): who a picture shows, as a vector, and how far two people are apart.

It scores what the program made and helps nobody to be found: no picture and no vector is kept beyond its caller.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.faceframe import face_frame
from faceeditor.generators.cpu_network import Network, OpenedPacks, open_network, openvino_network
from faceeditor.identity.chips import Pixels, face_chip
from faceeditor.packs import ModelPack
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]

PACK = "recogniser"
DIMENSIONS = 128
"""Length of an embedding."""
SAME_PERSON = 0.6
"""Euclidean distance below which two pictures count as one person (the network's author)."""
_BATCH = 16

_opened: OpenedPacks["FaceRecogniser"] = OpenedPacks()


class FaceRecogniser:
    """dlib's face recognition ResNet (Davis E. King, 2017; CC0).

    May be used from any thread; calls are answered one at a time.

    Args:
        pack: the opened pack, by default the program's own.
        backend: "openvino" or "torch"; empty: OpenVINO where it can be loaded, else torch.

    Raises:
        ModelError: the pack is missing or damaged.
        EngineError: the backend cannot be used.
    """

    def __init__(self, pack: ModelPack | None = None, backend: str = "") -> None:
        weights = (pack or ModelPack.open(PACK)).load("weights.safetensors")
        self._lock = threading.Lock()
        # (B, 3, 150, 150) chips in 0..255 -> (B, 128)
        self._run, self.backend = open_network(PACK, backend, lambda: _openvino(weights), lambda: _torch(weights))

    def embed(self, pictures: Sequence[Pixels], frames: Sequence[FloatArray] | FloatArray) -> FloatArray:
        """Embeddings of aligned faces.

        Args:
            pictures: (S, S, 3) uint8 sRGB each, in the FFHQ layout.
            frames: (2, 3) float32 each, face -> picture coordinates (`faceframe.face_frame` of the mask).

        Returns:
            (B, 128) float32.

        Raises:
            ImageError: a picture is not square RGB.
            EngineError: the backend failed.
        """
        if not len(pictures):
            return np.zeros((0, DIMENSIONS), np.float32)
        parts = []
        for start in range(0, len(pictures), _BATCH):
            pairs = zip(pictures[start : start + _BATCH], frames[start : start + _BATCH], strict=True)
            chips = np.stack([face_chip(picture, frame) for picture, frame in pairs])
            with self._lock:
                parts.append(self._run(chips))
        return np.concatenate(parts)

    def embed_masked(self, pictures: Sequence[Pixels], masks: Sequence[MaskArray]) -> FloatArray:
        """As `embed`, with the frame of each picture taken from its mask (256, 256) uint8."""
        return self.embed(pictures, [face_frame(mask) for mask in masks])


def load(backend: str = "") -> FaceRecogniser:
    """The program's own recogniser, opened once per process and number of threads; errors as of `FaceRecogniser`."""
    pack = ModelPack.open(PACK)
    return _opened.get(pack, lambda: FaceRecogniser(pack, backend), backend)


def distance(first: FloatArray, second: FloatArray) -> Any:
    """Euclidean distance of embeddings over the last axis; below `SAME_PERSON` they show one person."""
    return np.sqrt(((np.asarray(first, np.float32) - np.asarray(second, np.float32)) ** 2).sum(-1))


def cosine(first: FloatArray, second: FloatArray) -> Any:
    """Cosine similarity of embeddings over the last axis, -1..1."""
    first, second = np.asarray(first, np.float32), np.asarray(second, np.float32)
    size = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return (first * second).sum(-1) / np.maximum(size, 1e-9)


def _openvino(weights: dict[str, npt.NDArray[Any]]) -> Network:
    def build() -> Any:
        from faceeditor.identity.recogniser_graph import build_graph

        return build_graph(weights)

    # In bfloat16 distances would be off by some hundredths.
    return openvino_network(PACK, build)


def _torch(weights: dict[str, npt.NDArray[Any]]) -> Network:
    import torch

    from faceeditor.nets.loading import load_module
    from faceeditor.nets.recogniser import Recogniser

    net = load_module(Recogniser(), weights, PACK)

    def embed(chips: FloatArray) -> FloatArray:
        with torch.inference_mode():
            embedding, _ = net(torch.from_numpy(chips) / 127.5 - 1.0)
        return np.asarray(embedding.numpy(), np.float32)

    return embed
