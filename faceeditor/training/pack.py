"""From a run's checkpoint to a model pack, and from a model pack back to the start of a run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faceeditor.nets.loading import load_module
from faceeditor.nets.mask_guided import StyleEncoder
from faceeditor.nets.mask_guided_pack import DECODER_FILE, ENCODER_FILE, GENERATOR_FILE, PACK
from faceeditor.packs import ModelPack, write_pack
from faceeditor.portrait.exemplars import FILE as EXEMPLARS
from faceeditor.training.run import load_checkpoint, placed
from faceeditor.training.starting import CRITICS
from faceeditor.training.style_gaussian import FILE as STYLES

NETWORK_KEYS = ("channels", "conditions", "encoder_width", "decoder_width")


def _arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {key: value.detach().float().cpu().numpy() for key, value in state.items()}


def load_encoder(pack: ModelPack, device: torch.device) -> StyleEncoder:
    """The encoder of a mask-guided pack, frozen.

    Raises:
        ModelError: it is missing, damaged or of another program.
    """
    encoder = StyleEncoder(int(pack.config["encoder_width"]))
    return placed(load_module(encoder, pack.load(ENCODER_FILE), pack.name), device)


def pack_run(run: Path, folder: Path, version: str) -> ModelPack:
    """Write the averaged weights of a run as the model pack `folder` (its name and place).

    The mask-guided pack also carries the style decoder and the critics, so that training can go on from it, the
    models of random styles and random heads, and what else was in the pack that the run started from.

    Raises:
        FaceEditorError: the run has no whole checkpoint, or the folder cannot be written.
    """
    state = load_checkpoint(run / "checkpoint.safetensors")
    config: dict[str, Any] = state["config"]
    trained = {"pictures_seen": int(state["seen"])}
    if config["kind"] in ("parser", "reader", "enlarger"):
        files = {"weights.safetensors": _arrays(state["average"])}
        sizes = {"width": config["width"], **trained}
        return write_pack(folder.parent, folder.name, config["kind"], version, files, sizes)
    carried = state.get("carried") or {"files": {}, "config": {}}
    files = {file: {k: v.numpy() for k, v in tensors.items()} for file, tensors in carried["files"].items()}
    files |= {
        GENERATOR_FILE: _arrays(state["averages"]["generator"]),
        ENCODER_FILE: _arrays(state["averages"]["encoder"]),
        DECODER_FILE: _arrays(state["parts"]["decoder"]),
        CRITICS: _arrays(state["parts"]["critics"])
        | {f"domain.{name}": value for name, value in _arrays(state["parts"]["domain"]).items()},
    }
    if state.get("gaussian"):
        files[STYLES] = _arrays(state["gaussian"])
    if state.get("exemplars"):
        files[EXEMPLARS] = _arrays(state["exemplars"])
    if state.get("head_prior"):
        files["head_prior.safetensors"] = _arrays(state["head_prior"])
    networks = {key: config[key] for key in NETWORK_KEYS}
    return write_pack(folder.parent, folder.name, PACK, version, files, carried["config"] | networks | trained)
