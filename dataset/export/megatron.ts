import { join } from 'node:path'
import { ExportFile } from './export-file.ts'
import { tokenBytes, type ExportPlan, type TokenWriter } from './token-writer.ts'

const magic = Buffer.from('MMIDIDX\0\0', 'latin1')
/** Codes of its dtypes: 4 = int32, 8 = uint16. */
const dtypes = { 2: 8, 4: 4 } as const
const headBytes = 34

/**
 * Megatron-LM's indexed dataset (megatron/core/datasets/indexed_dataset.py): `NAME.bin` has the tokens (uint16 or int32), `NAME.idx` magic, version 1 (u64),
 * dtype (u8), sequences and ends of documents (u64 each), then the length of each sequence (int32), its place in the `.bin` in bytes (int64), and the sequences
 * before each document and behind the last (int64). A document is one sequence.
 */
export async function megatronWriter({ folder, name, width, documents }: ExportPlan): Promise<TokenWriter> {
  await using stack = new AsyncDisposableStack()
  const bin = stack.use(await ExportFile.create(join(folder, `${name}.bin`)))
  const idx = stack.use(await ExportFile.create(join(folder, `${name}.idx`)))
  const closing = stack.move()
  const tokens = bin.region()
  const lengths = idx.region(headBytes)
  const pointers = idx.region(headBytes + 4 * documents)
  const ends = idx.region(headBytes + 12 * documents)
  await idx.region().write(head(dtypes[width], documents))
  await ends.writeInt64(0)
  let written = 0
  return {
    async write(document) {
      await lengths.writeInt32(document.tokens.length)
      await pointers.writeInt64(tokens.position)
      await ends.writeInt64(++written)
      await tokens.write(tokenBytes(document.tokens, width))
    },
    async finish() {
      await bin.finish()
      await idx.finish()
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

function head(dtype: number, documents: number): Buffer {
  const bytes = Buffer.alloc(headBytes)
  bytes.set(magic)
  bytes.writeBigUInt64LE(1n, 9)
  bytes.writeUInt8(dtype, 17)
  bytes.writeBigUInt64LE(BigInt(documents), 18)
  bytes.writeBigUInt64LE(BigInt(documents + 1), 26)
  return bytes
}
