"""The neutral dark theme: palette, font and style sheet."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from faceeditor.gui.colors import TOKENS, color
from faceeditor.gui.icons import pixmap
from faceeditor.paths import resources_dir, state_folder

_FAMILIES = ("Inter", "Segoe UI Variable", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "Cantarell",
             "Ubuntu", "DejaVu Sans")  # fmt: skip


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "panel",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "well",
        QPalette.ColorRole.AlternateBase: "panel",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "control",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.Highlight: "accent-deep",
        QPalette.ColorRole.HighlightedText: "text",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.PlaceholderText: "text-dim",
        QPalette.ColorRole.Light: "line",
        QPalette.ColorRole.Mid: "line",
        QPalette.ColorRole.Dark: "edge",
        QPalette.ColorRole.Shadow: "edge",
    }
    for role, token in roles.items():
        palette.setColor(role, color(token))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, color("text-dim"))
    return palette


def _font() -> QFont:
    known = set(QFontDatabase.families())
    font = QFont(next((name for name in _FAMILIES if name in known), QFontInfo(QFont()).family()))
    font.setPixelSize(12)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _indicator_images() -> Path:
    """Style sheets take pictures only from files: the few that are needed, written once into the state folder."""
    folder = state_folder("theme")
    for name in ("down", "check"):
        pixmap(name, QSize(24, 24), color("text"), 1.0).save(str(folder / f"{name}.png"))
    return folder


def style_sheet() -> str:
    """The style sheet with all tokens replaced."""
    text = (resources_dir() / "theme" / "dark.qss").read_text(encoding="utf-8")
    for name, value in {**TOKENS, "icons": _indicator_images().as_posix()}.items():
        text = text.replace(f"@{name}@", value)
    return text


def apply_theme(app: QApplication) -> None:
    """Give the application its style, palette, font and style sheet."""
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(_palette())
    app.setFont(_font())
    app.setStyleSheet(style_sheet())
    app.setAttribute(Qt.ApplicationAttribute.AA_DontShowIconsInMenus, True)
