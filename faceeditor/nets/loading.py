"""Weights of a model pack into torch modules."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.errors import ModelError

Module = TypeVar("Module", bound=torch.nn.Module)
Weights = Mapping[str, npt.NDArray[Any]]
"""Arrays by the names of a module's state."""


def load_module(module: Module, weights: Weights, name: str) -> Module:
    """Put weights into a module and make it ready for use, its parameters fixed.

    Args:
        module: any module; weights: all of its state; name: of the model pack, for the error.

    Raises:
        ModelError: the weights do not fit.
    """
    try:
        module.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
    except RuntimeError as error:
        raise ModelError(f"The model “{name}” does not fit to this program; reinstall Face Editor.") from error
    return module.eval().requires_grad_(False)
