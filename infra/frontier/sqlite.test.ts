import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Target } from '#schemas/frontier.ts'
import { frontierSuite } from '#test/conformance/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'
import { fileSchemas } from '../sqlite/schema.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const leaseMs = 60_000
const page = (url: string, over: Partial<Target> = {}): Target => ({ url, kind: 'page', label: 'a', priority: 0, ...over })

const three = (from: number) => [0, 1, 2].map((n) => page(`http://h.example/${from + n}`, { priority: n }))

describe('sqliteFrontier', () => {
  frontierSuite(async () => ({ module, factory: 'sqliteFrontier', args: [join(await temporaryFolder(), 'frontier.sqlite')] }))

  test('refuses and counts what is too much of a host, the least wanted first, or too deep', async () => {
    const path = join(await temporaryFolder(), 'frontier.sqlite')
    {
      await using frontier = sqliteFrontier(path, { clock: manualClock(), hostUrlsMax: 4, depthMax: 5 })
      expect(await frontier.add([...three(0), page('http://h.example/deep', { depth: 6 })])).toBe(3)
      expect(await frontier.add([...three(10), page('http://other.example/', { depth: 5 })])).toBe(2)
      expect(await frontier.stats()).toMatchObject({ known: 5, hosts: 2, hostsClosed: 0, refused: { depth: 1, host_urls: 2 } })
    }
    // What a host has is known after a start as well.
    await using frontier = sqliteFrontier(path, { clock: manualClock(), hostUrlsMax: 4 })
    expect(await frontier.add(three(20))).toBe(0)
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims.map(({ url }) => url)).toEqual(['http://h.example/12', 'http://other.example/'])
    expect((await frontier.stats()).hostsClosed).toBe(2)
  })

  test('gives thousands of pages of a host in order, whenever they came', async () => {
    await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock: manualClock() })
    const pages = Array.from({ length: 1500 }, (_, i) => page(`http://h.example/${(i * 7919) % 1500}/\u00e9`, { priority: (i * 31) % 5 }))
    const order = pages.toSorted((a, b) => b.priority - a.priority || Buffer.compare(Buffer.from(a.url), Buffer.from(b.url)))
    await frontier.add(pages.slice(0, 900))
    const got: string[] = []
    const take = async () => {
      for (const claim of await frontier.claim({ limit: 1, leaseMs })) {
        got.push(claim.url)
        await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
      }
    }
    await take()
    await frontier.add(pages.slice(900))
    for (let i = 1; i < pages.length; i++) await take()
    expect(got.slice(1)).toEqual(order.map(({ url }) => url).filter((url) => url !== got[0]))
  })

  test('opens a file of version 1, with all that is in it', async () => {
    const path = join(await temporaryFolder(), 'frontier.sqlite')
    const clock = manualClock()
    writeVersion1(path, clock.now())
    await using frontier = sqliteFrontier(path, { clock })
    expect(await frontier.stats()).toMatchObject({ known: 5, hosts: 3, labels: { a: { waiting: 2, leased: 1, stored: 2 } } })
    expect(await frontier.add(['ready', 'leased', 'done', 'finished'].map((name) => page(`http://${name}.example/`)))).toBe(1)
    const late = { ...page('http://leased.example/'), token: 't', expiresAt: 0, attempt: 2, previous: undefined }
    await frontier.done(late, { outcome: 'stored', hostDelayMs: 0 })
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims).toMatchObject([
      { url: 'http://ready.example/', priority: 7, previous: undefined },
      { url: 'http://finished.example/', attempt: 1 },
    ])
    for (const claim of claims) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
    clock.advance(500)
    const [map] = await frontier.claim({ limit: 9, leaseMs })
    expect(map).toMatchObject({ url: 'http://ready.example/map', kind: 'sitemap' })
    if (map) await frontier.done(map, { outcome: 'stored', hostDelayMs: 0 })
    const previous = { etag: '"1"', lastModified: 'Mon', version: 3 }
    expect(await frontier.claim({ limit: 9, leaseMs })).toMatchObject([{ url: 'http://ready.example/later', previous }])
  })
})

/** As the program wrote it before the seen-set: one URL in each state, and a sitemap. */
function writeVersion1(path: string, now: number): void {
  const { applicationId, steps } = fileSchemas.frontier
  const raw = new DatabaseSync(path)
  raw.exec(String(steps[0]))
  raw.exec(`
    insert into targets (url, host, kind, label, lane, priority) values
      ('http://ready.example/', 'ready.example', 'page', 'a', 'a', 7), ('http://ready.example/map', 'ready.example', 'sitemap', 'a', '', 1),
      ('http://ready.example/later', 'ready.example', 'page', 'a', 'a', 0), ('http://leased.example/', 'leased.example', 'page', 'a', 'a', 0),
      ('http://done.example/', 'done.example', 'page', 'a', 'a', 0);
    update targets set state = 'later', ready_at = ${now + 500}, etag = '"1"', last_modified = 'Mon', version = 3, outcome = 'stored' where url like '%later';
    update targets set state = 'leased', attempt = 2, token = 't', expires_at = ${now + 1000} where url = 'http://leased.example/';
    update targets set state = 'finished', outcome = 'stored', version = 1 where url = 'http://done.example/';
    insert into hosts (host) values ('ready.example'), ('done.example');
    insert into hosts values ('leased.example', 0, ${now + 1000}, 0, 'http://leased.example/', ${now + 1000});
    insert into heads values ('ready.example', 'a', 7, 'http://ready.example/'), ('ready.example', '', 1, 'http://ready.example/map');
    insert into visits values ('a', 'stored', 2);
    pragma application_id = ${applicationId};
    pragma user_version = 1;
  `)
  raw.close()
}
