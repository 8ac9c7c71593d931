import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { compareText } from '#schemas/compare-text.ts'
import { parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotIndexManifest, SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { header, sitePages } from '#test/adversary/site-pages.ts'
import { enqueue, openSubnet, testJob, type Subnet } from '#test/adversary/subnet.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { expectAgreement } from './agreement.fixture.ts'
import { compareDocuments } from '../dedup/order.ts'
import type { WriterParts } from './shard-writer.ts'
import { manifestKey } from './snapshot-heads.ts'
import { filesOf, rowsOf, snapshotJobs as jobs, writeSnapshot } from './snapshot.fixture.ts'

/** What the store holds after one snapshot of documents queued in that order. */
async function digestOf(order: (documents: Document[]) => Document[]): Promise<Record<string, string>> {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  await enqueue(subnet.queue('documents'), order(corpus(signer.address)))
  await writeSnapshot(subnet, signer)
  return await digestFolder(join(subnet.dir, 'store'))
}

/** Documents of two jobs, a near-duplicate pair across them, an older and a newer version of one page. */
function corpus(hotkey: string, count = 60): Document[] {
  const documents = Array.from({ length: count }, (_, n) => {
    const job = n % 3 === 1 ? jobs[0] : jobs[1]
    return testDocument(n, { hotkey, job_id: job.id, label: job.params.label as string, ...(n === 7 || n === 8 ? { text: `${prose(7, 200)} ${n}` } : {}) })
  })
  const changed = documents[10] as Document
  return [
    ...documents,
    testDocument(1000, { ...changed, ...testDocument(1000, { uri: changed.uri }), hotkey, job_id: changed.job_id, label: changed.label, version: 2 }),
  ]
}

const namesOf = async (subnet: Subnet, hotkey: string) => (await rowsOf(subnet, hotkey)).map(({ uri, version }) => `${uri} ${version}`).toSorted()

describe('a snapshot', () => {
  test('writes one signed shard per job, an index of them, and commits it on chain', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    await enqueue(subnet.queue('documents'), corpus(signer.address))
    const report = await writeSnapshot(subnet, signer)

    expect(report).toMatchObject({ arrived: 61, kept: 59, duplicates: { exact: 1, near: 1, clusters: 1 }, committed: true })
    expect(report.written.map(({ job_id }) => job_id)).toEqual(jobs.map(({ id }) => id).toSorted())
    const named = JSON.parse(Buffer.from(await subnet.store.get(manifestKey(signer.address, report.index ?? ''))).toString()) as SnapshotIndexManifest
    expect(named.snapshots.map(({ job_id }) => job_id)).toEqual(jobs.map(({ id }) => id).toSorted())
    for (const { job_id: jobId, sha256 } of named.snapshots) {
      const manifest = JSON.parse(Buffer.from(await subnet.store.get(manifestKey(signer.address, sha256))).toString()) as SnapshotManifest
      expect(verifyManifest(manifest)).toBe(true)
      expect((await subnet.catalog.head(lineage.snapshot(signer.address, jobId)))?.manifest).toEqual(manifest)
      const [{ file }] = manifest.files as [SnapshotManifest['files'][number]]
      expect(manifest.files).toEqual([{ file, deletes: null }])
      const bytes = await subnet.store.get(file.key)
      const rows = await decodeDocuments(bytes)
      expect(rows).toEqual(rows.toSorted(compareDocuments))
      expect(parseShardKey(file.key)).toMatchObject({ hotkey: signer.address, jobId })
      expect(parseShardName(parseShardKey(file.key)?.name ?? '')).toMatchObject({
        rows: rows.length,
        hex: file.sha256.slice(0, 16),
        writtenAt: new Date(subnet.facts.now()),
      })
      expect(sha256Hex(bytes)).toBe(file.sha256)
      expect(file.labels.map(([, count]) => count)).toEqual([rows.length])
    }
    expect(subnet.rejects.map(({ reason }) => reason).toSorted()).toEqual(['duplicate_exact', 'duplicate_near'])
    const [neuron] = (await subnet.chain.metagraph()).neurons
    expect(Buffer.from(neuron?.commitment ?? []).toString('hex')).toBe(report.index)
    expect(await subnet.queue('documents').stats()).toMatchObject({ waiting: 0, leased: 0, done: 61 })
  })

  test('adds files to the former snapshot, writes none of those again, and leaves a job alone that nothing came to', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const documents = corpus(signer.address)
    await enqueue(subnet.queue('documents'), documents.slice(0, 50))
    const first = await writeSnapshot(subnet, signer)
    const before = await filesOf(subnet, signer.address)
    expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 0, written: [], index: first.index, committed: true })
    const restOnly = documents.slice(50).filter(({ job_id }) => job_id === jobs[1].id)
    const { uri, label } = documents[0] as Document
    await enqueue(subnet.queue('documents'), [...restOnly, testDocument(2000, { uri, label, hotkey: signer.address, job_id: jobs[1].id, version: 2 })])
    const second = await writeSnapshot(subnet, signer)
    expect(second.written.map(({ job_id, rows }) => [job_id, rows])).toEqual([[jobs[1].id, 8]])
    expect(second.index).not.toBe(first.index)
    const after = await filesOf(subnet, signer.address)
    expect(after.map(({ file }) => file)).toEqual(expect.arrayContaining(before.map(({ file }) => file)))
    expect(after).toHaveLength(before.length + 1)
    // The newer version of a page: the row of the older one is gone from its file, which stays.
    expect(after.map(({ deletes }) => deletes?.rows)).toEqual([undefined, 1, undefined])
    const rows = await rowsOf(subnet, signer.address)
    expect(new Set(rows.map(({ uri }) => uri)).size).toBe(rows.length)
    expect(rows.length).toBe(second.kept)
  })

  test('refuses what is no document, of no listed job, or of another hotkey, with a reason', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const [good] = corpus(signer.address)
    const queue = subnet.queue('documents')
    await queue.add([{ key: 'junk', body: { no: 'document' } }])
    await enqueue(queue, [
      good as Document,
      testDocument(2, { hotkey: signer.address, job_id: 'no-such-job' }),
      testDocument(3, { job_id: jobs[1].id, label: 'rest' }),
      testDocument(4, { hotkey: signer.address, job_id: jobs[1].id, label: 'rest' }),
    ])
    expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 4, kept: 1, index: undefined, committed: false })
    expect(subnet.rejects.map(({ reason, details }) => `${reason} ${String(details?.['mismatch'])}`).toSorted()).toEqual([
      'invalid_record undefined',
      'job_mismatch hotkey',
      'job_mismatch place',
      'job_mismatch unlisted_job',
    ])
    expect(await queue.stats()).toMatchObject({ done: 4, dead: 1 })
  })

  test('gives byte-identical objects and manifests for the same documents in any order', async () => {
    const expected = await digestOf((documents) => documents)
    // Two shards, the list and a manifest of each, the index of them, and which snapshots are current.
    expect(Object.keys(expected)).toHaveLength(9)
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (ranks) => {
        expect(
          await digestOf((documents) =>
            documents
              .map((document) => ({ document, rank: ranks.next().value as number }))
              .toSorted((a, b) => a.rank - b.rank)
              .map(({ document }) => document),
          ),
        ).toEqual(expected)
      }),
      { numRuns: 4 },
    )
  })

  test('loses nothing and doubles nothing when it is cut off before or after any write', async () => {
    const wanted = await (async () => {
      await using subnet = await openSubnet()
      const signer = await subnet.join('miner-1')
      await enqueue(subnet.queue('documents'), corpus(signer.address, 30))
      await writeSnapshot(subnet, signer)
      return await namesOf(subnet, signer.address)
    })()
    for (let cut = 1, done = false; !done; cut += 3) {
      await using subnet = await openSubnet()
      const signer = await subnet.join('miner-1')
      await enqueue(subnet.queue('documents'), corpus(signer.address, 30))
      done = await writeSnapshot(subnet, signer, cutOff(subnet, cut)).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(Cut)
          return false
        },
      )
      subnet.pace.advance(3_600_000)
      const report = await writeSnapshot(subnet, signer)
      expect(await namesOf(subnet, signer.address)).toEqual(wanted)
      expect(report.committed).toBe(true)
      expect(await subnet.queue('documents').stats()).toMatchObject({ waiting: 0, leased: 0, done: 31, dead: 0 })
    }
  })

  test('cuts what the pages of a host repeat, once, however the work is cut off and in whatever order they came', async () => {
    const [expected] = await siteRows(Infinity, true)
    expect(expected.filter(({ text }) => text.includes(header)).map(({ uri }) => uri)).toEqual(['https://host0.example/page/3', 'https://host2.example/page/2'])
    for (let [cut, done] = [1, false]; !done; cut += 3) {
      const [rows, isDone] = await siteRows(cut, false)
      expect(rows).toEqual(expected)
      done = isDone
    }
  })

  test('learns what it has from its files when its index was lost, and keeps the rows it has', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const documents = corpus(signer.address)
    await enqueue(subnet.queue('documents'), documents)
    const { kept } = await writeSnapshot(subnet, signer)
    const before = await rowsOf(subnet, signer.address)
    await using index = folderCorpusIndex(join(subnet.dir, 'another'))
    const copied = before.find(({ job_id }) => job_id === jobs[1].id) as Document
    await enqueue(subnet.queue('documents'), [{ ...copied, uri: 'https://host2.example/zzz', host: 'host2.example', published_at: null, version: 1 }])
    expect(await writeSnapshot(subnet, signer, { index })).toMatchObject({ arrived: 1, kept, written: [] })
    expect(await index.stats()).toMatchObject({ live: kept })
    expect(await rowsOf(subnet, signer.address)).toEqual(before)
  })

  test('takes up with an index that is older than its snapshots, and with a catalog that is older than its index', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const documents = corpus(signer.address)
    const flush = async (some: readonly Document[], parts: Partial<WriterParts> = {}) => {
      await enqueue(subnet.queue('documents'), some)
      return await writeSnapshot(subnet, signer, parts)
    }
    await flush(documents.slice(0, 20))
    {
      await using other = folderCorpusIndex(join(subnet.dir, 'other'))
      await flush(documents.slice(20, 40), { index: other })
    }
    expect(await flush(documents.slice(40, 50))).toMatchObject({ kept: 49 })
    await expectAgreement(subnet, signer.address)
    await using restored = sqliteCatalog(join(subnet.dir, 'restored.sqlite'), { clock: subnet.pace })
    for (const { id } of jobs) {
      const first = await subnet.catalog.get(lineage.snapshot(signer.address, id), { version: 1 })
      if (first) await restored.commit(lineage.snapshot(signer.address, id), undefined, first.manifest)
    }
    const back = { ...subnet, catalog: restored }
    await enqueue(subnet.queue('documents'), documents.slice(50))
    // What the index says comes next was damaged besides.
    const get: ObjectStore['get'] = async (key, range) => (key.startsWith('manifests/') ? Buffer.from('{') : subnet.store.get(key, range))
    expect(await writeSnapshot(back, signer, { store: { ...subnet.store, get } })).toMatchObject({ arrived: 11 })
    await expectAgreement(back, signer.address)
  })

  test('takes labels and hosts for what they are, whatever they are called', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const labels = ['constructor', '__proto__', 'a'.repeat(140)]
    const named = labels.map((label, n) => testJob(label, [`https://host${n}.example/*`]))
    const documents = Array.from({ length: 30 }, (_, n) => {
      const job = named[n % 3] as (typeof named)[number]
      return testDocument(n, { hotkey: signer.address, job_id: job.id, label: job.params.label as string })
    })
    await enqueue(subnet.queue('documents'), documents)
    await writeSnapshot(subnet, signer, { jobs: named })
    await enqueue(subnet.queue('documents'), [{ ...(documents[0] as Document), version: 2 }])
    expect(await writeSnapshot(subnet, signer, { jobs: named })).toMatchObject({ kept: 30, committed: true })
    expect((await filesOf(subnet, signer.address)).flatMap(({ file }) => file.labels.map(([label]) => label)).toSorted()).toEqual(
      [...labels, 'constructor'].toSorted(),
    )
    expect(subnet.rejects.map(({ reason }) => reason)).toEqual(['duplicate_exact'])
  })

  test('waits for what a killed process held', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const queue = subnet.queue('documents')
    await enqueue(queue, corpus(signer.address, 30))
    await queue.claim({ limit: 10, leaseMs: 20_000 })
    expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 31 })
    expect(await queue.stats()).toMatchObject({ leased: 0, done: 31 })
  })

  test('stops at the signal, and reads no file that is there already', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    await enqueue(subnet.queue('documents'), corpus(signer.address))
    await expect(writeSnapshot(subnet, signer, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    subnet.pace.advance(3_600_000)
    await writeSnapshot(subnet, signer)
    const store = { ...subnet.store, get: async () => Promise.reject(new Error('no row is read')) }
    await enqueue(subnet.queue('documents'), corpus(signer.address, 70).slice(60, 61))
    expect(await writeSnapshot(subnet, signer, { store })).toMatchObject({ arrived: 1, kept: 60 })
  })

  test('says which file is missing or damaged, when it has to be read', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    await enqueue(subnet.queue('documents'), corpus(signer.address))
    await writeSnapshot(subnet, signer)
    const [{ file }] = (await filesOf(subnet, signer.address)) as [SnapshotManifest['files'][number]]
    for (const [n, get] of [async () => new Uint8Array(20_000), () => Promise.reject(new OrreryError('not_found', 'There is none.'))].entries()) {
      await using index = folderCorpusIndex(join(subnet.dir, `lost-${n}`))
      const failed = writeSnapshot(subnet, signer, { store: { ...subnet.store, get }, index })
      await expect(failed).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining(file.key) })
    }
  })
})

/** Rows of pages with the same header and footer, after a snapshot that was cut off at the `cut`-th write, and another; and whether the first came to its end. */
async function siteRows(cut: number, reverse: boolean): Promise<[Document[], boolean]> {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const pages = sitePages(Array.from({ length: 27 }, (_, n) => testDocument(n, { hotkey: signer.address, job_id: jobs[1].id, label: 'rest' })))
  const wanted = pages.filter(({ host }) => host !== 'host1.example')
  await enqueue(subnet.queue('documents'), reverse ? wanted.toReversed() : wanted)
  const done = await writeSnapshot(subnet, signer, cutOff(subnet, cut)).then(
    () => true,
    () => false,
  )
  subnet.pace.advance(3_600_000)
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ kept: 18, committed: true })
  return [await rowsOf(subnet, signer.address), done]
}

class Cut extends Error {}

/** Backends that fail for good around the `cut`-th write: odd before it, even after it. */
function cutOff({ store, catalog, chain, queue }: Subnet, cut: number): Partial<WriterParts> {
  let writes = 0
  const guard = <A extends unknown[], R>(write: (...given: A) => Promise<R>): ((...given: A) => Promise<R>) => {
    return async (...given) => {
      if (++writes >= cut) throw new Cut()
      const result = await write(...given)
      if (++writes >= cut) throw new Cut()
      return result
    }
  }
  const documents = queue('documents')
  return {
    store: { ...store, put: guard((key, body) => store.put(key, body)) },
    catalog: { ...catalog, commit: guard((name, expected, manifest) => catalog.commit(name, expected, manifest)) },
    chain: { ...chain, commit: guard((signer, data) => chain.commit(signer, data)) },
    documents: { ...documents, done: guard((leases) => documents.done(leases)) },
  }
}

async function digestFolder(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => join(entry.parentPath, entry.name))
  const digests = await Promise.all(
    paths.map(async (path) => [path.slice(folder.length), sha256Hex(Buffer.concat(await Array.fromAsync(createReadStream(path))))] as const),
  )
  return Object.fromEntries(digests.toSorted(([a], [b]) => compareText(a, b)))
}
