#!/bin/sh
# Set up what is missing and run every check: lint, types, import contracts, tests offscreen and under Xvfb.
set -u
extras="[dev]"
extra_packages=
if [ "$(id -u)" = 0 ]; then
    command -v xvfb-run >/dev/null 2>&1 || extra_packages="xvfb xauth"
    command -v xdotool >/dev/null 2>&1 || extra_packages="$extra_packages xdotool"
fi
. "$(dirname "$0")/setup.sh"

failed=
check() { # $1: what, $2...: command
    say "== $1"
    shift
    "$@" || failed=1
}

# A locale of the tests' own, so that both runs meet rules other than English ones; the plain ones where it cannot be made.
locales=$(mktemp -d)
trap 'rm -rf "$locales"' EXIT
locale_of() { # $1: language and country; prints assignments for env
    if command -v localedef >/dev/null 2>&1 && { localedef -i "$1" -f UTF-8 "$locales/$1.UTF-8" >/dev/null 2>&1 || [ -d "$locales/$1.UTF-8" ]; }; then
        printf 'LOCPATH=%s LC_ALL=%s.UTF-8' "$locales" "$1"
    else
        say "== $1.UTF-8 cannot be made here; the tests run under $(locale 2>/dev/null | grep LC_ALL)" >&2
        printf 'FACEEDITOR_TEST_LOCALE=none'
    fi
}

check "lint" "$PY" -m ruff check .
check "format" "$PY" -m ruff format --check .
check "types" "$PY" -m mypy faceeditor
check "import contracts" "$venv/bin/lint-imports"
if command -v xvfb-run >/dev/null 2>&1; then
    check "tests on a virtual display, German" env $(locale_of de_DE) QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24" \
        "$PY" -m pytest -rs -m display tests/gui
else
    say "== SKIPPED: the tests on a virtual display need Xvfb (sudo apt-get install xvfb xauth xdotool)"
fi
check "tests offscreen, Turkish" env $(locale_of tr_TR) QT_QPA_PLATFORM=offscreen "$PY" -m pytest -rs
check "reference of all modules" env PY="$PY" sh packaging/build_docs.sh
check "wheel, installed alone" sh packaging/check_wheel.sh
[ -z "$failed" ] || { say "Some checks failed."; exit 1; }
say "All checks passed."
