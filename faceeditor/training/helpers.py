"""The frozen networks that the generator's losses use."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from faceeditor.errors import FaceEditorError
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.parser import FaceParser
from faceeditor.nets.reader import FaceReader
from faceeditor.nets.recogniser import Recogniser
from faceeditor.packs import ModelPack
from faceeditor.training.lite_weights import load_lite
from faceeditor.training.run import Module, load_checkpoint, placed


@dataclass(frozen=True, eq=False)
class Helpers:
    """The frozen networks that the losses use; None: without that loss."""

    features: LiteFeatures | None = None
    recogniser: Recogniser | None = None
    parser: FaceParser | None = None
    reader: FaceReader | None = None

    def on(self, device: torch.device) -> "Helpers":
        """The same networks on a device."""
        return Helpers(
            placed(self.features, device) if self.features else None,
            placed(self.recogniser, device) if self.recogniser else None,
            placed(self.parser, device) if self.parser else None,
            placed(self.reader, device) if self.reader else None,
        )


def load_helpers(parser: Path | None = None, reader: Path | None = None) -> Helpers:
    """Load EfficientNet-Lite0, the recogniser, and parser and reader.

    Args:
        parser, reader: model packs or run folders; None: the program's own packs.

    Raises:
        FaceEditorError: a file is missing or damaged.
    """
    try:
        weights = ModelPack.open("recogniser").load("weights.safetensors")
        known = Recogniser()
        known.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        known.eval().requires_grad_(False)
        return Helpers(load_lite(0), known, _load(FaceParser, "parser", parser), _load(FaceReader, "reader", reader))
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise FaceEditorError(f"A network for the losses cannot be loaded ({error}): check the paths given.") from error


def _load(kind: type[Module], name: str, place: Path | None) -> Module:
    """A network from a run folder or a model pack, averaged weights, ready for use."""
    if place is not None and (place / "checkpoint.safetensors").exists():
        state = load_checkpoint(place / "checkpoint.safetensors")
        width, weights = state["config"]["width"], state["average"]
    else:
        pack = ModelPack.open(place.name, place.parent) if place is not None else ModelPack.open(name)
        width = pack.config["width"]
        weights = {key: torch.from_numpy(value) for key, value in pack.load("weights.safetensors").items()}
    net: nn.Module = kind(int(width))
    net.load_state_dict(weights)
    return net.eval().requires_grad_(False)  # type: ignore[return-value]
