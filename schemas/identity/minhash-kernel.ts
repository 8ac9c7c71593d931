import { readFileSync } from 'node:fs'
import { permutations } from './minhash-plain.ts'
import { signatureBytes } from './signature.ts'
import { foldsOfUnits, kindsOfUnits } from './unicode.ts'

/** Signature of what is normalized already. */
export type Kernel = (text: string) => Uint8Array<ArrayBuffer>

/** What minhash-kernel.c exports; addresses in its memory. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer }
  kinds(): number
  folds(): number
  units(): number
  capacity(): number
  minima(): number
  multipliers(): number
  addends(): number
  begin(): void
  update(count: number): void
  finish(): void
}

/** The part of it that is needed; its types come with those of browsers only. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    validate(bytes: Uint8Array): boolean
    Module: new (bytes: Uint8Array) => object
    Instance: new (module: object) => { readonly exports: unknown }
  }
}

/**
 * The WebAssembly SIMD kernel, one for each thread: its memory is 0.4 MB whatever the length of the text, which goes through it in pieces.
 * @returns undefined where WebAssembly has no SIMD
 */
export function openKernel(): Kernel | undefined {
  const bytes = readFileSync(new URL('minhash-kernel.wasm', import.meta.url))
  if (!wasm.validate(bytes)) return undefined
  // Always little-endian, as the signature is.
  const kernel = new wasm.Instance(new wasm.Module(bytes)).exports as Exports
  const memory = Buffer.from(kernel.memory.buffer)
  const { multipliers, addends } = permutations()
  memory.set(kindsOfUnits(), kernel.kinds())
  for (const [unit, folded] of foldsOfUnits().entries()) memory.writeUInt16LE(folded, kernel.folds() + unit * 2)
  for (const [row, multiplier] of multipliers.entries()) memory.writeUInt32LE(multiplier, kernel.multipliers() + row * 4)
  for (const [row, addend] of addends.entries()) memory.writeUInt32LE(addend, kernel.addends() + row * 4)
  const [units, capacity, minima] = [kernel.units(), kernel.capacity(), kernel.minima()]
  return (text) => {
    kernel.begin()
    for (let at = 0; at < text.length; at += capacity) {
      const piece = at === 0 && text.length <= capacity ? text : text.slice(at, at + capacity)
      memory.write(piece, units, 'utf16le')
      kernel.update(piece.length)
    }
    kernel.finish()
    return new Uint8Array(kernel.memory.buffer.slice(minima, minima + signatureBytes))
  }
}
