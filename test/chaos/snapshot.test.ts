import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { rowsOf } from '#scraper/shard/snapshot.fixture.ts'
import { enqueue, openSubnet, testJob } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'

const jobs = [testJob('odd', ['https://host1.example/*']), testJob('rest')] as const
const hour = 3_600_000
const begin = Date.UTC(2026, 0, 21)
/** Milliseconds after its start at which a run is killed: over the whole of its work, the same every time. */
const moments = [0, 8, 25, 60, 120]

test('kill -9 in the middle of a snapshot, again and again, loses no document and doubles none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-chaos-'))
  try {
    const hotkey = await seed(dir, 400)
    for (const [run, moment] of moments.entries()) await runAndKill(dir, begin + (run + 1) * hour, moment)
    expect(await runAndKill(dir, begin + (moments.length + 1) * hour, undefined)).toBe(0)

    await using subnet = await openSubnet(dir, begin + (moments.length + 2) * hour)
    expect(await subnet.queue('documents').stats()).toMatchObject({ waiting: 0, leased: 0, done: 400, dead: 0 })
    const rows = await rowsOf(subnet, hotkey)
    expect(rows.map(({ uri }) => uri).toSorted()).toEqual(Array.from({ length: 400 }, (_, n) => testDocument(n).uri).toSorted())
    const index = await subnet.catalog.head(lineage.index(hotkey))
    const [neuron] = (await subnet.chain.metagraph()).neurons
    expect(Buffer.from(neuron?.commitment ?? []).toString('hex')).toBe(index?.sha256)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function seed(dir: string, count: number): Promise<string> {
  await using subnet = await openSubnet(dir, begin)
  const { address } = await subnet.join('miner-1')
  const documents = Array.from({ length: count }, (_, n) => {
    const { id, params } = n % 3 === 1 ? jobs[0] : jobs[1]
    return testDocument(n, { hotkey: address, job_id: id, label: params.label as string })
  })
  await enqueue(subnet.queue('documents'), documents)
  return address
}

/** @returns its exit code; null when it was killed */
async function runAndKill(dir: string, time: number, afterMs: number | undefined): Promise<number | null> {
  const child = fork(join(import.meta.dirname, 'snapshot-child.ts'), [dir, String(time), '90'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  if (afterMs !== undefined) {
    await Promise.race([new Promise((resolve) => void child.once('message', resolve)), exited])
    await delay(afterMs)
    child.kill('SIGKILL')
  }
  return await exited
}
