"""Rules of the C library's locale that the program's libraries rely on, whatever the user's language.

Under Turkish rules "i" becomes a dotted capital: PySide6 then does not find its own properties, nor OpenVINO its
names. Under German ones a decimal point ends a number. Texts, dates and the language of the window come from Qt, which
looks at the environment and not at these rules.
"""

import contextlib
import locale


def use_plain_rules() -> None:
    """Set character types to UTF-8 without a language, and numbers to those of C.

    Called as the package is imported, and again once Qt's application exists, which sets the user's locale.
    """
    for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "C"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            break
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_NUMERIC, "C")
