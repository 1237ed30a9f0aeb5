"""The generator and its companions, guided by a mask (Sun et al.) and, where there is one, by a 3D head (Deng et al.).

Sun et al., "Mask guided diverse face image synthesis", has four parts.

Style encoder (photograph + its mask -> style code), generator (mask + style code -> face), style decoder (generated
face -> its style code again) and, in `nets.discriminator`, the discriminator. A style code is a vector per region
(pooled over the region by the encoder, spread over the painted region by the generator, as in SEAN by Zhu et al.), one
vector for light and tone, and a small map of detail in face coordinates. Deng et al., "Disentangled and Controllable
Face Image Generation via 3D Imitative-Contrastive Learning", control a generator by a 3D head: here the same network is
given planes rendered from the head's coefficients; without a head they are zero, and the mask alone guides it.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.layers import ConvAct, pixel_norm, upsample2
from faceeditor.nets.mask_guided_forward import (
    BASE,
    EMBED_INPUTS,
    FINE_NOISE_CHANNELS,
    FINE_SIDE,
    HEAD_SIDE,
    MAP_CHANNELS,
    NOISE_CHANNELS,
    Inputs,
    detail_side,
    pictures,
)
from faceeditor.portrait.style import DETAIL_CHANNELS, DETAIL_SIZE, OVERALL_DIM, REGION_DIM
from faceeditor.regions import FACE_REGIONS, REGION_COUNT


class Codes(NamedTuple):
    """Style codes of a batch: regions (B, 19, 32), overall (B, 64), detail (B, 8, 16, 16)."""

    regions: Tensor
    overall: Tensor
    detail: Tensor

    def pick(self, order: Tensor) -> "Codes":
        """The codes in another order (indices (N,))."""
        return Codes(self.regions[order], self.overall[order], self.detail[order])

    def lerp(self, other: "Codes", t: Tensor) -> "Codes":
        """Blend with other codes; t (B,) in 0..1."""
        a, b, c = t[:, None, None], t[:, None], t[:, None, None, None]
        return Codes(
            torch.lerp(self.regions, other.regions, a),
            torch.lerp(self.overall, other.overall, b),
            torch.lerp(self.detail, other.detail, c),
        )


class Window(NamedTuple):
    """A square part of the picture, in pixels of the 256 x 256 picture (multiples of 32)."""

    top: int
    left: int
    side: int

    def cut(self, x: Tensor) -> Tensor:
        """Cut the window out of square planes of any size, where whole planes show the whole picture."""
        scale = 256 // x.shape[-1]
        top, left, side = self.top // scale, self.left // scale, self.side // scale
        return x[:, :, top : top + side, left : left + side]


def warp_from_face(detail: Tensor, to_face: Tensor, size: int) -> Tensor:
    """Lay a map in face coordinates (B, C, S, S) over the picture: (B, C, size, size), zero outside of the map.

    Args:
        detail: map over -1..1 of the face frame.
        to_face: (B, 2, 3) picture -> face coordinates (`faceframe.inverse_frame`).
        size: side of the result.
    """
    grid = F.affine_grid(to_face.float(), [detail.shape[0], 1, size, size], align_corners=False)
    return F.grid_sample(detail.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)


class Modulate(nn.Module):
    """Weights that scale and shift a layer by the condition map and the overall style."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.maps = nn.Conv2d(condition, 2 * channels, 1)
        self.vector = nn.Linear(OVERALL_DIM, 2 * channels)
        nn.init.normal_(self.vector.weight, std=0.02)
        nn.init.zeros_(self.vector.bias)


def _to_rgb(inputs: int) -> nn.Conv2d:
    """The layer from features to 2 x 2 pixels each, near zero at first."""
    layer = nn.Conv2d(inputs, 12, 3, padding=1)
    nn.init.normal_(layer.weight, std=0.005)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Scale(nn.Module):
    """Weights of one scale of the generator: features of side S/2 -> S, modulated by the condition at S."""

    def __init__(self, inputs: int, outputs: int, condition: int, first: bool = False) -> None:
        super().__init__()
        self.embed = nn.Conv2d(EMBED_INPUTS, condition, 1)
        self.enter = nn.Conv2d(condition if first else inputs, outputs, 3, padding=1)
        self.modulate1 = Modulate(outputs, condition)
        self.conv = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.modulate2 = Modulate(outputs, condition)
        self.to_rgb = _to_rgb(outputs)


class FineScale(nn.Module):
    """Weights of the scale that draws at 512: it reads features and picture of the 256 scale. 1.4 GMAC at width 48."""

    def __init__(self, inputs: int, condition: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs + 12 + FINE_NOISE_CHANNELS, width, 3, padding=1)
        self.modulate1 = Modulate(width, condition)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.modulate2 = Modulate(width, condition)
        self.unfold = nn.Conv2d(width, 64, 3, padding=1)
        self.to_rgb = _to_rgb(16)
        random = torch.Generator().manual_seed(2)
        self.register_buffer("noise", torch.randn(1, FINE_NOISE_CHANNELS, FINE_SIDE, FINE_SIDE, generator=random))


class TorchOperations:
    """The operations of `mask_guided_forward.Operations` in torch, with a module's layers and noise.

    Args:
        net: the module whose state dict names layers and noise.
        count: pictures of the batch.
    """

    def __init__(self, net: nn.Module, count: int) -> None:
        self._net = net
        self._count = count

    def conv(self, layer: str, *parts: Tensor) -> Tensor:
        first, *others = parts
        joined = torch.cat([first, *(part.to(first.dtype) for part in others)], 1) if others else first
        return self._net.get_submodule(layer)(joined)

    def modulation(self, layer: str, condition: Tensor, overall: Tensor) -> tuple[Tensor, Tensor]:
        vector = self._net.get_submodule(f"{layer}.vector")(overall)
        gain, shift = (self.conv(f"{layer}.maps", condition) + vector[:, :, None, None]).chunk(2, 1)
        return 1 + gain, shift

    def noise(self, name: str) -> Tensor:
        owner = self._net.get_submodule(name.rpartition(".")[0])
        noise = self._net.get_buffer(name).expand(self._count, -1, -1, -1)
        return torch.randn_like(noise) if owner.training else noise

    def coordinates(self, to_face: Tensor, side: int) -> Tensor:
        grid = F.affine_grid(to_face.float(), [len(to_face), 1, side, side], align_corners=False)
        return grid.permute(0, 3, 1, 2)

    def spread(self, vectors: Tensor, planes: Tensor) -> Tensor:
        return torch.bmm(vectors.transpose(1, 2), planes.flatten(2)).unflatten(2, planes.shape[-2:])

    def face_share(self, planes: Tensor) -> Tensor:
        return torch.einsum("r,brhw->bhw", self._net.get_buffer("face_regions").to(planes.dtype), planes).unsqueeze(1)

    def leaky_relu(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2)

    def pixel_norm(self, x: Tensor) -> Tensor:
        return pixel_norm(x)

    def upsample2(self, x: Tensor) -> Tensor:
        return upsample2(x)

    def avg_pool(self, x: Tensor, factor: int) -> Tensor:
        return x if factor == 1 else F.avg_pool2d(x, factor)

    def pixel_shuffle2(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, 2)

    def pixel_unshuffle2(self, x: Tensor) -> Tensor:
        return F.pixel_unshuffle(x, 2)


class MaskGenerator(nn.Module):
    """Mask + style code (+ planes of a 3D head) -> face.

    A convolutional decoder from 8 x 8 features to 128 x 128 features. Every layer is modulated per pixel by the region
    planes, the region vectors spread over them, the detail map, face coordinates and noise, and per channel by the
    overall vector. Each scale adds to the picture through a pixel-shuffle head, so that the scale of side S draws at
    2 S; an optional last one of `fine_width` channels draws at 512. Noise is what hair and cloth take their texture
    from (inside a region everything else is constant); it is new at every step of training and fixed in use, so that
    textures stand still while the mask is edited.
    """

    face_regions: Tensor

    def __init__(
        self,
        channels: tuple[int, ...] = (256, 256, 192, 128, 64),
        conditions: tuple[int, ...] = (128, 128, 96, 64, 48),
        fine_width: int = 0,
    ) -> None:
        super().__init__()
        self.fine = FineScale(channels[-1], conditions[-1], fine_width) if fine_width else None
        self.sides = tuple(BASE * 2**i for i in range(len(channels)))
        self.scales = nn.ModuleList(
            Scale(channels[max(0, i - 1)], channels[i], conditions[i], first=i == 0) for i in range(len(channels))
        )
        random = torch.Generator().manual_seed(1)
        for side in self.sides:
            self.register_buffer(f"noise{side}", torch.randn(1, NOISE_CHANNELS, side, side, generator=random))
        face = torch.zeros(REGION_COUNT)
        face[list(FACE_REGIONS)] = 1.0
        self.register_buffer("face_regions", face, persistent=False)

    def forward(
        self,
        planes: Tensor,
        to_face: Tensor,
        codes: Codes,
        size: int = 256,
        window: Window | None = None,
        maps: Tensor | None = None,
    ) -> Tensor:
        """Draw faces: the last of `pictures`."""
        return self.pictures(planes, to_face, codes, size, window, maps)[-1]

    def pictures(
        self,
        planes: Tensor,
        to_face: Tensor,
        codes: Codes,
        size: int = 256,
        window: Window | None = None,
        maps: Tensor | None = None,
    ) -> list[Tensor]:
        """The picture after each scale, the smallest first.

        Args:
            planes: (B, 19, P, P) region planes, P >= size; shares between 0 and 1 where they were reduced.
            to_face: (B, 2, 3) picture -> face coordinates.
            codes: the style codes.
            size: side of the picture: 32, 64, 128, 256 or, with the fine scale, 512.
            window: draw only this part of the picture at the scales above 32 x 32 features.
            maps: (B, 16, 128, 128) planes of the head (`head.maps.HeadMaps.condition`; all zero: no head), then guides.

        Returns:
            (B, 3, S, S) float in about -1..1, the last with S = size (a window: its share of size).
        """
        if size > 2 * self.sides[-1] and self.fine is None:
            raise ValueError(f"this generator has no scale for {size} pixels")
        if maps is None:
            maps = planes.new_zeros(len(planes), MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE)
        inputs = Inputs(
            planes=planes,
            planes_side=int(planes.shape[-1]),
            to_face=to_face,
            regions=codes.regions,
            overall=codes.overall,
            detail=warp_from_face(codes.detail, to_face, detail_side(size)).to(planes.dtype),
            maps=maps.to(planes.dtype),
        )
        operations = TorchOperations(self, len(planes))
        return pictures(operations, inputs, len(self.sides), size, window.cut if window is not None else None)


class StyleEncoder(nn.Module):
    """Photograph + its mask -> style code (mean and log variance of the vectors; the detail map is deterministic).

    A region that the photograph does not show gets a vector predicted from the overall one.
    """

    face_regions: Tensor

    def __init__(self, width: int = 48, variational: bool = True) -> None:
        super().__init__()
        self.variational = variational
        outputs = 2 if variational else 1
        self.stem = ConvAct(12 + REGION_COUNT, width)
        self.down1 = nn.Sequential(ConvAct(width, width * 2, 2), ConvAct(width * 2, width * 2))
        self.down2 = nn.Sequential(ConvAct(width * 2, width * 3, 2), ConvAct(width * 3, width * 3))
        self.down3 = ConvAct(width * 3, width * 4, 2)
        self.local = nn.Conv2d(width * 5, 160, 1)
        self.region_weight = nn.Parameter(torch.randn(REGION_COUNT, 160, REGION_DIM * outputs) * 0.05)
        self.region_bias = nn.Parameter(torch.zeros(REGION_COUNT, REGION_DIM * outputs))
        self.overall = nn.Linear(width * 4 * 2, OVERALL_DIM * outputs)
        self.absent = nn.Linear(OVERALL_DIM, REGION_COUNT * REGION_DIM)
        self.detail: nn.Conv2d | None = nn.Conv2d(width * 5, DETAIL_CHANNELS, 1) if variational else None
        face = torch.zeros(REGION_COUNT)
        face[list(FACE_REGIONS)] = 1.0
        self.register_buffer("face_regions", face, persistent=False)

    def features(self, pictures: Tensor, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Features at a quarter (with two scales) and a sixteenth of the picture's side."""
        half = F.avg_pool2d(planes, planes.shape[-1] * 2 // pictures.shape[-1])
        x = self.stem(torch.cat([F.pixel_unshuffle(pictures, 2), half.to(pictures.dtype)], 1))
        x1 = self.down1(x)
        x2 = self.down2(x1)
        return torch.cat([x1, upsample2(x2)], 1), self.down3(x2)

    def forward(
        self, pictures: Tensor, planes: Tensor, to_picture: Tensor, sample: bool = False
    ) -> tuple[Codes, Tensor]:
        """Encode.

        Args:
            pictures: (B, 3, S, S) float RGB in -1..1 (S = 128 in training and use; 64 in the first training stage).
            planes: (B, 19, P, P), P >= S/2.
            to_picture: (B, 2, 3) face -> picture coordinates (`faceframe.face_frame`).
            sample: draw the vectors from their distribution instead of taking the mean.

        Returns:
            the codes; and, scalar, the KL divergence to N(0, 1) averaged over everything, plus the squared error of
            the vectors predicted for regions that are in the photograph.
        """
        local, deep = self.features(pictures, planes)
        shares = F.adaptive_avg_pool2d(planes, local.shape[-1]).to(local.dtype)
        area = shares.sum((2, 3))
        present = (area > 0.5).float().unsqueeze(2)
        # A pointwise layer commutes with the pooling's purpose but not its cost: reduce to 160 channels first.
        reduced = F.leaky_relu(self.local(local), 0.1).flatten(2)
        pooled = torch.bmm(shares.flatten(2), reduced.transpose(1, 2)) / (area.unsqueeze(2) + 0.5)
        region = torch.einsum("brc,rcd->brd", pooled.float(), self.region_weight) + self.region_bias
        overall = self.overall(torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1)).float()
        kl = region.new_zeros(())
        if self.variational:
            region, region_log = region.chunk(2, 2)
            overall, overall_log = overall.chunk(2, 1)
            region_log, overall_log = region_log.clamp(-8, 2), overall_log.clamp(-8, 2)
            divergence = 0.5 * (region.square() + region_log.exp() - region_log - 1)
            kl = (divergence * present).sum() / (present.sum() * REGION_DIM + 1)
            kl = kl + 0.5 * (overall.square() + overall_log.exp() - overall_log - 1).mean()
            if sample:
                region = region + torch.randn_like(region) * (0.5 * region_log).exp()
                overall = overall + torch.randn_like(overall) * (0.5 * overall_log).exp()
        filled = self.absent(overall.detach()).float().view(-1, REGION_COUNT, REGION_DIM)
        if self.variational:
            # What an absent region would look like is learnt from the photographs that show it.
            guess_error = (filled - region.detach()).square() * present
            kl = kl + guess_error.sum() / (present.sum() * REGION_DIM + 1)
        region = torch.where(present > 0, region, filled)
        if self.detail is None:
            detail = region.new_zeros(len(region), DETAIL_CHANNELS, DETAIL_SIZE, DETAIL_SIZE)
        else:
            face = torch.einsum("r,brhw->bhw", self.face_regions.to(shares.dtype), shares).unsqueeze(1)
            detail_map = (torch.tanh(self.detail(local) / 2) * 2 * face).float()
            grid = F.affine_grid(to_picture.float(), [len(region), 1, DETAIL_SIZE, DETAIL_SIZE], align_corners=False)
            detail = F.grid_sample(detail_map, grid, align_corners=False)
            if sample:
                detail = detail + 0.1 * torch.randn_like(detail)
        return Codes(region, overall, detail), kl


class StyleDecoder(nn.Module):
    """Generated face + its mask -> the region and overall vectors it was made from, so that no code is ignored."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.net = StyleEncoder(width, variational=False)

    def forward(self, pictures: Tensor, planes: Tensor, to_picture: Tensor) -> Codes:
        """Args as of `StyleEncoder.forward`; the detail map of the result is zero."""
        codes, _ = self.net(pictures, planes, to_picture)
        return codes
