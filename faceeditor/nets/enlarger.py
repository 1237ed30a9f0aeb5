"""The learnt enlarger in torch; its forward pass is that of `nets.enlarger_forward`."""

from torch import Tensor, nn

from faceeditor.nets.enlarger_forward import PAIRS, added_detail
from faceeditor.nets.mask_guided import TorchOperations


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)


class Enlarger(nn.Module):
    """Input (B, 3, H, W) of `enlarger_forward.detail_of`, output (B, 3, 2 H, 2 W): what Lanczos' enlargement lacks.

    Fresh weights add nothing, at every sub-pixel alike.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.enter = _conv(3, width)
        self.pairs = nn.ModuleList(nn.ModuleList(_conv(width, width) for _ in range(2)) for _ in range(PAIRS))
        self.leave = _conv(width, 12)
        nn.init.zeros_(self.leave.weight)

    def forward(self, detail: Tensor) -> Tensor:
        operations = TorchOperations(self, len(detail))
        added: Tensor = added_detail(operations, detail)
        return added
