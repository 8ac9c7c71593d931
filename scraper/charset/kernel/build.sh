#!/bin/sh
# Builds kernel.wasm from kernel.rs and the crates of Cargo.lock with Rust (rustup target add wasm32-unknown-unknown). The same compiler gives the same bytes.
#   build.sh              writes the binary, and what it was built from (kernel.build.json), beside the source
#   build.sh FILE         writes the binary alone, elsewhere
#   build.sh --compiler   says by what it would be built; fails when something is missing
set -eu
cd "$(dirname "$0")"
compiler() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && rustc --version
}
[ "${1:-}" != --compiler ] || { compiler; exit; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# No path of the machine it is built on gets into it.
crates="${CARGO_HOME:-$HOME/.cargo}/registry/src"
RUSTFLAGS="--remap-path-prefix=$crates= --remap-path-prefix=$PWD= --remap-path-prefix=$(rustc --print sysroot)=" \
  cargo build --quiet --release --locked --target wasm32-unknown-unknown --target-dir "$folder"
cp "$folder/wasm32-unknown-unknown/release/charset_kernel.wasm" "${1:-kernel.wasm}"
hash() {
  sha256sum "$1" | cut -c1-64
}
# Says without a compiler whether source and binary still belong together.
[ -n "${1:-}" ] || printf '{\n  "source_sha256": "%s",\n  "crates_sha256": "%s",\n  "wasm_sha256": "%s",\n  "compiler": "%s"\n}\n' \
  "$(hash kernel.rs)" "$(hash Cargo.lock)" "$(hash kernel.wasm)" "$(compiler)" > kernel.build.json
