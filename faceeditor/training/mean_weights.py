"""`python -m faceeditor.training.mean_weights FIRST SECOND --share 0.3 --out RUN`: a state between two of one run.

Averaged weights of a GAN wander, and their mean is often better than either end (Izmailov et al., "Averaging weights
leads to wider optima and better generalization", 2018). Only states of one run can be mixed.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from torch import Tensor

from faceeditor.errors import FaceEditorError
from faceeditor.nets.mask_guided_forward import EMBED_INPUTS
from faceeditor.portrait.guides import GUIDE_CHANNELS
from faceeditor.training.run import load_checkpoint, save_checkpoint
from faceeditor.training.starting import with_new_planes


def mean_state(first: dict[str, Any], second: dict[str, Any], share: float) -> dict[str, Any]:
    """The second checkpoint with averaged weights between the first's (share 0) and its own (1).

    The weights on the guides, which the first may not have learnt yet, stay the second's.

    Raises:
        FaceEditorError: the networks of the two differ.
    """
    averages = {}
    for name, end in second["averages"].items():
        start = with_new_planes(first["averages"][name])
        if {k: v.shape for k, v in start.items()} != {k: v.shape for k, v in end.items()}:
            raise FaceEditorError("The two states are not of one run: their networks differ.")
        averages[name] = {key: _mixed(key, start[key], value, share) for key, value in end.items()}
    return {**second, "averages": averages}


def _mixed(key: str, start: Tensor, end: Tensor, share: float) -> Tensor:
    if not end.dtype.is_floating_point:
        return end
    mixed = start + share * (end - start)
    if key.endswith("embed.weight") and end.shape[1] == EMBED_INPUTS:
        mixed[:, -GUIDE_CHANNELS:] = end[:, -GUIDE_CHANNELS:]
    return mixed


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="mean_weights", description=__doc__)
    parser.add_argument("first", type=Path, help="checkpoint.safetensors of an earlier state")
    parser.add_argument("second", type=Path, help="that of a later state of the same run")
    parser.add_argument("--share", type=float, default=0.5, help="how far from the first to the second (default: 0.5)")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the new run, for `faceeditor train --resume`"
    )
    options = parser.parse_args(arguments)
    try:
        state = mean_state(load_checkpoint(options.first), load_checkpoint(options.second), options.share)
        options.out.mkdir(parents=True, exist_ok=True)
        save_checkpoint(options.out / "checkpoint.safetensors", state)
    except (FaceEditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
