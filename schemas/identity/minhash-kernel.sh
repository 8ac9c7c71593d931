#!/bin/sh
# Builds minhash-kernel.wasm from minhash-kernel.c with Debian's clang and lld (apt-get install clang lld); minhash-kernel.test.ts compares them.
# The same clang gives the same bytes. Argument: where to write (default: beside the source).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-"$here/minhash-kernel.wasm"}
cd "$here"
clang --target=wasm32 -std=c11 -O3 -msimd128 -nostdlib -ffreestanding -fno-builtin -fvisibility=hidden -g0 -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 -o "$out" minhash-kernel.c
# Says without a compiler whether source and binary still belong together.
[ "$#" -gt 0 ] || printf '{\n  "source_sha256": "%s",\n  "wasm_sha256": "%s",\n  "compiler": "%s"\n}\n' \
  "$(sha256sum minhash-kernel.c | cut -c1-64)" "$(sha256sum minhash-kernel.wasm | cut -c1-64)" "$(clang --version | head -n 1)" > minhash-kernel.build.json
