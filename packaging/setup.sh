# Sourced by start.sh and test.sh: system libraries, a virtual environment and the packages. POSIX sh.
# Sets PY to the environment's python. The variable extras names what else to install, such as "[dev]".

say() { printf '%s\n' "$*" >&2; }

root_dir=$(cd "$(dirname "$0")/.." && pwd)
cd "$root_dir" || exit 1
venv=${FACEEDITOR_VENV:-$root_dir/.venv}

# library file -> Debian package that carries it
needed_libraries='
libGL.so.1 libgl1
libEGL.so.1 libegl1
libglib-2.0.so.0 libglib2.0-0
libfontconfig.so.1 libfontconfig1
libdbus-1.so.3 libdbus-1-3
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xkb.so.1 libxcb-xkb1
libX11-xcb.so.1 libx11-xcb1
'

missing_packages() {
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null)
    printf '%s\n' "$needed_libraries" | while read -r library package; do
        [ -n "$library" ] || continue
        case "$known" in *"$library"*) ;; *) printf '%s ' "$package" ;; esac
    done
    # A font, or every letter in the window is a box.
    [ -n "$(find /usr/share/fonts "$HOME/.local/share/fonts" -name '*.[to]tf' 2>/dev/null | head -n 1)" ] ||
        printf 'fonts-dejavu-core '
    python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv '
    command -v python3 >/dev/null 2>&1 || printf 'python3 '
}

install_packages() { # $*: Debian packages
    [ -n "$*" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing system packages: $*"
        apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $* >/dev/null && return 0
    fi
    say "Face Editor needs system packages that are missing. Install them, then run this command again:"
    say "    sudo apt-get install $*"
    return 1
}

packages=$(missing_packages)
# shellcheck disable=SC2086
install_packages $packages ${extra_packages:-} || exit 1

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Face Editor needs Python 3.11 or newer; this machine's python3 is $(python3 --version 2>&1)."
    exit 1
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv" || exit 1
PY=$venv/bin/python
pip() { "$PY" -m pip --disable-pip-version-check --quiet "$@"; }

# The stamp changes with the list of packages, so a second start installs nothing.
stamp="$venv/faceeditor-$(cat pyproject.toml packaging/setup.sh | cksum | cut -d' ' -f1)${extras:+-$(printf %s "$extras" | tr -cd a-z0-9)}"
if [ ! -e "$stamp" ]; then
    say "Installing Face Editor into $venv (the first time this takes a few minutes) ..."
    torch=2.13.0
    if ! "$PY" -c 'import torch' 2>/dev/null; then
        if command -v nvidia-smi >/dev/null 2>&1; then
            pip install "torch==$torch" || exit 1
        else
            # Without a graphics card the build for processors is enough, a tenth of the size.
            pip install "torch==$torch+cpu" 2>/dev/null ||
                pip install --index-url https://download.pytorch.org/whl/cpu "torch==$torch" ||
                pip install "torch==$torch" || exit 1
        fi
    fi
    pip install -e ".$extras" || { say "The packages could not be installed: see above, and check the connection."; exit 1; }
    : > "$stamp"
fi
