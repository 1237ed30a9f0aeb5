"""A drawn face at another size: the learnt enlarger above what was drawn, Lanczos where there is none."""

from faceeditor.export.lattice import without_lattice
from faceeditor.export.picture import MAX_SIDE, RGBArray, scaled
from faceeditor.generators import enlarger

DOUBLINGS = 2
"""How often the learnt enlarger doubles a face at most; Lanczos does the rest."""


def scaled_face(pixels: RGBArray, size: int) -> RGBArray:
    """A drawn face at another side.

    A larger face is freed from its weave, doubled until it is large enough, and reduced from there.

    Args:
        pixels: (S, S, 3) uint8 as drawn.
        size: side in pixels.

    Raises:
        ImageError: as of `scaled`.
        ModelError, EngineError: the enlarger's model is damaged, or cannot be run.
    """
    if not len(pixels) < size <= MAX_SIDE:
        return scaled(pixels, size)
    pixels = without_lattice(pixels)
    learnt = enlarger.load()
    if learnt is not None:
        for _ in range(DOUBLINGS):
            if len(pixels) < size:
                pixels = learnt.twice(pixels)
    return scaled(pixels, size)
