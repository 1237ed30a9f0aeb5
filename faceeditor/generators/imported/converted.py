"""What reading a foreign checkpoint gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Converted:
    """A generator as plain values and weights, not checked against each other yet.

    Attributes:
        kind: "stylegan2", "stylegan3" or "gan-control".
        config: as `network.build` takes it.
        weights: by name; more than the network needs are allowed.
    """

    kind: str
    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]
