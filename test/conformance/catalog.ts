import { expect, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { TurnManifest } from '#schemas/manifest.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = Catalog & AsyncDisposable

const turn = (number: number, parent: string | null = null): TurnManifest => ({ kind: 'turn', parent, turn: number, step: 'started' })

/** A line of commits, newest first, is whole: versions without gaps, each manifest at its address, following the one before. */
function expectWhole(history: readonly CatalogEntry[]): void {
  for (const [i, { version, sha256, manifest }] of history.entries()) {
    expect(version).toBe(history.length - i)
    expect(contentAddress(manifest)).toBe(sha256)
    expect(manifest.parent).toBe(history[i + 1]?.sha256 ?? null)
  }
}

/** What every Catalog must do. `make` gives an empty place. */
export function catalogSuite(make: () => Promise<Place>): void {
  const open = async () => openPlace<Open>(await make(), manualClock())

  test('moves a head by commits that follow each other', async () => {
    await using catalog = await open()
    expect(await catalog.head('turn')).toBeUndefined()
    const first = await catalog.commit('turn', undefined, turn(1))
    expect(first).toEqual({ name: 'turn', version: 1, sha256: contentAddress(turn(1)), manifest: turn(1) })
    const second = await catalog.commit('turn', first.sha256, turn(2, first.sha256))
    expect(second.version).toBe(2)
    expect(await catalog.head('turn')).toEqual(second)
    expect(await catalog.history('turn')).toEqual([second, first])
    expect(await catalog.history('turn', 1)).toEqual([second])
    expect(await catalog.history('nothing')).toEqual([])
  })

  test('takes the head again as a no-op, and refuses what does not follow it', async () => {
    await using catalog = await open()
    const first = await catalog.commit('turn', undefined, turn(1))
    const second = await catalog.commit('turn', first.sha256, turn(2, first.sha256))
    expect(await catalog.commit('turn', first.sha256, turn(2, first.sha256))).toEqual(second)
    await expect(catalog.commit('turn', undefined, turn(1))).rejects.toMatchObject({ code: 'conflict', details: { head: second.sha256 } })
    await expect(catalog.commit('turn', first.sha256, turn(3, first.sha256))).rejects.toMatchObject({ code: 'conflict' })
    await expect(catalog.commit('new', first.sha256, turn(2, first.sha256))).rejects.toMatchObject({ code: 'conflict' })
    expect(await catalog.history('turn')).toEqual([second, first])
    expect(await catalog.names('')).toEqual(['turn'])
  })

  test('keeps of a line that only says where a process stands its head and the entry before', async () => {
    await using catalog = await open()
    const entries: CatalogEntry[] = []
    for (let n = 1; n <= 5; n++) {
      const parent = entries.at(-1)?.sha256
      entries.push(await catalog.commit('turn', parent, turn(n, parent)))
    }
    expect(await catalog.history('turn')).toEqual([entries[4], entries[3]])
    expect(await catalog.head('turn')).toMatchObject({ version: 5 })
    // The line goes on as any other: what follows another entry than its head is refused.
    await expect(catalog.commit('turn', entries[1]?.sha256, turn(3, entries[1]?.sha256))).rejects.toMatchObject({ code: 'conflict' })
    expect(await catalog.commit('turn', entries[3]?.sha256, turn(5, entries[3]?.sha256))).toEqual(entries[4])
  })

  test('keeps the lines of other names apart', async () => {
    await using catalog = await open()
    await catalog.commit('a/b', undefined, turn(1))
    await catalog.commit('a/c', undefined, turn(1))
    expect((await catalog.head('a/c'))?.version).toBe(1)
  })

  test('lists the names with a prefix in byte order', async () => {
    await using catalog = await open()
    const names = ['a/b', 'a-b', 'a', 'B', 'shard/5F=x/job@1', 'shard/5F=x/job+2', 'a/b/c', '..', 'shards']
    for (const name of names) await catalog.commit(name, undefined, turn(1))
    for (const prefix of ['', 'a', 'a/', 'shard/', 'nothing', 'ü'])
      expect(await catalog.names(prefix)).toEqual(
        names.filter((name) => name.startsWith(prefix)).toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))),
      )
  })

  test.each(['', '/', 'a/', '/a', 'a//b', 'a b', 'ä', 'a\0', `${'x'.repeat(513)}`, 'a\n'])('refuses the name %j', async (name) => {
    await using catalog = await open()
    const refused = { code: 'invalid_argument' }
    await expect(catalog.commit(name, undefined, turn(1))).rejects.toMatchObject(refused)
    await expect(catalog.head(name)).rejects.toMatchObject(refused)
    await expect(catalog.history(name)).rejects.toMatchObject(refused)
  })

  test('refuses a parent that is not what is expected, a bad address, a bad limit', async () => {
    await using catalog = await open()
    const { sha256 } = await catalog.commit('turn', undefined, turn(1))
    const refused = { code: 'invalid_argument' }
    await expect(catalog.commit('turn', sha256, turn(2))).rejects.toMatchObject(refused)
    await expect(catalog.commit('turn', undefined, turn(2, sha256))).rejects.toMatchObject(refused)
    await expect(catalog.commit('turn', 'abc', turn(2, 'abc'))).rejects.toMatchObject(refused)
    for (const limit of [0, -1, 1.5, Number.NaN]) await expect(catalog.history('turn', limit)).rejects.toMatchObject(refused)
  })

  test('refuses a manifest that is not of its kind', async () => {
    await using catalog = await open()
    const { kind: _kind, ...kindless } = turn(1)
    for (const wrong of [turn(0), { ...turn(1), extra: 1 }, kindless, { ...turn(1), step: 'walked' }] as TurnManifest[])
      await expect(catalog.commit('turn', undefined, wrong)).rejects.toMatchObject({ code: 'invalid_record' })
    expect(await catalog.names('')).toEqual([])
  })

  test('lets one of several processes win each version', async () => {
    const place = await make()
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ version: number; by: number }>({ program: 'catalog', job: 'race', place, input: 8 })))
    await using catalog = await openPlace<Open>(place, manualClock())
    const history = await catalog.history('made/all')
    expectWhole(history)
    const told = said.flat().toSorted((a, b) => b.version - a.version)
    expect(history.map(({ version, manifest }) => ({ version, by: manifest.kind === 'dataset' && manifest.documents }))).toEqual(told)
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const said: { version: number; sha256: string }[] = []
    for (const moment of killMoments(3, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'catalog', job: 'commit', place })))
    await using catalog = await openPlace<Open>(place, manualClock())
    const history = await catalog.history('made/all')
    expectWhole(history)
    expect(history.map(({ version, sha256 }) => ({ version, sha256 }))).toEqual(expect.arrayContaining(said))
    // Each kill may have cut off one acknowledgement, not more.
    expect(history.length - said.length).toBeLessThanOrEqual(3)
  })
}
