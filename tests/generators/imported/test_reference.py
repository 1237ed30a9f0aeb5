"""The networks draw what the published ones draw.

`reference.json` holds numbers that the published implementations of StyleGAN2-ADA and StyleGAN3 gave for weights which
are drawn in the way of `fill`, run once elsewhere; StyleGAN3's filters, which its program designs, are noted there too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from faceeditor.generators.imported.network import ImportedNetwork, build, load
from faceeditor.generators.imported.pickles import convert_pickle
from tests.generators.imported.official import EasyDict, Persistent, generator_record, snapshot, write

CASES = json.loads((Path(__file__).parent / "reference.json").read_text())


def fill(network: nn.Module, filters: dict[str, list[float]]) -> None:
    """Weights that depend on their names and shapes alone."""
    for name, tensor in sorted([*network.named_parameters(), *network.named_buffers()]):
        if name.endswith("resample_filter"):
            continue
        values = np.random.RandomState(sum(map(ord, name)) % 1000).standard_normal(tuple(tensor.shape))
        if name.endswith("_filter"):
            values = np.array(filters[name]).reshape(tensor.shape)
        elif name.endswith("magnitude_ema"):
            values = np.abs(values) + 0.5
        elif name.endswith("transform"):
            values = np.array([[0.9, -0.2, 0.05], [0.2, 0.9, -0.1], [0, 0, 1]])
        elif "mapping.fc" in name:
            values = values / 0.01
        elif name.endswith("affine.bias"):
            values = 1 + 0.3 * values
        elif name.endswith(("bias", "noise_strength")):
            values = 0.3 * values
        with torch.no_grad():
            tensor.copy_(torch.as_tensor(values))


def network_of(case: dict[str, Any], path: Path) -> ImportedNetwork:
    """The network of a case, by way of a pickle in the form of the published programs."""
    arguments = {**case["arguments"], "mapping_kwargs": EasyDict(case["mapping"])}
    if case["kind"] == "stylegan2":
        arguments["synthesis_kwargs"] = EasyDict(case["synthesis"])
    else:
        arguments.update(case["synthesis"])
    blank = Persistent("Generator", {"_init_kwargs": EasyDict(arguments), "_modules": {}})
    blocks = {"b4": Persistent("SynthesisBlock", {})} if case["kind"] == "stylegan2" else {"input": Persistent("", {})}
    blank.state["_modules"] = {"mapping": Persistent("", {}), "synthesis": Persistent("", {"_modules": blocks})}
    network = build(convert_pickle(write(path, snapshot(blank))).config)
    fill(network, case["filters"])
    converted = convert_pickle(write(path, snapshot(generator_record(network, arguments))))
    return load(converted.config, converted.weights)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{index}" for index, case in enumerate(CASES)])
def test_same_pictures_as_the_published_networks(case: dict[str, Any], tmp_path: Path) -> None:
    network = network_of(case, tmp_path / "net.pkl")
    z = torch.from_numpy(np.random.RandomState(3).randn(2, 16)).float()
    labels = torch.eye(case["arguments"]["c_dim"])[:2] if case["arguments"]["c_dim"] else None
    with torch.no_grad():
        w = network.map(z, labels)
        picture = network(network.truncate(w, 0.6, cutoff=3))
    assert np.allclose(w[1, :4].numpy(), case["w"], atol=1e-4)
    assert np.allclose(picture[1].flatten()[::97].numpy(), case["picture"], atol=1e-3)
    assert abs(float(picture.std()) - case["std"]) < 1e-3
