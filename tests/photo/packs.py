"""A small reader pack with random weights."""

from pathlib import Path

import numpy as np
import torch

from faceeditor.nets.reader import FaceReader
from faceeditor.packs import ModelPack, write_pack

READER_WIDTH = 8


def write_reader(folder: Path) -> ModelPack:
    """Write the pack `reader` into a models folder; what it reads lies far out of range here and there."""
    torch.manual_seed(3)
    net = FaceReader(READER_WIDTH)
    torch.nn.init.normal_(net.coefficients.weight, std=1.0)
    arrays: dict[str, np.ndarray] = {name: value.numpy() for name, value in net.state_dict().items()}
    files = {"weights.safetensors": arrays}
    return write_pack(folder, "reader", "reader", "test", files, {"width": READER_WIDTH}, half=False)
