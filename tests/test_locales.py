"""The program under Turkish and German rules, in processes of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import locale, os, sys, numpy
import faceeditor
from faceeditor.gui.app import application
app = application()
from PySide6.QtCore import QLocale, QTimer
assert QTimer(app, interval=5, singleShot=True).interval() == 5
assert "i".upper() == "I" and float("1.5") == 1.5
assert QLocale.system().name().startswith(sys.argv[1]), QLocale.system().name()
from faceeditor.generators.openvino_runtime import fastest_precision, latency_settings, load_openvino
openvino = load_openvino()
core = openvino.Core()
ops = openvino.opset13
x = ops.parameter([1, 4], openvino.Type.f32)
deep = ops.unsqueeze(ops.unsqueeze(x, 0), 0)
model = openvino.Model([ops.interpolate(deep, [2, 8], "linear_onnx", "sizes", axes=[2, 3])], [x])
compiled = core.compile_model(model, "CPU", latency_settings(1, fastest_precision(core)))
assert compiled.create_infer_request().infer([numpy.ones((1, 4), numpy.float32)])[0].shape == (1, 1, 2, 8)
print("all is well")
"""


@pytest.mark.parametrize(("name", "source"), [("tr_TR", "tr_TR"), ("de_DE", "de_DE")])
def test_libraries_work_under_any_rules(tmp_path: Path, name: str, source: str) -> None:
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales", source).exists():
        pytest.skip("localedef or the sources of locales are missing")
    made = subprocess.run(
        ["localedef", "-i", source, "-f", "UTF-8", str(tmp_path / f"{name}.UTF-8")], check=False, capture_output=True
    )
    if made.returncode > 1:
        pytest.skip("localedef fails here")
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": f"{name}.UTF-8", "LANG": f"{name}.UTF-8"}
    environment["FACEEDITOR_STATE"] = str(tmp_path / "state")
    environment["QT_QPA_PLATFORM"] = "offscreen"
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, name], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0 and "all is well" in ended.stdout, ended.stderr[-2000:]


def test_openvino_that_fails_in_any_way_gives_way_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from faceeditor.errors import EngineError
    from faceeditor.generators import openvino_backend

    class Broken:
        class Core:
            def __init__(self) -> None:
                raise TypeError("no such enum")

    monkeypatch.setattr(openvino_backend, "load_openvino", lambda: Broken)
    with pytest.raises(EngineError, match="no such enum"):
        openvino_backend.OpenVinoBackend({})
