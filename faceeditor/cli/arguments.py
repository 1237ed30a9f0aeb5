"""Arguments that several commands share, and their limits."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from faceeditor.errors import FaceEditorError

LABEL_CHOICES = ("auto", "bisenet", "celebamask", "ours")
"""As `portrait.mask_labels.LABEL_CHOICES`, which would load NumPy for a text of help; a test compares them."""
BISENET_LEGEND = (
    "0 background, 1 skin, 2 left brow, 3 right brow, 4 left eye, 5 right eye, 6 glasses, 7 left ear, 8 right ear, "
    "9 earring, 10 nose, 11 inner mouth, 12 upper lip, 13 lower lip, 14 neck, 15 necklace, 16 cloth, 17 hair, 18 hat"
)
CELEBAMASK_LEGEND = (
    "0 background, 1 skin, 2 nose, 3 glasses, 4 left eye, 5 right eye, 6 left brow, 7 right brow, 8 left ear, "
    "9 right ear, 10 inner mouth, 11 upper lip, 12 lower lip, 13 hair, 14 hat, 15 earring, 16 necklace, 17 neck, "
    "18 cloth"
)

DEVICES = ("auto", "cuda", "openvino-cpu", "torch-cpu")


def seed(text: str) -> int:
    """A seed: a whole number from 0 up."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; a seed is a whole number from 0 up")
    return value


def count(text: str) -> int:
    """How many faces, 1 to 1000."""
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{value} is not within 1 to 1000")
    return value


def truncation(text: str) -> float:
    """A truncation, 0 to 2."""
    value = float(text)
    if not 0.0 <= value <= 2.0:
        raise argparse.ArgumentTypeError(f"{value:g} is not within 0 (the average person) and 2 (exaggerated)")
    return value


def add_sign(parser: argparse.ArgumentParser) -> None:
    """Declare ``--sign``."""
    parser.add_argument(
        "--sign",
        action="store_true",
        help="add content credentials (C2PA), signed by a key of this installation; not in .ora and .psd",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Declare `--device`."""
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what draws (default: the fastest there is)")


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Declare `--labels`, and say what the numbers in a mask mean."""
    parser.add_argument(
        "--labels",
        choices=LABEL_CHOICES,
        default="auto",
        help="order of the numbers in a mask (default: auto, the order that puts the regions where a face has them); "
        f"bisenet or ours: {BISENET_LEGEND}; celebamask: {CELEBAMASK_LEGEND}",
    )


def refuse_same_files(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """Refuse to write over a file that is read, by whatever name or link it is reached.

    Raises:
        FaceEditorError: an output is an input.
    """
    read = [path for path in inputs if path is not None]
    for output in outputs:
        for path in read:
            if _is_same(output, path):
                raise FaceEditorError(
                    f"“{output}” would be written over “{path}”, which is read; choose another name for the output."
                )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return one.absolute() == other.absolute()
