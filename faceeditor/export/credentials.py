"""Content credentials: signed statements in a picture of how it was made (C2PA), by c2pa-python.

Nothing is fetched and nothing is sent: no time stamps, no revocation lists, no remote manifests.
"""

import importlib.util
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faceeditor import __version__
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.export.formats import FORMATS, format_named
from faceeditor.export.signing_key import kept_key, signing_key

_LABEL = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9bq"
"""Type of the box that holds all manifests of a file (C2PA 11.1.4.2), as it stands in every format."""
_MIME = {each.kind: f"image/{each.kind}" for each in FORMATS if not each.layered}
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_timestamp_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_UNTRUSTED = "signingCredential.untrusted"

MISSING = "Content credentials need the package c2pa-python; install it with: pip install 'faceeditor[c2pa]'"
"""The sentence for an installation without it."""


@dataclass(frozen=True)
class Action:
    """Something that was done to a picture.

    Attributes:
        name: as the C2PA specification calls it, without its prefix: "created", "opened", "edited", "cropped", ...
        description: in words; may be empty.
        source_type: the IPTC digital source type of what it added; None where it added nothing.
    """

    name: str
    description: str = ""
    source_type: str | None = None


@dataclass(frozen=True)
class Parent:
    """The picture that an edit began with.

    Attributes:
        data: its file; manifests in it are kept.
        kind: its format, as `images.SourceImage.kind`.
        name: its name.
    """

    data: bytes
    kind: str
    name: str


@dataclass(frozen=True)
class Credentials:
    """What the content credentials of a file say.

    Attributes:
        intact: the signature is valid, and the file is as it was signed.
        signer: name of the signer.
        own: signed by this installation.
        trusted: a certificate authority that the checker knows vouches for the signer.
        actions: what was done, in order.
        ingredients: names of the pictures that it was made of, each with whether it has credentials of its own.
        problems: what is wrong, in the words of the C2PA specification.
    """

    intact: bool
    signer: str
    own: bool
    trusted: bool
    actions: tuple[Action, ...]
    ingredients: tuple[tuple[str, bool], ...]
    problems: tuple[str, ...]


def why_not(kind: str) -> str:
    """Why files of a kind cannot be signed: a sentence, empty if they can."""
    if kind not in _MIME:
        return f"{format_named(kind).name} files cannot hold content credentials."
    return "" if _installed() else MISSING


def has_credentials(data: bytes) -> bool:
    """Whether a file holds content credentials; they are not looked at."""
    return _LABEL in data


def sign(data: bytes, kind: str, title: str, actions: Sequence[Action], parent: Parent | None = None) -> bytes:
    """A picture's file with signed content credentials.

    Args:
        data: the file.
        kind: its format.
        title: its name.
        actions: what was done. Without a parent the first one is "created"; that a parent was opened is added.
        parent: the picture that it was made of.

    Raises:
        ImageError: this kind of file cannot be signed.
        FaceEditorError: the package is missing, the key cannot be kept, or signing fails.
    """
    reason = why_not(kind)
    if reason:
        raise ImageError(reason) if kind not in _MIME else FaceEditorError(reason)
    import c2pa

    key = signing_key()
    definition = {
        "claim_generator_info": [{"name": "Face Editor", "version": __version__}],
        "title": title,
        "format": _MIME[kind],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [_written(action) for action in actions]}}],
    }
    out = io.BytesIO()
    try:
        with c2pa.Builder(definition, context=_context()) as builder:
            if parent is not None:
                _add_parent(builder, parent)
            chain, private = key.chain.encode("ascii"), key.private.encode("ascii")
            info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, private, None)
            with c2pa.Signer.from_info(info) as signer:
                builder.sign(signer, _MIME[kind], io.BytesIO(data), out)
    except c2pa.C2paError as error:
        raise FaceEditorError(f"“{title}” could not be signed ({_reason(error)}); export it unsigned.") from error
    return out.getvalue()


def read_credentials(data: bytes, kind: str) -> Credentials | None:
    """What the content credentials of a file say; None if it has none.

    Raises:
        FaceEditorError: there are some, but they cannot be read, or the package that reads them is missing.
    """
    if kind not in _MIME or not has_credentials(data):
        return None
    if not _installed():
        raise FaceEditorError(MISSING)
    import c2pa

    try:
        with c2pa.Reader(_MIME[kind], io.BytesIO(data), context=_context()) as reader:
            found = json.loads(reader.json())
            state, results = reader.get_validation_state(), reader.get_validation_results() or {}
    except c2pa.C2paError as error:
        raise FaceEditorError(f"The content credentials cannot be read ({_reason(error)}).") from error
    manifest = found["manifests"][found["active_manifest"]]
    signature = manifest.get("signature_info") or {}
    failures = [each["code"] for each in (results.get("activeManifest") or {}).get("failure", ())]
    own = kept_key()
    return Credentials(
        intact=state in ("Valid", "Trusted"),
        signer=", ".join(part for part in (signature.get("issuer"), signature.get("common_name")) if part),
        own=own is not None and signature.get("cert_serial_number") == own.serial,
        trusted=state == "Trusted",
        actions=tuple(_actions(manifest)),
        ingredients=tuple(
            (each.get("title") or "a picture without a name", "active_manifest" in each)
            for each in manifest.get("ingredients", ())
        ),
        problems=tuple(code for code in failures if code != _UNTRUSTED),
    )


def _add_parent(builder: Any, parent: Parent) -> None:
    """Name the picture that an edit began with, with its own manifests where its format can hold any."""
    import c2pa

    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    mime = _MIME.get(parent.kind, f"image/{parent.kind}")
    ingredient = {"title": parent.name, "relationship": "parentOf", "format": mime}
    try:
        builder.add_ingredient(ingredient, mime, io.BytesIO(parent.data))
    except c2pa.C2paError:
        # A format that holds no manifests: the picture is named all the same.
        builder.add_ingredient(ingredient, "application/octet-stream", io.BytesIO(parent.data))


def _written(action: Action) -> dict[str, Any]:
    entry: dict[str, Any] = {"action": f"c2pa.{action.name}"}
    if action.description:
        entry["description"] = action.description
    if action.source_type is not None:
        entry["digitalSourceType"] = action.source_type
    return entry


def _actions(manifest: dict[str, Any]) -> list[Action]:
    found = []
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for entry in (assertion.get("data") or {}).get("actions", ()):
                name = str(entry.get("action", "")).removeprefix("c2pa.")
                found.append(Action(name, str(entry.get("description", "")), entry.get("digitalSourceType")))
    return found


def _context() -> Any:
    import c2pa

    return c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))


def _installed() -> bool:
    return importlib.util.find_spec("c2pa") is not None and importlib.util.find_spec("cryptography") is not None


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "no reason given"
