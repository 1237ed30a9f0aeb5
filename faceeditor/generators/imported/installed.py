"""Which generators there are. Needs no torch, so that the window can ask at any time."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from faceeditor.errors import ModelError
from faceeditor.packs import PACK_FILE, ModelPack
from faceeditor.paths import generators_dir, models_dir

KIND = "imported-generator"
"""Kind of the packs."""
WEIGHTS = "weights.safetensors"
PREVIEW = "preview.png"
ARGUMENTS = "args.json"
"""What a folder of GAN-Control is known by."""
_SUFFIXES = (".pkl", ".pickle")
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Installed:
    """A generator that can be loaded.

    Attributes:
        name: of its pack.
        folder: where the pack lies.
        carried: whether it came with the program.
        classes: number of its labels, 0 without labels.
        groups: of its latent ("id", "expression" ...), for GAN-Control.
    """

    name: str
    folder: Path
    carried: bool
    classes: int = 0
    groups: tuple[str, ...] = ()

    @property
    def preview(self) -> Path:
        """Its first picture; the file may be missing."""
        return self.folder / PREVIEW


def installed(folder: Path | None = None) -> list[Installed]:
    """The generators that can be loaded: the carried ones, then the user's, each by name.

    Args:
        folder: of the user's packs, when it is not the usual one.
    """
    found = []
    for place, carried in ((models_dir(), True), (folder if folder is not None else generators_dir(), False)):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            pack = _pack(path)
            if pack is not None:
                found.append(Installed(path.name, path, carried, *_latents(pack)))
    return found


def _latents(pack: ModelPack) -> tuple[int, tuple[str, ...]]:
    """Number of labels and names of groups; a damaged pack has none until it is loaded and refused."""
    mapping = pack.config.get("mapping")
    if not isinstance(mapping, dict):
        return 0, ()
    classes, groups = mapping.get("c_dim", 0), mapping.get("groups", {})
    return (
        classes if isinstance(classes, int) else 0,
        tuple(str(name) for name in groups) if isinstance(groups, dict) and len(groups) > 1 else (),
    )


def remove_generator(name: str, folder: Path | None = None) -> None:
    """Delete a generator that the user imported.

    Raises:
        ModelError: there is none of that name among the user's, or it cannot be deleted.
    """
    place = next((entry.folder for entry in installed(folder) if entry.name == name and not entry.carried), None)
    if place is None:
        raise ModelError(f"There is no imported generator “{name}” that could be removed.")
    try:
        shutil.rmtree(place)
    except OSError as error:
        raise ModelError(f"“{place}” cannot be deleted ({error.strerror or error}); delete it by hand.") from error


def is_checkpoint(path: Path) -> bool:
    """Whether a dropped file or folder may be a generator: by its name alone, nothing is read."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    return any((place / ARGUMENTS).is_file() for place in (path, path / "generator"))


def suggested_name(source: Path) -> str:
    """A name for a checkpoint, from its file name."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.name if source.is_dir() else source.stem)
    return name[:_LONGEST_NAME].strip("-._") or "generator"


def _pack(folder: Path) -> ModelPack | None:
    """The pack in a folder, if it is an imported generator."""
    if folder.name.startswith(".") or not (folder / PACK_FILE).is_file():
        return None
    try:
        pack = ModelPack.open(folder.name, folder.parent)
    except ModelError:
        return None
    return pack if pack.kind == KIND else None
