"""Training of FaceFeat-GAN: stage one among features, stage two through the fixed generator, and the one-stage control.

The data set has one photograph a person. What a person has in other poses, moods and lights is therefore learnt across
people: the feature generators learn which features go with which identity feature, not how one person varies.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.feature_gan import (
    FeatureDiscriminator,
    FeatureGenerator,
    IdentityNetwork,
    OneStageNetwork,
    PictureDiscriminator,
)
from faceeditor.nets.perception import Perception

FloatArray = npt.NDArray[np.float32]
Report = Callable[[str], None]

_PEOPLE = 256


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of real pictures, one row a person, each in units of its spread.

    identity: (N, 128). general: (N, K), what the identity feature does not foretell of the style latent. head: (N, H).
    """

    identity: Tensor
    general: Tensor
    head: Tensor


class Layout(NamedTuple):
    """A mask with everything that it gives the generator, for one identity.

    identity: row of the identity feature. general: row whose general features belong to the mask. planes: (19, 128,
    128) shares. to_face, to_picture: (2, 3). guides: (6, 128, 128).
    """

    identity: int
    general: int
    planes: Tensor
    to_face: Tensor
    to_picture: Tensor
    guides: Tensor


class Drawing(NamedTuple):
    """How pictures are drawn in training.

    maps: (head rows, shapes (B, 24)) -> planes of the heads (B, 10, 128, 128), with gradient.
    draw: (style latents (B, K), layouts, maps) -> pictures (B, 3, 128, 128), with gradient.
    """

    maps: Callable[[Sequence[int], Tensor], Tensor]
    draw: Callable[[Tensor, Sequence[Layout], Tensor], Tensor]


def foretold(identity: FloatArray, targets: FloatArray, ridge: float = 30.0) -> tuple[FloatArray, FloatArray]:
    """Ridge regression of targets (N, D) by scaled identity features (N, 128): weight (D, 128), bias (D,)."""
    mean = targets.mean(0)
    gram = identity.T @ identity + ridge * np.eye(identity.shape[1])
    weight = np.linalg.solve(gram, identity.T @ (targets - mean)).T
    return weight.astype(np.float32), (mean - weight @ identity.mean(0)).astype(np.float32)


def train_features(
    features: Tensor, identity: Tensor, steps: int, seed: int = 0, report: Report = lambda text: None
) -> FeatureGenerator:
    """Stage one for one kind of features: a GAN in the feature domain, hinge loss, Adam.

    Args:
        features: (N, K) of real pictures. identity: (N, 128). steps: of 256 people each.

    Returns:
        The averaged generator.
    """
    torch.manual_seed(seed)
    generator, judge = FeatureGenerator(features.shape[1]), FeatureDiscriminator(features.shape[1])
    average = FeatureGenerator(features.shape[1])
    average.load_state_dict(generator.state_dict())
    mean, covariance = features.mean(0), torch.cov(features.T)
    makes = torch.optim.Adam(generator.parameters(), 2e-4, (0.0, 0.99))
    judges = torch.optim.Adam(judge.parameters(), 4e-4, (0.0, 0.99))
    for step in range(steps):
        rows = torch.randint(len(features), (_PEOPLE,))
        # Noise on both sides keeps the discriminator from learning the people by heart.
        blur = 0.3 * (1 - step / steps)
        real, known = features[rows], identity[rows] + 0.2 * torch.randn(_PEOPLE, identity.shape[1])
        made = generator(torch.randn(_PEOPLE, generator.noise), known)
        right = judge(real + blur * torch.randn_like(real), known)
        wrong = judge((made + blur * torch.randn_like(made)).detach(), known)
        loss = F.relu(1 - right).mean() + F.relu(1 + wrong).mean()
        judges.zero_grad(set_to_none=True)
        loss.backward()
        judges.step()
        made = generator(torch.randn(_PEOPLE, generator.noise), known)
        score = judge(made + blur * torch.randn_like(made), known).mean()
        # Moments of the whole population, which a small discriminator overlooks.
        centred = made - made.mean(0)
        apart = centred.T @ centred / (len(made) - 1) - covariance
        moments = (made.mean(0) - mean).square().sum() + apart.square().sum() / features.shape[1]
        makes.zero_grad(set_to_none=True)
        (moments - score).backward()
        makes.step()
        with torch.no_grad():
            for kept, new in zip(average.parameters(), generator.parameters(), strict=True):
                kept.lerp_(new, 0.005 if step > 200 else 0.1)
        if step % max(1, steps // 5) == 0:
            report(f"features: step {step}, discriminator {float(loss.detach()):.3f}")
    return average.eval().requires_grad_(False)


class PictureStage:
    """What stage two and the control share: drawing, the recogniser's loss, the picture-domain discriminator.

    Args:
        data: features of real pictures. layouts: masks to draw on. drawing: draws. perception: looks.
        embeddings: (N, 128), the recogniser's vectors as they are. photographs: (N, 3, 128, 128) uint8, real ones.
    """

    def __init__(
        self,
        data: FeatureSet,
        layouts: Sequence[Layout],
        drawing: Drawing,
        perception: Perception,
        embeddings: Tensor,
        photographs: Tensor,
    ) -> None:
        self.data, self.layouts, self.drawing = data, layouts, drawing
        self._perception, self._embeddings, self._photographs = perception, embeddings, photographs
        self._judge = PictureDiscriminator()
        self._judges = torch.optim.Adam(self._judge.parameters(), 4e-4, (0.0, 0.99))

    def losses(self, pictures: Tensor, layouts: Sequence[Layout], rows: Sequence[int]) -> dict[str, Tensor]:
        """Identity and adversarial loss of drawn pictures; the discriminator learns on the way."""
        frames = torch.stack([layout.to_picture for layout in layouts])
        seen = self._perception(pictures, frames)
        apart = (seen.embedding - self._embeddings[list(rows)]).square().sum(1)
        real = self._photographs[torch.randint(len(self._photographs), (len(pictures),))].float() / 127.5 - 1
        with torch.no_grad():
            real_maps = self._perception(real, frames).attribute
        right = self._judge(real_maps)
        wrong = self._judge([x.detach() for x in seen.attribute])
        loss = F.relu(1 - right).mean() + F.relu(1 + wrong).mean()
        self._judges.zero_grad(set_to_none=True)
        loss.backward()
        self._judges.step()
        self._judge.requires_grad_(False)
        score = self._judge(seen.attribute).mean()
        self._judge.requires_grad_(True)
        return {"identity": apart.mean(), "adversarial": -0.05 * score}

    def chosen(self, count: int) -> list[Layout]:
        """Layouts at random."""
        return [self.layouts[int(i)] for i in torch.randint(len(self.layouts), (count,))]


def train_identity(
    net: IdentityNetwork,
    stage: PictureStage,
    general: FeatureGenerator,
    steps: int,
    batch: int = 4,
    report: Report = lambda text: None,
) -> None:
    """Stage two: the correction learns through the fixed generator.

    Half of the general features are those of the mask's own person, half are drawn by stage one. The correction of a
    person's own features is pulled to zero, so that reconstruction from real features stays exact.
    """
    adam = _adam([*net.enter.parameters(), *net.middle.parameters(), *net.correct.parameters()])
    data = stage.data
    for step in range(steps):
        _anneal(adam, step, steps)
        layouts = stage.chosen(batch)
        rows = [layout.identity for layout in layouts]
        identity = data.identity[rows]
        own = data.general[[layout.general for layout in layouts]]
        drawn = general(torch.randn(batch, general.noise), identity)
        features = torch.where(torch.arange(batch)[:, None] % 2 == 0, own, drawn)
        correction = net.correction(identity, features)
        told = net.foretell(identity) + correction
        style, shape = features + told[:, : net.general], told[:, net.general :].clamp(-3, 3)
        maps = stage.drawing.maps([layout.general for layout in layouts], shape)
        pictures = stage.drawing.draw(style, layouts, maps)
        terms = stage.losses(pictures, layouts, rows)
        terms["pull"] = 0.03 * correction.square().mean()
        same = net.correction(identity, data.general[rows])
        terms["reconstruction"] = 0.03 * same.square().mean()
        _stepped(adam, terms)
        if step % max(1, steps // 12) == 0:
            report(f"stage two: step {step}, " + ", ".join(f"{k} {float(v.detach()):.3f}" for k, v in terms.items()))


def train_one_stage(
    net: OneStageNetwork,
    stage: PictureStage,
    maps: Callable[[Sequence[Layout], Tensor], Tensor],
    steps: int,
    batch: int = 4,
    report: Report = lambda text: None,
) -> None:
    """The control: as many pictures, the same losses in the picture domain, no features.

    Args:
        maps: (layouts, shapes) -> planes of heads whose expression, pose and light are drawn from the head's prior,
            since a score of pictures does not teach them.
    """
    adam = _adam(list(net.parameters()))
    for step in range(steps):
        _anneal(adam, step, steps)
        layouts = stage.chosen(batch)
        rows = [layout.identity for layout in layouts]
        style, shape = net(torch.randn(batch, net.noise), stage.data.identity[rows])
        pictures = stage.drawing.draw(style, layouts, maps(layouts, shape.clamp(-3, 3)))
        terms = stage.losses(pictures, layouts, rows)
        _stepped(adam, terms)
        if step % max(1, steps // 12) == 0:
            report(f"one stage: step {step}, " + ", ".join(f"{k} {float(v.detach()):.3f}" for k, v in terms.items()))


def _adam(parameters: list[nn.Parameter]) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, 1e-3, (0.5, 0.99))


def _anneal(adam: torch.optim.Adam, step: int, steps: int) -> None:
    for group in adam.param_groups:
        group["lr"] = 1e-3 * min(1.0, (step + 1) / 10) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _stepped(adam: torch.optim.Adam, terms: dict[str, Tensor]) -> None:
    adam.zero_grad(set_to_none=True)
    torch.stack(list(terms.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_([p for group in adam.param_groups for p in group["params"]], 1.0)
    adam.step()
