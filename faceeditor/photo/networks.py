"""The small networks for photographs, opened once per process."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from faceeditor.errors import ModelError
from faceeditor.packs import ModelPack

_lock = threading.Lock()
_opened: dict[tuple[str, str], Any] = {}


def _open(name: str, build: Callable[[ModelPack], Any]) -> Any:
    import torch

    pack = ModelPack.open(name)
    key = (str(pack.folder), pack.key)
    with _lock:
        if key not in _opened:
            weights = {
                part: torch.from_numpy(np.array(array)) for part, array in pack.load("weights.safetensors").items()
            }
            try:
                net = build(pack)
                net.load_state_dict(weights)
            except (RuntimeError, TypeError, ValueError) as error:
                raise ModelError(f"The model “{name}” does not fit to this program; reinstall Face Editor.") from error
            _opened[key] = net.eval().requires_grad_(False)
        return _opened[key]


def open_detector() -> Any:
    """`nets.face_detector.FaceDetector` of the pack `face-detector`; ModelError if it is missing or damaged."""
    import torch

    from faceeditor.nets.face_detector import FaceDetector

    def build(pack: ModelPack) -> FaceDetector:
        return FaceDetector().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    return _open("face-detector", build)


def open_parser() -> Any:
    """`nets.parser.FaceParser` of the pack `parser`; ModelError if it is missing or damaged."""
    from faceeditor.nets.parser import FaceParser

    return _open("parser", lambda pack: FaceParser(int(pack.config.get("width", 24))))


def open_reader() -> Any:
    """`nets.reader.FaceReader` of the pack `reader`; ModelError if it is missing or damaged."""
    import torch

    from faceeditor.nets.reader import FaceReader

    def build(pack: ModelPack) -> FaceReader:
        net = FaceReader(int(pack.config.get("width", 32)))
        return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    return _open("reader", build)
