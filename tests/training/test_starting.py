from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from faceeditor.nets.critics import Critics
from faceeditor.packs import write_pack
from faceeditor.training.starting import CRITICS, critic_weights


def test_critics_of_a_pack_without_close_ups_begin_them_as_windows(tmp_path: Path) -> None:
    known = {name: value for name, value in Critics().state_dict().items() if not name.startswith("close.")}
    file = tmp_path / CRITICS
    save_file({name: value.contiguous() for name, value in known.items()}, file)
    nothing = {"generator.safetensors": {"x": np.zeros(1, np.float32)}}
    pack = write_pack(tmp_path, "older", "mask-guided", "2026.01", nothing, {})
    weights = critic_weights(pack, file)
    assert weights is not None
    begun = Critics()
    begun.load_state_dict(weights)
    for name, value in begun.close.state_dict().items():
        torch.testing.assert_close(value, known["window." + name])
