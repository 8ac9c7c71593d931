import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { Claim } from '#schemas/frontier.ts'
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
  return { path: join(dir, 'claims', 'miner-1.jsonl'), dir, clock, frontier }
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

test('what is taken and what ends is appended, and a journal that has grown is written anew', async () => {
  const { path, clock, frontier } = await openFolder()
  const [first, second] = (await frontier.claim(request)).toSorted((a, b) => compareText(a.url, b.url)) as [Claim, Claim]
  const journal = claimJournal(path)
  await journal.write([first])
  await journal.write([first, second])
  const text = await readFile(path, 'utf8')
  await journal.write([second])
  const now = await readFile(path, 'utf8')
  expect(now.startsWith(text)).toBe(true)
  expect(now.length - text.length).toBeLessThan(100)
  for (let n = 0; n < 2000; n++) await journal.write([{ ...first, token: `token-${n}`, url: `http://h1.localhost/${'a'.repeat(200)}` }, second])
  expect((await readFile(path)).length).toBeLessThan(300_000)
  const interrupted = await claimJournal(path).recover(frontier, clock, () => false)
  expect([...interrupted.keys()].toSorted()).toEqual(['h1.localhost', 'h2.localhost'])
})

test('of a torn journal the whole lines count, wherever it was torn', async () => {
  const { path, clock, frontier } = await openFolder()
  const [first, second] = (await frontier.claim(request)).toSorted((a, b) => compareText(a.url, b.url)) as [Claim, Claim]
  const journal = claimJournal(path)
  await journal.write([first])
  await truncate(path, (await readFile(path)).length - 10)
  await journal.write([first, second])
  expect([...(await claimJournal(path).recover(frontier, clock, () => false)).keys()]).toEqual(['h2.localhost'])
})

test.each(['', '{"url":"http://h1.loc', '{}', '[1]', '{"ended":1}', '\0\n\n'])('a journal that says nothing costs a wait, not a crash: %j', async (text) => {
  const { path, dir, clock, frontier } = await openFolder()
  await claimJournal(path).write([])
  await writeFile(path, text)
  await expect(claimJournal(path).recover(frontier, clock, () => true)).resolves.toEqual(new Map())
  await expect(claimJournal(join(dir, 'none.jsonl')).recover(frontier, clock, () => true)).resolves.toEqual(new Map())
})
