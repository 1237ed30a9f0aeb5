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

from faceeditor.nets.layers import ConvAct, area_pyramid, pixel_norm, upsample2
from faceeditor.portrait.guides import GUIDE_CHANNELS
from faceeditor.portrait.style import DETAIL_CHANNELS, DETAIL_SIZE, OVERALL_DIM, REGION_DIM
from faceeditor.regions import FACE_REGIONS, REGION_COUNT

BASE = 8
"""Side of the first feature map."""
NOISE_CHANNELS = 4
"""Channels of the noise that textures are made from."""
HEAD_CHANNELS = 10
"""Condition planes rendered from the 3D head: colour, shading, normals (3 each) and coverage (`head.maps`)."""
HEAD_SIDE = 128
"""Side at which the head's condition planes and the guides are given."""
MAP_CHANNELS = HEAD_CHANNELS + GUIDE_CHANNELS
"""Planes of the head, then the guides: direction of hair and parts of the mouth (`portrait.guides`)."""
FINE_SIDE = 128
"""Side of the features that the 512 scale works on."""
FINE_NOISE_CHANNELS = 16
"""Channels of its noise: one for each of the 4 x 4 pixels that a feature writes, or textures would repeat in them."""


EMBED_INPUTS = REGION_COUNT * 4 + REGION_DIM + DETAIL_CHANNELS + NOISE_CHANNELS + 2 + MAP_CHANNELS
"""Planes that a scale is conditioned on: regions at twice the side, vectors, detail, noise, place, head, guides."""


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
    """Normalise each pixel, then scale and shift it by the condition map and the overall style."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.maps = nn.Conv2d(condition, 2 * channels, 1)
        self.vector = nn.Linear(OVERALL_DIM, 2 * channels)
        nn.init.normal_(self.vector.weight, std=0.02)
        nn.init.zeros_(self.vector.bias)

    def forward(self, x: Tensor, condition: Tensor, overall: Tensor) -> Tensor:
        gamma, beta = (self.maps(condition) + self.vector(overall)[:, :, None, None]).chunk(2, 1)
        return F.leaky_relu(pixel_norm(x) * (1 + gamma) + beta, 0.2)


class Scale(nn.Module):
    """One scale of the generator: features of side S/2 -> S, modulated by the condition at S."""

    def __init__(self, inputs: int, outputs: int, condition: int, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.embed = nn.Conv2d(EMBED_INPUTS, condition, 1)
        self.enter = nn.Conv2d(condition if first else inputs, outputs, 3, padding=1)
        self.modulate1 = Modulate(outputs, condition)
        self.conv = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.modulate2 = Modulate(outputs, condition)
        self.to_rgb = nn.Conv2d(outputs, 12, 3, padding=1)
        nn.init.normal_(self.to_rgb.weight, std=0.005)
        assert self.to_rgb.bias is not None
        nn.init.zeros_(self.to_rgb.bias)

    def embedded(self, condition: Tensor) -> Tensor:
        """The condition planes (B, EMBED_INPUTS, S, S) reduced to this scale's condition channels."""
        return F.leaky_relu(self.embed(condition), 0.2)

    def forward(self, x: Tensor | None, condition: Tensor, overall: Tensor) -> Tensor:
        """Features at S/2 (None at the first scale), embedded condition at S, overall vector -> features at S."""
        # The convolution runs before the up-sampling: a quarter of the cost.
        x = self.enter(condition) if x is None else upsample2(self.enter(x))
        x = self.modulate1(x, condition, overall)
        return self.modulate2(self.conv(x), condition, overall)


class FineScale(nn.Module):
    """The scale that draws at 512: reads features and picture of the 256 scale, adds what 512 pixels show beyond it.

    It works at 128 x 128; only its last layer, of 16 channels, is at 256 x 256, so that neighbouring features share
    the pixels between them (a head of 4 x 4 pixels a feature leaves a lattice). 1.4 GMAC at width 48.
    """

    def __init__(self, inputs: int, condition: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs + 12 + FINE_NOISE_CHANNELS, width, 3, padding=1)
        self.modulate1 = Modulate(width, condition)
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.modulate2 = Modulate(width, condition)
        self.unfold = nn.Conv2d(width, 64, 3, padding=1)
        self.to_rgb = nn.Conv2d(16, 12, 3, padding=1)
        nn.init.normal_(self.to_rgb.weight, std=0.005)
        assert self.to_rgb.bias is not None
        nn.init.zeros_(self.to_rgb.bias)
        random = torch.Generator().manual_seed(2)
        self.register_buffer("noise", torch.randn(1, FINE_NOISE_CHANNELS, FINE_SIDE, FINE_SIDE, generator=random))

    def forward(
        self, x: Tensor, picture: Tensor, condition: Tensor, overall: Tensor, window: "Window | None" = None
    ) -> Tensor:
        """What is added to the enlarged picture.

        Args:
            x: (B, inputs, S, S) features of the last scale.
            picture: (B, 3, 2S, 2S) float in about -1..1, drawn by it.
            condition: (B, condition, S, S), embedded by it.
            overall: (B, 64).
            window: the part of the picture that S is of; None: all of it, S = 128.

        Returns:
            (B, 3, 4S, 4S) float.
        """
        noise = self.get_buffer("noise").expand(len(x), -1, -1, -1)
        noise = torch.randn_like(noise) if self.training else noise
        noise = window.cut(noise) if window is not None else noise
        x = self.enter(torch.cat([x, F.pixel_unshuffle(picture, 2), noise.to(x.dtype)], 1))
        x = self.modulate1(x, condition, overall)
        x = self.modulate2(self.conv(x), condition, overall)
        x = F.pixel_shuffle(F.leaky_relu(self.unfold(x), 0.2), 2)
        return F.pixel_shuffle(self.to_rgb(x), 2)


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

    def place(self, to_face: Tensor, side: int) -> Tensor:
        """Noise and face coordinates of a scale: (B, 6, side, side)."""
        count = len(to_face)
        noise = self.get_buffer(f"noise{side}")
        noise = torch.randn_like(noise.expand(count, -1, -1, -1)) if self.training else noise.expand(count, -1, -1, -1)
        coordinates = F.affine_grid(to_face.float(), [count, 1, side, side], align_corners=False).permute(0, 3, 1, 2)
        return torch.cat([noise, coordinates], 1)

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
        pyramid = area_pyramid(planes, (16, 32, 64, 128, 256, *self.sides))
        sides = [side for side in self.sides if side * 2 <= size]
        if size > 2 * self.sides[-1] and self.fine is None:
            raise ValueError(f"this generator has no scale for {size} pixels")
        region_codes = codes.regions.transpose(1, 2)
        face = torch.einsum("r,brhw->bhw", self.face_regions.to(planes.dtype), pyramid[64 if size >= 64 else 32])
        detail = warp_from_face(codes.detail, to_face, face.shape[-1]).to(planes.dtype) * face.unsqueeze(1)
        if maps is None:
            maps = planes.new_zeros(len(planes), MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE)
        head_pyramid = area_pyramid(maps.to(planes.dtype), tuple(side for side in self.sides if side < HEAD_SIDE))
        x: Tensor | None = None
        embedded = planes
        drawn: list[Tensor] = []
        for side, scale in zip(sides, self.scales, strict=False):
            assert isinstance(scale, Scale)
            fine, coarse = pyramid[side * 2], pyramid[side]
            detail_here = (
                F.avg_pool2d(detail, detail.shape[-1] // side)
                if side < detail.shape[-1]
                else F.interpolate(detail, size=(side, side), mode="bilinear", align_corners=False)
            )
            place = torch.cat([self.place(to_face, side).to(planes.dtype), head_pyramid[side]], 1)
            if window is not None and side > 32:
                fine, coarse, detail_here = window.cut(fine), window.cut(coarse), window.cut(detail_here)
                place = window.cut(place)
                if side == 64:
                    assert x is not None
                    x, drawn[-1] = window.cut(x), window.cut(drawn[-1])
            height, width = coarse.shape[-2:]
            spread = torch.bmm(region_codes, coarse.flatten(2)).view(-1, REGION_DIM, height, width)
            condition = torch.cat([F.pixel_unshuffle(fine, 2), spread, detail_here, place], 1)
            embedded = scale.embedded(condition)
            x = scale(x, embedded, codes.overall)
            picture = F.pixel_shuffle(scale.to_rgb(x), 2)
            drawn.append(upsample2(drawn[-1]) + picture if drawn else picture)
        if size > 2 * self.sides[-1]:
            assert self.fine is not None and x is not None
            added = self.fine(x, drawn[-1], embedded, codes.overall, window)
            drawn.append(upsample2(drawn[-1]) + added)
        return drawn


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
