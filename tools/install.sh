# Sourced by quickstart.sh and run_tests.sh: an environment with everything
# installed, in $VENV or .venv. Sets PYTHON to its interpreter.
#
# What is there is used again: nothing is installed a second time unless a
# requirement has changed.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${VENV:-$ROOT/.venv}

check_version() {
    if ! "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))'; then
        echo "fusionreid_mm needs Python 3.10 to 3.13, but '$1' is" \
            "$("$1" --version 2>&1). $2" >&2
        exit 1
    fi
}

make_environment() {
    # One without pip was interrupted, or the system lacks python3-venv.
    if "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        check_version "$VENV/bin/python" "Set VENV to another environment."
        return
    fi
    local base=${PYTHON3:-python3}
    check_version "$base" "Set PYTHON3 to another one."
    echo "== Making an environment in $VENV"
    "$base" -m venv "$VENV"
}

install_package() {
    local stamp
    stamp=$VENV/.fusionreid_mm-$(
        cd "$ROOT" && { pwd; cat requirements/*.txt setup.py; } | cksum | tr ' ' '-')
    if [ -f "$stamp" ]; then
        return
    fi
    echo "== Installing fusionreid_mm and what it needs (several minutes)"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        --editable "$ROOT[mminstall,tests]"
    rm -f "$VENV"/.fusionreid_mm-*
    touch "$stamp"
}

make_environment
VENV=$(cd "$VENV" && pwd)
PYTHON=$VENV/bin/python
install_package
# Threads of libgomp that wait spin for a while. Long spinning takes the cores
# from other processes (a training ran four times slower beside one), none makes
# a quiet machine slower by a half.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-2000}
export PATH=$VENV/bin:$PATH
