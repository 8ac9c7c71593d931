import { expect, test } from 'vitest'
import { compareText } from '#schemas/compare-text.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotIndexManifest } from '#schemas/manifest.ts'
import type { Document } from '#schemas/document.ts'
import { openScene } from '#test/adversary/scene.ts'
import { openSubnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import { documentMessage, withdrawalMessage } from './arrival.ts'
import { manifestKey } from './snapshot-heads.ts'
import { filesOf, rowsOf, snapshotJobs, writeSnapshot } from './snapshot.fixture.ts'

const at = new Date(Date.UTC(2026, 0, 22))
const withdrawal = ({ uri, version }: Document, reason = 'http_410') => withdrawalMessage({ uri, version, reason, at })

async function openMine(count: number) {
  const subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const make = (n: number, over: Partial<Document> = {}): Document => {
    const { id, params } = snapshotJobs[n % 3 === 1 ? 0 : 1]
    return testDocument(n, { hotkey: signer.address, job_id: id, label: params.label as string, ...over })
  }
  const documents = Array.from({ length: count }, (_, n) => make(n))
  const queue = subnet.queue('documents')
  await queue.add(documents.map(documentMessage))
  const names = async () => (await rowsOf(subnet, signer.address)).map(({ uri, version }) => `${uri} ${version}`).toSorted()
  return { subnet, signer, make, documents, queue, names, [Symbol.asyncDispose]: () => subnet[Symbol.asyncDispose]() }
}

const nameOf = ({ uri, version }: Document): string => `${uri} ${version}`

test('what a page took back leaves the next snapshot, up to the version it took back', async () => {
  await using mine = await openMine(12)
  const { subnet, signer, queue, documents, make } = mine
  await writeSnapshot(subnet, signer)
  const [gone, renewed, newer] = documents as [Document, Document, Document]
  const again = make(101, { uri: renewed.uri, host: renewed.host, job_id: renewed.job_id, label: renewed.label, version: 2 })
  await queue.add([withdrawal(gone), documentMessage(again), withdrawal(renewed, 'noindex'), withdrawal({ ...newer, version: 0 })])
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 1, withdrawn: 2, kept: 11 })
  expect(await mine.names()).toEqual([...documents.slice(2), again].map(nameOf).toSorted())
  const told = subnet.rejects.filter(({ reason }) => reason === 'withdrawn').toSorted((a, b) => compareText(a.subject, b.subject))
  expect(told).toMatchObject([
    { subject: gone.uri, stage: 'shard', details: { id: gone.id, version: 1, because: 'http_410', at: at.toISOString() } },
    { subject: renewed.uri, details: { because: 'noindex' } },
  ])
  // Said again, or delivered again after a crash, it changes nothing.
  await queue.add([withdrawalMessage({ uri: gone.uri, version: 1, reason: 'http_404', at }), { ...withdrawal(gone), key: 'delivered-again' }])
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 0, withdrawn: 0, kept: 11, written: [] })
  expect(await queue.stats()).toMatchObject({ waiting: 0, leased: 0, dead: 0 })
})

test('a page that was withdrawn before it came into a snapshot never comes into one', async () => {
  await using mine = await openMine(6)
  await mine.queue.add([withdrawal(mine.documents[3] as Document)])
  expect(await writeSnapshot(mine.subnet, mine.signer)).toMatchObject({ arrived: 6, withdrawn: 1, kept: 5 })
})

test('the text of a withdrawn page can come back, with the page or with another', async () => {
  await using mine = await openMine(9)
  const { subnet, signer, queue, documents, make } = mine
  await writeSnapshot(subnet, signer)
  const [first, second] = documents as [Document, Document]
  await queue.add([withdrawal(first), withdrawal(second)])
  await writeSnapshot(subnet, signer)
  const back = { ...first, version: 2 }
  const moved = make(4, { ...second, uri: 'https://host1.example/moved', url: 'https://host1.example/moved' })
  await queue.add([back, moved].map(documentMessage))
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 2, withdrawn: 0, kept: 9 })
  expect(await mine.names()).toEqual([...documents.slice(2), back, moved].map(nameOf).toSorted())
})

test('what a killed process held of a page does not come back after its withdrawal', async () => {
  await using mine = await openMine(6)
  const { subnet, signer, queue, documents } = mine
  const killed = await queue.claim({ limit: 3, leaseMs: 20_000 })
  expect(killed).toHaveLength(3)
  await queue.add([withdrawal(documents[0] as Document)])
  expect(await writeSnapshot(subnet, signer, { portion: { messages: 2, bytes: 1 << 20 } })).toMatchObject({ arrived: 6, withdrawn: 1, kept: 5 })
  expect(await mine.names()).toEqual(documents.slice(1).map(nameOf).toSorted())
})

test('a miner whose last rows were withdrawn shows nothing, and a validator takes that as it is', async () => {
  await using scene = await openScene()
  const { subnet, miner } = scene
  const documents = scene.rows(miner, 40)
  await scene.mineHonestly(miner, documents)
  expect(await scene.failures()).toEqual([])
  await subnet.queue(`documents-${miner.address}`).add(documents.map((document) => withdrawal(document)))
  subnet.pace.advance(3_600_000)
  await scene.mineHonestly(miner, [])
  const head = await subnet.catalog.head(lineage.index(miner.address))
  expect(head?.manifest).toMatchObject({ snapshots: [] })
  const neuron = (await subnet.chain.metagraph()).neurons.find(({ hotkey }) => hotkey === miner.address)
  const index = Buffer.from(neuron?.commitment ?? []).toString('hex')
  expect((JSON.parse(Buffer.from(await subnet.store.get(manifestKey(miner.address, index))).toString()) as SnapshotIndexManifest).snapshots).toEqual([])
  expect(await rowsOf(subnet, miner.address)).toEqual([])
  expect(await scene.failures()).toEqual([])
  // And goes on from there.
  await scene.mineHonestly(miner, scene.rows(miner, 40, { from: 40 }))
  expect(await scene.failures()).toEqual([])
  expect(await rowsOf(subnet, miner.address)).toHaveLength(40)
})

test('a withdrawal of what can be no page costs itself', async () => {
  await using mine = await openMine(3)
  const { subnet, signer, queue, documents } = mine
  const uris = ['', `https://host0.example/${'a'.repeat(9000)}`]
  await queue.add(uris.map((uri, n) => ({ ...withdrawalMessage({ uri, version: 1, reason: 'http_410', at }), key: `odd ${n}` })))
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 3, kept: documents.length })
  expect(subnet.rejects.map(({ subject, reason }) => `${subject} ${reason}`).toSorted()).toEqual(['odd 0 invalid_record', 'odd 1 invalid_record'])
  expect(await queue.stats()).toMatchObject({ done: 3, dead: 2 })
})

test('a deletion vector that is lost is named, with its shard and what to do', async () => {
  await using mine = await openMine(9)
  const { subnet, signer, queue, documents } = mine
  await writeSnapshot(subnet, signer, { compacts: false })
  const [first, second] = documents.filter(({ job_id }) => job_id === snapshotJobs[1].id) as [Document, Document]
  await queue.add([withdrawal(first)])
  await writeSnapshot(subnet, signer, { compacts: false })
  const deletes = (await filesOf(subnet, signer.address)).flatMap((listed) => listed.deletes ?? [])
  for (const { key } of deletes) await subnet.store.delete(key)
  await queue.add([withdrawal(second)])
  const lost = writeSnapshot(subnet, signer, { compacts: false })
  await expect(lost).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining(deletes[0]?.key as string) })
})
