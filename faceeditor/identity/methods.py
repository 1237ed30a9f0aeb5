"""The methods that make further pictures of a person, by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

from faceeditor.errors import FaceEditorError
from faceeditor.identity.exfacegan import ExFaceGan
from faceeditor.identity.people import HeadChanges, calm, person_on_mask
from faceeditor.identity.pool import Pool, filled_pool
from faceeditor.identity.pool_pack import packed_pool
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.identity.variation import Method, Renderer, Step, Variation

BOARD_POOL = 800
"""People of the pool behind the window's ExFaceGAN where none comes with the program: drawn once, then kept."""


class MethodContext:
    """What methods are opened with.

    Args:
        renderer, recogniser: what draws and what scores.
        space: latent space of ExFaceGAN.
        pool: people of its pool; None: those that come with the program, or `BOARD_POOL` that are drawn.
        seed: of its pool.
        published: as of `boundary.boundary_of`.
        step: told the progress of a pool; may raise to stop.
        portrait: what pools are drawn on, by default that of the program's own pool, or `pool_portrait`.
        pools: folder where pools are kept, by default in the program's cache folder.
        centred: as of `ExFaceGan`.
    """

    def __init__(
        self,
        renderer: Renderer,
        recogniser: FaceRecogniser,
        space: str = "person",
        pool: int | None = None,
        seed: int = 0,
        published: bool = False,
        step: Step = lambda share, text: None,
        portrait: Variation | None = None,
        pools: Path | None = None,
        centred: bool = False,
    ) -> None:
        self.renderer, self.recogniser = renderer, recogniser
        self.space, self.pool, self.seed, self.published, self.step = space, pool, seed, published, step
        self.portrait, self.pools, self.centred = portrait, pools, centred


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


def people_pool(context: MethodContext) -> tuple[PortraitSpace, Pool]:
    """The latent space and the pool of ExFaceGAN: what comes with the program if it fits, drawn and kept otherwise.

    Raises:
        FaceEditorError: as of `filled_pool` and `pool_portrait`.
    """
    carried, portrait = packed_pool(), context.portrait
    if portrait is None:
        portrait = carried.portrait if carried is not None else pool_portrait(context.renderer)
    styles = carried.styles if carried is not None else None
    space = PortraitSpace(context.space, portrait, context.renderer, styles)
    known = carried.pool_of(space, context.seed) if carried is not None else None
    count = context.pool or (BOARD_POOL if known is None else len(known))
    pool = filled_pool(space, context.recogniser, count, context.seed, context.step, context.pools, known)
    return space, pool


def _exfacegan(context: MethodContext) -> Method:
    space, pool = people_pool(context)
    return ExFaceGan(pool, space, context.recogniser, context.renderer, context.published, context.centred)


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
