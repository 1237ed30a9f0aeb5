"""Weights that a run starts with: those of a model pack, its critics, and earlier forms of the networks."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from faceeditor.errors import FaceEditorError
from faceeditor.nets.mask_guided_forward import EMBED_INPUTS
from faceeditor.nets.mask_guided_pack import DECODER_FILE, ENCODER_FILE, GENERATOR_FILE
from faceeditor.packs import ModelPack
from faceeditor.portrait.exemplars import FILE as EXEMPLARS
from faceeditor.training.style_gaussian import FILE as STYLES

CRITICS = "critics.safetensors"
"""In a pack: the critics and the flag of renderings, to go on training."""
_FLAG = "domain."
_WINDOW, _CLOSE = "window.", "close."
_PACKED = ("generator", "encoder", "decoder")
_MADE_ANEW = frozenset((GENERATOR_FILE, ENCODER_FILE, DECODER_FILE, CRITICS, STYLES, EXEMPLARS))


def load_start(parts: dict[str, nn.Module], folder: Path, critics: Path | None) -> int:
    """Put the weights of a pack into the networks; what the pack does not hold stays fresh.

    Args:
        parts: the networks by name.
        folder: the model pack.
        critics: safetensors of the critics with `domain.*`; None: those of the pack, if it has them.

    Returns:
        How many pictures the pack has seen.

    Raises:
        FaceEditorError: a file is missing or does not fit to the config.
    """
    pack = ModelPack.open(folder.name, folder.parent)
    try:
        for name in _PACKED:
            arrays = pack.load(f"{name}.safetensors")
            parts[name].load_state_dict(with_new_planes({k: torch.from_numpy(v) for k, v in arrays.items()}))
        weights = _critics_and_flag(pack, critics)
        if weights:
            flag = {k.removeprefix(_FLAG): v for k, v in weights.items() if k.startswith(_FLAG)}
            parts["domain"].load_state_dict(flag)
            parts["critics"].load_state_dict(_of_critics(weights))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise FaceEditorError(f"The start does not fit to the training config ({error}): check both.") from error
    return int(pack.config.get("pictures_seen", 0))


def carried_files(folder: Path) -> dict[str, Any]:
    """What a pack holds beside the parts that a run trains or fits anew, as its fine scale: for the pack of the run.

    Returns:
        Tensors by file and name under "files", and the pack's config under "config".

    Raises:
        ModelError: the pack is missing or damaged.
    """
    pack = ModelPack.open(folder.name, folder.parent)
    kept = [name for name in pack.files if name not in _MADE_ANEW]
    files = {name: {k: torch.from_numpy(v) for k, v in pack.load(name).items()} for name in kept}
    return {"files": files, "config": dict(pack.config)}


def critic_weights(pack: ModelPack, critics: Path | None) -> dict[str, Tensor] | None:
    """Weights of `nets.critics.Critics` to start with; None where neither the file nor the pack has any.

    Raises:
        FaceEditorError: the file cannot be read.
    """
    try:
        weights = _critics_and_flag(pack, critics)
    except (OSError, SafetensorError) as error:
        raise FaceEditorError(f"The critics cannot be read ({error}): check `--critics`.") from error
    return _of_critics(weights) or None


def _of_critics(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the flag; a critic of close-ups that an older pack does not know begins as that of windows."""
    critics = {k: v for k, v in weights.items() if not k.startswith(_FLAG)}
    known = any(k.startswith(_CLOSE) for k in critics)
    begun = {} if known else {_CLOSE + k.removeprefix(_WINDOW): v for k, v in critics.items() if k.startswith(_WINDOW)}
    return critics | begun


def _critics_and_flag(pack: ModelPack, critics: Path | None) -> dict[str, Tensor]:
    if critics is not None:
        return {k: v.float() for k, v in load_file(critics).items()}
    if CRITICS in pack.files:
        return {k: torch.from_numpy(v) for k, v in pack.load(CRITICS).items()}
    return {}


def with_new_planes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a generator with fewer condition planes: its layers do not look at the new planes yet."""
    wide = dict(state)
    for name, value in state.items():
        missing = EMBED_INPUTS - value.shape[1] if value.dim() == 4 else 0
        if name.startswith("scales.") and name.endswith("embed.weight") and missing > 0:
            wide[name] = torch.cat([value, value.new_zeros(len(value), missing, 1, 1)], 1)
    return wide


def widen_moments(optimizer: torch.optim.Optimizer) -> None:
    """Give weights that have grown since the optimizer's state was saved the mean moments of their layer."""
    for parameter, state in optimizer.state.items():
        for name, moment in state.items():
            if torch.is_tensor(moment) and moment.dim() == parameter.dim() > 1 and moment.shape != parameter.shape:
                missing = parameter.shape[1] - moment.shape[1]
                mean = moment.mean(1, keepdim=True) if name == "exp_avg_sq" else torch.zeros_like(moment[:, :1])
                state[name] = torch.cat([moment, mean.expand(-1, missing, *moment.shape[2:])], 1).contiguous()
