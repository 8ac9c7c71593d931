import { expect, test } from 'vitest'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { openSubnet, testOrigin, type Subnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import { compareDocuments } from '../dedup/order.ts'
import { expectAgreement } from './agreement.fixture.ts'
import { documentMessage } from './arrival.ts'
import { filesOf, rowsOf, snapshotJobs, writeSnapshot } from './snapshot.fixture.ts'

const [odd, rest] = snapshotJobs
const writtenAt = new Date(Date.UTC(2026, 0, 20))

/** The head of a job as the version before left it. */
async function putFormer({ store, catalog }: Subnet, signer: Signer, jobId: string, documents: readonly Document[]): Promise<string> {
  const bytes = encodeDocuments(documents, { codec: 'zstd' })
  const sha256 = sha256Hex(bytes)
  const key = shardKey(signer.address, jobId, formatShardName({ writtenAt, rows: documents.length, hex: sha256.slice(0, 16) }))
  await store.put(key, bytes)
  const manifest = signManifest(
    {
      kind: 'shard' as const,
      parent: null,
      origin: testOrigin,
      hotkey: signer.address,
      job_id: jobId,
      file: { key, sha256, bytes: bytes.length, rows: documents.length },
      written_at: writtenAt.toISOString(),
      datetime_range: null,
      labels: {},
      duplicates: { exact: 3, near: 2, clusters: 1 },
    },
    signer,
  )
  await catalog.commit(lineage.shard(signer.address, jobId), undefined, manifest)
  return key
}

async function openFormer(count: number) {
  const subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const make = (n: number, over: Partial<Document> = {}): Document =>
    testDocument(n, { hotkey: signer.address, job_id: rest.id, label: rest.params.label as string, ...over })
  const documents = Array.from({ length: count }, (_, n) => make(n, { uri: `https://host0.example/${n}` })).toSorted(compareDocuments)
  const key = await putFormer(subnet, signer, rest.id, documents)
  await subnet.store.put(`boilerplate/hotkey=${signer.address}/x.json`, Buffer.from('[]'))
  await putFormer(subnet, signer, odd.id, [])
  return { subnet, signer, make, documents, key, [Symbol.asyncDispose]: () => subnet[Symbol.asyncDispose]() }
}

test('a shard of the version before is the first file of its job, as it is', async () => {
  await using former = await openFormer(1100)
  const { subnet, signer, make, documents, key } = former
  const renewed = make(20_000, { uri: documents[7]?.uri as string, version: 2 })
  await subnet.queue('documents').add([renewed, documents[3] as Document].map(documentMessage))
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 2, kept: documents.length, written: [{ rows: 1 }], committed: true })
  const [first, second] = await filesOf(subnet, signer.address)
  expect(first).toMatchObject({
    file: { key, rows: documents.length, written_at: writtenAt.toISOString(), text_bytes: documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0) },
    deletes: { rows: 1 },
  })
  expect(first?.file.labels).toEqual([['rest', documents.length]])
  expect(second?.file.rows).toBe(1)
  expect(first?.file.row_groups).toMatchObject([{ rows: documents.length }])
  expect(await subnet.store.head(first?.file.row_list?.key ?? '')).toMatchObject({ bytes: first?.file.row_list?.bytes })
  expect(await Array.fromAsync(subnet.store.list('boilerplate/'))).toEqual([])
  expect(await rowsOf(subnet, signer.address)).toEqual([...documents.filter((_, n) => n !== 7), renewed])
  expect((await subnet.catalog.head(lineage.snapshot(signer.address, rest.id)))?.manifest.duplicates).toEqual({ exact: 4, near: 2, clusters: 1 })
  expect((await subnet.catalog.head(lineage.snapshot(signer.address, odd.id)))?.manifest.files).toEqual([])
  await expectAgreement(subnet, signer.address)
})

test('cut off anywhere, taking it over is begun anew and comes to the same', async () => {
  for (let [cut, done] = [1, false]; !done; cut += 2) {
    await using former = await openFormer(30)
    const { subnet, signer, documents } = former
    let calls = 0
    const failing =
      <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
      async (...given: A): Promise<R> => {
        if (++calls === cut) throw new Error('cut off')
        return await call(...given)
      }
    const index = subnet.index(signer.address)
    const parts = {
      index: { ...index, commit: failing(index.commit) },
      catalog: { ...subnet.catalog, commit: failing(subnet.catalog.commit) },
      store: { ...subnet.store, put: failing(subnet.store.put) },
    }
    done = await writeSnapshot(subnet, signer, parts).then(
      () => true,
      () => false,
    )
    expect(await writeSnapshot(subnet, signer)).toMatchObject({ kept: documents.length })
    await expectAgreement(subnet, signer.address)
  }
})
