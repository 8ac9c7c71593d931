import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { publishFiles, publishForged, publishIndexOf, putFile } from './forger.ts'
import { job, openScene, type Scene } from './scene.ts'
import { footer, header, sitePages, withText, writeForeign } from './site-pages.ts'
import { blockMs, factTime } from './subnet.ts'
import { prose, testDocument } from '#test/golden/documents.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

describe('a cheating miner is caught', () => {
  test('with a file that is only a header', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { bytes: new TextEncoder().encode('PAR1 PAR1'), rows: 1000 })
    expect(await scene.failures()).toEqual(['file_too_small'])
  })

  test('with 20 KB that are no Parquet file', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { bytes: new Uint8Array(20_000), rows: 100 })
    expect(await scene.failures()).toEqual(['not_parquet'])
  })

  test('with an uncompressed file', async () => {
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents, bytes: writeForeign(documents, { codec: 'UNCOMPRESSED', rowGroupSize: 10_000 }) })
    expect(await scene.failures()).toEqual(['uncompressed'])
  })

  test('with many small row groups', async () => {
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents, bytes: writeForeign(documents, { codec: 'ZSTD', rowGroupSize: 1 }) })
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
    expect(await scene.failures()).toEqual(['row_groups'])
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
    expect(await scene.failures()).toEqual(['page_contradicted'])
  })

  test('with text of its own in the place of a page whose header and footer it cut', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60))
    for (const page of pages) scene.web.set(page.uri, page)
    const forged = pages.map((page, n) => (n < 3 ? page : withText(page, prose(9000 + n))))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: forged })
    expect(await scene.failures()).toEqual(['page_contradicted'])
  })

  test('with what all pages of a host repeat, for pages it never read', async () => {
    const pages = sitePages(scene.rows(scene.miner, 60))
    for (const page of pages) scene.web.set(page.uri, page)
    const parts = [...header.split(' '), ...footer.split(' ')]
    const guessed = pages.map((page, n) => (n < 3 ? page : withText(page, Array.from({ length: 40 }, (_, i) => parts[(i * (n + 7)) % parts.length]).join(' '))))
    await publishForged(scene.subnet, scene.miner, job.id, { documents: guessed })
    expect(await scene.failures()).toEqual(['page_contradicted'])
  })

  test('with pages that do not exist', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60, { onWeb: false }) })
    expect(await scene.failures()).toEqual(['pages_lost'])
  })

  test('with real rows only at the head of the file', async () => {
    const documents = [...scene.rows(scene.miner, 200), ...scene.rows(scene.miner, 400, { from: 200, onWeb: false })]
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['pages_lost'])
  })

  test('with dates moved forward', async () => {
    const fresh = new Date(factTime - 3_600_000)
    const documents = scene
      .rows(scene.miner, 60)
      .map((row) => ({ ...row, datetime: fresh, published_at: fresh, modified_at: null, fetched_at: new Date(factTime) }))
    for (const row of documents) scene.web.set(row.uri, { ...row, published_at: new Date(Date.UTC(2025, 5, 1)) })
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_contradicted'])
  })

  test('with pages as new as the visit, where they name their date', async () => {
    const documents = scene
      .rows(scene.miner, 60)
      .filter(({ published_at }) => published_at !== null)
      .map((row) => ({ ...row, datetime: row.fetched_at, published_at: null, published_by: 'none' as const, published_score: 0 }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_contradicted'])
  })

  test('with dates moved back, into the range of a job', async () => {
    const old = new Date(Date.UTC(2020, 0, 1))
    const documents = scene
      .rows(scene.miner, 60)
      .filter(({ published_at }) => published_at !== null)
      .map((row) => ({ ...row, datetime: old, published_at: old, modified_at: null }))
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['page_contradicted'])
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
    expect(await scene.failures()).toContain('job_match')
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
    scene.subnet.pace.advance(blockMs)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: documents.map((row) => ({ ...row, hotkey: scene.miner.address })) })
    scene.subnet.pace.advance(blockMs)
    // The owner's newest claim is younger than the theft; its former one is not.
    await scene.mineHonestly(owner, scene.rows(owner, 5, { from: 700 }))
    expect(await earners()).toEqual([owner.address])
    // Nor is it forgotten when what was claimed then is gone.
    scene.subnet.pace.advance(300 * blockMs)
    await scene.mineHonestly(owner, scene.rows(owner, 5, { from: 800 }))
    expect(await earners()).toEqual([owner.address])
  })

  test('with a claim of pages of others that it withdraws before anybody looks', async () => {
    const owner = await scene.subnet.join('miner-2')
    const documents = scene.rows(owner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: documents.map((row) => ({ ...row, hotkey: scene.miner.address })) })
    scene.subnet.pace.advance(blockMs)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60, { from: 900 }) })
    await scene.mineHonestly(owner, documents)
    expect((await earners()).toSorted()).toEqual([owner.address, scene.miner.address].toSorted())
  })

  test('with the rows of another hotkey that this validator saw there before', async () => {
    const owner = await scene.subnet.join('miner-2')
    const documents = scene.rows(owner, 60)
    await scene.mineHonestly(owner, documents)
    expect(await earners()).toEqual([owner.address])
    scene.subnet.pace.advance(1000 * blockMs)
    await publishForged(scene.subnet, scene.miner, job.id, { documents: documents.map((row) => ({ ...row, hotkey: scene.miner.address })) })
    expect(await earners()).toEqual([owner.address])
  })

  test('with one crawl under two hotkeys in the same block', async () => {
    const twin = await scene.subnet.join('miner-2')
    const documents = scene.rows(scene.miner, 60)
    await publishForged(scene.subnet, scene.miner, job.id, { documents })
    await publishForged(scene.subnet, twin, job.id, { documents: documents.map((row) => ({ ...row, hotkey: twin.address })) })
    expect(await earners()).toHaveLength(1)
  })

  test('with the snapshot of another hotkey in its index', async () => {
    const owner = await scene.subnet.join('miner-2')
    const files = [await putFile(scene.subnet, owner, job.id, { documents: scene.rows(owner, 60) })]
    const stolen = await publishFiles(scene.subnet, owner, job.id, files)
    const sha256 = stolen.slice(-69, -5)
    await publishIndexOf(scene.subnet, scene.miner, [{ job_id: job.id, sha256 }])
    expect(await scene.failures()).toEqual(['snapshot_missing'])
    await scene.subnet.store.put(`manifests/hotkey=${scene.miner.address}/${sha256}.json`, await scene.subnet.store.get(stolen))
    expect(await scene.failures()).toEqual(['snapshot_hotkey'])
    await publishFiles(scene.subnet, scene.miner, job.id, files)
    expect(await scene.failures()).toEqual(['shard_key'])
  })

  test('with the index of another hotkey', async () => {
    const owner = await scene.subnet.join('miner-2')
    await scene.mineHonestly(owner, scene.rows(owner, 60))
    const found = (await scene.subnet.chain.metagraph()).neurons.find(({ hotkey }) => hotkey === owner.address)
    const index = found?.commitment as Uint8Array
    await scene.subnet.chain.commit(scene.miner, index)
    expect(await scene.failures()).toEqual(['index_missing'])
    const keyOf = (hotkey: string) => `manifests/hotkey=${hotkey}/${Buffer.from(index).toString('hex')}.json`
    await scene.subnet.store.put(keyOf(scene.miner.address), await scene.subnet.store.get(keyOf(owner.address)))
    expect(await scene.failures()).toEqual(['index_hotkey'])
  })

  test('with a forged signature', async () => {
    const signature = `0x${'0'.repeat(128)}`
    const file = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    await publishFiles(scene.subnet, scene.miner, job.id, [file], { signature })
    expect(await scene.failures()).toEqual(['snapshot_signature'])
    await publishIndexOf(scene.subnet, scene.miner, [], { signature })
    expect(await scene.failures()).toEqual(['index_signature'])
  })

  test('with a commitment or an index that is none', async () => {
    await scene.subnet.chain.commit(scene.miner, new Uint8Array([1, 2, 3]))
    expect(await scene.failures()).toEqual(['commitment_malformed'])
    await publishIndexOf(scene.subnet, scene.miner, [], { kind: 'snapshot' as never })
    expect(await scene.failures()).toEqual(['index_malformed'])
  })

  test('with a snapshot that is not of its file', async () => {
    const documents = scene.rows(scene.miner, 60)
    const other = encodeDocuments(documents.slice(1), { codec: 'zstd' })
    const { file } = await publishForged(scene.subnet, scene.miner, job.id, { documents })
    await scene.subnet.store.delete(file.key)
    expect(await scene.failures()).toEqual(['shard_missing'])
    await scene.subnet.store.put(file.key, other)
    expect(await scene.failures()).toEqual(['shard_size'])
    await scene.subnet.store.delete(file.key)
    await scene.subnet.store.put(file.key, new Uint8Array(file.bytes))
    expect(await scene.failures()).toEqual(['shard_hash'])
  })

  test('with a file named twice', async () => {
    const file = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    await publishFiles(scene.subnet, scene.miner, job.id, [file, file])
    expect(await scene.failures()).toEqual(['file_twice'])
  })

  test('with files that hold the same rows', async () => {
    const documents = scene.rows(scene.miner, 60)
    const files = [documents, documents.slice(1)].map((rows) => putFile(scene.subnet, scene.miner, job.id, { documents: rows }))
    await publishFiles(scene.subnet, scene.miner, job.id, await Promise.all(files))
    expect(await scene.failures()).toEqual(['duplicates'])
  })

  test('with nearly the same text in each of many files', async () => {
    const base = prose(3, 400)
    const files = []
    for (const [n, row] of scene.rows(scene.miner, 30).entries()) {
      const text = `${base} variant ${n}`
      const documents = [{ ...row, text, id: contentId(text), minhash: minhash(text), text_bytes: Buffer.byteLength(text) }]
      files.push(await putFile(scene.subnet, scene.miner, job.id, { documents }))
    }
    await publishFiles(scene.subnet, scene.miner, job.id, files)
    expect(await scene.failures()).toContain('duplicates')
  })

  test('with more files than anybody needs, and with all too little in them', async () => {
    const file = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    await publishFiles(scene.subnet, scene.miner, job.id, Array<typeof file>(2001).fill(file))
    expect(await scene.failures()).toEqual(['too_many_files'])
    const small = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 2) })
    await publishFiles(scene.subnet, scene.miner, job.id, [small])
    expect(await scene.failures()).toEqual(['file_too_small'])
  })

  test('with a deletion vector that is not what is said of it', async () => {
    const { file, deletes } = await putFile(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60), deletes: [1, 2] })
    const vector = deletes as NonNullable<typeof deletes>
    const publish = (parts: Partial<typeof vector>) => publishFiles(scene.subnet, scene.miner, job.id, [{ file, deletes: { ...vector, ...parts } }])
    await publish({ key: `deletes/hotkey=other/${vector.sha256}.dv` })
    expect(await scene.failures()).toEqual(['deletes_key'])
    await publish({ rows: 3 })
    expect(await scene.failures()).toEqual(['deletes_malformed'])
    await publish({ bytes: 2 ** 40 })
    expect(await scene.failures()).toEqual(['deletes_malformed'])
    await scene.subnet.store.delete(vector.key)
    await publish({})
    expect(await scene.failures()).toEqual(['deletes_missing'])
    await scene.subnet.store.put(vector.key, new Uint8Array(vector.bytes))
    expect(await scene.failures()).toEqual(['deletes_malformed'])
  })

  test('with rows that were deleted, and come back', async () => {
    const real = scene.rows(scene.miner, 60)
    const invented = scene.rows(scene.miner, 60, { from: 500, onWeb: false })
    const documents = [...real, ...invented]
    const { file, deletes } = await putFile(scene.subnet, scene.miner, job.id, { documents, deletes: invented.map((_, n) => real.length + n) })
    await publishFiles(scene.subnet, scene.miner, job.id, [{ file, deletes }])
    expect(await scene.failures()).toEqual([])
    await publishFiles(scene.subnet, scene.miner, job.id, [{ file, deletes: null }])
    expect(await scene.failures()).toEqual(['pages_lost'])
  })

  test('with wrong rows, until they are deleted', async () => {
    // Three of four, so that each draw has one of them.
    const deletes = Array.from({ length: 45 }, (_, n) => n)
    const documents = scene.rows(scene.miner, 60).map((row, n) => (n < deletes.length ? { ...row, text_bytes: 1 } : row))
    const { file } = await publishForged(scene.subnet, scene.miner, job.id, { documents })
    expect(await scene.failures()).toEqual(['text_bytes'])
    const without = await putFile(scene.subnet, scene.miner, job.id, { documents, deletes })
    expect(without.file).toEqual(file)
    await publishFiles(scene.subnet, scene.miner, job.id, [without])
    expect(await scene.failures()).toEqual([])
  })
})

/** Who has something to earn from the first round on, and whom nothing is said against. */
async function earners(): Promise<string[]> {
  const { miners } = await scene.validate()
  expect(miners.flatMap(({ failures }) => failures)).toEqual([])
  return miners.filter(({ raw }) => raw > 0).map(({ hotkey }) => hotkey)
}
