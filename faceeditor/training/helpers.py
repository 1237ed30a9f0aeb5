"""The frozen networks that the generator's losses ask."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from faceeditor.errors import FaceEditorError
from faceeditor.nets.parser import FaceParser
from faceeditor.nets.reader import FaceReader
from faceeditor.nets.recogniser import Recogniser
from faceeditor.training.run import load_checkpoint, placed


@dataclass(frozen=True, eq=False)
class Helpers:
    """The frozen networks that the losses ask; None: without that loss."""

    recogniser: Recogniser | None = None
    parser: FaceParser | None = None
    reader: FaceReader | None = None

    def on(self, device: torch.device) -> "Helpers":
        """The same networks on a device."""
        return Helpers(
            self.recogniser.to(device) if self.recogniser else None,
            placed(self.parser, device) if self.parser else None,
            placed(self.reader, device) if self.reader else None,
        )


def load_helpers(perceptual: Path | None, parser_run: Path | None, reader_run: Path | None) -> Helpers:
    """Load the recogniser's published weights, and parser and reader from their runs.

    Raises:
        FaceEditorError: a file is missing or damaged.
    """
    recogniser = parser = reader = None
    try:
        if perceptual is not None:
            recogniser = Recogniser.from_published(load_file(perceptual))
        if parser_run is not None:
            state = load_checkpoint(parser_run / "checkpoint.safetensors")
            parser = FaceParser(state["config"]["width"])
            parser.load_state_dict(state["average"])
            parser.eval().requires_grad_(False)
        if reader_run is not None:
            state = load_checkpoint(reader_run / "checkpoint.safetensors")
            reader = FaceReader(state["config"]["width"])
            reader.load_state_dict(state["average"])
            reader.eval().requires_grad_(False)
    except (OSError, KeyError, RuntimeError) as error:
        raise FaceEditorError(f"A network for the losses cannot be loaded ({error}): check the paths given.") from error
    return Helpers(recogniser, parser, reader)
