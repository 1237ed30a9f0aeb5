"""From a folder of GAN-Control (`args.json` and a torch checkpoint) to a configuration and weights.

Shoshan et al., "GAN-Control: Explicitly Controllable GANs" (2021): StyleGAN2's synthesis network behind a mapping
network in groups (identity, expression, orientation, light ...), each with a slice of z and of w of its own.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from faceeditor.errors import ModelError
from faceeditor.generators.imported.converted import Converted
from faceeditor.generators.imported.installed import ARGUMENTS
from faceeditor.generators.imported.network import Groups, plain
from faceeditor.generators.imported.unpickle import damaged, read_checkpoint
from faceeditor.jsonio import MAX_BYTES, JsonError, read_json_object
from faceeditor.nets.stylegan2 import SynthesisConfig

_SUFFIXES = (".pt", ".pth", ".ckpt")
_WIDE = 512
_HALVED_FROM = 64
_EXPRESSION, _MOODS = "expression", "expression_q"
_NOISE_MODES = ("normal", "same_for_same_id", "zeros", "id_zeros")


def find_folder(folder: Path) -> Path:
    """The folder with `args.json`: the one given, or `generator` in it, where controllers keep theirs (ModelError)."""
    for place in (folder, folder / "generator"):
        if (place / ARGUMENTS).is_file():
            return place
    raise ModelError(f"“{folder}” has no “{ARGUMENTS}”; choose a folder of GAN-Control, or a .pkl file of StyleGAN.")


def convert_gan_control(folder: Path) -> Converted:
    """Read `args.json` and the newest checkpoint of a GAN-Control folder, and the controllers beside a `generator`.

    Raises:
        ModelError: a file is missing or damaged, or the generator is of a kind that is not known.
    """
    root, folder = folder, find_folder(folder)
    arguments = _arguments(folder / ARGUMENTS)
    path = find_checkpoint(folder)
    content = read_checkpoint(path)
    if not isinstance(content, dict) or not isinstance(content.get("g_ema"), Mapping):
        raise ModelError(f"“{path.name}” holds no generator (“g_ema”); choose a checkpoint of GAN-Control.")
    state = {str(name): value for name, value in content["g_ema"].items() if isinstance(value, Tensor)}
    try:
        converted = _converted(arguments, state)
        if root == folder:
            return converted
        controls, weights = _controls(root, converted.config["mapping"])
        return replace(
            converted, config={**converted.config, "controls": controls}, weights={**converted.weights, **weights}
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise damaged(path, error) from error


def _arguments(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = read_json_object(file.read(MAX_BYTES + 1))
    except JsonError as error:
        raise ModelError(f"“{path}” cannot be understood: {error}; fetch the folder again.") from None
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read ({error.strerror or error}); choose another folder.") from error
    if not isinstance(content.get("model_config"), dict):
        raise ModelError(f"“{path}” has no “model_config”; choose a folder of GAN-Control.")
    return content


def find_checkpoint(folder: Path) -> Path:
    """The checkpoint that sorts last, as GAN-Control itself chooses it; ModelError if there is none."""
    for place in (folder / "checkpoint", folder):
        if place.is_dir():
            found = sorted(path for path in place.iterdir() if path.suffix.lower() in _SUFFIXES)
            if found:
                return found[-1]
    raise ModelError(f"“{folder}” has no checkpoint (“checkpoint/*.pt”); copy the whole folder of the model.")


def _converted(arguments: Mapping[str, Any], state: Mapping[str, Tensor]) -> Converted:
    model = arguments["model_config"]
    noise = model.get("g_noise_mode", "normal")
    if noise not in _NOISE_MODES or not model.get("conv_transpose", True) or model.get("vae"):
        raise ModelError("This GAN-Control model was made with switches that are unknown here; choose another one.")
    size, multiplier = int(model["size"]), float(model.get("channel_multiplier", 2))
    sides = [4 << level for level in range(int(math.log2(size)) - 1)]
    synthesis = SynthesisConfig(
        w_dim=int(model["latent_size"]),
        resolution=size,
        colours=int(model.get("img_channels", 3)),
        channels=tuple(_WIDE if side < _HALVED_FROM else int(16384 // side * multiplier) for side in sides),
        half_noise=noise == "id_zeros",
    )
    weights = dict(_synthesis_weights(state, len(sides), noise == "zeros"))
    groups, merged = _mapping(model, arguments.get("training_config", {}), state, weights)
    config = {
        "architecture": "gan-control",
        "mapping": {"groups": groups, "merged": merged},
        "synthesis": plain(synthesis),
    }
    return Converted("gan-control", config, weights)


def _controls(root: Path, mapping: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and weights of the controllers: folders beside `generator` whose names begin with a group's.

    A group's values go through fully connected layers and take the place of its part of w, so that groups whose parts
    are merged behind the mapping have none. `expression_q` sets the group `expression` by eight moods.
    """
    controls: dict[str, Any] = {}
    weights: dict[str, Tensor] = {}
    groups: Groups = {} if mapping["merged"] else mapping["groups"]
    folders = sorted(path for path in root.iterdir() if (path / ARGUMENTS).is_file())
    for name, group in {**{name: name for name in groups}, _MOODS: _EXPRESSION}.items():
        fitting = [path for path in folders if path.name.startswith(name) and path.name != "generator"]
        fitting = [path for path in fitting if name == _MOODS or not path.name.startswith(_MOODS)]
        if not fitting or group not in groups:
            continue
        content = read_checkpoint(find_checkpoint(fitting[0]))
        state = content.get("controller") if isinstance(content, dict) else None
        if not isinstance(state, Mapping):
            raise ModelError(f"“{fitting[0].name}” holds no controller; fetch the folder again, or take it out.")
        model = _arguments(fitting[0] / ARGUMENTS)["model_config"]
        sizes = [int(model["in_dim"])]
        for layer in range(int(model["n_mlp"])):
            for part in ("weight", "bias"):
                weights[f"controls.{name}.fc{layer}.{part}"] = state[f"fc_stack.{layer}.{part}"]
            sizes.append(int(state[f"fc_stack.{layer}.bias"].shape[0]))
        if sizes[-1] != groups[group][1][-1]:
            raise ValueError(f"the controller “{name[:40]}” does not fit to its group")
        controls[name] = {"group": group, "sizes": tuple(sizes), "rate": float(model["lr_mlp"])}
    return controls, weights


def _synthesis_weights(state: Mapping[str, Tensor], levels: int, silent: bool) -> Iterator[tuple[str, Tensor]]:
    """Name and value of the synthesis network's weights, under the names of StyleGAN2-ADA.

    Args:
        silent: whether the layers that upsample, and the first one, add no noise.
    """
    yield "synthesis.b4.const", state["input.input"][0]
    yield from _layer(state, "conv1", "synthesis.b4.conv1", state["noises.noise_0"], silent)
    yield from _to_rgb(state, "to_rgb1", "synthesis.b4.torgb")
    for level in range(1, levels):
        block, first = f"synthesis.b{4 << level}", 2 * (level - 1)
        yield from _layer(state, f"convs.{first}", f"{block}.conv0", state[f"noises.noise_{first + 1}"], silent)
        yield from _layer(state, f"convs.{first + 1}", f"{block}.conv1", state[f"noises.noise_{first + 2}"], False)
        yield from _to_rgb(state, f"to_rgbs.{level - 1}", f"{block}.torgb")
        # Stored with the gain of 4 that makes up for the inserted zeros.
        yield f"{block}.conv0.resample_filter", state[f"convs.{first}.conv.blur.kernel"] / 4
        yield f"{block}.resample_filter", state[f"to_rgbs.{level - 1}.upsample.kernel"] / 4
    yield "synthesis.b4.resample_filter", state["to_rgbs.0.upsample.kernel"] / 4


def _layer(
    state: Mapping[str, Tensor], theirs: str, ours: str, noise: Tensor, silent: bool
) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.weight", state[f"{theirs}.conv.weight"][0]
    yield f"{ours}.affine.weight", state[f"{theirs}.conv.modulation.weight"]
    yield f"{ours}.affine.bias", state[f"{theirs}.conv.modulation.bias"]
    yield f"{ours}.bias", state[f"{theirs}.activate.bias"]
    strength = state[f"{theirs}.noise.weight"].reshape(())
    yield f"{ours}.noise_strength", strength * 0 if silent else strength
    yield f"{ours}.noise_const", noise[0, 0]


def _to_rgb(state: Mapping[str, Tensor], theirs: str, ours: str) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.weight", state[f"{theirs}.conv.weight"][0]
    yield f"{ours}.affine.weight", state[f"{theirs}.conv.modulation.weight"]
    yield f"{ours}.affine.bias", state[f"{theirs}.conv.modulation.bias"]
    yield f"{ours}.bias", state[f"{theirs}.bias"].flatten()


def _mapping(
    model: Mapping[str, Any], training: Mapping[str, Any], state: Mapping[str, Tensor], weights: dict[str, Tensor]
) -> tuple[Groups, tuple[int, ...]]:
    """Groups and merged layers of the mapping network; its weights are put into `weights`."""
    layers = int(model["n_mlp"])
    if model.get("split_fc"):
        return _groups(training, state, weights, "style.", layers), ()
    if model.get("marge_fc"):
        groups = _groups(training, state, weights, "style.0.", math.ceil(layers / 2))
        return groups, _stack(state, weights, "style.1.", "mapping.merged.", layers // 2)
    return {"all": (0, _stack(state, weights, "style.", "mapping.groups.all.", layers))}, ()


def _groups(
    training: Mapping[str, Any], state: Mapping[str, Tensor], weights: dict[str, Tensor], prefix: str, layers: int
) -> Groups:
    places = {str(name): tuple(group["place_in_latent"]) for name, group in training["sub_groups_dict"].items()}
    groups: Groups = {}
    for name, (first, last) in sorted(places.items(), key=lambda item: item[1][0]):
        if not name.isidentifier():
            raise ValueError(f"the group “{name[:40]}” has no usable name")
        sizes = _stack(state, weights, f"{prefix}{name}.", f"mapping.groups.{name}.", layers)
        if sizes[0] != last - first or sizes[-1] != last - first:
            raise ValueError(f"the group “{name[:40]}” has other sizes than {ARGUMENTS} says")
        groups[name] = first, sizes
    return groups


def _stack(
    state: Mapping[str, Tensor], weights: dict[str, Tensor], theirs: str, ours: str, layers: int
) -> tuple[int, ...]:
    """Sizes of a stack of fully connected layers; layer 0 of the checkpoint is the normalisation."""
    sizes = [state[f"{theirs}1.weight"].shape[1]]
    for index in range(layers):
        weight = state[f"{theirs}{index + 1}.weight"]
        weights[f"{ours}fc{index}.weight"] = weight
        weights[f"{ours}fc{index}.bias"] = state[f"{theirs}{index + 1}.bias"]
        sizes.append(weight.shape[0])
    return tuple(sizes)
