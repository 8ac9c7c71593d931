import { expect, test } from 'vitest'
import { prose, testDocument } from '#test/golden/documents.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { OrreryError } from '../errors.ts'
import { encodeDocuments } from './encode.ts'
import { inMemory } from './file-bytes.ts'
import { readFooter } from './inspect.ts'
import { textAt, TextCells, type TextPage } from './text-cells.ts'

const random = seededRandom(5)
// Long ones, so that there are several pages.
const documents = Array.from({ length: 60 }, (_, n) =>
  testDocument(n, { text: `${prose(n, 1 + Math.floor(random() * 40))} é€😀 ${'x'.repeat(Math.floor(random() * 200_000))}` }),
)

async function cellsOf(bytes: Uint8Array): Promise<TextCells> {
  const file = inMemory(bytes)
  return new TextCells(file, await readFooter(file))
}

async function textOf(cells: TextCells, row: number, pages = new Map<string, TextPage>()): Promise<string | null | undefined> {
  const found = await cells.page('text', row, (name) => pages.get(name))
  if (!found) return found
  pages.set(found.name, found.page)
  return textAt(found.page, 'text', found.at)
}

test('each text is found by itself, in whatever order', async () => {
  const cells = await cellsOf(encodeDocuments(documents, { codec: 'zstd' }))
  const pages = new Map<string, TextPage>()
  for (const n of documents.keys()) {
    const row = (n * 37) % documents.length
    expect(await textOf(cells, row, pages)).toBe(documents[row]?.text)
  }
  expect(pages.size).toBeGreaterThan(1)
  expect(await cells.page('markdown', 3, () => undefined)).toBeNull()
})

test('what is written otherwise is left to who reads rows', async () => {
  const snappy = await cellsOf(encodeDocuments(documents.slice(0, 3), { codec: 'snappy' }))
  expect(await textOf(snappy, 1)).toBeUndefined()
  const some = documents.slice(0, 4).map((document, n) => ({ ...document, markdown: n % 2 === 0 ? null : '# x' }))
  const mixed = await cellsOf(encodeDocuments(some, { codec: 'zstd' }))
  expect(await mixed.page('markdown', 1, () => undefined)).toBeUndefined()
  expect(await textOf(mixed, 99)).toBeUndefined()
})

test('a damaged file is refused in words, wherever it is damaged', async () => {
  const whole = encodeDocuments(documents.slice(0, 4), { codec: 'zstd' })
  for (let n = 0; n < 200; n++) {
    const bytes = Uint8Array.from(whole)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const outcome = await cellsOf(bytes)
      .then(
        (cells) => textOf(cells, 2),
        (error: unknown) => error,
      )
      .catch((error: unknown) => error)
    expect(outcome instanceof Error && !(outcome instanceof OrreryError)).toBe(false)
  }
})
