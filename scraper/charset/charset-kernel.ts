import { readFileSync } from 'node:fs'

/** What kernel/kernel.rs exports; addresses in its memory. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer }
  input(): number
  output(): number
  capacity(): number
  guess(bytes: number, last: number): number
  open(bytes: number): number
  decode(bytes: number, last: number): number
}

/** The part of it that is needed; its types come with those of browsers only. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { readonly exports: unknown } }
}

interface Kernel {
  guess(bytes: Uint8Array): string
  decode(charset: string, bytes: Uint8Array): string
}

let kernel: Kernel | undefined

/** Loaded when the first text needs it: most are UTF-8. */
const opened = (): Kernel => (kernel ??= openKernel())

/**
 * The encoding that bytes are most likely in, which are not UTF-8: Firefox's guess (chardetng), by the frequencies of pairs of characters in the languages
 * that are written in each. Pure. @returns a name of the WHATWG Encoding Standard, in lower case; `windows-1252` where nothing speaks for another
 */
export function guessCharset(bytes: Uint8Array): string {
  const start = firstOdd(bytes)
  return start === -1 ? 'windows-1252' : opened().guess(bytes.subarray(Math.max(0, start - 1)))
}

/** Text of bytes in any encoding of the WHATWG Encoding Standard (encoding_rs), byte order marks kept. @param charset one that TextDecoder knows */
export const decodeCharset = (charset: string, bytes: Uint8Array): string => opened().decode(charset, bytes)

const escape = 0x1b

/** Where the first byte is that ASCII text has not, or an escape sequence begins. What stands before says nothing. */
const firstOdd = (bytes: Uint8Array): number => bytes.findIndex((byte) => byte >= 0x80 || byte === escape)

function openKernel(): Kernel {
  const exports = new wasm.Instance(new wasm.Module(readFileSync(new URL('kernel/kernel.wasm', import.meta.url)))).exports as Exports
  // Its memory does not grow: nothing in it asks for more.
  const memory = Buffer.from(exports.memory.buffer)
  const [input, output, capacity] = [exports.input(), exports.output(), exports.capacity()]
  const put = (bytes: Uint8Array): number => {
    const piece = bytes.subarray(0, capacity)
    memory.set(piece, input)
    return piece.length
  }
  return {
    guess: (bytes) => memory.toString('latin1', input, input + exports.guess(put(bytes), Number(bytes.length <= capacity))).toLowerCase(),
    decode(charset, bytes) {
      if (exports.open(memory.write(charset, input, 'latin1')) === 0) throw new RangeError(`There is no encoding "${charset}"`)
      let text = ''
      for (let at = 0; at < bytes.length || at === 0; at += capacity) {
        const units = exports.decode(put(bytes.subarray(at)), Number(at + capacity >= bytes.length))
        text += memory.toString('utf16le', output, output + 2 * units)
      }
      return text
    },
  }
}
