import { join } from 'node:path'
import { ExportFile } from './export-file.ts'
import { tokenBytes, type ExportPlan, type TokenWriter } from './token-writer.ts'

/** Room for any length; a multiple of 64, as NumPy has it. */
const headBytes = 128

/**
 * NumPy arrays (format 1.0, numpy/lib/format.py): `NAME.npy`, one row of all tokens (u16 or u32), and `NAME.ends.npy`, the end of each document in it (u64).
 * Both can be mapped into memory.
 */
export async function npyWriter({ folder, name, width, documents }: ExportPlan): Promise<TokenWriter> {
  await using stack = new AsyncDisposableStack()
  const [all, index] = [stack.use(await ExportFile.create(join(folder, `${name}.npy`))), stack.use(await ExportFile.create(join(folder, `${name}.ends.npy`)))]
  const closing = stack.move()
  const [tokens, ends] = [all.region(headBytes), index.region(headBytes)]
  await index.region().write(head('<u8', documents))
  let written = 0
  return {
    async write(document) {
      written += document.tokens.length
      await tokens.write(tokenBytes(document.tokens, width))
      await ends.writeInt64(written)
    },
    async finish() {
      await all.region().write(head(`<u${width}`, written))
      await all.finish()
      await index.finish()
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

function head(dtype: string, length: number): Buffer {
  const front = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 0, 0])
  front.writeUInt16LE(headBytes - front.length, 8)
  const dictionary = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${length},), }`
  return Buffer.concat([front, Buffer.from(`${dictionary.padEnd(headBytes - front.length - 1)}\n`)])
}
