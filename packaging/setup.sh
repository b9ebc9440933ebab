#!/bin/sh
# Installs what is missing, then nothing more: system libraries through apt where it
# may, the program and its libraries into .venv.   usage: packaging/setup.sh run|test
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
say() { printf 'seggui set-up: %s\n' "$*" >&2; }

# --- a Python that is new enough ------------------------------------------------
python=${PYTHON:-}
if [ -z "$python" ]; then
    for name in python3 python3.12 python3.11 python3.13; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$name
            break
        fi
    done
fi
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed and was not found. On Debian and Ubuntu: sudo apt-get install python3 python3-venv python3-dev"
    exit 1
fi

# Done before, with the same list of libraries and the same Python? Then start at once.
stamp=.venv/seggui-$purpose
want=$(cat pyproject.toml packaging/constraints.txt packaging/setup.sh | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && [ -x .venv/bin/python ]; then
    exit 0
fi

# --- system packages (Linux) ----------------------------------------------------
missing=""
need() { missing="$missing $1"; }
if [ "$(uname)" = Linux ]; then
    PATH="$PATH:/sbin:/usr/sbin"
    known=$(ldconfig -p 2>/dev/null || true)
    # What Qt's own libraries ask the system for, and the packages that have it.
    for pair in \
        libglib-2.0.so.0:libglib2.0-0 libGL.so.1:libgl1 libEGL.so.1:libegl1 \
        libxkbcommon.so.0:libxkbcommon0 libfontconfig.so.1:libfontconfig1 \
        libdbus-1.so.3:libdbus-1-3 libxcb-cursor.so.0:libxcb-cursor0 \
        libxkbcommon-x11.so.0:libxkbcommon-x11-0 libxcb-icccm.so.4:libxcb-icccm4 \
        libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0; do
        case "$known" in *"${pair%%:*}"*) ;; *) need "${pair#*:}" ;; esac
    done
    ls /usr/share/fonts/*/* >/dev/null 2>&1 || need fonts-dejavu-core
    # pydensecrf2 comes as source.
    command -v g++ >/dev/null || need g++
    header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
    [ -f "$header" ] || need python3-dev
    "$python" -c 'import ensurepip' 2>/dev/null || need python3-venv
    [ "$purpose" = run ] || command -v Xvfb >/dev/null || need xvfb
fi
if [ -n "$missing" ]; then
    install="apt-get install -y --no-install-recommends$missing"
    if ! command -v apt-get >/dev/null; then
        say "these packages (Debian names) are missing; install them and run make again:$missing"
        exit 1
    elif [ "$(id -u)" = 0 ]; then
        say "installing$missing"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive $install; } >&2
    elif sudo -n true 2>/dev/null; then
        say "installing$missing"
        { sudo -n apt-get update -q && sudo -n DEBIAN_FRONTEND=noninteractive $install; } >&2
    else
        say "some system packages are missing. Run this line, then make again:"
        say "    sudo $install"
        exit 1
    fi
fi

# --- the virtual environment ----------------------------------------------------
[ -x .venv/bin/python ] || { say "making .venv"; "$python" -m venv .venv; }
pip() { .venv/bin/python -m pip --disable-pip-version-check -q "$@"; }
say "installing libraries into .venv (PyTorch is large; this takes minutes the first time)"
pip install --upgrade 'pip>=25.1'
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
    # pydensecrf2 pins a Cython that knows nothing of Python 3.13; a newer one does.
    .venv/bin/python -c 'import pydensecrf' 2>/dev/null || {
        pip install -c packaging/constraints.txt 'cython>=3' setuptools wheel numpy
        pip install --no-build-isolation pydensecrf2 ||
            say "pydensecrf2 could not be built on this Python: everything works but the CRF step, which will say so"
    }
fi
if [ "$purpose" = run ]; then
    pip install -c packaging/constraints.txt -e .
else
    pip install -c packaging/constraints.txt -e . --group dev
fi
printf '%s' "$want" >"$stamp"
# Tests need everything that running needs.
[ "$purpose" = run ] || printf '%s' "$want" >.venv/seggui-run
say "ready"
