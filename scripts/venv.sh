# Sourced by the scripts beside it, not run. `use_venv EXTRA` goes to the project's root and leaves a virtual
# environment in .venv with the project and its EXTRA (demo, dev, bench, fuzz) installed, at the versions of .ci/constraints.txt.

use_venv() {
    local extra=$1 holder wanted
    cd "$(dirname "${BASH_SOURCE[0]}")/.." || return
    wanted=$(cat pyproject.toml .ci/constraints.txt | cksum)
    # bench and fuzz include dev, and dev includes demo
    for holder in $(_holders "$extra"); do
        local stamp=".venv/installed-$holder"
        [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    done
    if ! _is_new_enough .venv/bin/python; then
        local python
        python=$(_find_python) || return
        rm -rf .venv
        "$python" -m venv .venv || return
    fi
    echo "Installing into .venv (once, and again when the requirements change) …" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[$extra]" || return
    # pip compiles what it copies, but not what it only links to: a fifth of the CPU of a start where nothing is cached
    .venv/bin/python -m compileall -q ingester || return
    rm -f .venv/installed-*
    echo "$wanted" > ".venv/installed-$extra"
}

# A second SQS for tests, in an environment of its own: it insists on another botocore than ours.
use_servers() {
    local wanted
    wanted=$(cat .ci/servers.txt)
    [ -f .venv/servers/installed ] && [ "$(cat .venv/servers/installed)" = "$wanted" ] && return
    .venv/bin/python -m venv --without-pip .venv/servers || return
    .venv/bin/python -m pip --python .venv/servers/bin/python install --quiet --disable-pip-version-check \
        -r .ci/servers.txt || return
    echo "$wanted" > .venv/servers/installed
}

_holders() {
    case $1 in
        demo) echo demo dev bench fuzz ;;
        dev) echo dev bench fuzz ;;
        *) echo "$1" ;;
    esac
}

_is_new_enough() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

_find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if _is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "error: No Python 3.11 or newer with its venv module was found. Install one, and see that it is on PATH." >&2
    return 1
}
