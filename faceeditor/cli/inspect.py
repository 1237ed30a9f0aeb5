"""`faceeditor inspect`: what a portrait, mask, picture or model pack holds."""

import argparse
import json
from pathlib import Path
from typing import Any

from faceeditor.cli import arguments
from faceeditor.errors import FaceEditorError


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("what", type=Path, help="portrait (.fep), mask, picture, or a model pack: its folder or name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_labels(parser)
    parser.set_defaults(run=run_inspect)


def run_inspect(args: argparse.Namespace) -> int:
    """Print what a file or model pack holds."""
    from faceeditor.paths import models_dir

    what: Path = args.what
    if what.is_dir():
        facts = _pack_facts(what.resolve())
    elif not what.exists() and (models_dir() / what).is_dir():
        facts = _pack_facts(models_dir() / what)
    elif what.suffix.lower() == ".fep":
        from faceeditor.portrait import store

        portrait = store.load(what)
        facts = {
            "portrait": str(what),
            "style": portrait.style.label or "(without a name)",
            "truncation": portrait.truncation,
            "recent styles": ", ".join(style.label for style in portrait.recent_styles) or "none",
            **_mask_facts(portrait.mask),
        }
    else:
        from faceeditor.portrait.masks import load_mask

        try:
            reading = load_mask(what, args.labels)
        except FaceEditorError:
            # No mask: a photograph, or no picture at all, which its reading tells.
            facts = _picture_facts(what)
        else:
            facts = {"mask": str(what), "labels": reading.order}
            if reading.note:
                facts["note"] = reading.note
            facts.update(_mask_facts(reading.mask))
    if args.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
            print(f"{name:{width}}  {'; '.join(value) if texts else value}")
    return 0


def _picture_facts(what: Path) -> dict[str, Any]:
    """Facts of a photograph or an exported picture: samples, metadata, how it was made."""
    from faceeditor.export.formats import format_named
    from faceeditor.export.layer_files import read_outline
    from faceeditor.export.metadata import has_position
    from faceeditor.images import read_bytes
    from faceeditor.images.provenance import source_type_of
    from faceeditor.images.source import source_of

    data = read_bytes(what)
    document = read_outline(data, what.name)
    if document is not None:
        return {
            "document": str(what),
            "format": format_named(document.kind).name,
            "size": f"{document.width} x {document.height}",
            "bits per sample": document.bits,
            "layers": list(document.layers),
            "made by": source_type_of(document.xmp) or "not said",
        }
    source = source_of(data, what.name)
    kept = {"EXIF": source.exif, "XMP": source.xmp, "IPTC": source.iptc, "colour profile": source.icc}
    return {
        "picture": str(what),
        "format": source.kind,
        "size": f"{source.width} x {source.height}",
        "bits per sample": source.bits,
        "metadata": ", ".join(name for name, block in kept.items() if block) or "none",
        "place where it was taken": "in the metadata" if has_position(source.exif, source.xmp) else "not said",
        "made by": source_type_of(source.xmp) or "not said",
        **_credential_facts(source.data, source.kind),
    }


def _credential_facts(data: bytes, kind: str) -> dict[str, Any]:
    """Facts of a picture's content credentials: whether they are intact, who signed, what was done, to what."""
    from faceeditor.export.credentials import read_credentials

    try:
        found = read_credentials(data, kind)
    except FaceEditorError as error:
        return {"content credentials": f"there, but not checked. {error}"}
    if found is None:
        return {"content credentials": "none"}
    who = "this installation" if found.own else "a known signer" if found.trusted else "nobody vouches for the signer"
    broken = f"signed, but not intact ({', '.join(found.problems) or 'changed since'})"
    facts: dict[str, Any] = {
        "content credentials": "signed and intact" if found.intact else broken,
        "signed by": f"{found.signer} ({who})",
        "done": [f"{each.name}: {each.description}" if each.description else each.name for each in found.actions],
    }
    if found.ingredients:
        facts["made from"] = [
            f"{name} ({'with' if has else 'without'} credentials of its own)" for name, has in found.ingredients
        ]
    return facts


def _mask_facts(mask: Any) -> dict[str, Any]:
    import numpy as np

    from faceeditor.regions import REGION_COUNT, REGION_NAMES

    shares = np.bincount(mask.ravel(), minlength=REGION_COUNT) / mask.size
    return {
        "size": f"{mask.shape[1]} x {mask.shape[0]}",
        **{REGION_NAMES[region]: f"{shares[region]:.1%}" for region in range(REGION_COUNT) if shares[region] > 0},
    }


def _pack_facts(folder: Path) -> dict[str, Any]:
    """Facts of a model pack; every file is checked against its size and hash."""
    from faceeditor.packs import ModelPack

    pack = ModelPack.open(folder.name, folder.parent)
    facts: dict[str, Any] = {"model": pack.name, "kind": pack.kind, "version": pack.version, "folder": str(pack.folder)}
    for name in pack.files:
        arrays = pack.load(name)
        facts[name] = f"{pack.files[name].bytes:,} bytes, {sum(a.size for a in arrays.values()):,} numbers, as listed"
    facts.update({name: value for name, value in pack.config.items() if isinstance(value, str | int | float | list)})
    return facts
