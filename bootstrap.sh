#!/usr/bin/env bash
# Runs hatch, installing it first: ./bootstrap.sh run demo, ./bootstrap.sh run test, ./bootstrap.sh env show, …
# Everything stays inside this folder: hatch in .venv, its environments in .hatch. Deleting both undoes it all.
set -euo pipefail

hatch="hatch==1.18.2"
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
cd -- "$root"

fail() { printf 'bootstrap.sh: %s\n' "$@" >&2; exit 1; }

pythons=(python3 python3.14 python3.13 python3.12 python3.11)
if [ -n "${PYTHON:-}" ]; then pythons=("$PYTHON"); fi

first_new_enough() {
    local candidate
    for candidate in "${pythons[@]}"; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    return 1
}

# The stamp is written last, so an interrupted installation is done again. It names the folder, because virtual
# environments do not survive being moved or copied.
stamp=.venv/bootstrapped
if [ "$(cat "$stamp" 2>/dev/null)" != "$hatch in $root" ]; then
    python=$(first_new_enough) || fail \
        "byhand needs Python 3.11 or newer; ${pythons[0]} is $("${pythons[0]}" --version 2>/dev/null || echo missing)" \
        "install one from https://www.python.org/downloads, or name it: PYTHON=/path/to/python3.12 ./bootstrap.sh …"
    echo "bootstrap.sh: installing $hatch into .venv ($("$python" --version))" >&2
    rm -rf .venv .hatch
    "$python" -m venv .venv || fail "could not make .venv (on Debian and Ubuntu: apt install python3-venv)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$hatch" || fail \
        "could not install $hatch: is the package index within reach?"
    printf '%s' "$hatch in $root" > "$stamp"
fi

unset PYTHONPATH PYTHONHOME # they would put another tree in front of this one
export PATH="$root/.venv/bin:$PATH"
export HATCH_DATA_DIR="$root/.hatch"
export HATCH_PYTHON=self # the environments take the interpreter that hatch runs on
exec hatch "$@"
