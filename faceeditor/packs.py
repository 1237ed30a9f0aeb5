"""Model packs: a folder of safetensors with a list of their sizes and hashes, checked before anything is used."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from faceeditor.errors import ModelError
from faceeditor.fileio import read_regular
from faceeditor.images import write_atomic
from faceeditor.jsonio import MAX_BYTES, JsonError, read_json
from faceeditor.paths import models_dir

FORMAT = 1
"""Version of pack.json that this program reads and writes."""
PACK_FILE = "pack.json"

Arrays = dict[str, npt.NDArray[Any]]

_CURE = "reinstall Face Editor or restore its models folder"

_verified: set[tuple[str, int, int, str]] = set()
_verified_lock = threading.Lock()


@dataclass(frozen=True)
class PackFile:
    """What pack.json says of one file: its SHA-256 in hexadecimal and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, eq=False)
class ModelPack:
    """An opened model pack; its files are read and checked on ``load``.

    Attributes:
        folder: where it lies.
        name, kind, version: as in pack.json ("mask-guided", "generator", "2026.11").
        files: what the pack holds.
        config: plain JSON values that the room which loads the pack understands.
    """

    folder: Path
    name: str
    kind: str
    version: str
    files: Mapping[str, PackFile]
    config: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, name: str, folder: Path | None = None) -> "ModelPack":
        """Read a pack's list; no weights are touched.

        Args:
            name: the pack's folder name under the models folder.
            folder: the models folder, when it is not the program's own.

        Raises:
            ModelError: the pack is missing, its list is damaged, or a newer program made it.
        """
        place = (folder if folder is not None else models_dir()) / name
        if not place.is_dir():
            raise ModelError(f"The model “{name}” is missing (no folder “{place}”); {_CURE}.")
        listing = place / PACK_FILE
        try:
            data = read_json(read_regular(listing, MAX_BYTES))
        except FileNotFoundError:
            raise ModelError(f"The model “{name}” is incomplete: “{listing}” is missing; {_CURE}.") from None
        except JsonError:
            raise ModelError(f"The model “{name}” is damaged: “{listing}” cannot be understood; {_CURE}.") from None
        except OSError as error:
            raise ModelError(
                f"The model “{name}” cannot be read (“{listing}”: {error.strerror or error}); {_CURE}."
            ) from error
        return cls._parsed(place, name, data)

    @classmethod
    def _parsed(cls, place: Path, name: str, data: Any) -> "ModelPack":
        """Turn the content of pack.json into a pack, trusting nothing in it."""
        listing = place / PACK_FILE
        damaged = ModelError(f"The model “{name}” is damaged: “{listing}” has missing or wrong entries; {_CURE}.")
        if not isinstance(data, dict) or not isinstance(data.get("format"), int):
            raise damaged
        if data["format"] > FORMAT:
            raise ModelError(
                f"The model “{name}” (“{listing}”) was made for a newer Face Editor; update Face Editor to use it."
            )
        files, config = data.get("files"), data.get("config", {})
        if not isinstance(files, dict) or not isinstance(config, dict):
            raise damaged
        parsed: dict[str, PackFile] = {}
        for file, entry in files.items():
            plain = bool(file) and Path(file).name == file and file not in (".", "..") and "\\" not in file
            if not plain or not isinstance(entry, dict):
                raise damaged
            sha256, size = entry.get("sha256"), entry.get("bytes")
            if not isinstance(sha256, str) or not isinstance(size, int):
                raise damaged
            parsed[file] = PackFile(sha256.lower(), size)
        texts = [data.get(key) for key in ("name", "kind", "version")]
        if not all(isinstance(text, str) for text in texts):
            raise damaged
        return cls(place, str(texts[0]), str(texts[1]), str(texts[2]), parsed, config)

    @property
    def key(self) -> str:
        """Hash over the list of files: packs with the same content have the same key (for caches)."""
        listed = sorted((file, entry.sha256) for file, entry in self.files.items())
        return hashlib.sha256(repr(listed).encode()).hexdigest()[:16]

    def read(self, file: str) -> bytes:
        """The checked bytes of one file.

        Size and SHA-256 are compared with the list; the hash is taken once per process while the file stays the same.

        Raises:
            ModelError: the file is not in the pack, is missing, cut short or altered.
        """
        path = self.folder / file
        entry = self.files.get(file)
        if entry is None:
            raise ModelError(f"The model “{self.name}” has no file “{file}” in its list; {_CURE}.")
        try:
            data = path.read_bytes()
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            raise ModelError(f"The model “{self.name}” is incomplete: “{path}” is missing; {_CURE}.") from None
        except OSError as error:
            raise ModelError(
                f"The model “{self.name}” cannot be read (“{path}”: {error.strerror or error}); {_CURE}."
            ) from error
        if len(data) != entry.bytes:
            raise ModelError(
                f"The model “{self.name}” is damaged: “{path}” has {len(data)} bytes and not {entry.bytes}; {_CURE}."
            )
        known = (str(path.resolve()), stamp, len(data), entry.sha256)
        with _verified_lock:
            seen = known in _verified
        if not seen:
            if hashlib.sha256(data).hexdigest() != entry.sha256:
                raise ModelError(
                    f"The model “{self.name}” is damaged: “{path}” was altered (its SHA-256 does not match); {_CURE}."
                )
            with _verified_lock:
                _verified.add(known)
        return data

    def load(self, file: str) -> Arrays:
        """The arrays of a safetensors file by name; half precision comes back as float32.

        Raises:
            ModelError: as ``read``, or the file is no safetensors file, or holds NaN or an infinity.
        """
        data = self.read(file)
        try:
            arrays = load_tensors(data)
        except (SafetensorError, ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"The model “{self.name}” is damaged: “{self.folder / file}” cannot be understood ({error}); {_CURE}."
            ) from error
        for key, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ModelError(
                    f"The model “{self.name}” is damaged: “{key}” in “{self.folder / file}” holds numbers that are not "
                    f"finite; {_CURE}."
                )
        return {key: array.astype(np.float32) if array.dtype == np.float16 else array for key, array in arrays.items()}


def write_pack(
    folder: str | Path,
    name: str,
    kind: str,
    version: str,
    files: Mapping[str, Mapping[str, npt.NDArray[Any]]],
    config: Mapping[str, Any],
    half: bool = True,
) -> ModelPack:
    """Write ``folder/name`` as a model pack; other files there, as its card, stay.

    Args:
        folder: the models folder.
        name, kind, version: as in ``ModelPack``.
        files: arrays by file name ("weights.safetensors") and array name.
        config: plain JSON values.
        half: store float arrays as float16.

    Returns:
        The pack, as ``ModelPack.open`` would give it.

    Raises:
        ModelError: a number does not fit into half precision, or is not finite.
        FaceEditorError: the folder cannot be written.
    """
    place = Path(folder) / name
    contents = {file: _serialised(file, arrays, half) for file, arrays in files.items()}
    entries = {
        file: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for file, data in contents.items()
    }
    listing = {
        "format": FORMAT,
        "name": name,
        "kind": kind,
        "version": version,
        "files": entries,
        "config": dict(config),
    }
    text = json.dumps(listing, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"The folder “{place}” cannot be made ({error.strerror or error}); choose another folder for the model."
        ) from error
    for file, data in contents.items():
        write_atomic(place / file, data)
    write_atomic(place / PACK_FILE, text.encode("utf-8"))
    return ModelPack.open(name, Path(folder))


def with_files(
    pack: ModelPack, files: Mapping[str, Mapping[str, npt.NDArray[Any]]], config: Mapping[str, Any] | None = None
) -> ModelPack:
    """Write a pack again with new or changed files, and values of `config` added; all else in it stays as it is.

    Raises:
        ModelError: a file of the pack is missing or damaged, or as of `write_pack`.
        FaceEditorError: the folder cannot be written.
    """
    kept = {name: pack.load(name) for name in pack.files if name not in files}
    merged = dict(pack.config) | dict(config or {})
    return write_pack(pack.folder.parent, pack.name, pack.kind, pack.version, kept | dict(files), merged)


def _serialised(file: str, arrays: Mapping[str, npt.NDArray[Any]], half: bool) -> bytes:
    """The bytes of a safetensors file, floats as float16 if asked, else as float32."""
    stored: Arrays = {}
    for key, values in arrays.items():
        array = np.ascontiguousarray(values).reshape(np.shape(values))
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                array = array.astype(np.float16 if half else np.float32)
            if not np.isfinite(array).all():
                raise ModelError(
                    f"“{key}” of “{file}” is not finite in {array.dtype}; use half=False or train the model again."
                )
        stored[key] = array
    return save_tensors(stored)
