import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Document } from '#schemas/document.ts'
import { factTime, manualClock, type ManualClock } from '#test/adversary/subnet.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { openSampleJudge, type DrawnRow, type JudgedSample, type SampleJudge } from './judge-sample.ts'
import type { Refetch, Refetched } from './refetch.ts'

const hotkey = '5Miner'
const hour = 3_600_000
const lists = { wishesOf: () => undefined, inForce: () => '' }

let folder: string
let clock: ManualClock
let judge: SampleJudge
/** What is on the web, by url: absent ones are gone. */
let web: Map<string, Document | Refetched>
let asked: string[]

const refetch: Refetch = async (url) => {
  asked.push(url)
  const found = web.get(url)
  if (!found) return { state: 'gone', reason: 'http_404' }
  return 'state' in found ? found : { state: 'found', page: found }
}
const silent: Refetched = { state: 'unfetchable', reason: 'connect_timeout' }
const open = (): SampleJudge => openSampleJudge({ folder, thread: portThread('test', clock), refetch, facts: clock, pace: clock, telemetry: createTelemetry() })

beforeEach(async () => {
  folder = await temporaryFolder()
  clock = manualClock(factTime)
  web = new Map()
  asked = []
  judge = open()
})
afterEach(() => judge[Symbol.asyncDispose]())

/** Rows of hosts of their own, on the web as they are. */
function rows(count: number, from = 0, parts: (n: number) => Partial<Document> = () => ({})): Document[] {
  const made = Array.from({ length: count }, (_, n) =>
    testDocument(from + n, { uri: `https://h${from + n}.example/page`, etag: null, last_modified: null, modified_at: null, ...parts(from + n) }),
  )
  for (const row of made) web.set(row.url, row)
  return made
}

interface RoundOptions {
  wanted?: number
  pulled?: { count: number }
  by?: string
  firstSeenAt?: number
}

async function* draw(documents: readonly Document[], { pulled, firstSeenAt }: RoundOptions): AsyncGenerator<DrawnRow> {
  for (const document of documents) {
    if (pulled) pulled.count++
    yield { document, firstSeenAt }
  }
}

const round = (documents: readonly Document[], options: RoundOptions = {}): Promise<JudgedSample> =>
  judge.judge(options.by ?? hotkey, draw(documents, options), { wanted: options.wanted ?? 10, lists, signal: new AbortController().signal })
const verdicts = ({ pages }: JudgedSample): string[] => pages.map(({ verdict, reason }) => `${verdict}${reason === undefined ? '' : ` ${reason}`}`)
const times = (count: number, word: string): string[] => Array.from({ length: count }, () => word)
/** Another text at the same address, by its owner's hand. */
const rewrite = (row: Document, parts: Partial<Document> = {}): void =>
  void web.set(row.url, {
    ...testDocument(9999, { text: prose(40_000 + Number(/\d+/.exec(row.uri)?.[0])) }),
    uri: row.uri,
    host: row.host,
    etag: null,
    last_modified: null,
    modified_at: null,
    html_sha256: 'a'.repeat(64),
    ...parts,
  })

/** Rows of one host. */
const crowd = (count: number, from = 0): Document[] => rows(count, from, (n) => ({ uri: `https://crowd.example/${n}`, url: `https://crowd.example/${n}` }))

describe('what is drawn', () => {
  test('is judged until enough is, and no more is pulled', async () => {
    const pulled = { count: 0 }
    const judged = await round(rows(40), { pulled })
    expect(judged).toMatchObject({ failures: [], standing: 'judged', confirmed: 1 })
    expect([verdicts(judged), pulled.count]).toEqual([times(10, 'same'), 10])
  })

  test('and cannot be fetched is made up for by what is drawn next', async () => {
    const drawn = rows(40)
    for (const row of drawn.slice(0, 4)) web.set(row.url, silent)
    const judged = await round(drawn)
    expect([judged.pages.length, verdicts(judged).filter((verdict) => verdict === 'same').length]).toEqual([14, 10])
    expect(judged).toMatchObject({ failures: [], standing: 'judged', confirmed: 10 / 14 })
  })

  test('and was judged before is not asked for again, nor counted again', async () => {
    const drawn = rows(10)
    for (const row of drawn) web.delete(row.url)
    const first = await round(drawn.slice(0, 4))
    expect([verdicts(first), first.failures]).toEqual([times(4, 'gone http_404'), []])
    asked = []
    for (let n = 0; n < 5; n++) expect((await round(drawn.slice(0, 4))).failures).toEqual([])
    expect(asked).toEqual([])
    expect((await round(drawn)).failures.map(({ code }) => code)).toEqual(['pages_lost'])
    expect(asked).toHaveLength(6)
  })

  test('of one miner is nothing to another', async () => {
    const drawn = rows(5, 0, () => ({ etag: '"5d8c72a5"' }))
    for (const row of drawn) rewrite(row, { etag: '"5d8c72a5"' })
    expect((await round(drawn)).failures.map(({ code }) => code)).toEqual(['page_contradicted'])
    expect((await round(rows(5, 50), { by: '5Other' })).failures).toEqual([])
    await judge.forget(hotkey)
    expect(await judge.hotkeys()).toEqual(['5Other'])
    expect((await round(rows(5, 100))).failures).toEqual([])
  })

  test('is nothing at all where there are no rows', async () => {
    expect(await round([])).toEqual({ pages: [], failures: [], standing: 'judged', confirmed: 1 })
  })
})

test('of a miner that has lost more than most so many times more is judged', async () => {
  const drawn = rows(120)
  for (const row of drawn.slice(0, 2)) web.delete(row.url)
  const pulled = { count: 0 }
  await round(drawn.slice(0, 10), { pulled })
  expect(await round(drawn.slice(10), { pulled })).toMatchObject({ failures: [], standing: 'judged' })
  expect(pulled.count).toBe(10 + 30)
  // They were luck.
  await round(drawn.slice(40), { pulled })
  expect(pulled.count).toBe(10 + 30 + 10)
})

describe('a row that is contradicted', () => {
  const proven = { etag: '"5d8c72a5"' }

  test('alone is no failure; the second is, in whatever cycle, also for who opens the findings anew', async () => {
    const drawn = rows(30, 0, () => proven)
    rewrite(drawn[0] as Document, proven)
    rewrite(drawn[20] as Document, proven)
    const first = await round(drawn)
    expect([verdicts(first)[0], first.failures]).toEqual(['contradicted text', []])
    await judge[Symbol.asyncDispose]()
    judge = open()
    const second = await round(drawn.slice(15))
    expect(second.failures).toMatchObject([{ code: 'page_contradicted', detail: expect.stringContaining('h20.example') }])
  })

  test('because its page says it is older is so at the second look, some time later', async () => {
    const old = new Date(factTime - 90 * 24 * hour).toUTCString()
    const drawn = rows(10)
    for (const row of drawn.slice(0, 3)) rewrite(row, { last_modified: old })
    const first = await round(drawn)
    expect([verdicts(first).slice(0, 3), first.failures]).toEqual([times(3, 'changed text'), []])
    clock.advance(60_000)
    asked = []
    await round(drawn)
    expect(asked).toEqual([])
    clock.advance(hour)
    const again = await round(drawn)
    expect([asked.length, again.failures.map(({ code }) => code)]).toEqual([3, ['page_contradicted']])
    // That was the last one.
    clock.advance(hour)
    await round(drawn)
    expect(asked).toHaveLength(3)
  })

  test('no more where the second look finds another page again', async () => {
    const old = new Date(factTime - 90 * 24 * hour).toUTCString()
    const drawn = rows(10)
    for (const row of drawn.slice(0, 3)) rewrite(row, { last_modified: old })
    await round(drawn)
    clock.advance(hour)
    web.set((drawn[0] as Document).url, drawn[0] as Document)
    rewrite(drawn[1] as Document, { ...testDocument(7777), last_modified: old, uri: (drawn[1] as Document).uri, etag: null, modified_at: null })
    web.set((drawn[2] as Document).url, silent)
    expect((await round(drawn)).failures).toEqual([])
  })
})

describe('a host', () => {
  test('that does not answer is asked twice, and let alone for a while', async () => {
    const drawn = crowd(20)
    for (const row of drawn) web.set(row.url, silent)
    expect(await round([...drawn, ...rows(10, 100)])).toMatchObject({ standing: 'judged', failures: [] })
    expect(asked.filter((url) => url.includes('crowd'))).toHaveLength(2)
    for (const row of drawn) web.set(row.url, row)
    expect((await round([...drawn, ...rows(10, 200)])).confirmed).toBeLessThan(1)
    clock.advance(hour)
    expect(await round(drawn)).toMatchObject({ confirmed: 1 })
  })

  test('that is silent where one miner leads us is asked for the rows of others', async () => {
    const [hanging, answering] = [crowd(4), crowd(10, 100)]
    for (const row of hanging) web.set(row.url, silent)
    await round([...hanging, ...rows(10, 100)], { by: '5Griefer' })
    expect(await round(answering)).toMatchObject({ standing: 'judged', confirmed: 1 })
  })

  test('that answers all pages alike shows a wall, and nobody knows what is behind it', async () => {
    const drawn = crowd(10)
    const wall = testDocument(5000, { html_sha256: 'b'.repeat(64), host: 'crowd.example' })
    for (const row of drawn) web.set(row.url, { ...wall, uri: row.uri })
    const judged = await round([...drawn, ...rows(10, 100)])
    expect(verdicts(judged).slice(0, 10)).toEqual(times(10, 'unfetchable wall'))
    expect(judged.failures).toEqual([])
  })
})

test('pages that are others all the time confirm nothing', async () => {
  const drawn = rows(10)
  for (const row of drawn.slice(0, 4)) rewrite(row, { page_type: 'listing' })
  expect(await round(drawn)).toMatchObject({ standing: 'judged', failures: [], confirmed: 0.6 })
  expect(await round(drawn)).toMatchObject({ confirmed: 0.6 })
})

test('what we have no looks left for is held against nobody', async () => {
  const drawn = rows(30)
  for (const row of drawn) web.set(row.url, { state: 'unfetchable', reason: 'host_budget' })
  expect(await round(drawn)).toMatchObject({ standing: 'ours', confirmed: 1 })
  for (const row of drawn.slice(0, 10)) web.set(row.url, row)
  expect(await round(drawn.slice(7))).toMatchObject({ standing: 'ours', confirmed: 1 })
  expect(await round(drawn)).toMatchObject({ standing: 'judged', confirmed: 1 })
})

describe('a host that was built anew', () => {
  const before = factTime - hour

  test('takes nothing from who showed its pages before', async () => {
    const pages = crowd(12)
    await round(pages.slice(0, 3), { firstSeenAt: before })
    for (const { url } of pages) web.delete(url)
    const later = await round(pages.slice(3), { firstSeenAt: before })
    expect([verdicts(later), later.failures, later.confirmed]).toEqual([times(9, 'gone host_rebuilt'), [], 1])
    // Rows that came when the pages were gone already are no better for it.
    clock.advance(hour)
    const late = crowd(12, 50)
    for (const { url } of late) web.delete(url)
    expect((await round(late)).failures.map(({ code }) => code)).toEqual(['pages_lost'])
  })

  test('is none while its other pages stand', async () => {
    const pages = crowd(12)
    await round(pages.slice(0, 2))
    for (const { url } of pages.slice(2)) web.delete(url)
    expect((await round(pages.slice(2))).failures.map(({ code }) => code)).toEqual(['pages_lost'])
  })
})

describe('when too little can be judged', () => {
  test('it is said, as long as others answer', async () => {
    await round(rows(10))
    const drawn = rows(40, 100)
    for (const row of drawn) web.set(row.url, silent)
    for (let n = 0; n < 3; n++) expect(await round(drawn)).toMatchObject({ standing: 'unjudged', confirmed: 0, failures: [] })
    expect(await round(rows(10, 200))).toMatchObject({ standing: 'judged' })
  })

  test('because our own network is away, nobody is to blame, and little is asked', async () => {
    await round(rows(10))
    const drawn = rows(40, 100)
    for (const url of web.keys()) web.set(url, silent)
    asked = []
    expect(await round(drawn)).toMatchObject({ standing: 'ours', confirmed: 1, failures: [] })
    expect(asked.length).toBeLessThan(20)
  })

  test('and nothing was ever found, it is our network unless somebody answers', async () => {
    const drawn = rows(30)
    for (const row of drawn) web.set(row.url, silent)
    expect(await round(drawn)).toMatchObject({ standing: 'ours' })
    for (const row of drawn) web.set(row.url, { state: 'unfetchable', reason: 'http_503' })
    clock.advance(hour)
    expect(await round(drawn)).toMatchObject({ standing: 'unjudged' })
  })
})

test('while we reach nobody what was judged before stands, and the other pages of a miner cost it nothing', async () => {
  const [known, others] = [rows(7), rows(3, 100)]
  await round(known)
  for (const { url } of [...known, ...others]) web.set(url, silent)
  expect(await round([...known, ...others])).toMatchObject({ standing: 'judged', confirmed: 1, failures: [] })
  // Its own hosts alone are silent: we are heard elsewhere.
  for (const row of known) web.set(row.url, row)
  expect((await round([...known, ...rows(3, 200).map((row) => (web.set(row.url, silent), row))])).confirmed).toBeCloseTo(0.7)
})

test('what is cut off leaves nothing behind', async () => {
  const stop = new AbortController()
  const drawn = rows(10)
  for (const row of drawn) web.delete(row.url)
  const cut = judge.judge(hotkey, draw(drawn, {}), { wanted: 10, lists, signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(cut).rejects.toThrow('enough')
  expect(await judge.hotkeys()).toEqual([])
})
