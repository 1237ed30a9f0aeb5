"""The methods that make further pictures of a person, by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

from faceeditor.errors import FaceEditorError
from faceeditor.identity.exfacegan import ExFaceGan
from faceeditor.identity.people import HeadChanges, calm, person_on_mask
from faceeditor.identity.pool import filled_pool
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.identity.variation import Method, Renderer, Step, Variation

BOARD_POOL = 800
"""People of the pool behind the window's ExFaceGAN: about a minute once, then kept."""


class MethodContext:
    """What methods are opened with.

    Args:
        renderer, recogniser: what draws and what scores.
        space: latent space of ExFaceGAN.
        pool: people of its pool.
        seed: of its pool.
        published: as of `boundary.boundary_of`.
        step: told the progress of a pool; may raise to stop.
        portrait: what pools are drawn on, by default `pool_portrait`.
        pools: folder where pools are kept, by default in the program's cache folder.
    """

    def __init__(
        self,
        renderer: Renderer,
        recogniser: FaceRecogniser,
        space: str = "person",
        pool: int = BOARD_POOL,
        seed: int = 0,
        published: bool = False,
        step: Step = lambda share, text: None,
        portrait: Variation | None = None,
        pools: Path | None = None,
    ) -> None:
        self.renderer, self.recogniser = renderer, recogniser
        self.space, self.pool, self.seed, self.published, self.step = space, pool, seed, published, step
        self.portrait, self.pools = portrait, pools


def pool_portrait(renderer: Renderer) -> Variation:
    """The portrait that pools are drawn on: the first sample mask with a calm face in its own light.

    Raises:
        FaceEditorError: the sample masks are missing.
    """
    from faceeditor.generators.style_prior import StylePrior
    from faceeditor.portrait.masks import sample_masks

    samples = sample_masks()
    if not samples:
        raise FaceEditorError("The sample masks are missing; reinstall Face Editor.")
    return calm(person_on_mask(samples[0].read(), StylePrior.load().mean, renderer))


def _exfacegan(context: MethodContext) -> Method:
    portrait = context.portrait if context.portrait is not None else pool_portrait(context.renderer)
    space = PortraitSpace(context.space, portrait, context.renderer)
    pool = filled_pool(space, context.recogniser, context.pool, context.seed, context.step, context.pools)
    return ExFaceGan(pool, space, context.recogniser, context.renderer, context.published)


def _head(context: MethodContext) -> Method:
    return HeadChanges()


def _facefeat(context: MethodContext) -> Method:
    # Imported here: it needs torch.
    from faceeditor.identity.facefeat import FaceFeat, FaceFeatMethod

    return FaceFeatMethod(FaceFeat.load(), context.recogniser, context.renderer)


METHODS: dict[str, tuple[str, Callable[[MethodContext], Method]]] = {
    "head": ("Head changes", _head),
    "exfacegan": ("ExFaceGAN", _exfacegan),
    "facefeat": ("FaceFeat-GAN", _facefeat),
}
"""Title and opener of each method; further ones are added here."""

OPENING_ORDER = ("head", "facefeat", "exfacegan")
"""Methods by the time that opening them takes: at once, a second or two, and a minute for a pool that is not there."""


def open_methods(names: Sequence[str], context: MethodContext) -> dict[str, Method]:
    """Methods by name.

    Raises:
        FaceEditorError: an unknown name, or what a method needs is missing.
    """
    for name in names:
        if name not in METHODS:
            raise FaceEditorError(f"There is no method “{name}”; choose from {', '.join(METHODS)}.")
    return {name: METHODS[name][1](context) for name in names}
