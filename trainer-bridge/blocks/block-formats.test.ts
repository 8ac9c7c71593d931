import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { openEncoders } from '#infra/tokenizer/encoders.ts'
import { openTextEncoder } from '#infra/tokenizer/text-encoder.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { findPython, runPython } from '#test/bench/python.ts'
import { blockRepresentations, type BlockRepresentations } from './block-formats.ts'
import { encodeBlockHeader, parseBlockHeader } from './block-header.ts'
import type { RowDocument } from '../plan/row-documents.ts'
import type { TokenBlock, TokenBlocks } from './token-blocks.ts'

const metadata = new Map([['plan_id', 'p']])

function blockOf(rows: number, rowTokens: number, rowLabels: readonly string[], batch = 2 ** 33, tokens?: readonly number[]): TokenBlock {
  const bytes = Buffer.from(Uint32Array.from({ length: rows * rowTokens }, (_, i) => tokens?.[i] ?? 70_000 * i + batch).buffer)
  const sha256 = sha256Hex(bytes)
  const framed = Buffer.concat([encodeBlockHeader({ rows, rowTokens, batch, epoch: 3, endOfText: 9, sha256 }), bytes])
  return { batch, label: rowLabels[0]!, rows, rowTokens, endOfText: 9, rowLabels, bytes, framed, sha256 }
}

const encoders = openEncoders({ tokenizer: 'r50k_base', folder: goldenTokenizers, threads: 1 })
afterAll(() => encoders[Symbol.asyncDispose]())
const { name, fingerprint, size, endOfText } = await encoders.vocabulary()
const tokenizer = { name, fingerprint, vocabulary: size }

/** @param following what stands behind each of them */
function formatsOf(made: readonly TokenBlock[], following: readonly number[] = []): BlockRepresentations {
  const blocks: TokenBlocks = {
    block: async (batch) => made.find((block) => block.batch === batch) as TokenBlock,
    following: async (_, count) => Uint32Array.from({ length: count }, (__, i) => following[i % following.length] ?? 0),
    prepare: () => undefined,
  }
  return blockRepresentations({ blocks, documents: async (batch) => documentsOf(await blocks.block(batch)), tokenizer, encoders, metadata })
}

/** Of row n, so many documents: none, one, two … */
const documentsOf = ({ rows, rowTokens }: TokenBlock): RowDocument[][] =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: Math.min(row, rowTokens) }, (__, n) => ({ id: sha256Hex(`${row} ${n}`), end: n + 1, isCut: (row + n) % 3 === 0 })),
  )
const maskOf = (row: readonly RowDocument[]) => ({
  document_ends: row.map(({ end }) => end),
  document_ids: row.map(({ id }) => id),
  document_cuts: row.map(({ isCut }) => isCut),
})

const labels = ['web', '', '__proto__', 'Ελλάδα', 'x'.repeat(140)]
const shapes = [blockOf(1, 1, ['web'], 0), blockOf(5, 3, labels, 1), blockOf(2, 8, ['a', 'bc'], 2), blockOf(2, 8, ['ab', 'c'], 3), blockOf(3, 5, ['', '', ''])]
const rowsOf = ({ rows, rowTokens, bytes }: TokenBlock): number[][] => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * rowTokens)
  return Array.from({ length: rows }, (_, row) => [...words.subarray(row * rowTokens, (row + 1) * rowTokens)])
}

const expectedOf = (block: TokenBlock) => {
  const documents = documentsOf(block)
  return rowsOf(block).map((tokens, row) => ({ tokens, label: block.rowLabels[row], batch: block.batch, ...maskOf(documents[row]!) }))
}

test('the header is as documented', () => {
  const header = { rows: 3, rowTokens: 17, batch: 2 ** 40 + 1, epoch: 5, endOfText: 199_999, sha256: 'ab'.repeat(32) }
  const bytes = encodeBlockHeader(header)
  expect(bytes.toString('hex')).toBe(`4f52594201000400${'03000000'}${'11000000'}${'0100000000010000'}${'05000000'}${'3f0d0300'}${'ab'.repeat(32)}`)
  expect(parseBlockHeader(bytes)).toEqual(header)
})

test.each([0, 4, 6])('what is no header is refused by its byte %d', (at) => {
  const bytes = encodeBlockHeader({ rows: 1, rowTokens: 1, batch: 0, epoch: 0, endOfText: 0, sha256: '00'.repeat(32) })
  bytes[at]!++
  expect(() => parseBlockHeader(bytes)).toThrow(expect.objectContaining({ code: 'invalid_record' }))
  expect(() => parseBlockHeader(bytes.subarray(0, 63))).toThrow(expect.objectContaining({ code: 'invalid_record' }))
})

test('an Arrow reader finds rows, labels, batch and documents in every shape', async () => {
  const formats = formatsOf(shapes)
  // Twice: what stands before the buffers is kept.
  for (const block of [...shapes, ...shapes]) {
    const table = tableFromIPC((await formats.get(block.batch, 'arrow')).bytes)
    expect(Object.fromEntries(table.schema.metadata)).toEqual({ plan_id: 'p' })
    const rows = table.toArray().map(({ tokens, label, batch, document_ends, document_ids, document_cuts }) => ({
      tokens: [...tokens],
      label,
      batch: Number(batch),
      document_ends: [...document_ends],
      document_ids: [...document_ids].map((id: Uint8Array) => Buffer.from(id).toString('hex')),
      document_cuts: [...document_cuts],
    }))
    expect(rows).toEqual(expectedOf(block))
  }
})

const python = await findPython({ packages: ['pyarrow', 'polars'], install: false })
if (!python) console.warn('pyarrow and polars read no blocks: no Python has them; name one in PYARROW_PYTHON')
const script = `
import sys, json
import pyarrow as pa, polars
rows = []
for path in sys.argv[1:]:
    with pa.ipc.open_stream(path) as stream:
        table = stream.read_all()
    table.validate(full=True)
    rows.append(table.to_pylist())
    assert polars.read_ipc_stream(path).to_dicts() == rows[-1]
print(json.dumps(rows, default=bytes.hex))
`

test.skipIf(!python)('pyarrow and polars find them too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-arrow-'))
  const paths = shapes.map((_, n) => join(folder, String(n)))
  for (const [n, block] of shapes.entries()) await writeFile(paths[n]!, (await formatsOf([block]).get(block.batch, 'arrow')).bytes)
  expect(await runPython(python!, script, paths)).toEqual(shapes.map(expectedOf))
  await rm(folder, { recursive: true })
})

test('a zstd frame holds the block with its header', async () => {
  const formats = formatsOf(shapes)
  for (const block of shapes) {
    const { bytes, etag } = await formats.get(block.batch, 'zstd')
    expect(zstdDecompressSync(bytes)).toEqual(block.framed)
    expect(etag).toBe(`"${sha256Hex(bytes)}"`)
    expect((await formats.get(block.batch, 'zstd')).bytes).toBe(bytes)
  }
})

test('no two representations have the same tag', async () => {
  const formats = formatsOf(shapes)
  const tags = await Promise.all(
    shapes.flatMap(({ batch }) => (['raw', 'orrery', 'arrow', 'zstd'] as const).map(async (format) => (await formats.get(batch, format)).etag)),
  )
  expect(new Set(tags).size).toBe(tags.length)
})

const reader = await openTextEncoder('r50k_base', goldenTokenizers)
const prose = 'The tide came in over the flats — slowly, then all at once, as Μάρκος had said it would. 潮が満ちる。 '.repeat(4)
const tokensOf = (text: string): number[] => [...reader.encode(text)]
const textBlock = (tokens: readonly number[], rows: number, rowTokens: number) => blockOf(rows, rowTokens, ['web', 'web'].slice(0, rows), 0, tokens)

test('a text begins with the tokens of the block, whole documents and cut ones, and has some to spare', async () => {
  const stream = [...tokensOf(prose).slice(7), endOfText, ...tokensOf(prose), endOfText, ...tokensOf(prose)]
  const wanted = 2 * 60
  const formats = formatsOf([textBlock(stream, 2, 60)], stream.slice(wanted))
  const { bytes, type, etag } = await formats.get(0, 'text')
  const text = gunzipSync(bytes).toString()
  const [first, ...others] = text.split('<|endoftext|>')
  const again = [...tokensOf(first!), ...others.flatMap((part) => [endOfText, ...tokensOf(part)])]
  expect(again.slice(0, wanted)).toEqual(stream.slice(0, wanted))
  expect(again.length).toBeGreaterThanOrEqual(wanted + 16)
  expect([type, etag]).toEqual(['application/gzip', `"${sha256Hex(bytes)}"`])
})

const [hund, red] = [tokensOf('hund'), tokensOf('red')].map(([token]) => token!) as [number, number]
const moon = tokensOf('🌕')
test.each<[string, number[]]>([
  ['two windows that together spell another word', [...tokensOf('a'), hund, red, ...tokensOf(' sails')]],
  ['a window that begins inside a character', [...moon.slice(1), ...tokensOf(' over the sea')]],
  ['a document that spells the token which ends texts', tokensOf('it says <|endoftext|> here')],
])('there is no text of %s, and it is said', async (_, tokens) => {
  const formats = formatsOf([textBlock(tokens, 1, tokens.length)], tokensOf(prose))
  await expect(formats.get(0, 'text')).rejects.toMatchObject({ code: 'not_acceptable', status: 406 })
})

test('nothing is given as text with another tokenizer than that of the tokens', async () => {
  const blocks: TokenBlocks = { block: async () => shapes[0]!, following: async () => new Uint32Array(), prepare: () => undefined }
  const other = blockRepresentations({ blocks, documents: async () => [[]], tokenizer: { ...tokenizer, fingerprint: 'f'.repeat(64) }, encoders, metadata })
  await expect(other.get(0, 'text')).rejects.toMatchObject({ code: 'not_acceptable', message: expect.stringContaining('dataset.tokenizer') })
})
