"""FaceFeat-GAN's networks: features from noise and identity, judged among features; then identity into a face.

Shen et al., "FaceFeat-GAN: a Two-Stage Approach for Identity-Preserving Face Synthesis" (2018). Stage one has a
generator and a discriminator for each kind of features, which never see a picture. Stage two turns the identity
feature and the drawn features into a picture. Here the features are those that the program's generator is driven by:
latents of the head (expression, pose, light) and, for what is general, the part of the style latent that the identity
feature does not foretell.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from faceeditor.nets.perception import PICTURE_SIDE

IDENTITY_DIM = 128
"""Length of the recogniser's vector."""
NOISE_DIM = 128
"""Least length of the noise."""
_HIDDEN = 256
_MAPS = (40, 112)
"""Channels of EfficientNet-Lite0's maps at strides 8 and 16, which the picture-domain discriminator sees."""


def noise_dim(features: int) -> int:
    """Length of the noise for K features: a shorter one would leave them on a plane, which is told apart at once."""
    return max(NOISE_DIM, features)


class FeatureGenerator(nn.Module):
    """Noise + identity feature -> features of one kind, in units of their spread.

    Args:
        features: length K of the features.
        noise: length of the noise; None: `noise_dim` of the features.
    """

    def __init__(self, features: int, noise: int | None = None) -> None:
        super().__init__()
        self.noise = noise or noise_dim(features)
        self.enter = nn.Linear(self.noise + IDENTITY_DIM, _HIDDEN)
        self.middle = nn.Linear(_HIDDEN, _HIDDEN)
        self.leave = nn.Linear(_HIDDEN, features)
        # It starts as plain noise of unit spread, which the other layers shape.
        self.mix = nn.Linear(self.noise, features, bias=False)
        nn.init.orthogonal_(self.mix.weight)
        nn.init.normal_(self.leave.weight, std=0.01)

    def forward(self, noise: Tensor, identity: Tensor) -> Tensor:
        """(B, N) of N(0, 1), (B, 128) scaled identity features -> (B, K)."""
        x = F.leaky_relu(self.enter(torch.cat([noise, identity], 1)), 0.2)
        x = F.leaky_relu(self.middle(x), 0.2)
        return self.leave(x) + self.mix(noise)


class FeatureDiscriminator(nn.Module):
    """Features + identity feature -> score: drawn or extracted from a real picture. It never sees a picture.

    Args:
        features: length K of the features.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            spectral_norm(nn.Linear(features + 1, 128)),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            spectral_norm(nn.Linear(128, 128)),
            nn.LeakyReLU(0.2),
        )
        self.score = spectral_norm(nn.Linear(128, 1))
        self.project = spectral_norm(nn.Linear(IDENTITY_DIM, 128, bias=False))

    def forward(self, features: Tensor, identity: Tensor) -> Tensor:
        """(B, K), (B, 128) -> (B,); a last input tells how the batch spreads (minibatch standard deviation)."""
        spread = features.std(0).mean().expand(len(features), 1)
        x = self.body(torch.cat([features, spread], 1))
        # Conditioned by projection (Miyato and Koyama, "cGANs with Projection Discriminator").
        return self.score(x).squeeze(1) + 0.1 * (x * self.project(identity)).sum(1)


class IdentityNetwork(nn.Module):
    """Identity feature + general features -> the generator's inputs: style latent and shape of the head.

    A linear part foretells from the identity feature what a person's code and head have in common with it; what it
    leaves open are the general features. A correction, trained through the generator, makes the recogniser see the
    person whatever the general features are.

    Args:
        general: length K of the style latent.
        shape: length of the head's shape.
    """

    def __init__(self, general: int, shape: int = 24) -> None:
        super().__init__()
        self.general = general
        self.foretell = nn.Linear(IDENTITY_DIM, general + shape)
        self.enter = nn.Linear(IDENTITY_DIM + general, _HIDDEN)
        self.middle = nn.Linear(_HIDDEN, _HIDDEN)
        self.correct = nn.Linear(_HIDDEN, general + shape)
        nn.init.zeros_(self.correct.weight)
        nn.init.zeros_(self.correct.bias)

    def correction(self, identity: Tensor, general: Tensor) -> Tensor:
        """(B, K + shape): what is added for the recogniser's sake."""
        x = F.leaky_relu(self.enter(torch.cat([identity, general], 1)), 0.2)
        return self.correct(F.leaky_relu(self.middle(x), 0.2))

    def forward(self, identity: Tensor, general: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 128), (B, K) -> style latent (B, K), shape (B, 24)."""
        told = self.foretell(identity) + self.correction(identity, general)
        return general + told[:, : self.general], told[:, self.general :]


class OneStageNetwork(nn.Module):
    """The control: noise + identity feature -> style latent and shape at once, without features between.

    Args:
        general, shape: lengths of style latent and shape.
    """

    def __init__(self, general: int, shape: int = 24) -> None:
        super().__init__()
        self.sizes, self.noise = (general, shape), noise_dim(general)
        self.enter = nn.Linear(self.noise + IDENTITY_DIM, _HIDDEN)
        self.middle = nn.Linear(_HIDDEN, _HIDDEN)
        self.more = nn.Linear(_HIDDEN, _HIDDEN)
        self.leave = nn.Linear(_HIDDEN, sum(self.sizes))

    def forward(self, noise: Tensor, identity: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) of N(0, 1), (B, 128) -> style latent (B, K), shape (B, 24)."""
        x = F.leaky_relu(self.enter(torch.cat([noise, identity], 1)), 0.2)
        x = F.leaky_relu(self.middle(x), 0.2)
        x = F.leaky_relu(self.more(x), 0.2)
        style, shape = self.leave(x).split(self.sizes, 1)
        return style, shape


class PictureDiscriminator(nn.Module):
    """Real or drawn, by EfficientNet-Lite0's maps at strides 8 and 16 (Sauer et al., "Projected GANs")."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(channels, 64, 3, 2, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(64, 1, 3, 1, 1)),
            )
            for channels in _MAPS
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps of `Perception`, (B, C, ...) of pictures of 128 -> scores (B, N)."""
        assert maps[1].shape[-1] == PICTURE_SIDE // 8
        pairs = zip(self.heads, maps[1:3], strict=True)
        return torch.cat([head(x).flatten(1) for head, x in pairs], 1)
