import { expect, test } from 'vitest'
import { openSubnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import type { Leased, Queue } from '#schemas/queue.ts'
import { documentMessage } from './arrival.ts'
import { rowsOf, snapshotJobs, writeSnapshot } from './snapshot.fixture.ts'

const count = 2000
const secondMs = 1000

/** As many pages of a few thousand hosts as a test has time for. */
const documentsOf = (hotkey: string) =>
  Array.from({ length: count }, (_, n) => {
    const { id, params } = snapshotJobs[n % 3 === 1 ? 0 : 1]
    return testDocument(n, { hotkey, job_id: id, label: params.label as string })
  })

test('works off a queue in portions, holding what it has taken however slowly that goes', async () => {
  await using subnet = await openSubnet()
  const { address, ...signer } = await subnet.join('miner-1')
  const documents = documentsOf(address)
  const queue = subnet.queue('documents')
  await queue.add(documents.map(documentMessage))
  const claimed: Leased[][] = []
  const slow: Queue = {
    ...queue,
    // Each look takes so long that a lease is over after three.
    async claim(request) {
      const messages = await queue.claim(request)
      subnet.pace.advance(12 * secondMs)
      claimed.push(messages)
      return messages
    },
  }
  const portion = { messages: 700, bytes: 1 << 30 }
  const report = await writeSnapshot(subnet, { address, ...signer }, { documents: slow, portion })
  expect(report).toMatchObject({ arrived: count, kept: count, committed: true })
  expect(subnet.events.filter(({ name }) => name === 'shard.lease_lost')).toEqual([])
  expect(claimed.flat().every(({ attempt }) => attempt === 1)).toBe(true)
  expect(claimed.flat()).toHaveLength(count)
  expect(await queue.stats()).toEqual({ waiting: 0, leased: 0, done: count, dead: 0 })
  const rows = await rowsOf(subnet, address)
  expect(rows.map(({ uri }) => uri).toSorted()).toEqual(documents.map(({ uri }) => uri).toSorted())
  // Three portions of two jobs.
  expect(report.written.map(({ job_id }) => job_id)).toEqual(Array.from({ length: 3 }, () => snapshotJobs.map(({ id }) => id).toSorted()).flat())
})

test('takes no more at once than so many bytes, but always one message', async () => {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const documents = documentsOf(signer.address).slice(0, 9)
  await subnet.queue('documents').add(documents.map(documentMessage))
  expect(await writeSnapshot(subnet, signer, { portion: { messages: 100, bytes: 1 } })).toMatchObject({ arrived: 9, kept: 9 })
  // A flush for each message, and what was merged.
  const { length: merged } = subnet.events.filter(({ name }) => name === 'shard.merged')
  expect(subnet.events.filter(({ name }) => name === 'shard.written')).toHaveLength(9 + merged)
})

test('a flush takes what was there when it began, however much comes meanwhile', async () => {
  await using subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const documents = documentsOf(signer.address).slice(0, 60)
  const queue = subnet.queue('documents')
  await queue.add(documents.slice(0, 20).map(documentMessage))
  const coming = documents.slice(20)
  const busy: Queue = {
    ...queue,
    async claim(request) {
      await queue.add(coming.splice(0, 1).map(documentMessage))
      return await queue.claim(request)
    },
  }
  expect(await writeSnapshot(subnet, signer, { documents: busy })).toMatchObject({ arrived: 20, kept: 20, committed: true })
  expect(coming.length).toBeGreaterThan(30)
  expect(await writeSnapshot(subnet, signer)).toMatchObject({ arrived: 40 - coming.length })
})
