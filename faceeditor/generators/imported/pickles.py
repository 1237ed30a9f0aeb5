"""From the records of a StyleGAN pickle to a configuration and weights."""

import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faceeditor.errors import ModelError
from faceeditor.generators.imported.converted import Converted
from faceeditor.generators.imported.network import MAX_RESOLUTION, plain
from faceeditor.generators.imported.unpickle import PersistentObject, TensorRecord, damaged, read_pickle
from faceeditor.nets.stylegan2 import Progress, SynthesisConfig
from faceeditor.nets.stylegan3 import AliasFreeConfig
from faceeditor.nets.stylegan_mapping import MappingConfig

_MAX_DEPTH = 8
_GENERATOR_ARGUMENTS = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "mapping_kwargs")
# Arguments that change how the published code computes and not what: precision, memory layout, order of operations.
_WITHOUT_EFFECT = ("num_fp16_res", "fp16_channels_last", "fused_modconv_default", "magnitude_ema_beta")


def convert_pickle(path: Path, progress: Progress = lambda share: None) -> Converted:
    """Read the generator of a pickle of stylegan2-ada-pytorch or stylegan3.

    The moving average of the weights is taken if there is one (`G_ema`).

    Raises:
        ModelError: as `read_pickle`; there is no generator, or not one of a known architecture.
    """
    generator = _find_generator(read_pickle(path, progress), path)
    try:
        return _converted(generator)
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise damaged(path, error) from error
    except RuntimeError as error:  # what torch raises, and too deep a recursion
        raise damaged(path, error) from error


def _find_generator(content: Any, path: Path) -> PersistentObject:
    found = content
    if isinstance(content, dict):
        found = content.get("G_ema") or content.get("G")
        if found is None and content.get("D") is not None:
            raise ModelError(f"“{path.name}” holds a discriminator and no generator; choose the pickle of a snapshot.")
    if not isinstance(found, PersistentObject):
        raise ModelError(f"“{path.name}” holds no generator (“G_ema” or “G”); choose a pickle of StyleGAN2-ADA or 3.")
    if found.class_name == "Discriminator":
        raise ModelError(f"“{path.name}” holds a discriminator and no generator; choose the pickle of a snapshot.")
    parts = found.children()
    if found.class_name != "Generator" or "mapping" not in parts or "synthesis" not in parts:
        raise ModelError(
            f"“{path.name}” holds a network of the unknown kind “{found.class_name[:60]}”; "
            "generators of StyleGAN2-ADA and StyleGAN3 can be imported."
        )
    return found


def _converted(generator: PersistentObject) -> Converted:
    arguments = _arguments(generator)
    synthesis = generator.children()["synthesis"].children()
    if "b4" in synthesis:
        return _stylegan2(generator, arguments, synthesis["b4"])
    if "input" in synthesis:
        return _stylegan3(generator, arguments)
    raise ModelError("The generator is of an unknown architecture; those of StyleGAN2 and StyleGAN3 can be imported.")


def _arguments(generator: PersistentObject) -> dict[str, Any]:
    """The arguments that the generator was made with."""
    state = generator.state
    positional = dict(zip(_GENERATOR_ARGUMENTS, state.get("_init_args", ()), strict=False))
    arguments = {**positional, **state.get("_init_kwargs", {})}
    nested = arguments.pop("synthesis_kwargs", {})
    return {"mapping_kwargs": {}, **arguments, **nested}


def _rest(arguments: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse an argument that nothing here understands: the picture would be wrong in silence."""
    for name, value in arguments.items():
        if name not in known and name not in _WITHOUT_EFFECT and name not in _GENERATOR_ARGUMENTS:
            raise ModelError(f"The generator was made with “{name[:40]} = {str(value)[:40]}”, which is unknown here.")


def _stylegan2(generator: PersistentObject, arguments: dict[str, Any], block: PersistentObject) -> Converted:
    known = ("channel_base", "channel_max", "architecture", "resample_filter", "conv_clamp", "kernel_size", "use_noise")
    _rest(arguments, (*known, "activation"))
    resolution = _number(arguments["img_resolution"])
    if resolution < 4 or resolution & (resolution - 1) or resolution > MAX_RESOLUTION:
        raise ModelError(f"The resolution {resolution} is no power of two from 4 to {MAX_RESOLUTION}.")
    base, most = arguments.get("channel_base", 32768), arguments.get("channel_max", 512)
    sides = [4 << level for level in range(int(math.log2(resolution)) - 1)]
    # The code of 2021 has another default than that of 2020, and stores an attribute that the older one lacks.
    clamp = 256 if "fused_modconv_default" in block.state else None
    synthesis = SynthesisConfig(
        w_dim=_number(arguments["w_dim"]),
        resolution=resolution,
        colours=_number(arguments["img_channels"]),
        channels=tuple(_number(min(base // side, most)) for side in sides),
        architecture=arguments.get("architecture", "skip"),
        clamp=arguments.get("conv_clamp", clamp),
        filter=arguments.get("resample_filter", (1, 3, 3, 1)),
        kernel=arguments.get("kernel_size", 3),
        activation=arguments.get("activation", "lrelu"),
        noise=bool(arguments.get("use_noise", True)),
    )
    mapping = _mapping(arguments, 8, ("embed_features", "layer_features", "activation"))
    config = {"architecture": "stylegan2", "mapping": plain(mapping), "synthesis": plain(synthesis)}
    return Converted("stylegan2", config, _weights(generator))


def _stylegan3(generator: PersistentObject, arguments: dict[str, Any]) -> Converted:
    names = {
        "channel_base": "channel_base",
        "channel_max": "channel_max",
        "num_layers": "layers",
        "num_critical": "critical",
        "first_cutoff": "first_cutoff",
        "first_stopband": "first_stopband",
        "last_stopband_rel": "last_stopband",
        "margin_size": "margin",
        "output_scale": "output_scale",
        "conv_kernel": "kernel",
        "filter_size": "filter_size",
        "lrelu_upsampling": "oversampling",
        "use_radial_filters": "radial",
        "conv_clamp": "clamp",
    }
    _rest(arguments, tuple(names))
    given = {ours: arguments[theirs] for theirs, ours in names.items() if theirs in arguments}
    synthesis = AliasFreeConfig(
        w_dim=_number(arguments["w_dim"]),
        resolution=_number(arguments["img_resolution"]),
        colours=_number(arguments["img_channels"]),
        **given,
    )
    config = {
        "architecture": "stylegan3",
        "mapping": plain(_mapping(arguments, 2, ())),
        "synthesis": plain(synthesis),
    }
    return Converted("stylegan3", config, _weights(generator))


def _mapping(arguments: Mapping[str, Any], layers: int, more: tuple[str, ...]) -> MappingConfig:
    given = arguments["mapping_kwargs"]
    for name in given:
        if name not in ("num_layers", "lr_multiplier", "w_avg_beta", *more):
            raise ModelError(f"The mapping network was made with “{str(name)[:40]}”, which is unknown here.")
    w_dim = _number(arguments["w_dim"])
    c_dim = _number(arguments["c_dim"])
    return MappingConfig(
        z_dim=_number(arguments["z_dim"]),
        c_dim=c_dim,
        w_dim=w_dim,
        layers=_number(given.get("num_layers", layers)),
        embedding=_number(given.get("embed_features") or w_dim) if c_dim else 0,
        hidden=_number(given.get("layer_features") or w_dim),
        activation=given.get("activation", "lrelu"),
        learning_rate=float(given.get("lr_multiplier", 0.01)),
    )


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{str(value)[:40]} is no whole number")
    return int(value)


def _weights(network: PersistentObject, prefix: str = "", depth: int = 0) -> dict[str, Tensor]:
    """Parameters and buffers by name, as in a state dict."""
    if depth > _MAX_DEPTH:
        raise ValueError("networks nested too deep")
    weights = {}
    for group in ("_parameters", "_buffers"):
        for name, record in network.state.get(group, {}).items():
            if isinstance(record, TensorRecord):
                weights[f"{prefix}{name}"] = _usable(record.tensor())
    for name, child in network.children().items():
        weights.update(_weights(child, f"{prefix}{name}.", depth + 1))
    return weights


def _usable(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == torch.float32 else tensor.float()
