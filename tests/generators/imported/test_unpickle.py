"""The restricted reader of pickles: what it reads, and that nothing in a file is run."""

import builtins
import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from faceeditor.errors import Cancelled, ModelError
from faceeditor.generators.imported.unpickle import (
    ArrayRecord,
    PersistentObject,
    TensorRecord,
    read_checkpoint,
    read_pickle,
)
from tests.generators.imported.official import EasyDict, Persistent, stylegan2, write


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def test_reads_what_the_programs_write(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3).t())
    state = {
        "_parameters": OrderedDict(weight=weight),
        "_buffers": OrderedDict(half=torch.ones(2, dtype=torch.float16)),
        "names": {"a"},
        "size": np.array([[1, 2], [3, 4]], dtype=np.int32),
        "large": torch.zeros(3000),
        "cutoff": np.float64(2.5),
    }
    content = {"G_ema": Persistent("Generator", state), "options": EasyDict(width=3)}
    for protocol in (2, 4, 5):
        found = read_pickle(write(tmp_path / "a.pkl", content, protocol))
        generator = found["G_ema"]
        assert isinstance(generator, PersistentObject) and generator.class_name == "Generator"
        record = generator.state["_parameters"]["weight"]
        assert isinstance(record, TensorRecord)
        assert torch.equal(record.tensor(), weight.detach())
        assert generator.state["_buffers"]["half"].tensor().dtype == torch.float16
        assert tuple(generator.state["names"]) == ("a",)
        assert isinstance(generator.state["size"], ArrayRecord)
        assert generator.state["size"].array.tolist() == [[1, 2], [3, 4]]
        assert generator.state["cutoff"] == 2.5
        assert found["options"] == {"width": 3}


@pytest.mark.parametrize(("old", "new"), [(b"numpy._core.multiarray", b"numpy.core.multiarray")])
def test_reads_the_names_of_both_versions_of_numpy(tmp_path: Path, old: bytes, new: bytes) -> None:
    data = pickle.dumps({"a": np.arange(3.0)}, protocol=2)
    for text in (data.replace(old, new), data.replace(new, old)):
        (tmp_path / "a.pkl").write_bytes(text)
        assert read_pickle(tmp_path / "a.pkl")["a"].array.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch ran",), f"{os.system.__module__}.system"),
        (builtins.eval, ("open('ran', 'w')",), "builtins.eval"),
        (builtins.getattr, (os, "system"), "builtins.getattr"),
        (torch.load, ("other.pt",), "torch.serialization.load"),
        (np.load, ("other.npy",), "numpy.load"),
    ],
)
def test_other_functions_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Any, arguments: tuple[Any, ...], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if os in arguments:
        arguments = ("os", "system")
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({"G_ema": Call(function, *arguments)}))
    with pytest.raises(ModelError, match="refused, and nothing in it was run") as error:
        read_pickle(path)
    assert name in str(error.value)
    assert _names(tmp_path) == ["bad.pkl"]


def test_networks_of_the_tensorflow_version_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "old.pkl").write_bytes(b"cdnnlib.tflib.network\nNetwork\n.")
    with pytest.raises(ModelError, match=r"TensorFlow version; convert it"):
        read_pickle(tmp_path / "old.pkl")


def test_names_with_dots_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.pkl"
    names = (b"\x8c" + bytes([len(name)]) + name for name in (b"collections", b"OrderedDict.fromkeys"))
    path.write_bytes(b"\x80\x04" + b"".join(names) + b"\x93.")
    with pytest.raises(ModelError, match=r"collections\.OrderedDict\.fromkeys"):
        read_pickle(path)


def test_code_in_a_nested_tensor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    torch.save(Call(os.system, "touch ran"), stream, _use_new_zipfile_serialization=False)
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(Call(torch.storage._load_from_bytes, stream.getvalue())))
    with pytest.raises(ModelError, match=r"bad\.pkl"):
        read_pickle(path)
    assert _names(tmp_path) == ["bad.pkl"]


def test_a_nested_tensor_cannot_claim_more_memory_than_it_has(tmp_path: Path) -> None:
    stream = io.BytesIO()
    torch.save(torch.zeros(70_000)._typed_storage(), stream, _use_new_zipfile_serialization=False)
    data = stream.getvalue()
    count = (70_000).to_bytes(4, "little")
    assert data.count(b"J" + count) == 1
    swollen = data.replace(b"J" + count, b"J" + (2**31 - 1).to_bytes(4, "little"))
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(Call(torch.storage._load_from_bytes, swollen)))
    with pytest.raises(ModelError, match="claims more numbers than it has"):
        read_pickle(path)


def test_one_tensor_cannot_be_loaded_without_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    torch.save(torch.zeros(50_000)._typed_storage(), stream, _use_new_zipfile_serialization=False)
    data = stream.getvalue()
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps([Call(torch.storage._load_from_bytes, data) for _ in range(5)]))
    with pytest.raises(ModelError, match="more numbers than its size"):
        read_pickle(path)


@pytest.mark.parametrize("state", [{"_function": print}, (None, {"_function": 1})])
def test_stand_ins_take_no_state(tmp_path: Path, state: Any) -> None:
    state = {"_function": 1} if isinstance(state, dict) else state
    path = tmp_path / "bad.pkl"
    path.write_bytes(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + pickle.dumps(state, protocol=2)[2:-1] + b"b.")
    with pytest.raises(ModelError, match="a function with a state"):
        read_pickle(path)


def test_tensors_outside_of_their_storage_are_refused(tmp_path: Path) -> None:
    storage = torch.zeros(4)._typed_storage()
    call = Call(torch._utils._rebuild_tensor_v2, storage, 2, (3,), (1,), False, OrderedDict())
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(call))
    record = read_pickle(path)
    with pytest.raises(pickle.UnpicklingError, match="larger than its data"):
        record.tensor()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_cut_short(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "a.pkl", {"G_ema": stylegan2()})
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelError, match=r"a\.pkl.*(empty|cut short)"):
        read_pickle(path)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"not a pickle", b"\x80\x04N", b"(" * 1000])
def test_other_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(data)
    with pytest.raises(ModelError, match=r"a\.pkl.*no checkpoint"):
        read_pickle(tmp_path / "a.pkl")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_pickle(tmp_path / "none.pkl")
    with pytest.raises(ModelError, match="no file"):
        read_pickle(tmp_path)


def test_reading_can_be_cancelled(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pkl", {"G_ema": stylegan2()})

    def stop(share: float) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        read_pickle(path, stop)


def test_checkpoints_with_code_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"g_ema": Call(os.system, "touch ran")}, tmp_path / "a.pt")
    with pytest.raises(ModelError, match=r"system.*refused"):
        read_checkpoint(tmp_path / "a.pt")
    assert _names(tmp_path) == ["a.pt"]


def test_compressed_checkpoints_are_refused(tmp_path: Path) -> None:
    torch.save({"g_ema": {"a": torch.zeros(1000)}}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as plain:
        entries = {name: plain.read(name) for name in plain.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    with pytest.raises(ModelError, match="compressed"):
        read_checkpoint(tmp_path / "b.pt")
    assert read_checkpoint(tmp_path / "a.pt")["g_ema"]["a"].shape == (1000,)
