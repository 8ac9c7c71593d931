import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { Frontier, Target } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const dayMs = 86_400_000
const urls = Array.from({ length: 36 }, (_, i) => `http://h${i % 12}.example/${i}`)
const page = (url: string): Target => ({ url, kind: 'page', label: 'a', priority: 0 })

/** Every page once: some put off before, all visited, all found again, at an address that the host never had before. */
async function visitAll(frontier: Frontier & HostTurns, clock: ManualClock, day: number): Promise<void> {
  for (let n = 0; ; n++) {
    const claims = await frontier.claim({ limit: 99, leaseMs: 60_000 })
    if (claims.length === 0) return
    const [put, ...others] = claims
    const visited = others.length === 0 ? claims : others
    if (put && others.length > 0)
      await frontier.defer(put, { reason: 'timeout', until: clock.now() + 1000, isTry: true, holdHost: true, hostDelayMs: 500, address: `put-${day}-${n}` })
    await Promise.all(
      visited.map((claim, i) =>
        frontier.done(claim, { outcome: 'stored', hostDelayMs: 1000, address: `${day}.${n}.${i}`, revisitAt: clock.now() + dayMs, etag: `"${day}"` }),
      ),
    )
    await frontier.takeTurn({ url: urls[0] ?? '', page: 'http://p.example/', latest: clock.now(), leaseMs: 10 })
    await frontier.add(urls.map((url) => ({ ...page(url), modifiedAt: clock.now() - 2 * dayMs })))
    clock.advance(1000)
  }
}

function rowsOf(path: string): Record<string, number> {
  using db = new DatabaseSync(path)
  const tables = db.prepare("select name from sqlite_schema where type = 'table' order by name").all() as { name: string }[]
  return Object.fromEntries(tables.map(({ name }) => [name, (db.prepare(`select count(*) as count from ${name}`).get() as { count: number }).count]))
}

test('visits leave no row behind: what is kept is what is known of URLs and hosts', async () => {
  const path = join(await temporaryFolder(), 'frontier.sqlite')
  const clock = manualClock()
  await using frontier = sqliteFrontier(path, { clock })
  await frontier.add(urls.map(page))
  const rows: Record<string, number>[] = []
  for (let day = 0; day < 4; day++) {
    await visitAll(frontier, clock, day)
    clock.advance(dayMs)
    await frontier.stats()
    rows.push(rowsOf(path))
  }
  expect(rows.at(-1)).toMatchObject({ targets: urls.length, hosts: 12, log: 1 })
  expect(rows.at(-1)).toMatchObject({ servers: 12, lines: 12, waiting: 12 })
  expect(rows.at(-1)).toEqual(rows[1])
})
