import { readFileSync } from 'node:fs'
import { xxhash64 } from './xxhash64.ts'

/** What text-hashes.c exports; addresses in its memory. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer }
  piece(): number
  capacity(): number
  hashes(): number
  count(): number
  hash(bytes: number): number
}

/** The part of it that is needed; its types come with those of browsers only. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object
    Instance: new (module: object) => { readonly exports: unknown }
  }
}

interface Kernel extends Exports {
  /** Its memory, which never grows. */
  bytes: Uint8Array
}

/** One for each thread, opened when it is needed first. */
let kernel: Kernel | undefined

function openKernel(): Kernel {
  const exports = new wasm.Instance(new wasm.Module(readFileSync(new URL('text-hashes.wasm', import.meta.url)))).exports as Exports
  return { ...exports, bytes: new Uint8Array(exports.memory.buffer) }
}

/**
 * XXH64 of texts in PLAIN encoding, one behind another in `plain[0, end)`, the low half of each before its high half, to `out` from the hash `first` on.
 * WebAssembly has whole words of 64 bits, which JavaScript makes of halves; that is left for texts longer than a piece.
 */
export function hashTexts(plain: Uint8Array, end: number, out: Uint32Array, first: number): void {
  kernel ??= openKernel()
  const [piece, capacity, hashes] = [kernel.piece(), kernel.capacity(), kernel.hashes()]
  let hash = first
  for (let at = 0; at < end;) {
    const bytes = Math.min(end - at, capacity)
    kernel.bytes.set(plain.subarray(at, at + bytes), piece)
    const taken = kernel.hash(bytes)
    if (taken > 0) {
      out.set(new Uint32Array(kernel.memory.buffer, hashes, 2 * kernel.count()), 2 * hash)
      hash += kernel.count()
      at += taken
    } else {
      const length = new DataView(plain.buffer, plain.byteOffset + at, 4).getUint32(0, true)
      xxhash64(plain, at + 4, length, out, 2 * hash++)
      at += 4 + length
    }
  }
}
