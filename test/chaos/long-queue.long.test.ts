import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { documentMessage } from '#scraper/shard/arrival.ts'
import { filesOf } from '#scraper/shard/snapshot.fixture.ts'
import { openSubnet, testJob, type Subnet } from '#test/adversary/subnet.ts'
import { killMoments } from '#test/conformance/child.ts'
import { testDocument } from '#test/golden/documents.ts'

const jobs = [testJob('odd', ['https://host1.example/*']), testJob('rest')] as const
const hour = 3_600_000
const begin = Date.UTC(2026, 0, 21)
const kills = 3
/** A portion of the queue, a row group or two of a merge, and the index: the same however long the queue is. */
const rssBytesMax = 900 * 2 ** 20
/** Texts of about 6 KB with their records. */
const textLines = 75

test.each([
  [40_000, 25_000],
  [200_000, 150_000],
])('%i queued documents are worked off, killed within %i ms again and again', { timeout: hour }, async (count, withinMs) => {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-queue-'))
  try {
    const hotkey = await seed(dir, count)
    const moments = killMoments(count, kills, withinMs)
    for (const [run, afterMs] of moments.entries()) await runChild(dir, begin + (run + 1) * hour, afterMs)
    const { exitCode, maxRssBytes } = await runChild(dir, begin + (kills + 1) * hour, undefined)
    expect(exitCode).toBe(0)
    expect(maxRssBytes).toBeLessThan(rssBytesMax)
    await using subnet = await openSubnet(dir, begin + (kills + 2) * hour)
    expect(await subnet.queue('documents').stats()).toEqual({ waiting: 0, leased: 0, done: count, dead: 0 })
    expect(await urisOf(subnet, hotkey)).toBe(count)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function seed(dir: string, count: number): Promise<string> {
  await using subnet = await openSubnet(dir, begin)
  const { address } = await subnet.join('miner-1')
  const queue = subnet.queue('documents')
  for (let from = 0; from < count; from += 500) {
    const documents = Array.from({ length: 500 }, (_, at) => {
      const { id, params } = (from + at) % 3 === 1 ? jobs[0] : jobs[1]
      return testDocument(from + at, { hotkey: address, job_id: id, label: params.label as string, text: textOf(from + at) })
    })
    await queue.add(documents.map(documentMessage))
  }
  return address
}

/** So many texts of one short-lived generator would overlap: each line is a hash of its own, eight words long. */
const textOf = (n: number): string => Array.from({ length: textLines }, (_, line) => sha256Hex(`${n} ${line}`).replaceAll(/.{8}/g, '$& ').trim()).join('.\n')

/** Different pages in the shards. */
async function urisOf(subnet: Subnet, hotkey: string): Promise<number> {
  const uris = new Set<string>()
  for (const listed of await filesOf(subnet, hotkey))
    for await (const batch of readDataFile(subnet.store, listed, { columns: ['uri'], signal: new AbortController().signal }))
      for (const { document } of batch) uris.add(document.uri)
  return uris.size
}

async function runChild(dir: string, time: number, afterMs: number | undefined): Promise<{ exitCode: number | null; maxRssBytes: number }> {
  const child = fork(join(import.meta.dirname, 'snapshot-child.ts'), [dir, String(time)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  let maxRssBytes = 0
  child.on('message', (said: unknown) => {
    if (said === 'ready' && afterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), afterMs)
    else if (typeof said === 'object' && said !== null && 'maxRssBytes' in said) maxRssBytes = Number(said.maxRssBytes)
  })
  const exitCode = await new Promise<number | null>((resolve) => void child.once('exit', resolve))
  return { exitCode, maxRssBytes }
}
