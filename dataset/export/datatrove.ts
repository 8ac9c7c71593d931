import { join } from 'node:path'
import { ExportFile } from './export-file.ts'
import { tokenBytes, type ExportPlan, type TokenWriter } from './token-writer.ts'

/**
 * datatrove's tokenized file (pipeline/tokens/tokenizer.py): `NAME.ds` has the tokens (u16 or u32), `NAME.ds.index` the end of each document in tokens (u64),
 * `NAME.ds.metadata` the tokenizer with the bytes of a token, the count of tokens, and the same for people.
 */
export async function datatroveWriter({ folder, name, width, tokenizer }: ExportPlan): Promise<TokenWriter> {
  await using stack = new AsyncDisposableStack()
  const create = async (ending: string): Promise<ExportFile> => stack.use(await ExportFile.create(join(folder, `${name}.ds${ending}`)))
  const files = [await create(''), await create('.index'), await create('.metadata')] as const
  const [tokens, ends, metadata] = [files[0].region(), files[1].region(), files[2].region()]
  const closing = stack.move()
  let written = 0
  return {
    async write(document) {
      written += document.tokens.length
      await tokens.write(tokenBytes(document.tokens, width))
      await ends.writeInt64(written)
    },
    async finish() {
      await metadata.write(Buffer.from(`${tokenizer.name}|${width}\n${written}\n${forPeople.format(written)}`))
      for (const file of files) await file.finish()
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const forPeople = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })
