import { expect, test } from 'vitest'
import { decode } from 'gpt-tokenizer/encoding/o200k_base'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin } from '#test/golden/shards.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'
import type { Batch } from './wire.ts'

test('a batch is the first tokens of the documents that are left, row after row', async () => {
  const documents = testDocuments(5)
  await using served = await servedDataset([{ documents, deletes: [0] }])
  expect((await served.get('/v1/datasets/web/batch')).status).toBe(404)
  await tokenize({ ...served.world, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
  const ask = async (query = ''): Promise<Batch> => JSON.parse((await served.get(`/v1/datasets/web/batch${query}`)).text)
  const { rows, ...about } = await ask('?rows=3&sequence_tokens=300')
  expect(about).toMatchObject({ dataset: 'web', tokens_version: 1, of: served.entry.sha256 })
  expect(rows.map(({ tokens }) => tokens.length)).toEqual([300, 300, 300])
  const texts = new Map<string, number[]>()
  for (const { tokens, documents: of } of rows) for (const { id, start, end } of of) texts.set(id, [...(texts.get(id) ?? []), ...tokens.slice(start, end)])
  for (const [id, tokens] of texts) {
    const { text } = documents.slice(1).find((document) => document.id === id) ?? { text: '' }
    // The separator stands behind each whole one; the last is cut.
    expect(text.startsWith(decode(tokens.slice(0, -1)).slice(0, -8))).toBe(true)
    expect(text).not.toBe('')
  }
  expect(rows.flatMap(({ documents: of }) => of.map(({ id }) => id))).not.toContain(documents[0]?.id)
  expect((await ask()).rows.map(({ tokens }) => tokens.length)).toEqual([256, 256])
  const all = await ask('?rows=8&sequence_tokens=4096')
  expect(all.rows.flatMap(({ documents: of }) => of)).toHaveLength(4)
  for (const query of ['?rows=0', '?rows=9', '?sequence_tokens=4097', '?rows=1e9', '?rows=1&rows=2'])
    expect((await served.get(`/v1/datasets/web/batch${query}`)).status).toBe(400)
  expect((await served.get('/v1/datasets/..%2fx/batch')).status).toBe(400)
})
