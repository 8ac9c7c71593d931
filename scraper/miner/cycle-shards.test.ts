import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Queue } from '#schemas/queue.ts'
import { openSubnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import { documentMessage } from '../shard/arrival.ts'
import { rowsOf, snapshotJobs, writerOf } from '../shard/snapshot.fixture.ts'
import { crawlIntoShards, type CycleShardsOptions, type ShardedCrawl } from './cycle-shards.ts'

const [, rest] = snapshotJobs

async function openCycle(options: Partial<CycleShardsOptions> = {}) {
  const subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const queue = subnet.queue('documents')
  const message = (n: number) => documentMessage(testDocument(3 * n, { hotkey: signer.address, job_id: rest.id, label: rest.params.label as string }))
  const writer = writerOf(subnet, signer)
  const defaults = { writer, queue, pace: subnet.pace, jobs: snapshotJobs, rejects: () => undefined, flushBytes: 1 << 20, flushMs: 60_000, inTheEnd: false }
  return {
    subnet,
    queue,
    message,
    rows: async () => (await rowsOf(subnet, signer.address)).length,
    run: (crawl: (during: ShardedCrawl) => Promise<unknown>, parts: Partial<CycleShardsOptions> = {}) =>
      crawlIntoShards({ ...defaults, signal: new AbortController().signal, ...options, ...parts }, crawl),
    /** Until so many rows are there for readers. */
    async until(rows: number): Promise<void> {
      while ((await rowsOf(subnet, signer.address)).length < rows) await delay(5)
    },
    [Symbol.asyncDispose]: () => subnet[Symbol.asyncDispose](),
  }
}

test('so many bytes become shards while the crawl goes on', async () => {
  await using cycle = await openCycle({ flushBytes: 2000 })
  const report = await cycle.run(async ({ documents }) => {
    for (let n = 0; n < 3; n++) await documents.add([cycle.message(n)])
    await cycle.until(3)
    await documents.add([cycle.message(3)])
  })
  expect(report).toMatchObject({ arrived: 4, kept: 4, committed: true })
  expect(report.written.map(({ rows }) => rows)).toEqual([3, 1])
})

test('what little there is becomes shards after a time, which is looked at also when nothing more comes', async () => {
  await using cycle = await openCycle()
  const report = await cycle.run(async ({ documents, look }) => {
    await documents.add([cycle.message(0)])
    look()
    cycle.subnet.pace.advance(59_000)
    look()
    await delay(20)
    expect(await cycle.rows()).toBe(0)
    cycle.subnet.pace.advance(1000)
    look()
    await cycle.until(1)
  })
  expect(report.written).toHaveLength(1)
})

test('what a killed process left in the queue becomes shards after that time too, when nothing else comes', async () => {
  await using cycle = await openCycle()
  await cycle.queue.add([cycle.message(0)])
  const report = await cycle.run(async ({ look }) => {
    cycle.subnet.pace.advance(60_000)
    look()
    await cycle.until(1)
  })
  expect(report.written).toHaveLength(1)
})

test('in a run that is to be repeated all of it becomes one shard at the end', async () => {
  await using cycle = await openCycle({ flushBytes: 1, flushMs: 1, inTheEnd: true })
  const report = await cycle.run(async ({ documents, look }) => {
    for (let n = 0; n < 5; n++) {
      await documents.add([cycle.message(n)])
      cycle.subnet.pace.advance(60_000)
      look()
    }
    await delay(20)
    expect(await cycle.rows()).toBe(0)
  })
  expect(report.written.map(({ rows }) => rows)).toEqual([5])
})

test('at a stop what is queued becomes shards, and the stop is what is thrown', async () => {
  await using cycle = await openCycle()
  const controller = new AbortController()
  const stopped = cycle.run(
    async ({ documents, signal }) => {
      await documents.add([cycle.message(0), cycle.message(1)])
      controller.abort(new Error('enough'))
      signal.throwIfAborted()
    },
    { signal: controller.signal },
  )
  await expect(stopped).rejects.toThrow('enough')
  expect(await cycle.rows()).toBe(2)
  expect(await cycle.queue.stats()).toMatchObject({ waiting: 0, leased: 0, done: 2 })
})

test('a stop in the middle of the last flush lets that come to its end, and then all is done', async () => {
  const controller = new AbortController()
  await using cycle = await openCycle()
  const queue: Queue = {
    ...cycle.queue,
    async claim(request) {
      const claimed = await cycle.queue.claim(request)
      controller.abort(new Error('enough'))
      return claimed
    },
  }
  await cycle.queue.add([cycle.message(0)])
  const writer = writerOf(cycle.subnet, await cycle.subnet.join('miner-1'), { documents: queue })
  const ended = cycle.run(async () => undefined, { writer, queue, flushBytes: 1, flushMs: 1, signal: controller.signal })
  expect(await ended).toMatchObject({ arrived: 1, kept: 1 })
  expect(await cycle.rows()).toBe(1)
  expect(await cycle.queue.stats()).toMatchObject({ waiting: 0, leased: 0, done: 1 })
})

test('when shards cannot be written the crawl is stopped, and hears why', async () => {
  await using cycle = await openCycle()
  const signer = await cycle.subnet.join('miner-1')
  const store = { ...cycle.subnet.store, put: async () => Promise.reject(new Error('the disk is full')) }
  const writer = writerOf(cycle.subnet, signer, { store })
  const stopped = cycle.run(
    async ({ documents, signal }) => {
      await documents.add([cycle.message(0)])
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    { writer, flushBytes: 1, flushMs: 1 },
  )
  await expect(stopped).rejects.toThrow('the disk is full')
  // It is queued as before: nothing that was acknowledged is lost.
  cycle.subnet.pace.advance(3_600_000)
  expect(await cycle.run(async () => undefined)).toMatchObject({ arrived: 1, kept: 1 })
})
