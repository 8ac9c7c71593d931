import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { fileNearDuplicates } from '#infra/near-duplicates/near-duplicates.ts'
import { compareText } from '#schemas/compare-text.ts'
import { parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { MinerIndexManifest } from '#schemas/manifest.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { header, sitePages } from '#test/adversary/site-pages.ts'
import { enqueue, openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { manifestKey } from './index-manifest.ts'
import type { SnapshotParams } from './snapshot.ts'
import { rowsOf, snapshot, snapshotJobs as jobs } from './snapshot.fixture.ts'

/** What the store holds after one snapshot of documents queued in that order. */
async function digestOf(order: (documents: Document[]) => Document[]): Promise<Record<string, string>> {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  await enqueue(subnet.queue('documents'), order(corpus(signer.address)))
  await snapshot(subnet, signer)
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

describe('snapshotShards', () => {
  test('writes one signed shard per job, an index of them, and commits it on chain', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    await enqueue(subnet.queue('documents'), corpus(signer.address))
    const report = await snapshot(subnet, signer)

    expect(report).toMatchObject({ arrived: 61, kept: 59, duplicates: { exact: 1, near: 1, clusters: 1 }, committed: true })
    expect(report.written.map(({ job_id }) => job_id)).toEqual(jobs.map(({ id }) => id).toSorted())
    for (const manifest of report.written) {
      expect(verifyManifest(manifest)).toBe(true)
      const bytes = await subnet.store.get(manifest.file.key)
      const rows = await decodeDocuments(bytes)
      const { hotkey, jobId, name = '' } = parseShardKey(manifest.file.key) ?? {}
      expect([hotkey, jobId]).toEqual([signer.address, manifest.job_id])
      expect(parseShardName(name)).toMatchObject({ rows: rows.length, hex: manifest.file.sha256.slice(0, 16), writtenAt: new Date(subnet.facts.now()) })
      expect(sha256Hex(bytes)).toBe(manifest.file.sha256)
      expect(Object.values(manifest.labels)).toEqual([rows.length])
    }
    expect(subnet.rejects.map(({ reason }) => reason).toSorted()).toEqual(['duplicate_exact', 'duplicate_near'])
    const [neuron] = (await subnet.chain.metagraph()).neurons
    expect(Buffer.from(neuron?.commitment ?? []).toString('hex')).toBe(report.index)
    const object = JSON.parse(Buffer.from(await subnet.store.get(manifestKey(report.index ?? ''))).toString()) as MinerIndexManifest
    expect(object.shards).toEqual(report.written)
    expect(await subnet.queue('documents').stats()).toMatchObject({ waiting: 0, leased: 0, done: 61 })
  })

  test('adds to the former snapshot, and leaves a job alone whose rows are the same', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const documents = corpus(signer.address)
    await enqueue(subnet.queue('documents'), documents.slice(0, 50))
    const first = await snapshot(subnet, signer)
    expect(await snapshot(subnet, signer)).toMatchObject({ arrived: 0, written: [], index: first.index, committed: true })
    const restOnly = documents.slice(50).filter(({ job_id }) => job_id === jobs[1].id)
    await enqueue(subnet.queue('documents'), restOnly)
    const second = await snapshot(subnet, signer)
    expect(second.written.map(({ job_id, parent }) => [job_id, typeof parent])).toEqual([[jobs[1].id, 'string']])
    expect(second.index).not.toBe(first.index)
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
    expect(await snapshot(subnet, signer)).toMatchObject({ arrived: 4, kept: 1, index: undefined, committed: false })
    expect(subnet.rejects.map(({ reason, details }) => [reason, details?.['mismatch']])).toEqual([
      ['invalid_record', undefined],
      ['job_mismatch', 'unlisted_job'],
      ['job_mismatch', 'hotkey'],
      ['job_mismatch', 'place'],
    ])
    expect(await queue.stats()).toMatchObject({ done: 4, dead: 1 })
  })

  test('gives byte-identical objects and manifests for the same documents in any order', async () => {
    const expected = await digestOf((documents) => documents)
    expect(Object.keys(expected)).toHaveLength(3)
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
      await snapshot(subnet, signer)
      return (await rowsOf(subnet, signer.address)).map(({ uri, version }) => `${uri} ${version}`)
    })()
    for (let cut = 1, done = false; !done; cut++) {
      await using subnet = await openSubnet()
      const signer = await subnet.join('miner-1')
      await enqueue(subnet.queue('documents'), corpus(signer.address, 30))
      done = await snapshot(subnet, signer, cutOff(subnet, cut)).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(Cut)
          return false
        },
      )
      subnet.pace.advance(3_600_000)
      const report = await snapshot(subnet, signer)
      expect((await rowsOf(subnet, signer.address)).map(({ uri, version }) => `${uri} ${version}`)).toEqual(wanted)
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

  test('makes its memory again when that was lost, and keeps the rows it has', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const documents = corpus(signer.address)
    await enqueue(subnet.queue('documents'), documents)
    const { kept } = await snapshot(subnet, signer)
    const before = await rowsOf(subnet, signer.address)
    await using nearDuplicates = fileNearDuplicates(join(subnet.dir, 'another'))
    const copied = before.find(({ job_id }) => job_id === jobs[1].id) as Document
    await enqueue(subnet.queue('documents'), [{ ...copied, uri: 'https://host2.example/zzz', host: 'host2.example', published_at: null, version: 1 }])
    expect(await snapshot(subnet, signer, { nearDuplicates })).toMatchObject({ arrived: 1, kept, written: [] })
    expect(await nearDuplicates.stats()).toMatchObject({ documents: kept })
    expect(await rowsOf(subnet, signer.address)).toEqual(before)
  })

  test('waits for what a killed process held', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    const queue = subnet.queue('documents')
    await enqueue(queue, corpus(signer.address, 30))
    await queue.claim({ limit: 10, leaseMs: 20_000 })
    expect(await snapshot(subnet, signer)).toMatchObject({ arrived: 31 })
    expect(await queue.stats()).toMatchObject({ leased: 0, done: 31 })
  })

  test('stops at the signal and at a damaged former shard', async () => {
    await using subnet = await openSubnet()
    const signer = await subnet.join('miner-1')
    await enqueue(subnet.queue('documents'), corpus(signer.address))
    await expect(snapshot(subnet, signer, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    subnet.pace.advance(3_600_000)
    await snapshot(subnet, signer)
    expect(
      await snapshot(subnet, signer, { store: { ...subnet.store, get: async () => Promise.reject(new Error('nothing came: no row is read')) } }),
    ).toMatchObject({
      arrived: 0,
      kept: 59,
    })
    await enqueue(subnet.queue('documents'), corpus(signer.address, 70).slice(60, 61))
    const damaged = { ...subnet.store, get: async () => new Uint8Array(20_000) }
    await expect(snapshot(subnet, signer, { store: damaged })).rejects.toThrow(OrreryError)
  })
})

/** Rows of pages with the same header and footer, after a snapshot that was cut off at the `cut`-th write, and another; and whether the first came to its end. */
async function siteRows(cut: number, reverse: boolean): Promise<[Document[], boolean]> {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const pages = sitePages(Array.from({ length: 27 }, (_, n) => testDocument(n, { hotkey: signer.address, job_id: jobs[1].id, label: 'rest' })))
  const wanted = pages.filter(({ host }) => host !== 'host1.example')
  await enqueue(subnet.queue('documents'), reverse ? wanted.toReversed() : wanted)
  const done = await snapshot(subnet, signer, cutOff(subnet, cut)).then(
    () => true,
    () => false,
  )
  subnet.pace.advance(3_600_000)
  expect(await snapshot(subnet, signer)).toMatchObject({ kept: 18, committed: true })
  return [await rowsOf(subnet, signer.address), done]
}

class Cut extends Error {}

/** Backends that fail for good around the `cut`-th write: odd before it, even after it. */
function cutOff({ store, catalog, chain, queue }: Subnet, cut: number): Partial<SnapshotParams> {
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
