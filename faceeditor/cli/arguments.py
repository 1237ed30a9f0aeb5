"""Arguments that several commands share, and their limits."""

import argparse

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


def add_device(parser: argparse.ArgumentParser) -> None:
    """Declare `--device`."""
    parser.add_argument("--device", choices=DEVICES, default="auto", help="what draws (default: the fastest there is)")
