"""Reading pickles of StyleGAN's training programs without running anything that is in them.

A pickle is a program that names functions to call. Here every name is looked up in a fixed list of stand-ins that only
store what they are given; any other name ends the reading. The source code that these pickles carry is kept as a
string that nothing compiles. Tensors inside are stored as bytes of their own, which the published reader hands to
`torch.load` with full rights; here they go through `torch.load(weights_only=True)`, after their sizes were checked.
"""

import io
import pickle
import pickletools
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.errors import Cancelled, ModelError
from faceeditor.nets.stylegan2 import Progress

MAX_BYTES = 4 << 30
"""Largest file that is read."""
_MAX_HEADER_NUMBER = 1 << 16
_READ_AT_ONCE = 4 << 20
_LEGACY_PICKLES = 5
_WHOLE_NUMBERS = ("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2")
_NUMBER_KINDS = "biuf"
_FETCH_AGAIN = "fetch the file again, or choose another one"


@dataclass
class PersistentObject:
    """An object of a class whose source code is in the file.

    Attributes:
        class_name: "Generator", "Discriminator" ...
        state: what its __dict__ held.
    """

    class_name: str
    state: Mapping[str, Any]

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("an object with a second state")

    def children(self) -> dict[str, "PersistentObject"]:
        """Its submodules by name."""
        modules = self.state.get("_modules")
        if not isinstance(modules, dict):
            return {}
        return {str(key): value for key, value in modules.items() if isinstance(value, PersistentObject)}


@dataclass
class TensorRecord:
    """A tensor as the file describes it: a view of a storage."""

    storage: torch.Tensor
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a tensor with a state")

    def tensor(self) -> torch.Tensor:
        """The tensor, checked to lie within its storage."""
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        if all(self.size) and last >= len(self.storage):
            raise pickle.UnpicklingError("a tensor larger than its data")
        return self.storage.as_strided(self.size, self.stride, self.offset)


class _Dict(dict[Any, Any]):
    """Stand-in for EasyDict and OrderedDict; an instance's attributes are ignored."""

    def __setstate__(self, state: Any) -> None:
        pass


@dataclass
class ArrayRecord:
    """A numpy array: shape, type and bytes arrive as its state."""

    array: npt.NDArray[Any] | None = field(default=None)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        self.array = _numbers(data, kind, shape, "F" if fortran else "C")


@dataclass
class _TypeRecord:
    """A numpy type; its byte order arrives as its state."""

    name: str
    order: str = "|"

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        if len(self.name) > 4 or self.name[:1] not in _NUMBER_KINDS:
            raise pickle.UnpicklingError("a numpy type that is no number")
        return np.dtype(self.name).newbyteorder(cast(Any, self.order))


class _NdarrayName:
    """Stand-in for the class numpy.ndarray, which is only passed on to `_reconstruct`."""

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a class with a state")


class _Storage:
    """The numbers of a tensor, flat."""

    def __init__(self, numbers: torch.Tensor) -> None:
        self.numbers = numbers

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a storage with a state")


class _StandIn:
    """A function that a pickle may call; unlike a plain function it takes no attributes from the pickle."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a function with a state")


def _persistent(meta: Any) -> PersistentObject:
    if not isinstance(meta, dict) or meta.get("type") != "class":
        raise pickle.UnpicklingError("an object that is stored in an unknown way")
    name, state = meta.get("class_name"), meta.get("state")
    if not isinstance(name, str) or not isinstance(state, dict):
        raise pickle.UnpicklingError("an object without a class or a state")
    return PersistentObject(name, state)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> TensorRecord:
    sizes, strides = _whole_numbers(size), _whole_numbers(stride)
    if not isinstance(storage, _Storage) or len(sizes) != len(strides):
        raise pickle.UnpicklingError("a tensor without data")
    return TensorRecord(storage.numbers, _whole_numbers((offset,))[0], sizes, strides)


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _numpy_array(*_: Any) -> ArrayRecord:
    return ArrayRecord()


def _numpy_from_buffer(data: Any, kind: Any, shape: Any, order: Any = "C", *_: Any) -> ArrayRecord:
    return ArrayRecord(_numbers(data, kind, shape, order))


def _numbers(data: Any, kind: Any, shape: Any, order: Any) -> npt.NDArray[Any]:
    """The array of a type and shape in the bytes."""
    if not isinstance(kind, _TypeRecord) or not isinstance(data, bytes | bytearray):
        raise pickle.UnpicklingError("a numpy array of objects")
    return np.frombuffer(data, kind.dtype()).reshape(_whole_numbers(shape), order="F" if order == "F" else "C")


def _numpy_type(name: Any, *_: Any) -> _TypeRecord:
    return _TypeRecord(str(name))


def _numpy_scalar(kind: Any, data: Any = b"", *_: Any) -> Any:
    if not isinstance(kind, _TypeRecord) or not isinstance(data, bytes):
        raise pickle.UnpicklingError("a numpy number of an unknown type")
    return np.frombuffer(data, kind.dtype(), 1)[0].item()


def _tuple(items: Any = (), *_: Any) -> tuple[Any, ...]:
    return tuple(items)


def _whole_numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or not all(type(n) is int and 0 <= n <= MAX_BYTES for n in values):
        raise pickle.UnpicklingError("a shape that is none")
    return tuple(values)


_STAND_INS: dict[tuple[str, str], Any] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _StandIn(_persistent),
    ("dnnlib.util", "EasyDict"): _Dict,
    ("collections", "OrderedDict"): _Dict,
    ("torch._utils", "_rebuild_tensor_v2"): _StandIn(_tensor),
    ("torch._utils", "_rebuild_parameter"): _StandIn(_parameter),
    ("builtins", "set"): _StandIn(_tuple),
    ("__builtin__", "set"): _StandIn(_tuple),
    ("numpy", "ndarray"): _NdarrayName,
    ("numpy", "dtype"): _StandIn(_numpy_type),
    # numpy 1 and 2 have other names for the same modules; `_frombuffer` is what protocol 5 writes.
    **{
        (f"numpy.{core}.{name}", function): _StandIn(stand_in)
        for core in ("core", "_core")
        for name, function, stand_in in (
            ("multiarray", "_reconstruct", _numpy_array),
            ("multiarray", "scalar", _numpy_scalar),
            ("numeric", "_frombuffer", _numpy_from_buffer),
        )
    },
}


class _Refused(Exception):  # noqa: N818 - caught here
    """The file names something outside the list."""


class _Unpickler(pickle.Unpickler):
    """Looks names up in the list alone.

    Args:
        file: the opened pickle.
        limit: most bytes that its tensors may have in all, and its byte strings likewise; a pickle can repeat one
            without end.
    """

    def __init__(self, file: io.BufferedIOBase, limit: int) -> None:
        super().__init__(file)
        self._left = {"tensors": limit, "strings": limit}
        self._bytes_readers = {
            ("torch.storage", "_load_from_bytes"): _StandIn(self._storage),
            ("_codecs", "encode"): _StandIn(self._encode),
        }

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name of the list; nothing is ever imported."""
        found = _STAND_INS.get((module, name)) or self._bytes_readers.get((module, name))
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("a reference to another file")

    def _take(self, kind: str, count: int) -> None:
        self._left[kind] -= count
        if self._left[kind] < 0:
            raise pickle.UnpicklingError("more numbers than its size")

    def _storage(self, data: Any) -> _Storage:
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError("a tensor without bytes")
        self._take("tensors", len(data))
        return _Storage(_numbers_of_storage(data))

    def _encode(self, text: Any, encoding: Any = "latin1", *_: Any) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError("bytes in an unknown encoding")
        self._take("strings", len(text))
        return text.encode("latin1")


def _numbers_of_storage(data: bytes) -> torch.Tensor:
    """The flat tensor in the bytes of a storage, in the format that `torch.save` wrote before its zip format.

    Raises:
        pickle.UnpicklingError: they hold something else, or claim more numbers than they have.
    """
    stream, limit = io.BytesIO(data), max(len(data), _MAX_HEADER_NUMBER)
    for index in range(_LEGACY_PICKLES):
        for opcode, argument, _ in pickletools.genops(stream):
            # Memory is reserved by the number of elements that is written here, before any is read.
            if index and opcode.name in _WHOLE_NUMBERS and not 0 <= int(argument or 0) <= limit:
                raise pickle.UnpicklingError("a tensor that claims more numbers than it has")
    storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(storage, torch.storage.TypedStorage):
        raise pickle.UnpicklingError("a storage of an unknown kind")
    return torch.tensor([], dtype=storage.dtype).set_(storage)


class _Counted(io.RawIOBase):
    """A file that tells how far it was read."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress) -> None:
        super().__init__()
        self._file, self._size, self._progress, self._done = file, size, progress, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._progress(self._done / self._size)
        view = memoryview(buffer)[:_READ_AT_ONCE]
        count = self._file.readinto(view)  # type: ignore[attr-defined]
        self._done += count
        return int(count)


def read_pickle(path: Path, progress: Progress = lambda share: None) -> Any:
    """Read a pickle of a StyleGAN training program.

    Args:
        path: the file.
        progress: told the share that was read; may raise `Cancelled` to stop.

    Returns:
        Dicts, lists, tuples, plain values, `PersistentObject`, `TensorRecord` and `ArrayRecord`.

    Raises:
        ModelError: the file is missing, too large, damaged, or asks for anything outside the list.
    """
    check_size(path)
    try:
        with path.open("rb", buffering=0) as file:
            size = path.stat().st_size
            counted = io.BufferedReader(_Counted(cast(BinaryIO, file), size, progress), _READ_AT_ONCE)
            return _Unpickler(counted, size).load()
    except Cancelled:
        raise
    except _Refused as error:
        raise refused(path, str(error)) from None
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read ({error.strerror or error}); choose another file.") from error
    except MemoryError:
        raise ModelError(f"“{path.name}” does not fit into the free memory; close other programs and retry.") from None
    except Exception as error:
        # A damaged pickle can raise nearly anything: stand-ins called with the wrong arguments among it.
        raise damaged(path, error) from error


def read_checkpoint(path: Path) -> Any:
    """Read a checkpoint that `torch.save` wrote, as weights alone.

    Raises:
        ModelError: the file is missing, too large, damaged, compressed, or holds more than weights and plain values.
    """
    check_size(path)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ModelError(f"“{path.name}” is compressed, which no checkpoint is; {_FETCH_AGAIN}.")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except ModelError:
        raise
    except MemoryError:
        raise ModelError(f"“{path.name}” does not fit into the free memory; close other programs and retry.") from None
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise (refused(path, named[1]) if named else damaged(path, error)) from error
    except Exception as error:
        raise damaged(path, error) from error


def check_size(path: Path) -> None:
    """Refuse a path that is no file, and files that are empty or over `MAX_BYTES`; ModelError says which."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read ({error.strerror or error}); choose another file.") from error
    if not path.is_file():
        raise ModelError(f"“{path}” is no file; choose a checkpoint.")
    if not size:
        raise ModelError(f"“{path.name}” is empty (0 bytes); {_FETCH_AGAIN}.")
    if size > MAX_BYTES:
        raise ModelError(f"“{path.name}” has {size >> 20:,} MB, more than the {MAX_BYTES >> 20:,} MB that are read.")


def refused(path: Path, name: str) -> ModelError:
    """The error for a file that asks for a name outside the list."""
    if name.startswith("dnnlib.tflib."):
        return ModelError(
            f"“{path.name}” is a network of the TensorFlow version; convert it with StyleGAN's own legacy.py first."
        )
    return ModelError(
        f"“{path.name}” asks for “{name[:100]}”, which no generator needs: it was refused, and nothing in it was run."
    )


def damaged(path: Path, error: Exception) -> ModelError:
    """The error for a file that cannot be understood."""
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return ModelError(f"“{path.name}” is damaged, cut short or no checkpoint ({reason}); {_FETCH_AGAIN}.")
