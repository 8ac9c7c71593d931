import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { documentColumns, documentSchema, toCell } from '#schemas/parquet/columns.ts'
import { compressors } from '#schemas/parquet/compression.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { publishForged, publishIndexOf } from '#test/adversary/forger.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'
import { footer, header, sitePages, withText } from '#test/adversary/site-pages.ts'
import { factTime } from '#test/adversary/subnet.ts'
import { prose, testDocument } from '#test/golden/documents.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const write = (documents: readonly Document[], options: object): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [...documentSchema],
      columnData: documentColumns.map((column) => ({ name: column.name, data: documents.map((document) => toCell(column, document)) })),
      compressors,
      ...options,
    }),
  )

describe('a cheating miner is caught', () => {
  test('with a file that is only a header', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { bytes: new TextEncoder().encode('PAR1'), rows: 1000 })
    expect(await scene.failures()).toEqual(['file_too_small'])
  })

  test('with 20 KB that are no Parquet file', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { bytes: new Uint8Array(20_000), rows: 100 })
    expect(await scene.failures()).toEqual(['not_parquet'])
  })

  test('with an uncompressed file', async () => {
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents, bytes: write(documents, { codec: 'UNCOMPRESSED', rowGroupSize: 10_000 }) })
    expect(await scene.failures()).toEqual(['uncompressed'])
  })

  test('with many small row groups', async () => {
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents, bytes: write(documents, { codec: 'ZSTD', rowGroupSize: 1 }) })
    expect(await scene.failures()).toEqual(['row_groups'])
  })

  test('with other columns', async () => {
    const documents = scene.rows(scene.miner, 200)
    const columnData = [{ name: 'url', type: 'STRING' as const, data: documents.map(({ text }) => text) }]
    await publishForged(scene.subnet, scene.miner, job.id, { documents, bytes: new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 10_000 })) })
    expect(await scene.failures()).toEqual(['schema'])
  })

  test('with more rows in the name than in the footer', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60), rows: 100 })
    expect(await scene.failures()).toEqual(['row_count'])
  })

  test('with more rows in the name than in the manifest', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60), nameRows: 100 })
    expect(await scene.failures()).toEqual(['row_count'])
  })

  test('with a few rows hundreds of times', async () => {
    const few = scene.rows(scene.miner, 20)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: Array.from({ length: 5000 }, (_, n) => few[n % 20] as Document) })
    expect(await scene.failures()).toEqual(['bytes_per_row'])
  })

  test('with each row twice', async () => {
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: [...documents, ...documents] })
    expect(await scene.failures()).toEqual(['duplicates'])
  })

  test('with one page under many addresses', async () => {
    const base = prose(3, 400)
    const documents = scene.rows(scene.miner, 200).map((row, n) => {
      const text = `${base} variant ${n}`
      const page = testDocument(n, {
        ...row,
        text,
        uri: `https://host1.example/page?slug=${n}`,
        url: `https://host1.example/page?slug=${n}`,
        host: 'host1.example',
        id: contentId(text),
        minhash: minhash(text),
        text_bytes: Buffer.byteLength(text),
      })
      scene.web.set(page.uri, page)
      return page
    })
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['duplicates'])
  })

  test('with addresses that are spellings of one', async () => {
    const documents = scene.rows(scene.miner, 60).map((row, n) => {
      const uri = `https://host0.example/page?utm_source=${n}`
      return { ...row, uri, url: uri }
    })
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['row_url'])
  })

  test('with fabricated text', async () => {
    const real = scene.rows(scene.miner, 60)
    const fabricated = real.map((row, n) => {
      const text = prose(10_000 + n)
      return { ...row, text, id: contentId(text), minhash: minhash(text), text_bytes: Buffer.byteLength(text) }
    })
    await publishForged(scene.subnet, scene.miner, job.id, { documents: fabricated })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with pages of which it threw most away, as if that were boilerplate', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60).map((row, n) => withText(row, `${prose(8000 + n, 40)}\n\n${row.text}`)))
    for (const page of pages) scene.web.set(page.uri, page)
    const [whole, ...others] = pages
    const heads = others.map((page, n) => withText(page, prose(8001 + n, 40)))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: [whole as Document, ...heads] })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with text of its own in the place of a page whose header and footer it cut', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60))
    for (const page of pages) scene.web.set(page.uri, page)
    const forged = pages.map((page, n) => (n < 3 ? page : withText(page, prose(9000 + n))))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: forged })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with what all pages of a host repeat, for pages it never read', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60))
    for (const page of pages) scene.web.set(page.uri, page)
    const parts = [...header.split(' '), ...footer.split(' ')]
    const guessed = pages.map((page, n) => (n < 3 ? page : withText(page, Array.from({ length: 40 }, (_, i) => parts[(i * (n + 7)) % parts.length]).join(' '))))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: guessed })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with pages that do not exist', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60, { onWeb: false }) })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with real rows only at the head of the file', async () => {
    const documents = [...scene.rows(scene.miner, 200), ...scene.rows(scene.miner, 400, { from: 200, onWeb: false })]
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with dates moved forward', async () => {
    const fresh = new Date(factTime - 3_600_000)
    const documents = scene
      .rows(scene.miner, 60)
      .map((row) => ({ ...row, datetime: fresh, published_at: fresh, modified_at: null, fetched_at: new Date(factTime) }))
    for (const row of documents) scene.web.set(row.uri, { ...row, published_at: new Date(Date.UTC(2025, 5, 1)) })
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with pages as new as the visit, where they name their date', async () => {
    const documents = scene
      .rows(scene.miner, 60)
      .filter(({ published_at }) => published_at !== null)
      .map((row) => ({ ...row, datetime: row.fetched_at, published_at: null, published_by: 'none' as const, published_score: 0 }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with dates moved back, into the range of a job', async () => {
    const old = new Date(Date.UTC(2020, 0, 1))
    const documents = scene
      .rows(scene.miner, 60)
      .filter(({ published_at }) => published_at !== null)
      .map((row) => ({ ...row, datetime: old, published_at: old, modified_at: null }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_differs'])
  })

  test('with dates in the future', async () => {
    const documents = scene.rows(scene.miner, 60).map((row) => ({ ...row, datetime: new Date(factTime + 86_400_000), published_at: null }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['datetime'])
  })

  test.each([
    ['text_bytes', (row: Document) => ({ ...row, text_bytes: row.text_bytes * 10 })],
    ['content_id', (row: Document) => ({ ...row, id: row.html_sha256 })],
    ['minhash', (row: Document) => ({ ...row, minhash: minhash(row.title) })],
    ['row_owner', (row: Document) => ({ ...row, job_id: 'another-job' })],
    ['row_url', (row: Document) => ({ ...row, url: 'javascript:void(0)' })],
    ['row_url', (row: Document) => ({ ...row, host: 'other.example' })],
    ['row_url', (row: Document) => ({ ...row, url: row.url.replace('.example', '.elsewhere') })],
    ['row_url', (row: Document) => ({ ...row, url: `${row.url}#part` })],
    ['row_malformed', (row: Document) => ({ ...row, url: `${row.url}?utm_source=${'x'.repeat(5000)}` })],
    ['row_malformed', (row: Document) => ({ ...row, title: 'x'.repeat(1_200_000) })],
  ])('with rows whose parts disagree: %s', async (code, forge) => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60).map(forge) })
    expect(await scene.failures()).toContain(code)
  })

  test('with rows of another place under a listed job', async () => {
    const documents = scene.rows(scene.miner, 60).map((row) => ({
      ...row,
      uri: row.uri.replace('.example', '.elsewhere'),
      url: row.url.replace('.example', '.elsewhere'),
      host: row.host.replace('.example', '.elsewhere'),
    }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['job_match'])
  })

  test('with rows without a word', async () => {
    const documents = scene.rows(scene.miner, 400).map((row, n) => {
      const text = `${'.'.repeat(n + 1)} - …`
      return { ...row, text, id: contentId(text), minhash: minhash(text), text_bytes: Buffer.byteLength(text) }
    })
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toContain('empty')
  })

  test('with the rows of another hotkey, while that one passes', async () => {
    const owner = await scene.subnet.join('miner-2')
    const documents = scene.rows(owner, 60)
    await scene.mineHonestly(owner, documents)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: documents.map((row) => ({ ...row, hotkey: scene.miner.address })) })
    // The owner's newest snapshot is younger than the theft; its former one is not.
    await scene.mineHonestly(owner, scene.rows(owner, 5, { from: 700 }))
    const { miners } = await scene.validate()
    expect(miners.find(({ hotkey }) => hotkey === owner.address)?.failures).toEqual([])
    expect(miners.find(({ hotkey }) => hotkey === scene.miner.address)?.failures.map(({ code }) => code)).toEqual(['copied_rows'])
  })

  test('with the shard of another hotkey in its index', async () => {
    const owner = await scene.subnet.join('miner-2')
    const { shards } = await publishForged(scene.subnet, owner, job.id, { documents: scene.rows(owner, 60) })
    await publishIndexOf(scene.subnet, scene.miner, shards)
    expect(await scene.failures()).toEqual(['shard_hotkey'])
  })

  test('with the index of another hotkey', async () => {
    const owner = await scene.subnet.join('miner-2')
    await scene.mineHonestly(owner, scene.rows(owner, 60))
    const found = (await scene.subnet.chain.metagraph()).neurons.find(({ hotkey }) => hotkey === owner.address)
    await scene.subnet.chain.commit(scene.miner, found?.commitment as Uint8Array)
    expect(await scene.failures()).toEqual(['index_hotkey'])
  })

  test('with a forged signature', async () => {
    const signature = `0x${'0'.repeat(128)}`
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60), shard: { signature } })
    expect(await scene.failures()).toEqual(['shard_signature'])
    await publishIndexOf(scene.subnet, scene.miner, [], { signature })
    expect(await scene.failures()).toEqual(['index_signature'])
  })

  test('with a commitment or an index that is none', async () => {
    await scene.subnet.chain.commit(scene.miner, new Uint8Array([1, 2, 3]))
    expect(await scene.failures()).toEqual(['commitment_malformed'])
    await publishIndexOf(scene.subnet, scene.miner, [], { kind: 'shard' as never })
    expect(await scene.failures()).toEqual(['index_malformed'])
  })

  test('with a manifest that is not of its file', async () => {
    const documents = scene.rows(scene.miner, 60)
    const other = encodeDocuments(documents.slice(1), { codec: 'zstd' })
    const { shards } = await publishForged(scene.subnet, scene.miner, job.id, { documents })
    const [shard] = shards as [(typeof shards)[number]]
    await scene.subnet.store.delete(shard.file.key)
    expect(await scene.failures()).toEqual(['shard_missing'])
    await scene.subnet.store.put(shard.file.key, other)
    expect(await scene.failures()).toEqual(['shard_size'])
    await scene.subnet.store.delete(shard.file.key)
    await scene.subnet.store.put(shard.file.key, new Uint8Array(shard.file.bytes))
    expect(await scene.failures()).toEqual(['shard_hash'])
  })
})
