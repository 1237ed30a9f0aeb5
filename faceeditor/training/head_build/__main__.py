"""`python -m faceeditor.training.head_build --sources head3d --faces faces --out resources/head`: learn the head."""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from faceeditor.head.model import HeadModel
from faceeditor.training.commands import run_command
from faceeditor.training.head_build import landmarks as marks
from faceeditor.training.head_build import packing, report, skin, unwrap, votes
from faceeditor.training.head_build.bases import build_bases
from faceeditor.training.head_build.directions import build_directions
from faceeditor.training.head_build.hair import build_hair, crown_of
from faceeditor.training.head_build.register import register
from faceeditor.training.head_build.sources import (
    Array,
    Photographs,
    Scans,
    load_correspondence,
    load_drawn,
    load_photographs,
    load_scans,
    load_skin_start,
)
from faceeditor.training.head_build.topology import build_topology


def main(arguments: list[str] | None = None) -> int:
    """Learn the head from its sources and write the pack; about two minutes on two processor cores.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="head_build", description=__doc__)
    parser.add_argument(
        "--sources", type=Path, required=True, help="folder of ict_basis.npz, makehuman_basis.npz, fits"
    )
    parser.add_argument("--faces", type=Path, required=True, help="folder of the photographs with their label maps")
    parser.add_argument("--out", type=Path, default=Path("resources/head"), help="folder of the pack")
    parser.add_argument("--work", type=Path, default=Path("runs/head"), help="folder for what may be used again")

    def act(given: argparse.Namespace) -> str:
        build(given.sources, given.faces, given.out, given.work)
        return ""

    return run_command(parser, act, arguments)


def build(sources: Path, faces: Path, out: Path, work: Path) -> None:
    """Learn everything, write the pack, its figures and the photographs' coefficients.

    Args:
        sources, faces: the source folders. out: the pack's folder. work: keeps votes, unwrapped photographs and skin
            between runs (`work/cache`; delete it to learn them again) and gets `photos.npz` and `figures.json`.
    """
    cache = work / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    scans, photos, start = load_scans(sources), load_photographs(sources, faces), load_skin_start(sources)
    drawn = load_drawn(sources)
    region = votes.triangle_regions(scans, _votes(scans, photos, cache))
    topology = build_topology(scans, region)
    bases = build_bases(scans, topology, start)
    both = marks.build_landmarks(scans, topology, bases, load_correspondence(sources))
    learnt, albedo = _skin(scans, photos, start, region, cache)
    arrays = packing.arrays_of(topology, bases, both, (learnt.mean, learnt.modes))
    arrays["crown"] = crown_of(topology).astype(np.uint16)
    extra: dict[str, object] = {}
    registered = register(scans, drawn)
    hair = build_hair(drawn, registered, topology, bases)
    for name, volume in hair.items():
        arrays |= {f"hair_{name}_{field}": values for field, values in volume.items()}
    extra["hair"] = sorted(hair)
    shape = photos.fits["alpha"] @ bases.mixing
    directions = build_directions(drawn, registered, topology, bases, both[0], photos, shape, albedo)
    named, listed = packing.direction_arrays(directions)
    packing.write_head(out, arrays | named, topology, bases, start["gaze_offset_deg"], extra | {"directions": listed})
    report.write_coefficients(work / "photos.npz", photos, shape, albedo)
    report.write_figures(work / "figures.json", HeadModel.load(out.parent), photos, bases, shape)


def _votes(scans: Scans, photos: Photographs, cache: Path) -> Array:
    path = cache / "votes.npy"
    if path.is_file():
        return np.load(path)
    plain = [row for row in range(len(photos)) if photos.fits["ok"][row] and "glasses" not in photos.flags[row]]
    counted = votes.count_votes(scans, photos, [row for row in plain if "hat" not in photos.flags[row]][::5])
    np.save(path, counted)
    return counted


def _skin(
    scans: Scans, photos: Photographs, start: dict[str, Array], region: Array, cache: Path
) -> tuple[skin.Skin, Array]:
    """The skin and the coefficients (N, 32) of all photographs."""
    path = cache / "skin.npz"
    if path.is_file():
        with np.load(path) as data:
            return skin.Skin(data["mean"], data["modes"], data["coefficients"], data["seen"]), data["all"]
    around = cv2.dilate((start["mask"] == 2).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    chart = unwrap.build_chart(scans, region, around)
    rows = np.flatnonzero(photos.fits["ok"] & photos.fits["ok_light"])
    colours, weights = unwrap.unwrap(scans, photos, chart, rows)
    learnt = skin.learn_skin(scans, chart, colours, weights, start, photos.fits["albedo"][rows])
    # Pictures that were not learnt from are described by the skin that their fits found.
    old, known = skin.fitted_textures(start, photos.fits["albedo"])
    albedo = skin.coefficients_of(learnt, old, known)
    albedo[rows] = learnt.coefficients
    np.savez(path, mean=learnt.mean, modes=learnt.modes, coefficients=learnt.coefficients, seen=learnt.seen, all=albedo)
    return learnt, albedo


if __name__ == "__main__":
    sys.exit(main())
