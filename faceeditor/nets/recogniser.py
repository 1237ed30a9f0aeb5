"""The face recogniser (Davis King's dlib ResNet, CC0): identity embeddings, and feature maps for perceptual losses."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHIP_SIDE = 150
_CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
_DOWN = frozenset((3, 7, 10, 13))
# The chip that dlib cuts (5 points, padding 0.25), in face coordinates.
_CHIP_CENTRE, _CHIP_HALF = (0.0, 0.31), 0.8


def face_chips(pictures: Tensor, to_picture: Tensor) -> Tensor:
    """Cut recogniser chips out of pictures.

    Args:
        pictures: (B, 3, S, S) float in -1..1.
        to_picture: (B, 2, 3) face -> picture coordinates.

    Returns:
        (B, 3, 150, 150) float in -1..1.
    """
    chip = to_picture.new_tensor([[_CHIP_HALF, 0, _CHIP_CENTRE[0]], [0, _CHIP_HALF, _CHIP_CENTRE[1]], [0, 0, 1]])
    grid = F.affine_grid(to_picture.float() @ chip, [len(pictures), 1, CHIP_SIDE, CHIP_SIDE], align_corners=False)
    return F.grid_sample(pictures.float(), grid, padding_mode="border", align_corners=False)


class Recogniser(nn.Module):
    """dlib's face recognition network; weights by `load_state_dict` of the published tensors, see `from_published`."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, 2)
        self.stem_affine = nn.Parameter(torch.zeros(2, 32))
        self.convs = nn.ModuleList()
        self.affines = nn.ParameterList()
        inputs = 32
        for i, channels in enumerate(_CHANNELS):
            stride, padding = (2, 0) if i in _DOWN else (1, 1)
            self.convs.append(nn.Conv2d(inputs, channels, 3, stride, padding))
            self.convs.append(nn.Conv2d(channels, channels, 3, 1, 1))
            self.affines.append(nn.Parameter(torch.zeros(2, channels)))
            self.affines.append(nn.Parameter(torch.zeros(2, channels)))
            inputs = channels
        self.embed = nn.Parameter(torch.zeros(256, 128))
        self.register_buffer("mean", torch.tensor([122.782, 117.001, 104.298]).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def from_published(cls, tensors: dict[str, Tensor]) -> "Recogniser":
        """Build from the tensors of `dlib_resnet.safetensors` (names: stem.w, b0.w1 ... fc)."""
        net = cls()
        with torch.no_grad():
            net.stem.weight.copy_(tensors["stem.w"])
            net.stem.bias.copy_(tensors["stem.b"].flatten())  # type: ignore[union-attr]
            net.stem_affine.copy_(torch.stack([tensors["stem.g"].flatten(), tensors["stem.be"].flatten()]))
            for i in range(len(_CHANNELS)):
                for k in (1, 2):
                    conv, affine = net.convs[2 * i + k - 1], net.affines[2 * i + k - 1]
                    assert isinstance(conv, nn.Conv2d) and conv.bias is not None
                    conv.weight.copy_(tensors[f"b{i}.w{k}"])
                    conv.bias.copy_(tensors[f"b{i}.b{k}"].flatten())
                    affine.copy_(torch.stack([tensors[f"b{i}.g{k}"].flatten(), tensors[f"b{i}.be{k}"].flatten()]))
            net.embed.copy_(tensors["fc"])
        return net.eval().requires_grad_(False)

    def forward(self, chips: Tensor, last: int = len(_CHANNELS)) -> tuple[Tensor, list[Tensor]]:
        """(B, 3, 150, 150) chips in -1..1 -> embeddings (B, 128) and the maps after blocks 0, 2, 6 and 9.

        With `last` below 14 only the first blocks run, and the embedding is that many channels' mean.
        """
        x = ((chips + 1) * 127.5 - self.mean) / 256.0
        x = _affine(self.stem(x), self.stem_affine)
        maps = []
        x = F.max_pool2d(F.relu(x), 3, 2)
        for i in range(last):
            inner = F.relu(_affine(self.convs[2 * i](x), self.affines[2 * i]))
            inner = _affine(self.convs[2 * i + 1](inner), self.affines[2 * i + 1])
            short = F.avg_pool2d(x, 2, 2) if i in _DOWN else x
            x = F.relu(_padded_sum(inner, short))
            if i in (0, 2, 6, 9):
                maps.append(x)
        pooled = x.mean((2, 3))
        return (pooled.float() @ self.embed if last == len(_CHANNELS) else pooled), maps


def _affine(x: Tensor, affine: Tensor) -> Tensor:
    return x * affine[0].view(1, -1, 1, 1) + affine[1].view(1, -1, 1, 1)


def _padded_sum(a: Tensor, b: Tensor) -> Tensor:
    channels, height, width = (max(p, q) for p, q in zip(a.shape[1:], b.shape[1:], strict=True))

    def pad(x: Tensor) -> Tensor:
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))

    return pad(a) + pad(b)
