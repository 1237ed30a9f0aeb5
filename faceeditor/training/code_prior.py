"""The second stage: a model of style codes, so that a random draw is a plausible person.

A variational autoencoder over the codes that the encoder gives for the training photographs. Its decoder is what the
model pack carries (`generators.style_prior` runs it without torch).
"""

import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.mask_guided import Codes
from faceeditor.portrait.exemplars import Exemplars, region_areas
from faceeditor.portrait.style import DETAIL_CHANNELS, DETAIL_SIZE, OVERALL_DIM, REGION_DIM
from faceeditor.regions import MIRROR, REGION_COUNT
from faceeditor.training.data import FaceSet
from faceeditor.training.run import to_float

LEADING, LEADING_NOISE = 64, 0.4
"""How many principal directions the latents must explain, and the most noise left in them (1: all of their spread)."""

_REGIONS = REGION_COUNT * REGION_DIM
_CODE = _REGIONS + OVERALL_DIM + DETAIL_CHANNELS * DETAIL_SIZE**2


def flat_codes(codes: Codes) -> Tensor:
    """Codes of a batch -> (B, 2720)."""
    return torch.cat([codes.regions.flatten(1), codes.overall, codes.detail.flatten(1)], 1)


def split_codes(flat: Tensor) -> Codes:
    """(B, 2720) -> codes."""
    regions, overall, detail = flat.split([_REGIONS, OVERALL_DIM, DETAIL_CHANNELS * DETAIL_SIZE**2], 1)
    return Codes(
        regions.reshape(-1, REGION_COUNT, REGION_DIM),
        overall,
        detail.reshape(-1, DETAIL_CHANNELS, DETAIL_SIZE, DETAIL_SIZE),
    )


@torch.no_grad()
def all_codes(encoder: nn.Module, faces: FaceSet, side: int, device: torch.device) -> Tensor:
    """(2 N, 2720) mean codes of every photograph, shown at this side, and of its mirror image."""
    rows = []
    for mirror in (False, True):
        for start in range(0, len(faces), 16):
            items = [faces.item(i, mirror) for i in range(start, min(start + 16, len(faces)))]
            pictures = F.avg_pool2d(to_float(np.stack([i[0] for i in items]), device), 256 // side)
            masks = torch.from_numpy(np.stack([i[1] for i in items])[:, ::2, ::2].astype(np.int64)).to(device)
            planes = F.one_hot(masks, REGION_COUNT).permute(0, 3, 1, 2).float()
            frames = torch.from_numpy(np.stack([i[2] for i in items])).to(device)
            rows.append(flat_codes(encoder(pictures, planes, frames)[0]).float())
    return torch.cat(rows)


def with_lent_regions(flat: Tensor, faces: FaceSet) -> tuple[Tensor, Exemplars]:
    """Codes of `all_codes` in which regions that a photograph does not show are lent; and the exemplars that lend them.

    Otherwise draws would come to lie between the looks that people have and the average that stands for missing ones.
    """
    codes = split_codes(flat.cpu())
    regions, overall = codes.regions.numpy(), codes.overall.numpy()
    areas = np.stack([region_areas(mask) for mask in faces.masks])
    exemplars = Exemplars.of_people(regions[: len(faces)], overall[: len(faces)], areas)
    areas = np.concatenate([areas, areas[:, MIRROR]])
    lent = np.stack([exemplars.fill_vectors(*person) for person in zip(regions, overall, areas, strict=True)])
    return flat_codes(codes._replace(regions=torch.from_numpy(lent))).to(flat.device), exemplars


class CodePrior(nn.Module):
    """VAE over codes projected on their principal directions."""

    basis: Tensor
    offset: Tensor

    def __init__(self, components: int, latent: int = 64, hidden: int = 256) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(_CODE))
        self.register_buffer("basis", torch.zeros(components, _CODE))
        self.encode = nn.Sequential(
            nn.Linear(components, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, 2 * latent),
        )  # fmt: skip
        self.decode = nn.Sequential(
            nn.Linear(latent, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, components),
        )  # fmt: skip
        self.log_std = nn.Parameter(torch.zeros(components))
        self.latent = latent

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> "CodePrior":
        """Rebuild from a state dict."""
        net = cls(state["basis"].shape[0], state["decode.0.weight"].shape[1], state["decode.0.weight"].shape[0])
        net.load_state_dict(state)
        return net.eval()

    @torch.no_grad()
    def draw(self, count: int, device: torch.device) -> Codes:
        """Random codes."""
        h = self.decode(torch.randn(count, self.latent, device=device))
        h = h + torch.randn_like(h) * self.log_std.exp()
        return split_codes(h @ self.basis + self.offset)

    def tensors(self) -> dict[str, np.ndarray]:
        """The decoder as the model pack stores it."""
        state = {k: v.detach().cpu().numpy() for k, v in self.state_dict().items()}
        layers = {f"{kind}{i}": state[f"decode.{2 * i}.{name}"] for i in range(3) for kind, name in _LAYER}
        return {
            **layers,
            "residual_std": np.exp(state["log_std"]),
            "basis": state["basis"],
            "offset": state["offset"],
        }


_LAYER = (("w", "weight"), ("b", "bias"))


def fit_prior(codes: Tensor, seconds: float, device: torch.device, components: int = 192) -> CodePrior:
    """Fit the prior to codes (N, 2720); every tenth photograph decides when to stop.

    The principal directions are taken of codes whose three groups (regions, overall, detail) weigh alike per group.
    """
    codes = codes.to(device)
    offset = codes.mean(0)
    centred = codes - offset
    weight = torch.ones(_CODE, device=device)
    for part in (slice(0, _REGIONS), slice(_REGIONS, _REGIONS + OVERALL_DIM), slice(_REGIONS + OVERALL_DIM, _CODE)):
        weight[part] = 1 / centred[:, part].square().sum(1).mean().sqrt().clamp_min(1e-6)
    weight[_REGIONS + OVERALL_DIM :] *= 0.5
    _, singular, directions = torch.linalg.svd(centred * weight, full_matrices=False)
    components = min(components, len(singular))
    scale = singular[:components] / len(codes) ** 0.5
    net = CodePrior(components).to(device)
    net.basis.copy_(directions[:components] * scale[:, None] / weight)
    net.offset.copy_(offset)
    whitened = (centred * weight) @ directions[:components].T / scale
    # Whitened codes have no linear structure left that free noise could not explain, and the latents would be ignored:
    # the noise of the leading directions is bounded, so that the latents must carry them.
    most = torch.full((components,), 0.0, device=device)
    most[:LEADING] = math.log(LEADING_NOISE)
    half = len(codes) // 2
    stop = torch.arange(len(codes), device=device) % half % 10 == 0
    fit, held = whitened[~stop], whitened[stop]
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.02)
    best, best_state, began, step = float("inf"), None, time.monotonic(), 0

    def loss_of(x: Tensor, noise: float) -> Tensor:
        mean, log_var = net.encode(x + noise * torch.randn_like(x)).chunk(2, 1)
        log_var = log_var.clamp(-8, 2)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        log_std = torch.minimum(net.log_std, most)
        error = (x - net.decode(z)) / log_std.exp()
        likelihood = (0.5 * error.square() + log_std).sum(1)
        divergence = 0.5 * (mean.square() + log_var.exp() - log_var - 1).sum(1)
        return (likelihood + divergence).mean()

    while time.monotonic() - began < seconds:
        step += 1
        loss = loss_of(fit[torch.randint(len(fit), (128,), device=device)], 0.3)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 50 == 0:
            with torch.no_grad():
                value = torch.stack([loss_of(held, 0.0) for _ in range(4)]).mean().item()
            if value < best:
                best, best_state = value, {k: v.clone() for k, v in net.state_dict().items()}
            elif step > 1500:
                break
    if best_state is not None:
        net.load_state_dict(best_state)
    with torch.no_grad():
        net.log_std.copy_(torch.minimum(net.log_std, most))
        _match_spread(net, whitened.std(0))
    return net.eval()


@torch.no_grad()
def _match_spread(net: CodePrior, wanted: Tensor) -> None:
    """Set the noise so that every direction of a draw spreads as the codes do, as far as the decoder leaves room."""
    decoded = net.decode(torch.randn(4000, net.latent, device=wanted.device)).var(0)
    net.log_std.copy_((wanted.square() - decoded).clamp_min(1e-4).sqrt().log())
