import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { killMoments, killWithin } from '#test/conformance/child.ts'
import type { Place } from '#test/conformance/place.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

/** URLs of one add and the next, which a claim sorts in together: some milliseconds of work. */
const batch = 400
const kills = 8

test('kill -9 while URLs are sorted into their runs loses none that was acknowledged, and gives none twice', async () => {
  const path = join(await temporaryFolder(), 'frontier.sqlite')
  const place: Place = { module: new URL('sqlite.ts', import.meta.url).href, factory: 'sqliteFrontier', args: [path] }
  const [added, done] = [new Set<string>(), new Set<string>()]
  const moments = killMoments(20_261_122, kills, 12)
  for (const [i, afterMs] of moments.entries()) {
    // The second word is that all of a batch was added: what comes then is the claim that sorts it in.
    const said = await killWithin<{ added?: string[]; done?: string }>(2 + 7 * (i % 2), afterMs, { program: 'frontier', job: 'sort', place, input: batch })
    for (const { added: urls = [], done: url } of said) {
      for (const each of urls) added.add(each)
      if (url !== undefined) done.add(url)
    }
    expect(faultsOf(path)).toEqual({ loose: 0, missing: 0, integrity: 'ok' })
  }

  const clock = manualClock(Date.now() + 1e9)
  await using frontier = sqliteFrontier(path, { clock })
  const given: string[] = []
  const last = new Map<string, { url: string; priority: number }>()
  for (;;) {
    const claims = await frontier.claim({ limit: 99, leaseMs: 1000 })
    if (claims.length === 0) break
    for (const claim of claims) {
      given.push(claim.url)
      const { host } = new URL(claim.url)
      const before = last.get(host)
      expect(before === undefined || before.priority >= claim.priority, claim.url).toBe(true)
      last.set(host, claim)
    }
    await Promise.all(claims.map((claim) => frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })))
  }
  expect(new Set(given).size).toBe(given.length)
  expect(given.filter((url) => done.has(url))).toEqual([])
  // A visit may end between its commit and the word of it: those of one group at each kill.
  const silent = [...added].filter((url) => !done.has(url)).length - given.filter((url) => added.has(url)).length
  expect(silent).toBeGreaterThanOrEqual(0)
  expect(silent).toBeLessThanOrEqual(kills)
  // An add is known whole or not at all: what nobody heard of is a number of whole adds.
  const { known, labels } = await frontier.stats()
  expect((known - added.size) % (batch / 2)).toBe(0)
  expect(labels.get('a')).toMatchObject({ waiting: 0, leased: 0, stored: known })
})

/** Bodies that no run has, and runs without their body. */
function faultsOf(path: string): Record<string, unknown> {
  using db = new DatabaseSync(path)
  const one = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0]
  return {
    loose: one('select count(*) from bodies where id not in (select id from runs)'),
    missing: one('select count(*) from runs where id > 0 and next >= 0 and id not in (select id from bodies)'),
    integrity: one('pragma integrity_check'),
  }
}
