import { readFileSync } from 'node:fs'
import { charClasses } from './char-classes.ts'
import type { Pattern } from './pattern.ts'
import { paddingBytes } from './plain-pieces.ts'
import type { Tables } from './tables.ts'

/** What bpe-kernel.c exports; addresses in its memory. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  base(): number
  configure(
    pages: number,
    blocks: number,
    family: number,
    digitsMax: number,
    rules: number,
    pairs: number,
    pairsMask: number,
    outer: number,
    before: number,
    after: number,
  ): void
  know(starts: number, bytes: number, count: number): void
  configure_wholes(count: number, starts: number, bytes: number, ids: number, slots: number, mask: number): void
  encode(text: number, length: number, out: number): number
}

/** The part of it that is needed; its types come with those of browsers only. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    validate(bytes: Uint8Array): boolean
    Module: new (bytes: Uint8Array) => object
    Instance: new (module: object) => { readonly exports: unknown }
  }
}

const families = ['gpt2', 'cl100k', 'o200k', 'deepseek'] as const
const pageBytes = 65_536
/** Room behind the tokens that the kernel writes over. */
const spareTokens = 16
/** Memory never shrinks: a kernel that a text made larger than this goes with it. Pages that were never touched cost nothing. */
const keptTextBytesMax = 2 ** 20

/**
 * The WebAssembly SIMD kernel, one for each thread.
 * @returns undefined where WebAssembly has no SIMD
 */
export function openBpeKernel(tables: Tables, pattern: Pattern): { encode(text: string): Uint32Array<ArrayBuffer> } | undefined {
  const bytes = readFileSync(new URL('bpe-kernel.wasm', import.meta.url))
  if (!wasm.validate(bytes)) return undefined
  const module = new wasm.Module(bytes)
  const open = (): Kernel => new Kernel(new wasm.Instance(module).exports as Exports, tables, pattern)
  let kernel = open()
  return {
    encode(text) {
      const bytesMax = text.length > keptTextBytesMax / 4 ? Buffer.byteLength(text) : 3 * text.length
      const tokens = kernel.encode(text, bytesMax)
      if (bytesMax > keptTextBytesMax) kernel = open()
      return tokens
    },
  }
}

class Kernel {
  readonly #exports: Exports
  /** Where what is placed next goes. */
  #end: number
  #memory: Buffer

  constructor(exports: Exports, tables: Tables, pattern: Pattern) {
    this.#exports = exports
    this.#end = exports.base()
    this.#memory = Buffer.from(exports.memory.buffer)
    const { pages, blocks } = charClasses(pattern)
    const { outer, pairs, before, after, made, wholes } = tables
    const at = [pages, blocks, pairs, outer, before, after, wholes.starts, wholes.bytes, wholes.ids, wholes.slots].map((array) => this.#place(array))
    const [pagesAt = 0, blocksAt = 0, pairsAt = 0, outerAt = 0, beforeAt = 0, afterAt = 0, startsAt = 0, bytesAt = 0, idsAt = 0, slotsAt = 0] = at
    const family = families.indexOf(pattern.family)
    const { digitsMax, keepsTail, numbersApart = false, contractionsApart = false } = pattern
    const rules = Number(keepsTail) | (Number(numbersApart) << 1) | (Number(contractionsApart) << 2)
    exports.configure(pagesAt, blocksAt, family, digitsMax, rules, pairsAt, pairs.length / 2 - 1, outerAt, beforeAt, afterAt)
    exports.configure_wholes(wholes.ids.length, startsAt, bytesAt, idsAt, slotsAt, wholes.slots.length - 1)
    // Texts take the place of these.
    const end = this.#end
    exports.know(this.#place(made.starts), this.#place(made.bytes), outer.length)
    this.#end = end
  }

  /** @param bytesMax of the text as UTF-8, at most */
  encode(text: string, bytesMax: number): Uint32Array<ArrayBuffer> {
    const textAt = this.#end
    const outAt = aligned(textAt + bytesMax + paddingBytes)
    this.#reserve(outAt + 4 * (bytesMax + spareTokens))
    const length = this.#memory.write(text, textAt)
    this.#memory.fill(0, textAt + length, textAt + length + paddingBytes)
    const count = this.#exports.encode(textAt, length, outAt)
    // The kernel may have made its memory larger.
    return new Uint32Array(this.#exports.memory.buffer.slice(outAt, outAt + 4 * count))
  }

  #place(array: Uint8Array | Uint32Array): number {
    const at = this.#end
    this.#end = aligned(at + array.byteLength + paddingBytes)
    this.#reserve(this.#end)
    // Always little-endian, as the tables are.
    this.#memory.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    return at
  }

  #reserve(end: number): void {
    const { memory } = this.#exports
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / pageBytes))
    if (this.#memory.buffer !== memory.buffer) this.#memory = Buffer.from(memory.buffer)
  }
}

const aligned = (at: number): number => Math.ceil(at / 64) * 64
