"""`python -m faceeditor.training.refit_styles --data FACES --pack models/mask-guided`: random styles for new weights.

Encodes the training photographs with the pack's encoder and fits exemplars and the Gaussian of random styles anew, as a
run does at its end; nothing is trained.
"""

import argparse
import sys
from pathlib import Path

from faceeditor.packs import ModelPack, with_files
from faceeditor.portrait.exemplars import FILE as EXEMPLARS
from faceeditor.training.appearance import Light
from faceeditor.training.code_bank import CodeBank
from faceeditor.training.commands import run_command
from faceeditor.training.data import load_faces
from faceeditor.training.labels import read_fitted_heads
from faceeditor.training.pack import load_encoder
from faceeditor.training.run import pick_device
from faceeditor.training.style_gaussian import FILE as STYLES

SIDE = 128
"""Side at which the encoder sees photographs."""


def refit_styles(data: Path, folder: Path, fitted: Path | None = None) -> ModelPack:
    """Write the exemplars and random styles of the mask-guided pack `folder` anew; its other files stay as they are.

    Args:
        data: folder of the face data set.
        folder: the model pack.
        fitted: `photos.npz` of the head's build, which tells their light; None: draws are lit
            as differently as photographs are.

    Raises:
        FaceEditorError: the data set, the coefficients or the pack are missing or damaged.
    """
    pack, faces, device = ModelPack.open(folder.name, folder.parent), load_faces(data, "train"), pick_device()
    light = None
    if fitted is not None:
        labels, good = read_fitted_heads(fitted, faces.names)
        light = Light(labels["gamma"], good)
    bank = CodeBank.of(load_encoder(pack, device), faces, SIDE, device, light)
    styles = {name: part.cpu().numpy() for name, part in bank.gaussian.tensors().items()}
    return with_files(pack, {STYLES: styles, EXEMPLARS: bank.exemplars.arrays()})


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="refit_styles", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the face data set")
    parser.add_argument("--pack", type=Path, required=True, help="the model pack, as models/mask-guided")
    parser.add_argument(
        "--coefficients",
        type=Path,
        help="photos.npz of the head's build: without it draws are lit as differently as photographs",
    )

    def act(given: argparse.Namespace) -> str:
        pack = refit_styles(given.data, given.pack, given.coefficients)
        return f"Wrote the random styles of {pack.folder}."

    return run_command(parser, act, arguments)


if __name__ == "__main__":
    sys.exit(main())
