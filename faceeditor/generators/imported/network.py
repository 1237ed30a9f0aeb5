"""The network of an imported generator: built from plain values, filled from arrays, never from code."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from faceeditor.errors import ModelError
from faceeditor.nets.stylegan2 import NoiseMode, Progress, SynthesisConfig, SynthesisNetwork
from faceeditor.nets.stylegan3 import AliasFreeConfig, AliasFreeSynthesis
from faceeditor.nets.stylegan_mapping import ACTIVATIONS, ControlNetwork, GroupedMapping, MappingConfig, MappingNetwork

Groups = dict[str, tuple[int, tuple[int, ...]]]
MAX_RESOLUTION = 2048
_MAX_CHANNELS = 4096
_MAX_LAYERS = 64
_MAX_TAPS = 64
_AVERAGE = "mapping.w_avg"
_SAMPLES = 10_000


class ImportedNetwork(nn.Module):
    """Mapping and synthesis network, and the controllers of GAN-Control."""

    def __init__(
        self,
        mapping: MappingNetwork | GroupedMapping,
        synthesis: SynthesisNetwork | AliasFreeSynthesis,
        controls: Mapping[str, ControlNetwork] | None = None,
    ) -> None:
        super().__init__()
        self.mapping, self.synthesis = mapping, synthesis
        self.controls = nn.ModuleDict(dict(controls or {}))

    @property
    def num_ws(self) -> int:
        """Number of layers that take a vector w each."""
        return self.synthesis.num_ws

    @property
    def average(self) -> Tensor:
        """Average w (w_dim)."""
        return cast(Tensor, self.mapping.w_avg)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (B, z_dim), labels (B, c_dim) -> w (B, w_dim), not truncated."""
        return cast(Tensor, self.mapping(z, labels))

    def truncate(self, w: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
        """w (B, w_dim) or (B, num_ws, w_dim) -> ws (B, num_ws, w_dim); layers below `cutoff` are moved to the average.

        Args:
            psi: 1 keeps w, 0 is the average ("the truncation trick", Karras et al. 2019).
            cutoff: number of first layers that are truncated; None truncates all.
        """
        ws = w if w.ndim == 3 else w.unsqueeze(1).expand(-1, self.num_ws, -1)
        if psi == 1:
            return ws
        truncated = torch.lerp(self.average.expand_as(ws), ws, psi)
        return truncated if cutoff is None else torch.cat([truncated[:, :cutoff], ws[:, cutoff:]], 1)

    def forward(self, ws: Tensor, noise: NoiseMode = "const", progress: Progress = lambda share: None) -> Tensor:
        """ws (B, num_ws, w_dim) -> pictures (B, colours, resolution, resolution)."""
        return cast(Tensor, self.synthesis(ws, noise, progress))


def build(config: Mapping[str, Any]) -> ImportedNetwork:
    """Build a network with random weights.

    Args:
        config: plain values: `architecture` ("stylegan2", "stylegan3" or "gan-control"), `mapping` (the fields of
            `MappingConfig`; `groups` and `merged` for GAN-Control) and `synthesis` (the fields of `SynthesisConfig` or
            `AliasFreeConfig`). `controls`, of GAN-Control: by name the `group` that a controller sets, the `sizes` of
            its layers and their learning `rate`.

    Raises:
        ModelError: a value is missing, unknown or out of range.
    """
    try:
        kind, mapping, synthesis = config["architecture"], config["mapping"], config["synthesis"]
        if kind == "stylegan3":
            body: SynthesisNetwork | AliasFreeSynthesis = AliasFreeSynthesis(_alias_free(synthesis))
        elif kind in ("stylegan2", "gan-control"):
            body = SynthesisNetwork(_synthesis(synthesis))
        else:
            raise ModelError(f"The architecture “{str(kind)[:40]}” is unknown to this version of Face Editor.")
        head = _grouped(mapping) if kind == "gan-control" else MappingNetwork(_mapping(mapping))
        return ImportedNetwork(head, body, _controls(config, head))
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError, RuntimeError) as error:
        raise ModelError(f"The shape of the generator cannot be understood ({error}); import it again.") from error


def load(config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> ImportedNetwork:
    """Build a network and put weights into it; each must be there with the right shape.

    Only the average w may be missing: it is estimated from random latents then.

    Raises:
        ModelError: as `build`, or a weight is missing, has another shape or is not finite.
    """
    # No memory is reserved before every shape is known to fit.
    with torch.device("meta"):
        network = build(config)
    wanted = network.state_dict()
    averaged = _AVERAGE in weights
    if not averaged:
        weights = {**weights, _AVERAGE: torch.zeros(wanted[_AVERAGE].shape)}
    for name, empty in wanted.items():
        check_weight(name, weights.get(name), tuple(empty.shape))
    network.load_state_dict({name: weights[name].float() for name in wanted}, assign=True)
    network.eval().requires_grad_(False)
    if not averaged:
        network.average.copy_(_average(network, config["mapping"]))
    return network


def _average(network: ImportedNetwork, mapping: Mapping[str, Any]) -> Tensor:
    """Average w of random latents, with labels drawn alike from all classes; the same for the same weights."""
    random = torch.Generator().manual_seed(0)
    z = torch.randn(_SAMPLES, network.mapping.z_dim, generator=random)
    classes = int(mapping.get("c_dim", 0))
    labels = torch.eye(classes)[torch.arange(_SAMPLES) % classes] if classes else None
    return network.map(z, labels).mean(0)


def check_weight(name: str, weight: Tensor | None, shape: tuple[int, ...]) -> None:
    """Refuse a weight that is missing, has another shape, is no real number or not finite (ModelError)."""
    if weight is None:
        raise ModelError(f"The generator lacks the weights “{name}”; its file is damaged, or of an unknown kind.")
    if tuple(weight.shape) != shape:
        found, expected = (" x ".join(map(str, sizes)) or "one number" for sizes in (tuple(weight.shape), shape))
        raise ModelError(
            f"The weights “{name}” are {found} where the generator's description asks for {expected}; fetch it again."
        )
    if not weight.is_floating_point() or not bool(torch.isfinite(weight).all()):
        raise ModelError(f"The weights “{name}” are not finite (the training has diverged); choose another checkpoint.")


def plain(config: Any) -> dict[str, Any]:
    """A configuration as JSON values."""
    return asdict(config)


def _whole(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{name} is {str(value)[:40]} and no whole number")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, outside {low} to {high}")
    return int(value)


def _limit(value: Any) -> float | None:
    """A clamp: None or a number from 0 up."""
    if value is not None and not float(value) >= 0:
        raise ValueError(f"the clamp {str(value)[:40]} is negative")
    return None if value is None else float(value)


def _known(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    unknown = [str(name)[:40] for name in values if name not in names]
    if unknown:
        raise ValueError(f"“{unknown[0]}” is unknown")
    return dict(values)


def _mapping(values: Mapping[str, Any]) -> MappingConfig:
    config = MappingConfig(**_known(values, MappingConfig))
    if config.activation not in ACTIVATIONS:
        raise ValueError(f"the activation “{str(config.activation)[:40]}” is unknown")
    whole = {name: _whole(getattr(config, name), name, low, 65536) for name, low in _MAPPING_LOWEST.items()}
    _whole(config.layers, "layers", 1, _MAX_LAYERS)
    if not whole["z_dim"] and not whole["c_dim"]:
        raise ValueError("z_dim and c_dim are 0")
    return replace(config, **cast(Any, whole))


_MAPPING_LOWEST = {"z_dim": 0, "c_dim": 0, "w_dim": 1, "layers": 1, "embedding": 0, "hidden": 1}


def _grouped(values: Mapping[str, Any]) -> GroupedMapping:
    groups: Groups = {}
    for name, (first, sizes) in values["groups"].items():
        lengths = tuple(_whole(size, "size", 1, 65536) for size in sizes)
        groups[str(name)] = _whole(first, "first", 0, 65536), lengths
    if not groups or any(not 2 <= len(sizes) <= _MAX_LAYERS for _, sizes in groups.values()):
        raise ValueError("the groups of the latent have no layers")
    return GroupedMapping(groups, tuple(_whole(size, "size", 1, 65536) for size in values.get("merged", ())))


def _controls(config: Mapping[str, Any], head: MappingNetwork | GroupedMapping) -> dict[str, ControlNetwork]:
    found = {}
    for name, control in (config.get("controls") or {}).items():
        if not isinstance(head, GroupedMapping) or control["group"] not in head.groups:
            raise ValueError(f"the control “{str(name)[:40]}” has no group")
        sizes = tuple(_whole(size, "size", 1, 65536) for size in control["sizes"])
        rate = float(control["rate"])
        if not 2 <= len(sizes) <= _MAX_LAYERS or not 0 < rate <= 100:
            raise ValueError(f"the control “{str(name)[:40]}” has impossible layers")
        found[str(name)] = ControlNetwork(sizes, rate)
    return found


def _synthesis(values: Mapping[str, Any]) -> SynthesisConfig:
    config = SynthesisConfig(**_known(values, SynthesisConfig))
    if config.architecture not in ("orig", "skip", "resnet"):
        raise ValueError(f"the architecture “{str(config.architecture)[:40]}” is unknown")
    if config.activation not in ACTIVATIONS:
        raise ValueError(f"the activation “{str(config.activation)[:40]}” is unknown")
    resolution = _whole(config.resolution, "resolution", 4, MAX_RESOLUTION)
    channels = tuple(_whole(count, "channels", 1, _MAX_CHANNELS) for count in config.channels)
    if resolution != 4 << (len(channels) - 1):
        raise ValueError(f"resolution {resolution} has {len(channels)} levels")
    kernel = _whole(config.kernel, "kernel", 1, 15)
    if not kernel % 2:
        raise ValueError(f"kernel is {kernel} and not odd")
    return replace(
        config,
        w_dim=_whole(config.w_dim, "w_dim", 1, 65536),
        resolution=resolution,
        colours=_whole(config.colours, "colours", 1, 16),
        channels=channels,
        kernel=kernel,
        clamp=_limit(config.clamp),
        filter=_filter(config.filter),
    )


def _filter(values: Any) -> Any:
    """A resampling filter as tuples; None, a line or a rectangle."""
    if values is None:
        return None
    rows = list(values) if isinstance(values, list | tuple) else [values]
    if not 1 <= len(rows) <= _MAX_TAPS:
        raise ValueError("the resampling filter is empty or too long")
    if isinstance(rows[0], list | tuple):
        if any(len(row) != len(rows[0]) or not 1 <= len(row) <= _MAX_TAPS for row in rows):
            raise ValueError("the rows of the resampling filter differ in length")
        return tuple(tuple(float(value) for value in row) for row in rows)
    return tuple(float(value) for value in rows)


def _alias_free(values: Mapping[str, Any]) -> AliasFreeConfig:
    config = AliasFreeConfig(**_known(values, AliasFreeConfig))
    limits = {
        "w_dim": (1, 65536),
        "resolution": (4, MAX_RESOLUTION),
        "colours": (1, 16),
        "layers": (2, _MAX_LAYERS),
        "critical": (0, _MAX_LAYERS),
        "margin": (0, 256),
        "kernel": (1, 15),
        "filter_size": (1, _MAX_TAPS),
        "oversampling": (1, 16),
    }
    whole = {name: _whole(getattr(config, name), name, low, high) for name, (low, high) in limits.items()}
    if whole["critical"] >= whole["layers"]:
        raise ValueError("every layer is critically sampled")
    if min(config.first_cutoff, config.first_stopband, config.last_stopband, config.channel_base) <= 0:
        raise ValueError("a cutoff or channel count is not positive")
    _whole(int(config.channel_max), "channel_max", 1, _MAX_CHANNELS)
    scale = float(config.output_scale)
    return replace(
        config, radial=bool(config.radial), clamp=_limit(config.clamp), output_scale=scale, **cast(Any, whole)
    )
