#!/bin/sh
# Builds SOURCE.wasm from SOURCE.c with Debian's clang and lld (apt-get install clang lld). The same clang gives the same bytes; a test compares them.
#   build-wasm.sh SOURCE.c             writes the binary, and what it was built from (SOURCE.build.json), beside the source
#   build-wasm.sh SOURCE.c FILE        writes the binary alone, elsewhere
#   build-wasm.sh --compiler           says by what it would be built; fails when something is missing
set -eu
compiler() {
  wasm-ld --version > /dev/null && clang --version | head -n 1
}
build() {
  clang --target=wasm32 -std=c11 -O3 -msimd128 -nostdlib -ffreestanding -fno-builtin -fvisibility=hidden -g0 -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 -o "$2" "$1"
}
hash() {
  sha256sum "$1" | cut -c1-64
}
[ "${1:-}" != --compiler ] || { compiler; exit; }
beside="${1%.c}"
build "$1" "${2:-$beside.wasm}"
# Says without a compiler whether source and binary still belong together.
[ -n "${2:-}" ] || printf '{\n  "source_sha256": "%s",\n  "wasm_sha256": "%s",\n  "compiler": "%s"\n}\n' \
  "$(hash "$1")" "$(hash "$beside.wasm")" "$(compiler)" > "$beside.build.json"
