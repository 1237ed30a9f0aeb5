"""The face recogniser (Davis King's dlib ResNet, CC0): identity embeddings, and feature maps for perceptual losses."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.recogniser_forward import CHANNELS, CHIP_CENTRE, CHIP_HALF, CHIP_SIDE, EMBEDDING, MEAN, recognise


def face_chips(pictures: Tensor, to_picture: Tensor) -> Tensor:
    """Cut recogniser chips out of pictures.

    Args:
        pictures: (B, 3, S, S) float in -1..1.
        to_picture: (B, 2, 3) face -> picture coordinates.

    Returns:
        (B, 3, 150, 150) float in -1..1.
    """
    chip = to_picture.new_tensor([[CHIP_HALF, 0, CHIP_CENTRE[0]], [0, CHIP_HALF, CHIP_CENTRE[1]], [0, 0, 1]])
    grid = F.affine_grid(to_picture.float() @ chip, [len(pictures), 1, CHIP_SIDE, CHIP_SIDE], align_corners=False)
    return F.grid_sample(pictures.float(), grid, padding_mode="border", align_corners=False)


class Recogniser(nn.Module):
    """dlib's face recognition network; weights by `load_state_dict` of the published tensors, see `from_published`.

    The forward pass is that of `nets.recogniser_forward`.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7)
        self.stem_affine = nn.Parameter(torch.zeros(2, 32))
        self.convs = nn.ModuleList()
        self.affines = nn.ParameterList()
        inputs = 32
        for channels in CHANNELS:
            self.convs.append(nn.Conv2d(inputs, channels, 3))
            self.convs.append(nn.Conv2d(channels, channels, 3))
            self.affines.append(nn.Parameter(torch.zeros(2, channels)))
            self.affines.append(nn.Parameter(torch.zeros(2, channels)))
            inputs = channels
        self.embed = nn.Parameter(torch.zeros(CHANNELS[-1], EMBEDDING))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def from_published(cls, tensors: dict[str, Tensor]) -> "Recogniser":
        """Build from the tensors of `dlib_resnet.safetensors` (names: stem.w, b0.w1 ... fc)."""
        net = cls()
        with torch.no_grad():
            net.stem.weight.copy_(tensors["stem.w"])
            net.stem.bias.copy_(tensors["stem.b"].flatten())  # type: ignore[union-attr]
            net.stem_affine.copy_(torch.stack([tensors["stem.g"].flatten(), tensors["stem.be"].flatten()]))
            for i in range(len(CHANNELS)):
                for k in (1, 2):
                    conv, affine = net.convs[2 * i + k - 1], net.affines[2 * i + k - 1]
                    assert isinstance(conv, nn.Conv2d) and conv.bias is not None
                    conv.weight.copy_(tensors[f"b{i}.w{k}"])
                    conv.bias.copy_(tensors[f"b{i}.b{k}"].flatten())
                    affine.copy_(torch.stack([tensors[f"b{i}.g{k}"].flatten(), tensors[f"b{i}.be{k}"].flatten()]))
            net.embed.copy_(tensors["fc"])
        return net.eval().requires_grad_(False)

    def forward(self, chips: Tensor, last: int = len(CHANNELS)) -> tuple[Tensor, list[Tensor]]:
        """(B, 3, 150, 150) chips in -1..1 -> embeddings (B, 128) and the maps after blocks 0, 2, 6 and 9.

        With `last` below 14 only the first blocks run, and the embedding is that many channels' mean.
        """
        return recognise(_TorchOperations(self), (chips + 1) * 127.5, last)


class _TorchOperations:
    """As of `recogniser_forward.Operations`."""

    def __init__(self, net: Recogniser) -> None:
        self._net = net

    def levels(self, chips: Tensor) -> Tensor:
        return (chips - self._net.mean) / 256.0

    def conv(self, layer: str, affine: str, x: Tensor, stride: int, padding: int) -> Tensor:
        conv, (gain, shift) = self._net.get_submodule(layer), self._net.get_parameter(affine)
        assert isinstance(conv, nn.Conv2d)
        x = F.conv2d(x, conv.weight, conv.bias, stride, padding)
        return x * gain.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    def relu(self, x: Tensor) -> Tensor:
        return F.relu(x)

    def max_pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2)

    def avg_pool(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2, 2)

    def padded_sum(self, first: Tensor, second: Tensor) -> Tensor:
        channels, height, width = (max(p, q) for p, q in zip(first.shape[1:], second.shape[1:], strict=True))

        def pad(x: Tensor) -> Tensor:
            return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))

        return pad(first) + pad(second)

    def mean(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))

    def embed(self, x: Tensor) -> Tensor:
        return x.float() @ self._net.embed
