"""How a face of an imported generator is made: seed, truncation, style mixing, a walk to another seed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # the window makes recipes without loading torch
    from faceeditor.generators.imported.generator import ImportedGenerator

Floats = npt.NDArray[np.float32]

COARSE, MIDDLE, FINE = "coarse", "middle", "fine"
BANDS = (COARSE, MIDDLE, FINE)
"""Groups of layers for style mixing: pose and shape, features and hair, colours and light."""
_COARSE_SIDE, _MIDDLE_SIDE = 8, 32


@dataclass(frozen=True)
class Recipe:
    """A face of a generator.

    Attributes:
        seed: of the latent z.
        psi: truncation, 0 is the average face.
        label: class, for generators with labels.
        other: seed of a second face, or None.
        bands: groups of layers that are taken from the second face.
        groups: groups of a latent (GAN-Control) whose part of z is taken from the second face.
        share: how far w goes from the first face to the second one, 0..1, in all other layers.
        controls: attributes that controllers set (GAN-Control), each with its values.
    """

    seed: int = 0
    psi: float = 0.7
    label: int = 0
    other: int | None = None
    bands: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    share: float = 0.0
    controls: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def ws(self, generator: "ImportedGenerator") -> Floats:
        """The vectors w of all layers, (num_ws, w_dim); FaceEditorError for an impossible seed, label or control."""
        ws = self._mixed(generator)
        for control, values in self.controls:
            ws = generator.controlled(ws, control, values)
        return ws

    def _mixed(self, generator: "ImportedGenerator") -> Floats:
        z = generator.z(self.seed)
        if self.other is None:
            return generator.ws(generator.w(z, self.label), self.psi)
        other = generator.z(self.other)
        for group in self.groups & generator.groups.keys():
            first, last = generator.groups[group]
            z[first:last] = other[first:last]
        w, second = generator.w(z, self.label), generator.w(other, self.label)
        ws = generator.ws(w + np.float32(self.share) * (second - w), self.psi)
        return generator.mixed(ws, generator.ws(second, self.psi), layers_of(generator, self.bands))


def layers_of(generator: "ImportedGenerator", bands: frozenset[str]) -> list[int]:
    """Numbers of the layers of some groups.

    With StyleGAN2, coarse layers work at 4 and 8 pixels, middle ones at 16 and 32 (Karras et al., 2019, section 3.1);
    StyleGAN3's first quarter is coarse and its second quarter in the middle.
    """
    count = generator.num_ws
    if generator.kind == "stylegan3":
        coarse, middle = round(count / 4), round(count / 2)
    else:
        # One layer at 4 x 4, two at each further resolution.
        coarse = 2 * int(np.log2(_COARSE_SIDE)) - 3
        middle = 2 * int(np.log2(_MIDDLE_SIDE)) - 3
    coarse = min(coarse, max(1, count - 2))
    middle = min(middle, max(coarse + 1, count - 1))
    ranges = {COARSE: range(coarse), MIDDLE: range(coarse, middle), FINE: range(middle, count)}
    return [layer for band in BANDS if band in bands for layer in ranges[band]]
