#!/bin/sh
# Builds text-hashes.wasm from text-hashes.c with Debian's clang and lld (apt-get install clang lld); text-hashes.test.ts compares them.
# The same clang gives the same bytes.
#   text-hashes.sh             writes the binary, and what it was built from, beside the source
#   text-hashes.sh FILE        writes the binary alone, elsewhere
#   text-hashes.sh --compiler  says by what it would be built; fails when something is missing
set -eu
cd "$(dirname "$0")"
compiler() {
  wasm-ld --version > /dev/null && clang --version | head -n 1
}
build() {
  clang --target=wasm32 -std=c11 -O3 -nostdlib -ffreestanding -fvisibility=hidden -g0 -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 -o "$1" text-hashes.c
}
hash() {
  sha256sum "$1" | cut -c1-64
}
case "${1:-}" in
  --compiler) compiler ;;
  '')
    build text-hashes.wasm
    # Says without a compiler whether source and binary still belong together.
    printf '{\n  "source_sha256": "%s",\n  "wasm_sha256": "%s",\n  "compiler": "%s"\n}\n' \
      "$(hash text-hashes.c)" "$(hash text-hashes.wasm)" "$(compiler)" > text-hashes.build.json
    ;;
  *) build "$1" ;;
esac
