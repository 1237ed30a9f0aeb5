"""The recogniser (model pack `recogniser`): who a picture shows, as a vector, and how far two people are apart.

It scores what the program made and helps nobody to be found: no picture and no vector is kept beyond its caller.
"""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError, ModelError
from faceeditor.faceframe import face_frame
from faceeditor.identity.chips import Pixels, face_chip
from faceeditor.packs import ModelPack
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]

PACK = "recogniser"
DIMENSIONS = 128
"""Length of an embedding."""
SAME_PERSON = 0.6
"""Euclidean distance below which two pictures count as one person (the network's author)."""
BACKENDS = ("openvino", "torch")
_BATCH = 16

_opened: dict[tuple[str, str, str, int], "FaceRecogniser"] = {}
_lock = threading.Lock()


class Backend(Protocol):
    """One way to run the network."""

    def embed(self, chips: FloatArray) -> FloatArray:
        """(B, 3, 150, 150) float32 chips in 0..255 -> (B, 128) float32."""


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
        if backend and backend not in BACKENDS:
            raise EngineError(f"The recogniser has no backend “{backend}”; choose one of: {', '.join(BACKENDS)}.")
        weights = (pack or ModelPack.open(PACK)).load("weights.safetensors")
        self._lock = threading.Lock()
        self._backend, self.backend = _open_backend(weights, backend)

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
                parts.append(self._backend.embed(chips))
        return np.concatenate(parts)

    def embed_masked(self, pictures: Sequence[Pixels], masks: Sequence[MaskArray]) -> FloatArray:
        """As `embed`, with the frame of each picture taken from its mask (256, 256) uint8."""
        return self.embed(pictures, [face_frame(mask) for mask in masks])


def load(backend: str = "") -> FaceRecogniser:
    """The program's own recogniser, opened once per process and number of threads; errors as of `FaceRecogniser`."""
    from faceeditor.generators.devices import cpu_threads

    pack = ModelPack.open(PACK)
    key = (str(pack.folder), pack.key, backend, cpu_threads())
    with _lock:
        if key not in _opened:
            _opened[key] = FaceRecogniser(pack, backend)
        return _opened[key]


def distance(first: FloatArray, second: FloatArray) -> Any:
    """Euclidean distance of embeddings over the last axis; below `SAME_PERSON` they show one person."""
    return np.sqrt(((np.asarray(first, np.float32) - np.asarray(second, np.float32)) ** 2).sum(-1))


def cosine(first: FloatArray, second: FloatArray) -> Any:
    """Cosine similarity of embeddings over the last axis, -1..1."""
    first, second = np.asarray(first, np.float32), np.asarray(second, np.float32)
    size = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return (first * second).sum(-1) / np.maximum(size, 1e-9)


def _open_backend(weights: dict[str, npt.NDArray[Any]], wanted: str) -> tuple[Backend, str]:
    if wanted != "torch":
        try:
            return _OpenVino(weights), "openvino"
        except EngineError:
            if wanted:
                raise
    return _Torch(weights), "torch"


class _OpenVino:
    """The graph of `recogniser_graph` in float32: in bfloat16 distances would be off by some hundredths."""

    def __init__(self, weights: dict[str, npt.NDArray[Any]]) -> None:
        from faceeditor.generators.devices import cpu_threads
        from faceeditor.generators.openvino_runtime import latency_settings, load_openvino

        openvino = load_openvino()
        from faceeditor.identity.recogniser_graph import build_graph

        try:
            model = build_graph(weights)
        except (RuntimeError, KeyError, ValueError) as error:
            raise ModelError("The model “recogniser” does not fit to this program; reinstall Face Editor.") from error
        try:
            compiled = openvino.Core().compile_model(model, "CPU", latency_settings(cpu_threads(), "f32"))
            self._request = compiled.create_infer_request()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO does not accept the recogniser ({error}).") from error

    def embed(self, chips: FloatArray) -> FloatArray:
        """As of `Backend`."""
        try:
            self._request.infer([np.ascontiguousarray(chips)], share_inputs=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO could not run the recogniser ({error}).") from error
        return np.array(self._request.get_output_tensor().data, np.float32)


class _Torch:
    """`nets.recogniser.Recogniser` on the CPU."""

    def __init__(self, weights: dict[str, npt.NDArray[Any]]) -> None:
        import torch

        from faceeditor.nets.recogniser import Recogniser

        self._net = Recogniser()
        try:
            self._net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        except RuntimeError as error:
            raise ModelError("The model “recogniser” does not fit to this program; reinstall Face Editor.") from error
        self._net.eval().requires_grad_(False)

    def embed(self, chips: FloatArray) -> FloatArray:
        """As of `Backend`."""
        import torch

        with torch.inference_mode():
            embedding, _ = self._net(torch.from_numpy(chips) / 127.5 - 1.0)
        return np.asarray(embedding.numpy(), np.float32)
