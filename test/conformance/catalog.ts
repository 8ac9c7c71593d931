import { describe, expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import { historyPageMax, manifestBytesMax, type Catalog, type CatalogEntry } from '#schemas/catalog.ts'
import { lineage, type Line } from '#schemas/lineage.ts'
import type { DesirabilityManifest, TurnManifest } from '#schemas/manifest.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = Catalog & AsyncDisposable

const line = (name: string): Line<'turn'> => ({ name, kind: 'turn', former: [] })
const turn = (number: number, parent: string | null = null): TurnManifest => ({ kind: 'turn', parent, turn: number, step: 'started' })

/** A list of jobs, whose line is kept until it is expired. `seeds` make it long. */
const list = (parent: string | undefined, weight: number, seeds: string[] = []): DesirabilityManifest => ({
  kind: 'desirability',
  parent: parent ?? null,
  jobs: [
    {
      id: 'web',
      weight,
      params: { keyword: null, platform: 'web', label: 'web', post_start_datetime: null, post_end_datetime: null },
      web: { seeds, include: ['*'] },
    },
  ],
  evidence: [],
  caused_by: null,
})

/** That many lists one after the other, a second between two. */
async function commitLists(catalog: Catalog, clock: ManualClock, count: number): Promise<CatalogEntry<'desirability'>[]> {
  const entries: CatalogEntry<'desirability'>[] = []
  for (let n = 1; n <= count; n++) {
    const parent = entries.at(-1)?.sha256
    entries.push(await catalog.commit(lineage.desirability, parent, list(parent, n / count)))
    clock.advance(1000)
  }
  return entries
}

/** A line of commits, newest first, is whole down to the version `from`: without gaps, each manifest at its address, following the one before. */
function expectWhole(history: readonly CatalogEntry[], from = 1): void {
  for (const [i, { version, sha256, manifest }] of history.entries()) {
    expect(version).toBe(history.length - i + from - 1)
    expect(contentAddress(manifest)).toBe(sha256)
    expect(manifest.parent).toBe(history[i + 1]?.sha256 ?? (from === 1 ? null : manifest.parent))
  }
}

/** What is left of the lists, newest first. */
const versions = async (catalog: Catalog) => (await catalog.history(lineage.desirability, { limit: historyPageMax })).map(({ version }) => version)

/** What every Catalog must do. `make` gives an empty place. */
export function catalogSuite(make: () => Promise<Place>): void {
  const open = async (clock = manualClock()) => openPlace<Open>(await make(), clock)
  const all = { limit: historyPageMax }
  const refused = { code: 'invalid_argument' }

  test('moves a head by commits that follow each other', async () => {
    const clock = manualClock()
    await using catalog = await open(clock)
    expect(await catalog.head(lineage.turn)).toBeUndefined()
    const first = await catalog.commit(lineage.turn, undefined, turn(1))
    expect(first).toEqual({ name: 'turn', kind: 'turn', version: 1, sha256: contentAddress(turn(1)), committedAt: clock.now(), manifest: turn(1) })
    const second = await catalog.commit(lineage.turn, first.sha256, turn(2, first.sha256))
    expect(second.version).toBe(2)
    expect(await catalog.head(lineage.turn)).toEqual(second)
    expect(await catalog.history(lineage.turn, all)).toEqual([second, first])
    expect(await catalog.history(line('nothing'), all)).toEqual([])
  })

  test('takes the head again as a no-op, and refuses what does not follow it', async () => {
    await using catalog = await open()
    const first = await catalog.commit(lineage.turn, undefined, turn(1))
    const second = await catalog.commit(lineage.turn, first.sha256, turn(2, first.sha256))
    expect(await catalog.commit(lineage.turn, first.sha256, turn(2, first.sha256))).toEqual(second)
    await expect(catalog.commit(lineage.turn, undefined, turn(1))).rejects.toMatchObject({ code: 'conflict', details: { head: second.sha256 } })
    await expect(catalog.commit(lineage.turn, first.sha256, turn(3, first.sha256))).rejects.toMatchObject({ code: 'conflict' })
    await expect(catalog.commit(line('new'), first.sha256, turn(2, first.sha256))).rejects.toMatchObject({ code: 'conflict' })
    expect(await catalog.history(lineage.turn, all)).toEqual([second, first])
    expect(await catalog.lines({ ...lineage.turn, prefix: '' })).toEqual([{ ...lineage.turn, head: second.sha256 }])
  })

  test('finds an entry by its version and by its address, in its own line', async () => {
    const clock = manualClock()
    await using catalog = await open(clock)
    const entries = await commitLists(catalog, clock, 5)
    for (const entry of entries) {
      expect(await catalog.get(lineage.desirability, { version: entry.version })).toEqual(entry)
      expect(await catalog.get(lineage.desirability, { sha256: entry.sha256 })).toEqual(entry)
    }
    expect(await catalog.get(lineage.desirability, { version: 6 })).toBeUndefined()
    expect(await catalog.get(lineage.desirability, { sha256: 'ab'.repeat(32) })).toBeUndefined()
    expect(await catalog.get(line('other'), { sha256: entries[0]?.sha256 ?? '' })).toBeUndefined()
    for (const version of [0, -1, 1.5, Number.NaN]) await expect(catalog.get(lineage.desirability, { version })).rejects.toMatchObject(refused)
    for (const sha256 of ['', 'abc', 'AB'.repeat(32)]) await expect(catalog.get(lineage.desirability, { sha256 })).rejects.toMatchObject(refused)
  })

  test('gives a history in pages, newest first', async () => {
    const clock = manualClock()
    await using catalog = await open(clock)
    const newestFirst = (await commitLists(catalog, clock, 7)).toReversed()
    const pages: CatalogEntry[][] = []
    for (let before: number | undefined; ; before = pages.at(-1)?.at(-1)?.version) {
      const page = await catalog.history(lineage.desirability, { limit: 3, ...(before === undefined ? {} : { before }) })
      if (page.length === 0) break
      pages.push(page)
    }
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 1])
    expect(pages.flat()).toEqual(newestFirst)
    expect(await catalog.history(lineage.desirability, { limit: 2, before: 1 })).toEqual([])
    expect(await catalog.history(lineage.desirability, { limit: 1, before: 1000 })).toEqual(newestFirst.slice(0, 1))
    for (const limit of [0, -1, 1.5, Number.NaN, historyPageMax + 1])
      await expect(catalog.history(lineage.desirability, { limit })).rejects.toMatchObject(refused)
    for (const before of [0, -1, Number.NaN]) await expect(catalog.history(lineage.desirability, { limit: 1, before })).rejects.toMatchObject(refused)
  })

  test('keeps of a line that only says where a process stands its head and the entry before', async () => {
    await using catalog = await open()
    const entries: CatalogEntry[] = []
    for (let n = 1; n <= 5; n++) {
      const parent = entries.at(-1)?.sha256
      entries.push(await catalog.commit(lineage.turn, parent, turn(n, parent)))
    }
    expect(await catalog.history(lineage.turn, all)).toEqual([entries[4], entries[3]])
    expect(await catalog.head(lineage.turn)).toMatchObject({ version: 5 })
    // The line goes on as any other: what follows another entry than its head is refused.
    await expect(catalog.commit(lineage.turn, entries[1]?.sha256, turn(3, entries[1]?.sha256))).rejects.toMatchObject({ code: 'conflict' })
    expect(await catalog.commit(lineage.turn, entries[3]?.sha256, turn(5, entries[3]?.sha256))).toEqual(entries[4])
  })

  test('keeps the lines of other names apart', async () => {
    await using catalog = await open()
    await catalog.commit(line('a/b'), undefined, turn(1))
    await catalog.commit(line('a/c'), undefined, turn(1))
    expect((await catalog.head(line('a/c')))?.version).toBe(1)
  })

  test('lists the lines of a family by their names in byte order', async () => {
    await using catalog = await open()
    const names = ['a/b', 'a-b', 'a', 'B', 'shard/5F=x/job@1', 'shard/5F=x/job+2', 'a/b/c', '..', 'shards']
    const { sha256: head } = await catalog.commit(line('..'), undefined, turn(1))
    for (const name of names) await catalog.commit(line(name), undefined, turn(1))
    for (const prefix of ['', 'a', 'a/', 'shard/', 'nothing', 'ü'])
      expect(await catalog.lines({ prefix, kind: 'turn', former: [] })).toEqual(
        names
          .filter((name) => name.startsWith(prefix))
          .toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
          .map((name) => ({ ...line(name), head })),
      )
  })

  test('a line has the manifests of its kind, and of those it had formerly', async () => {
    const clock = manualClock()
    await using catalog = await open(clock)
    const [first] = await commitLists(catalog, clock, 1)
    const renamed = { ...lineage.desirability, kind: 'turn', former: ['desirability'] } as const
    expect(await catalog.head(renamed)).toEqual(first)
    const second = await catalog.commit(renamed, first?.sha256, turn(1, first?.sha256))
    expect(second).toMatchObject({ kind: 'turn', version: 2 })
    expect((await catalog.history(renamed, all)).map(({ kind }) => kind)).toEqual(['turn', 'desirability'])
    expect((await catalog.get(renamed, { version: 1 }))?.kind).toBe('desirability')
    // What was committed as the newer kind is not taken for the older by who knows only that.
    const misplaced = { code: 'data_unreadable', message: expect.stringMatching(/"desirability".*"turn"/) }
    await expect(catalog.head(lineage.desirability)).rejects.toMatchObject(misplaced)
    await expect(catalog.history(lineage.desirability, all)).rejects.toMatchObject(misplaced)
    await expect(catalog.commit(renamed, second.sha256, list(second.sha256, 1) as never)).rejects.toMatchObject(refused)
    expect(await catalog.head(renamed)).toEqual(second)
  })

  test.each(['', '/', 'a/', '/a', 'a//b', 'a b', 'ä', 'a\0', `${'x'.repeat(513)}`, 'a\n'])('refuses the name %j', async (name) => {
    await using catalog = await open()
    await expect(catalog.commit(line(name), undefined, turn(1))).rejects.toMatchObject(refused)
    await expect(catalog.head(line(name))).rejects.toMatchObject(refused)
    await expect(catalog.get(line(name), { version: 1 })).rejects.toMatchObject(refused)
    await expect(catalog.history(line(name), all)).rejects.toMatchObject(refused)
    await expect(catalog.expire(line(name), { keepNewest: 1, before: 0 })).rejects.toMatchObject(refused)
  })

  test('refuses a parent that is not what is expected, and a bad address', async () => {
    await using catalog = await open()
    const { sha256 } = await catalog.commit(lineage.turn, undefined, turn(1))
    await expect(catalog.commit(lineage.turn, sha256, turn(2))).rejects.toMatchObject(refused)
    await expect(catalog.commit(lineage.turn, undefined, turn(2, sha256))).rejects.toMatchObject(refused)
    await expect(catalog.commit(lineage.turn, 'abc', turn(2, 'abc'))).rejects.toMatchObject(refused)
  })

  test('refuses a manifest that is not of its kind, and one that is too large', async () => {
    await using catalog = await open()
    const { kind: _kind, ...kindless } = turn(1)
    for (const wrong of [turn(0), { ...turn(1), extra: 1 }, kindless, { ...turn(1), step: 'walked' }] as TurnManifest[])
      await expect(catalog.commit(lineage.turn, undefined, wrong)).rejects.toMatchObject({ code: 'invalid_record' })
    const seeds = Array.from({ length: manifestBytesMax / 1000 }, (_, n) => `http://h/${`${n}`.padEnd(1000, 'x')}`)
    await expect(catalog.commit(lineage.desirability, undefined, list(undefined, 1, seeds))).rejects.toMatchObject({ code: 'too_large' })
    expect(await catalog.lines({ prefix: '', kind: 'turn', former: [] })).toEqual([])
  })

  describe('expiry', () => {
    test('forgets what was followed before a time, and counts on', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      const entries = await commitLists(catalog, clock, 6)
      // The third was the head then.
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before: (entries[2]?.committedAt ?? 0) + 500 })).toBe(2)
      expect(await versions(catalog)).toEqual([6, 5, 4, 3])
      expect(await catalog.get(lineage.desirability, { version: 2 })).toBeUndefined()
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before: (entries[2]?.committedAt ?? 0) + 500 })).toBe(0)
      const head = entries.at(-1)?.sha256
      expect(await catalog.commit(lineage.desirability, head, list(head, 2))).toMatchObject({ version: 7 })
      expect(await catalog.head(lineage.desirability)).toMatchObject({ version: 7 })
    })

    test('keeps the newest, and what it is told to keep, however old', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      const entries = await commitLists(catalog, clock, 6)
      const before = clock.now() + 3_600_000
      expect(await catalog.expire(lineage.desirability, { keepNewest: 3, before, keep: [entries[1]?.sha256 ?? ''] })).toBe(2)
      expect(await versions(catalog)).toEqual([6, 5, 4, 2])
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before })).toBe(3)
      expect(await versions(catalog)).toEqual([6])
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before })).toBe(0)
      expect(await catalog.expire(line('nothing'), { keepNewest: 1, before })).toBe(0)
    })

    test('goes by times that never fall, whatever the clock did', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      const [first] = await commitLists(catalog, clock, 1)
      clock.advance(-3_600_000)
      const second = await catalog.commit(lineage.desirability, first?.sha256, list(first?.sha256, 2))
      expect(second.committedAt).toBe(first?.committedAt)
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before: clock.now() })).toBe(0)
      expect(await versions(catalog)).toEqual([2, 1])
    })

    test('goes on in time after a clock that was a year ahead, and believes none that is behind all there is', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      const year = 365 * 86_400_000
      const next = async (by: number) => {
        clock.advance(by)
        const head = await catalog.head(lineage.desirability)
        return (await catalog.commit(lineage.desirability, head?.sha256, list(head?.sha256, 1))).committedAt
      }
      const times = async () => (await catalog.history(lineage.desirability, { limit: 10 })).map(({ committedAt }) => committedAt - start)
      const start = await next(0)
      expect(await next(year)).toBe(clock.now())
      expect(await next(1000)).toBe(clock.now())
      expect(await next(2000 - year)).toBe(clock.now())
      expect(await next(1000)).toBe(clock.now())
      expect(await times()).toEqual([4000, 3000, 3000, 3000, 0])
      expect(await catalog.expire(lineage.desirability, { keepNewest: 1, before: clock.now() - 500 })).toBe(3)
      expect(await next(-3 * year)).toBe(start + 4000)
      expect(await times()).toEqual([4000, 4000, 3000])
    })

    test('leaves other lines alone, and refuses what it cannot mean', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      await commitLists(catalog, clock, 2)
      const other = { ...lineage.desirability, name: 'desirability/other' }
      await catalog.commit(other, undefined, list(undefined, 1))
      await catalog.expire(lineage.desirability, { keepNewest: 1, before: clock.now() })
      expect(await catalog.head(other)).toBeDefined()
      for (const keepNewest of [0, -1, 1.5]) await expect(catalog.expire(other, { keepNewest, before: 0 })).rejects.toMatchObject(refused)
      for (const before of [-1, Number.NaN]) await expect(catalog.expire(other, { keepNewest: 1, before })).rejects.toMatchObject(refused)
      await expect(catalog.expire(other, { keepNewest: 1, before: 0, keep: ['abc'] })).rejects.toMatchObject(refused)
    })

    test('removes a line as if it had never been, by its head alone', async () => {
      const clock = manualClock()
      await using catalog = await open(clock)
      const entries = await commitLists(catalog, clock, 2)
      const [first, second] = entries.map(({ sha256 }) => sha256) as [string, string]
      const other = { ...lineage.desirability, name: 'desirability/other' }
      await catalog.commit(other, undefined, list(undefined, 1))
      await expect(catalog.remove(lineage.desirability, first)).rejects.toMatchObject({ code: 'conflict' })
      await expect(catalog.remove(lineage.desirability, 'abc')).rejects.toMatchObject(refused)
      await catalog.remove(lineage.desirability, second)
      await catalog.remove(lineage.desirability, second)
      expect([await catalog.head(lineage.desirability), await catalog.history(lineage.desirability, all)]).toEqual([undefined, []])
      expect(await catalog.head(other)).toBeDefined()
      expect((await catalog.commit(lineage.desirability, undefined, list(undefined, 1))).version).toBe(1)
    })

    test('survives kill -9: each entry is there or gone, none of the newest is lost', async () => {
      const place = await make()
      const said: { version: number; sha256: string }[] = []
      const job = { program: 'catalog', job: 'expire', place, input: 3 }
      for (const moment of killMoments(5, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, job)))
      await using catalog = await openPlace<Open>(place, manualClock())
      const history = await catalog.history(lineage.desirability, all)
      // A kill may have come between a commit and the expiry after it.
      expect(history.length).toBeGreaterThanOrEqual(3)
      expect(history.length).toBeLessThanOrEqual(4)
      expectWhole(history, history.at(-1)?.version)
      const told = said.toSorted((a, b) => b.version - a.version)
      expect((history[0]?.version ?? 0) - (told[0]?.version ?? 0)).toBeLessThanOrEqual(1)
      for (const { version, sha256 } of told.slice(0, 2)) expect(await catalog.get(lineage.desirability, { version })).toMatchObject({ sha256 })
    })
  })

  test('lets one of several processes win each version', async () => {
    const place = await make()
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ version: number; by: number }>({ program: 'catalog', job: 'race', place, input: 8 })))
    await using catalog = await openPlace<Open>(place, manualClock())
    const history = await catalog.history(lineage.desirability, all)
    expectWhole(history)
    expect(history).toHaveLength(24)
    const told = said.flat().toSorted((a, b) => b.version - a.version)
    expect(history.map(({ version, manifest }) => ({ version, by: manifest.caused_by?.epoch }))).toEqual(told)
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const said: { version: number; sha256: string }[] = []
    for (const moment of killMoments(3, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'catalog', job: 'commit', place })))
    await using catalog = await openPlace<Open>(place, manualClock())
    const history = await catalog.history(lineage.desirability, all)
    expectWhole(history)
    expect(said.length).toBeGreaterThanOrEqual(3)
    expect(history.map(({ version, sha256 }) => ({ version, sha256 }))).toEqual(expect.arrayContaining(said))
    // Each kill may have cut off one acknowledgement, not more.
    expect(history.length - said.length).toBeLessThanOrEqual(3)
  })
}
