import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import { manualClock, testJob, type ManualClock } from '#test/adversary/subnet.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument } from '#test/golden/documents.ts'
import { listHistory } from './lists-in-force.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)
const [news, blogs] = [testJob('news', ['https://host1.example/*']), testJob('blogs', ['https://host2.example/*'])]
const row = (label: string, at: number, host = label === 'news' ? 1 : 2) =>
  testDocument(1, { label, uri: `https://host${host}.example/a`, fetched_at: new Date(at) })

let catalog: Catalog & AsyncDisposable
let clock: ManualClock
beforeEach(async () => {
  clock = manualClock(start)
  catalog = sqliteCatalog(join(await temporaryFolder(), 'catalog.sqlite'), { clock })
})
afterEach(() => catalog[Symbol.asyncDispose]())

async function list(...jobs: DesirabilityJob[]): Promise<void> {
  const parent = (await catalog.head(lineage.desirability))?.sha256
  await catalog.commit(lineage.desirability, parent, { kind: 'desirability', parent: parent ?? null, jobs, evidence: [], caused_by: null })
}

test('a row of a job that left the list is judged by the list of when it was fetched', async () => {
  await list(news, blogs)
  clock.advance(100 * hour)
  await list(blogs)
  const lists = await listHistory(catalog).read()
  expect(lists.refusal(row('news', start + hour), news.id)).toBeUndefined()
  expect(lists.refusal(row('news', start + 50 * hour), news.id)).toBeUndefined()
  // It went on for a while with the list it had.
  expect(lists.refusal(row('news', start + 120 * hour), news.id)).toBeUndefined()
  expect(lists.refusal(row('news', start + 125 * hour), news.id)).toBe('unlisted_job')
  expect(lists.refusal(row('blogs', start + 125 * hour), blogs.id)).toBeUndefined()
  expect(lists.refusal(row('news', start + hour, 2), news.id)).toBe('unlisted_job')
})

test('what is wanted now is no fault, and what was fetched before there was a list was fetched for the first', async () => {
  await list(news)
  clock.advance(100 * hour)
  await list(news, blogs)
  const lists = await listHistory(catalog).read()
  expect(lists.refusal(row('blogs', start + hour), blogs.id)).toBeUndefined()
  expect(lists.refusal(row('news', start - 1000 * hour), news.id)).toBeUndefined()
  expect(lists.refusal(row('news', start + hour, 2), news.id)).toBe('place')
})

test('pages are asked for as their list asked then', async () => {
  const asking = (words_min: number): DesirabilityJob => ({ ...news, web: { ...news.web, quality: { gopher_quality: { words_min } } } })
  await list(asking(10))
  clock.advance(100 * hour)
  await list(asking(50))
  const lists = await listHistory(catalog).read()
  expect(lists.wishesOf(news.id, start + hour)?.quality).toEqual({ gopher_quality: { words_min: 10 } })
  expect(lists.wishesOf(news.id, start + 200 * hour)?.quality).toEqual({ gopher_quality: { words_min: 50 } })
  expect(lists.wishesOf('nobody-knows', start)).toBeUndefined()
})

test('lists that say the same of rows are one, whatever weights and seeds they have; what is new is read as it comes', async () => {
  const history = listHistory(catalog)
  await list(news)
  const first = await history.read()
  for (let n = 1; n <= 25; n++) {
    clock.advance(hour)
    await list({ ...news, weight: 1 + n / 100, web: { ...news.web, seeds: [`https://host1.example/${n}`] } })
  }
  const moved = await history.read()
  expect([moved.scopes, moved.address === first.address, moved.jobs[0]?.weight]).toEqual([first.scopes, false, 1.25])
  clock.advance(10 * hour)
  await list(news, blogs)
  const grown = await history.read()
  expect(grown.scopes).not.toBe(first.scopes)
  expect(grown.refusal(row('news', start + hour), news.id)).toBeUndefined()
  expect((await listHistory(catalog).read()).scopes).toBe(grown.scopes)
})

test('lists are remembered by what they take, the newest for certain', async () => {
  for (const jobs of [[news], [news, blogs], [blogs]]) {
    await list(...jobs)
    clock.advance(100 * hour)
  }
  const refused = async (charsMax: number) => (await listHistory(catalog, charsMax).read()).refusal(row('news', start + hour), news.id)
  expect(await refused(10_000)).toBeUndefined()
  expect(await refused(JSON.stringify([news, blogs]).length + 10)).toBe('unlisted_job')
  expect((await listHistory(catalog, 1).read()).refusal(row('blogs', start), blogs.id)).toBeUndefined()
})

test('a list with a pattern that is none stops nobody', async () => {
  await list({ ...testJob('poison'), web: { seeds: [], include: ['http://(['] } }, news)
  const lists = await listHistory(catalog).read()
  expect(lists.refusal(row('news', start), news.id)).toBeUndefined()
  expect(lists.refusal(row('poison', start), testJob('poison').id)).toBe('place')
})

test('without a list there is nothing to judge by', async () => {
  await expect(listHistory(catalog).read()).rejects.toMatchObject({ code: 'not_found' })
})
