"""What the workers of a data set draw people with, around an engine."""

from pathlib import Path

from faceeditor.engine.drawing import EngineRenderer
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity import recogniser
from faceeditor.identity.board import MIX
from faceeditor.identity.dataset import POOLS, Plan, read_listing
from faceeditor.identity.methods import METHODS, MethodContext, open_methods
from faceeditor.identity.shards import PortraitStudio, Studio, portraits_of
from faceeditor.identity.variation import Step


def open_studio(plan: Plan, folder: Path, step: Step = lambda share, text: None) -> Studio:
    """A studio for a data set whose folder has been opened; what its listing and its pools hold is not made anew.

    Raises:
        FaceEditorError: a model is missing, or the device cannot be used.
    """
    if plan.generator:
        # Imported here: it needs torch.
        from faceeditor.identity.imported_studio import open_imported

        return open_imported(plan, folder, step)
    renderer, styles = EngineRenderer(plan.device), StylePrior.load()
    net = recogniser.load()
    bases = portraits_of(read_listing(folder)["bases"], styles)
    names = list(METHODS) if plan.method == MIX else [plan.method]
    context = MethodContext(
        renderer, net, plan.space, plan.pool, plan.seed, plan.published, step, bases[0], folder / POOLS
    )
    methods = open_methods(names, context)
    return PortraitStudio(renderer, net, methods, bases, styles, HeadPrior.load(), renderer.close)
