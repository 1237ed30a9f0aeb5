"""The notices name what the program installs and what its models were made from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = {"opencv-python": "OpenCV", "torch": "PyTorch", "pyside6-essentials": "PySide6", "av": "PyAV"}
"""Libraries whose own name is not that of their package."""

pytestmark = pytest.mark.skipif(not (ROOT / "NOTICE").exists(), reason="the notices lie in the checkout")


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


def packages() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.match(r"[A-Za-z0-9-]+", entry).group().lower() for entry in project["dependencies"]]  # type: ignore[union-attr]


@pytest.mark.parametrize("package", packages() if (ROOT / "pyproject.toml").exists() else [])
def test_every_library_is_named_with_its_licence(package: str) -> None:
    notice = plain((ROOT / "NOTICE").read_text())
    name = NAMES.get(package, package).lower()
    assert re.search(rf"\b{re.escape(name)}\b[^,;()]{{0,40}}\(", notice), f"NOTICE does not say {name}'s licence"


def test_every_model_pack_is_named() -> None:
    notice = (ROOT / "NOTICE").read_text()
    packs = sorted(path.parent.name for path in (ROOT / "models").glob("*/pack.json"))
    assert packs and all(f"models/{name}" in notice for name in packs)


def test_every_model_pack_has_a_card() -> None:
    for listing in (ROOT / "models").glob("*/pack.json"):
        assert (listing.parent / "card.md").stat().st_size > 300, f"{listing.parent} has no card"
