"""`python -m faceeditor.training.head_build.more_photographs ...`: coefficients of photographs that came later.

The head and its skin stay as they were learnt; only the fits of the new photographs are turned into their spaces.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from faceeditor.errors import FaceEditorError
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.training.commands import run_command
from faceeditor.training.head_build import skin
from faceeditor.training.head_build.bases import shape_mixing
from faceeditor.training.head_build.report import coefficients
from faceeditor.training.head_build.sources import load_scans, load_skin_start


def add_photographs(sources: Path, fits: Path, work: Path, out: Path) -> int:
    """Write the coefficients of the photographs of a head's build and of more photographs as one file.

    Args:
        sources: as of `head_build`. fits: `fits.npz` of the new photographs. work: folder of the build, which holds
            `photos.npz` and `cache/skin.npz`. out: the new `photos.npz`.

    Returns:
        The number of photographs.

    Raises:
        FaceEditorError: a file is missing.
    """
    try:
        with np.load(work / "photos.npz") as file:
            old = {name: file[name] for name in file.files}
        with np.load(work / "cache" / "skin.npz") as file:
            learnt = skin.Skin(file["mean"], file["modes"], file["coefficients"], file["seen"])
        with np.load(fits) as file:
            new = {name: file[name] for name in file.files}
    except (OSError, KeyError, ValueError) as error:
        raise FaceEditorError(f"Fits or the head's build cannot be read ({error}): build the head first.") from error
    names = [str(name) for name in new["exp_names"]]
    new["expression"] = new["beta"][:, [names.index(name) for name in EXPRESSIONS]]
    start = load_skin_start(sources)
    textures, known = skin.fitted_textures(start, new["albedo"])
    albedo = skin.coefficients_of(learnt, textures, known)
    mixing, _ = shape_mixing(load_scans(sources))
    added = coefficients(tuple(str(name) for name in new["id"]), new, new["alpha"] @ mixing, albedo)
    np.savez(out, **{name: np.concatenate([old[name], added[name]]) for name in added})  # type: ignore[arg-type]
    return len(old["id"]) + len(added["id"])


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="more_photographs", description=__doc__)
    parser.add_argument("--sources", type=Path, required=True, help="folder of ict_basis.npz and fits")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of the new photographs")
    parser.add_argument("--work", type=Path, default=Path("runs/head"), help="folder of the head's build")
    parser.add_argument("--out", type=Path, required=True, help="photos.npz with all photographs")

    def act(given: argparse.Namespace) -> str:
        return f"{add_photographs(given.sources, given.fits, given.work, given.out)} photographs"

    return run_command(parser, act, arguments)


if __name__ == "__main__":
    sys.exit(main())
