#!/bin/sh
# Builds minhash-kernel.wasm from minhash-kernel.c with Debian's clang and lld (apt-get install clang lld); minhash-kernel.test.ts compares them.
# The same clang gives the same bytes.
#   minhash-kernel.sh             writes the kernel, and what it was built from, beside the source
#   minhash-kernel.sh FILE        writes the kernel alone, elsewhere
#   minhash-kernel.sh --compiler  says by what it would be built; fails when something is missing
set -eu
cd "$(dirname "$0")"
compiler() {
  wasm-ld --version > /dev/null && clang --version | head -n 1
}
build() {
  clang --target=wasm32 -std=c11 -O3 -msimd128 -nostdlib -ffreestanding -fno-builtin -fvisibility=hidden -g0 -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 -o "$1" minhash-kernel.c
}
hash() {
  sha256sum "$1" | cut -c1-64
}
case "${1:-}" in
  --compiler) compiler ;;
  '')
    build minhash-kernel.wasm
    # Says without a compiler whether source and binary still belong together.
    printf '{\n  "source_sha256": "%s",\n  "wasm_sha256": "%s",\n  "compiler": "%s"\n}\n' \
      "$(hash minhash-kernel.c)" "$(hash minhash-kernel.wasm)" "$(compiler)" > minhash-kernel.build.json
    ;;
  *) build "$1" ;;
esac
