import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { claimJournal } from './claim-journal.ts'

async function openFolder() {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-journal-'))
  const clock = systemClock()
  const frontier = sqliteFrontier(join(dir, 'frontier.sqlite'), { clock })
  onTestFinished(async () => {
    await frontier[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  await frontier.add([1, 2].map((n) => ({ url: `http://h${n}.localhost/`, kind: 'page' as const, label: 'all', priority: 1 })))
  return { path: join(dir, 'claims', 'miner-1.json'), dir, clock, frontier }
}
const request = { limit: 10, leaseMs: 3_600_000 }

test('what a killed miner held is free again when the same miner starts', async () => {
  const { path, clock, frontier } = await openFolder()
  const held = await frontier.claim(request)
  await claimJournal(path).write(held)
  expect(await frontier.claim(request)).toEqual([])
  await claimJournal(path).recover(frontier, clock, () => true)
  expect((await frontier.claim(request)).map(({ url }) => url)).toEqual(held.map(({ url }) => url))
})

test('a host of others keeps its lease, and is named: it may have been asked just then', async () => {
  const { path, clock, frontier } = await openFolder()
  await claimJournal(path).write(await frontier.claim(request))
  const interrupted = await claimJournal(path).recover(frontier, clock, (hostname) => hostname === 'h1.localhost')
  expect([...interrupted.keys()]).toEqual(['h2.localhost'])
  expect((await frontier.claim(request)).map(({ url }) => url)).toEqual(['http://h1.localhost/'])
})

test('what was finished meanwhile stays finished', async () => {
  const { path, clock, frontier } = await openFolder()
  const held = await frontier.claim(request)
  await claimJournal(path).write(held)
  for (const claim of held) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
  await claimJournal(path).recover(frontier, clock, () => true)
  expect(await frontier.claim(request)).toEqual([])
})

test.each(['', '[{"url":"http://h1.loc', '{}', '[1]'])('a torn journal costs a wait, not a crash: %j', async (text) => {
  const { path, dir, clock, frontier } = await openFolder()
  await claimJournal(path).write([])
  await writeFile(path, text)
  await expect(claimJournal(path).recover(frontier, clock, () => true)).resolves.toEqual(new Map())
  await expect(claimJournal(join(dir, 'none.json')).recover(frontier, clock, () => true)).resolves.toEqual(new Map())
})
