"""Writes pickles in the form of the published training programs, without their code.

Those programs store each module as a record that a function `torch_utils.persistence._reconstruct_persistent_obj` is
to be called with; the names are stood in for here while a file is written.
"""

import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from faceeditor.generators.imported.network import ImportedNetwork, build

SOURCE = "raise SystemExit('the source code of a pickle was run')\n"


class EasyDict(dict):
    """As `dnnlib.util.EasyDict`."""


EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"


def reconstruct(meta: Any) -> Any:
    raise AssertionError("a pickle was read with full rights")


reconstruct.__module__, reconstruct.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"


class Persistent:
    """A module as the published programs store it."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> Any:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": SOURCE,
            "class_name": self.class_name,
            "state": self.state,
        }
        return reconstruct, (meta,), None


@contextmanager
def official_names() -> Iterator[None]:
    """The names of the published programs, importable as far as pickling needs it."""
    modules = {name: ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")}
    modules["torch_utils.persistence"]._reconstruct_persistent_obj = reconstruct  # type: ignore[attr-defined]
    modules["dnnlib.util"].EasyDict = EasyDict  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def persistent(module: nn.Module, class_name: str, **more: Any) -> Persistent:
    """A module and what is in it as records; `more` are further attributes of the outermost one."""
    hooks = {name: OrderedDict() for name in ("_backward_hooks", "_forward_hooks", "_forward_pre_hooks")}
    children = OrderedDict((name, persistent(child, type(child).__name__)) for name, child in module.named_children())
    state = {
        "training": False,
        "_parameters": OrderedDict(module._parameters),
        "_buffers": OrderedDict(module._buffers),
        "_non_persistent_buffers_set": set(),
        **hooks,
        "_modules": children,
        "_init_args": (),
        "_init_kwargs": EasyDict(),
        "in_size": np.array([36, 36]),
        "in_cutoff": np.float64(2.5),
        **more,
    }
    return Persistent(class_name, state)


def generator_record(network: ImportedNetwork, arguments: dict[str, Any]) -> Persistent:
    """The generator's record."""
    record = persistent(network, "Generator", _init_kwargs=EasyDict(arguments))
    record.state["_modules"]["mapping"].state["_buffers"].setdefault("w_avg", network.average)
    return record


def write(path: Path, content: Any, protocol: int = 4) -> Path:
    """Pickle content into a file."""
    with official_names():
        path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def snapshot(generator: Any) -> dict[str, Any]:
    """The content of a snapshot's pickle."""
    options = EasyDict(class_name="training.dataset.ImageFolderDataset", path="faces.zip", xflip=True)
    return {"G": None, "D": None, "G_ema": generator, "augment_pipe": None, "training_set_kwargs": options}


def random_network(config: dict[str, Any], seed: int = 0) -> ImportedNetwork:
    """A network whose weights, biases, noise and averages are all random."""
    torch.manual_seed(seed)
    network = build(config).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            weight += 0.3 * torch.randn_like(weight)
    for name, buffer in network.named_buffers():
        if name.endswith("w_avg"):
            buffer += 0.5 * torch.randn_like(buffer)
        elif name.endswith("magnitude_ema"):
            buffer *= 1.7
    return network


MAPPING = {"z_dim": 16, "c_dim": 0, "w_dim": 24, "layers": 2, "embedding": 0, "hidden": 24}
STYLEGAN2 = {
    "architecture": "stylegan2",
    "mapping": MAPPING,
    "synthesis": {"w_dim": 24, "resolution": 16, "colours": 3, "channels": (16, 16, 8)},
}
STYLEGAN2_ARGUMENTS = {
    "z_dim": 16,
    "c_dim": 0,
    "w_dim": 24,
    "img_resolution": 16,
    "img_channels": 3,
    "mapping_kwargs": EasyDict(num_layers=2),
    "synthesis_kwargs": EasyDict(channel_base=128, channel_max=16),
}
STYLEGAN3 = {
    "architecture": "stylegan3",
    "mapping": MAPPING,
    "synthesis": {"w_dim": 24, "resolution": 16, "colours": 3, "channel_base": 256, "channel_max": 12, "layers": 4},
}
STYLEGAN3_ARGUMENTS = {
    "z_dim": 16,
    "c_dim": 0,
    "w_dim": 24,
    "img_resolution": 16,
    "img_channels": 3,
    "mapping_kwargs": EasyDict(),
    "channel_base": 256,
    "channel_max": 12,
    "num_layers": 4,
}


def stylegan2(**synthesis: Any) -> Persistent:
    """A small generator of StyleGAN2-ADA with random weights; arguments as the published network takes them."""
    names = {"conv_clamp": "clamp", "resample_filter": "filter", "kernel_size": "kernel", "use_noise": "noise"}
    ours = {names.get(name, name): value for name, value in synthesis.items()}
    network = random_network({**STYLEGAN2, "synthesis": {**STYLEGAN2["synthesis"], **ours}})
    nested = EasyDict(STYLEGAN2_ARGUMENTS["synthesis_kwargs"], **synthesis)
    return generator_record(network, {**STYLEGAN2_ARGUMENTS, "synthesis_kwargs": nested})


def stylegan3(**synthesis: Any) -> Persistent:
    """A small generator of StyleGAN3 with random weights."""
    names = {"conv_kernel": "kernel", "use_radial_filters": "radial", "conv_clamp": "clamp"}
    ours = {names.get(name, name): value for name, value in synthesis.items()}
    network = random_network({**STYLEGAN3, "synthesis": {**STYLEGAN3["synthesis"], **ours}})
    return generator_record(network, {**STYLEGAN3_ARGUMENTS, **synthesis})
