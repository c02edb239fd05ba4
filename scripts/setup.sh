# Sourced by the other scripts: installs what is missing, as root or through sudo, and builds.
# shellcheck shell=bash
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

packages_build=(gcc libc6-dev cmake ninja-build pkg-config libnifti-dev libgsl-dev libqhull-dev libfftw3-dev zlib1g-dev
    libfyaml-dev libjansson-dev libpng-dev libssl-dev libcmocka-dev)
packages_run=(elastix dcm2niix dcmtk libarchive-tools)
packages_test=(python3 python3-nibabel python3-numpy python3-pydicom dicom3tools python3-pandas python3-scipy r-base-core slurm-wlm munge procps) # procps: pkill, pgrep
# Not in every release of Debian: the tests of transforms read them with numpy alone where it is not there.
[ -n "$(apt-cache policy plastimatch 2>/dev/null)" ] && packages_test+=(plastimatch)
# Without a version: LLVM 14 on Debian 12, LLVM 19 on Debian 13.
packages_check=(git clang clang-format clang-tidy libomp-dev libclang-rt-dev cppcheck doxygen yamllint valgrind)

say() { printf '%s\n' "$*"; }

# Install the Debian packages among the arguments that are not there yet.
need() {
    local missing=() p
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing ${missing[*]}"
    local run=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            say "these Debian packages are needed, and neither root nor sudo is here: ${missing[*]}" >&2
            exit 1
        }
        run=(sudo)
    fi
    "${run[@]}" apt-get update -qq
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET TARGET...: configure once, then build; quiet unless it fails.
build() {
    local preset=$1 log
    shift
    log=$(mktemp)
    say "building ($preset)"
    if ! { cmake --preset "$preset" -S "$top" && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}; } >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
