"""From a foreign checkpoint to a model pack with a card, in a folder of the user's own."""

import hashlib
import io
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.generators.imported.converted import Converted
from faceeditor.generators.imported.gan_control import convert_gan_control, find_checkpoint, find_folder
from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.generators.imported.installed import ARGUMENTS, KIND, PREVIEW, WEIGHTS
from faceeditor.generators.imported.network import load
from faceeditor.generators.imported.pickles import convert_pickle
from faceeditor.images import write_atomic
from faceeditor.packs import ModelPack, write_pack
from faceeditor.paths import generators_dir

Step = Callable[[float, str], None]
TITLES = {"stylegan2": "StyleGAN2", "stylegan3": "StyleGAN3", "gan-control": "GAN-Control"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
_BLOCK = 1 << 20


def import_generator(
    source: Path,
    name: str,
    folder: Path | None = None,
    replace: bool = False,
    half: bool = False,
    step: Step = lambda share, text: None,
) -> ModelPack:
    """Convert a checkpoint to a model pack. Nothing that is in the checkpoint is executed.

    Args:
        source: a pickle of stylegan2-ada-pytorch or stylegan3, or a folder of GAN-Control.
        name: of the pack.
        folder: where packs are kept, by default the user's own.
        replace: whether a pack of that name may be replaced.
        half: store weights as float16, in half the space; pictures change by about a thousandth then.
        step: told the share done (0..1) and what is done; may raise to stop.

    Returns:
        The pack. Nothing of it is left behind after an error.

    Raises:
        ModelError: the checkpoint is damaged, asks for code, or is of an unknown kind.
        FaceEditorError: an unusable or taken name, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise FaceEditorError(f"“{name[:80]}” is no usable name; choose letters, digits, “-” and “_”, at most 64.")
    place = (folder if folder is not None else generators_dir()) / name
    if place.exists() and not replace:
        raise FaceEditorError(f"There is a generator “{name}” already; choose another name, or replace it.")
    step(0.0, "Reading the checkpoint")
    source = source.parent if source.name == ARGUMENTS else source
    converted = _convert(source, lambda share: step(0.6 * share, "Reading the checkpoint"))
    step(0.6, "Checking the weights")
    network = load(converted.config, converted.weights)
    generator = ImportedGenerator(name, converted.kind, converted.config, network)
    step(0.7, "Drawing a first face")
    ws = generator.ws(generator.w(generator.z(0)), psi=0.7)
    first = generator.draw(ws, progress=lambda share: step(0.7 + 0.2 * share, "Drawing a first face"))
    step(0.9, "Writing the model")
    files = {WEIGHTS: {name: _array(weight) for name, weight in network.state_dict().items()}}
    partial = place.parent / f".{name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        config = {**converted.config, "source": source.name}
        write_pack(partial, name, KIND, date.today().strftime("%Y.%m"), files, config, half)
        _write_preview(partial / name, first)
        write_atomic(partial / name / "card.md", _card(name, source, converted, generator).encode("utf-8"))
        step(1.0, "Writing the model")
        if place.exists():
            shutil.rmtree(place)
        (partial / name).rename(place)
    except OSError as error:
        raise ModelError(
            f"“{place}” cannot be written ({error.strerror or error}); make room or choose another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return ModelPack.open(name, place.parent)


def _convert(source: Path, progress: Callable[[float], None]) -> Converted:
    if source.is_dir():
        return convert_gan_control(source)
    return convert_pickle(source, progress)


def _array(weight: Tensor) -> Any:
    return weight.cpu().contiguous().numpy()


def _write_preview(folder: Path, picture: Any) -> None:
    image = Image.fromarray(picture)
    image.thumbnail((256, 256), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "PNG")
    write_atomic(folder / PREVIEW, data.getvalue())


def _digest(source: Path) -> str:
    """SHA-256 of the checkpoint."""
    path = find_checkpoint(find_folder(source)) if source.is_dir() else source
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _card(name: str, source: Path, converted: Converted, generator: ImportedGenerator) -> str:
    numbers = sum(int(np.prod(weight.shape)) for weight in generator.network.parameters())
    labels = f"\n- Labels: {generator.classes}" if generator.classes else ""
    groups = f"\n- Groups of the latent: {', '.join(generator.groups)}" if len(generator.groups) > 1 else ""
    controls = [f"{control} ({count})" for control, (_, count) in generator.controls.items()]
    groups += f"\n- Controls, and how many values each takes: {', '.join(controls)}" if controls else ""
    return f"""# {name}

A generator that was imported by the user.

- Architecture: {TITLES[converted.kind]}, {generator.resolution} x {generator.resolution}, {numbers:,} parameters
- Latents: z {generator.z_dim}, w {generator.w_dim} on {generator.num_ws} layers{labels}{groups}
- From: `{source.name}`, SHA-256 `{_digest(source)}`
- Imported: {date.today().isoformat()}; nothing in the file was executed

## Licence

**Unknown.** The checkpoint does not say under which licence it may be used. Ask whoever made it before you publish its
pictures or pass it on.

## What is not known

Which data it was trained on, whether its pictures resemble real people, and how good it is. Nothing was measured.
"""
