import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { runPython } from '#test/bench/python.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { exportFormats, exportTokens, type ExportFormat } from './export.ts'
import type { TokenDocument } from './token-documents.ts'

const { signal } = new AbortController()
const formats = Object.keys(exportFormats) as ExportFormat[]
/** One with numpy, pyarrow, datatrove, megatron-core and mosaicml-streaming; PyTorch need not be there. */
const python = process.env['EXPORTS_PYTHON']
if (python === undefined)
  console.warn('no export is read by its own reader: name a Python with datatrove, megatron-core and mosaicml-streaming in EXPORTS_PYTHON')

/** A dataset of two versions: of the first documents some are gone. */
async function tokenized(): Promise<ShardWorld & { texts: string[] }> {
  const world = await shardWorld()
  const signer = await world.signer('a')
  const documents = [...testDocuments(6), testDocument(6, { label: 'other', text: 'wee <|endoftext|> 🦀 words' })]
  const make = async () => {
    await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
    await tokenize({ ...world, name: 'web', origin: goldenOrigin, signal })
  }
  await putShard(world, { signer, jobId: 'one', documents })
  await make()
  await putShard(world, { signer, jobId: 'one', documents, deletes: [1, 4] })
  await make()
  return { ...world, texts: documents.flatMap(({ text }, n) => (n === 1 || n === 4 ? [] : [text])) }
}

/** With the separator behind each. */
async function expectedTokens({ encoders, texts }: Awaited<ReturnType<typeof tokenized>>): Promise<number[][]> {
  const { endOfText } = await encoders.vocabulary()
  const items = (async function* () {
    for (const text of texts) yield { text }
  })()
  return Array.fromAsync(encoders.encode(items, signal), ({ tokens }) => [...tokens, endOfText])
}

const sorted = (documents: readonly (readonly number[])[]): string[] => documents.map((tokens) => tokens.join(' ')).toSorted()

async function hashesOf(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder)).toSorted()
  return Promise.all(names.map(async (name) => [name, sha256Hex(await readFile(join(folder, name)))] as [string, string]))
}

test('each format has the documents that are left, twice the same bytes, and appears when all of it is there', async () => {
  await using world = await tokenized()
  const [root, expected] = [await temporaryFolder(), await expectedTokens(world)]
  const tokens = expected.reduce((sum, { length }) => sum + length, 0)
  for (const format of formats) {
    const to = join(root, format)
    const exported = await exportTokens({ ...world, name: 'web', format, to, signal })
    expect(exported).toMatchObject({ dataset: 'web', tokens_version: 2, tokenizer: 'o200k_base', format, token_bytes: 4, documents: 5, tokens })
    expect(JSON.parse(await readFile(join(to, '_export.json'), 'utf8'))).toEqual(exported)
    await exportTokens({ ...world, name: 'web', format, to: join(root, 'again', format), signal })
    expect(await hashesOf(join(root, 'again', format))).toEqual(await hashesOf(to))
    await expect(exportTokens({ ...world, name: 'web', format, to, signal })).rejects.toMatchObject({ code: 'already_exists' })
  }
  expect((await readdir(root)).toSorted()).toEqual([...formats, 'again'].toSorted())
  const npy = await readFile(join(root, 'npy', 'web.npy'))
  expect(npy.toString('latin1', 0, 128).trimEnd()).toBe(`\x93NUMPY\x01\0v\0{'descr': '<u4', 'fortran_order': False, 'shape': (${tokens},), }`)
  expect(npy.length).toBe(128 + 4 * tokens)
  if (python === undefined) return
  const read = (await runPython(python, await readFile('test/golden/read-exports.py', 'utf8'), [root, 'web', '4'])) as Record<ExportFormat, number[][]>
  for (const format of formats) expect(sorted(read[format]), format).toEqual(sorted(expected))
})

/** Enough for some buffers and row groups; of one token, and of many. */
const documents: TokenDocument[] = Array.from({ length: 300 }, (_, n) => ({
  id: sha256Hex(String(n)),
  tokens: Uint32Array.from({ length: n === 7 ? 150_000 : 1 + (n % 40) }, (_token, at) => (n * 977 + at * 31) % 65_536),
}))

test.runIf(python !== undefined)('small vocabularies come as u16; long documents and short ones stay apart', async () => {
  const root = await temporaryFolder()
  const tokenizer = { name: 'small', fingerprint: '0'.repeat(64), vocabulary: 65_536 }
  for (const format of formats) {
    const folder = join(root, format)
    await mkdir(folder)
    await using writer = await exportFormats[format]({ folder, name: 'some', width: 2, documents: documents.length, tokenizer })
    for (const document of documents) await writer.write(document)
    await writer.finish()
  }
  const read = (await runPython(python ?? '', await readFile('test/golden/read-exports.py', 'utf8'), [root, 'some', '2'])) as Record<ExportFormat, number[][]>
  for (const format of formats)
    expect(sha256Hex(JSON.stringify(read[format])), format).toBe(sha256Hex(JSON.stringify(documents.map(({ tokens }) => [...tokens]))))
})

test('an export that is cut off leaves nothing that a reader takes for one, and is begun anew', async () => {
  await using world = await tokenized()
  const root = await temporaryFolder()
  const to = join(root, 'out')
  let left = 3
  const store = { get: (...args: Parameters<typeof world.store.get>) => (left-- > 0 ? world.store.get(...args) : Promise.reject(new Error('killed'))) }
  await expect(exportTokens({ ...world, store, name: 'web', format: 'mds', to, signal })).rejects.toThrow('killed')
  expect(await readdir(root)).toEqual([])
  // Of a process that is gone.
  await mkdir(join(root, '.out.part-999999999'))
  await writeFile(join(root, '.out.part-999999999', 'index.json'), '{')
  await mkdir(to)
  await exportTokens({ ...world, name: 'web', format: 'mds', to, signal })
  expect(await readdir(root)).toEqual(['out'])
  expect((await readdir(to)).toSorted()).toEqual(['_export.json', 'index.json', 'shard.00000.mds'])
})

test('of two exports to one folder the second says that it is taken', async () => {
  await using world = await tokenized()
  const to = join(await temporaryFolder(), 'out')
  const store = {
    async get(...args: Parameters<typeof world.store.get>) {
      await mkdir(to, { recursive: true })
      await writeFile(join(to, 'index.json'), '{}')
      return world.store.get(...args)
    },
  }
  await expect(exportTokens({ ...world, store, name: 'web', format: 'npy', to, signal })).rejects.toMatchObject({ code: 'already_exists' })
  expect(await readdir(join(to, '..'))).toEqual(['out'])
  expect(await readdir(to)).toEqual(['index.json'])
})

test('what cannot be exported is said in one line: no tokens, no folder, another tokenizer, a shard that is damaged', async () => {
  await using world = await tokenized()
  const root = await temporaryFolder()
  const file = join(root, 'file')
  await writeFile(file, 'x')
  await expect(exportTokens({ ...world, name: 'none', format: 'npy', to: join(root, 'a'), signal })).rejects.toMatchObject({ code: 'not_found' })
  await expect(exportTokens({ ...world, name: 'web', format: 'npy', to: file, signal })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(exportTokens({ ...world, name: 'web', format: 'npy', to: join(root, 'b'), signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
    'stop',
  )
  const store = {
    async get(...args: Parameters<typeof world.store.get>) {
      const bytes = Uint8Array.from(await world.store.get(...args))
      if (args[0].endsWith('.tok')) bytes[100] = 7
      return bytes
    },
  }
  await expect(exportTokens({ ...world, store, name: 'web', format: 'npy', to: join(root, 'c'), signal })).rejects.toMatchObject({ code: 'data_unreadable' })
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(2), deletes: [0, 1] })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  await tokenize({ ...world, name: 'web', origin: goldenOrigin, signal })
  await expect(exportTokens({ ...world, name: 'web', format: 'npy', to: join(root, 'd'), signal })).rejects.toThrow('has no documents')
  expect(await readdir(root)).toEqual(['file'])
})
