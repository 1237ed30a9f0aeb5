"""Style codes of all training photographs, and codes that no photograph has: what other codes in training are made of.

A generator that saw photographs' codes only draws the codes between them badly (averages worst of all). Other codes are
therefore another photograph's or a blend of two, composed of the parts of several people, or drawn from the Gaussian
that random styles come from.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.mask_guided import Codes
from faceeditor.portrait.exemplars import Exemplars, region_areas
from faceeditor.portrait.mask_descriptors import mask_descriptors
from faceeditor.portrait.style import DETAIL_CHANNELS, DETAIL_SIZE, OVERALL_DIM, REGION_DIM
from faceeditor.regions import MIRROR, REGION_COUNT, Region, mirrored
from faceeditor.training.appearance import Light, appearance
from faceeditor.training.data import FaceSet
from faceeditor.training.run import autocast, to_float
from faceeditor.training.style_gaussian import StyleGaussian, fit_style_gaussian

_REGIONS = REGION_COUNT * REGION_DIM
_DETAIL = DETAIL_CHANNELS * DETAIL_SIZE**2
HAIR_PARTS = (Region.HAIR, Region.HAT)
BACKDROP_PARTS = (Region.CLOTH, Region.BACKGROUND, Region.NECKLACE)
BROWS = (Region.L_BROW, Region.R_BROW)
ALIKE = 40
"""From how many people with similar overall codes the parts of a composed code come."""
SCALES = (0.5, 1.1)
"""Range of the scale of draws from the Gaussian."""


def flat_codes(codes: Codes) -> Tensor:
    """Codes of a batch -> (B, 2720)."""
    return torch.cat([codes.regions.flatten(1), codes.overall, codes.detail.flatten(1)], 1)


def split_codes(flat: Tensor) -> Codes:
    """(B, 2720) -> codes."""
    regions, overall, detail = flat.split([_REGIONS, OVERALL_DIM, _DETAIL], 1)
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
            with autocast(device):
                codes = encoder(pictures, planes, frames)[0]
            rows.append(flat_codes(Codes(*(part.float() for part in codes))))
    return torch.cat(rows)


def filled_codes(flat: Tensor, faces: FaceSet) -> tuple[Tensor, Exemplars]:
    """Codes of `all_codes` in which regions that a photograph does not show come from exemplars; and the exemplars.

    Otherwise draws would lie between the looks that people have and the average that stands for missing regions.
    """
    codes = split_codes(flat.cpu())
    regions, overall = codes.regions.numpy(), codes.overall.numpy()
    areas = np.stack([region_areas(mask) for mask in faces.masks])
    exemplars = Exemplars.of_people(regions[: len(faces)], overall[: len(faces)], areas)
    areas = np.concatenate([areas, areas[:, MIRROR]])
    filled = np.stack([exemplars.fill_vectors(*person) for person in zip(regions, overall, areas, strict=True)])
    return flat_codes(codes._replace(regions=torch.from_numpy(filled))).to(flat.device), exemplars


@dataclass(frozen=True)
class Shares:
    """How often other codes are composed or drawn; the rest are another photograph's or a blend of two."""

    composed: float = 0.35
    drawn: float = 0.35


def commonness(codes: Codes) -> Tensor:
    """(N,) weights of people: the closer the tenth most similar one, the more; theatrical pictures have few like them.

    A group of people is not rare because it is small: ten of them are enough to be each other's neighbours.
    """
    vectors = torch.cat([codes.overall, codes.regions[:, int(Region.SKIN)]], 1)
    vectors = (vectors - vectors.mean(0)) / vectors.std(0).clamp_min(1e-3)
    reach = torch.cdist(vectors, vectors).kthvalue(min(11, len(vectors)), 1).values
    return (reach.median() / reach.clamp_min(1e-6)).pow(4).clamp(0.1, 3.0)


class CodeBank:
    """Codes of the training photographs (and mirror images), filled, with the Gaussian fitted to them."""

    def __init__(self, flat: Tensor, exemplars: Exemplars, gaussian: StyleGaussian, descriptors: Tensor) -> None:
        self.codes, self.exemplars, self.gaussian = split_codes(flat), exemplars, gaussian
        self.descriptors = descriptors
        overall = self.codes.overall
        self.alike = torch.cdist(overall, overall).topk(min(ALIKE, len(overall)), largest=False).indices

    @classmethod
    def of(
        cls,
        encoder: nn.Module,
        faces: FaceSet,
        side: int,
        device: torch.device,
        light: Light | None = None,
    ) -> "CodeBank":
        """Encode all photographs and fit the Gaussian.

        Args:
            light: of the photographs' fitted heads; draws vary little in it. None: they vary as photographs do.
        """
        flat, exemplars = filled_codes(all_codes(encoder, faces, side, device), faces)
        measured = appearance(faces, light)
        usual, beard = (torch.from_numpy(part).to(device) for part in (measured.weights, measured.beard))
        lit = None if measured.light is None else torch.from_numpy(measured.light).to(device)
        # In full these weights cost half of the variety of photographs, their roots a tenth: docs/decisions/0010.
        weights = commonness(split_codes(flat)).sqrt()
        described = [mask_descriptors(mask) for mask in (*faces.masks, *map(mirrored, faces.masks))]
        descriptors = torch.from_numpy(np.stack(described)).to(device)
        people = torch.arange(len(faces), device=device).repeat(2)
        gaussian = fit_style_gaussian(flat, descriptors, people, weights * usual, lit, beard)
        return cls(flat, exemplars, gaussian, descriptors)

    def composed(self, count: int) -> Codes:
        """Codes (count) of the parts of several people.

        Face, light and detail of one; hair of a second and cloth and background of a third with overall codes like the
        first's; brows half of the first and half of the second. Detail is left out for half, halved for a quarter.
        """
        device = self.codes.overall.device
        first = torch.randint(len(self.alike), (count,), device=device)
        second, third = (
            self.alike[first, torch.randint(self.alike.shape[1], (count,), device=device)] for _ in range(2)
        )
        regions = self.codes.regions[first].clone()
        for parts, source in ((HAIR_PARTS, second), (BACKDROP_PARTS, third)):
            index = torch.tensor([int(part) for part in parts], device=device)
            regions[:, index] = self.codes.regions[source][:, index]
        brows = torch.tensor([int(part) for part in BROWS], device=device)
        regions[:, brows] = (regions[:, brows] + self.codes.regions[second][:, brows]) / 2
        scale = torch.tensor([0.0, 0.0, 0.5, 1.0], device=device)[torch.randint(4, (count,), device=device)]
        return Codes(regions, self.codes.overall[first], self.codes.detail[first] * scale[:, None, None, None])

    def drawn(self, rows: Tensor) -> Codes:
        """Draws of the Gaussian at random scales for the masks of rows (B,): half of them of people who fit these."""
        count, device = len(rows), self.codes.overall.device
        scale = torch.empty(count, device=device).uniform_(*SCALES)
        anyone, fitting = self.gaussian.draw(count, scale), self.gaussian.draw_for(self.descriptors[rows], scale)
        return split_codes(torch.where(torch.rand(count, 1, device=device) < 0.5, anyone, fitting))

    def mix(self, others: Codes, rows: Tensor, shares: Shares) -> Codes:
        """Replace some of other photographs' codes by composed and drawn ones.

        Args:
            others: codes (B) of other photographs than those whose masks are drawn.
            rows: (B,) rows of these masks in the bank: those of mirror images come after all photographs.
            shares: how often.
        """
        count = len(others.overall)
        u = torch.rand(count, device=others.overall.device)
        composed, drawn = self.composed(count), self.drawn(rows)
        mixed = []
        for other, one, two in zip(others, composed, drawn, strict=True):
            at = u.view(-1, *[1] * (other.dim() - 1))
            part = torch.where(at < shares.composed + shares.drawn, two, other)
            mixed.append(torch.where(at < shares.composed, one, part))
        return Codes(*mixed)
