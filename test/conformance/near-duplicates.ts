import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareCopies, nearDuplicates, type Fingerprint } from '#schemas/identity/clusters.ts'
import type { NearDuplicates } from '#schemas/near-duplicates.ts'
import { fingerprint, fingerprints } from '#test/golden/fingerprints.ts'
import { manualClock } from '#test/manual-clock.ts'
import { prose } from '../golden/documents.ts'
import { killAfter, killMoments } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = NearDuplicates & AsyncDisposable

const open = (place: Place) => openPlace<Open>(place, manualClock())

const keysOf = (documents: readonly { key: string }[]) => documents.map(({ key }) => key)

/** key → best of its cluster, as the batch algorithm over all of them at once has it. */
function expectedHeads(all: readonly Fingerprint[]): Map<string, string> {
  const heads = new Map(keysOf(all).map((key) => [key, key]))
  for (const { kept, dropped } of nearDuplicates(all)) for (const key of dropped) heads.set(key, kept)
  return heads
}

async function headsOf(index: NearDuplicates, all: readonly Fingerprint[]): Promise<Map<string, string | undefined>> {
  const heads = await index.heads(keysOf(all))
  return new Map(keysOf(all).map((key, at) => [key, heads[at]]))
}

/** What every index of near-duplicates must do. `make` gives the place of an empty one. */
export function nearDuplicatesSuite(make: () => Promise<Place>): void {
  test('knows nothing at first', async () => {
    await using index = await open(await make())
    const [one] = fingerprints(1) as [Fingerprint]
    expect(await index.heads([one.key])).toEqual([undefined])
    expect(await index.members(one.key)).toEqual([])
    expect(await index.near([one.signature])).toEqual([[]])
    expect(await index.add([])).toBe(0)
    expect(await index.stats()).toMatchObject({ documents: 0, clusters: 0 })
  })

  test('names a cluster after its best copy, whatever came first', async () => {
    await using index = await open(await make())
    const text = prose(1)
    const young = fingerprint('young', text, { publishedAt: 9 })
    const old = fingerprint('old', `${text} tail`, { publishedAt: 3 })
    const long = fingerprint('long', `${text} tail`, { publishedAt: 3, textBytes: 10_000 })
    const other = fingerprint('other', prose(2))
    expect(await index.add([young, other])).toBe(2)
    expect(await index.heads(keysOf([young, other]))).toEqual(keysOf([young, other]))
    expect(await index.add([old, young])).toBe(1)
    expect(await index.heads(keysOf([young, old, other]))).toEqual(keysOf([old, old, other]))
    await index.add([long])
    expect(await index.heads([young.key])).toEqual([long.key])
    const fitting = fingerprint('fitting', `${text} tail`, { publishedAt: 3, addressFit: 1 })
    await index.add([fitting])
    expect(await index.heads([young.key])).toEqual([fitting.key])
    const { signature: _, ...facts } = young
    expect((await index.members(old.key)).at(-1)).toEqual(facts)
    expect(keysOf(await index.members(old.key))).toEqual(keysOf([fitting, long, old, young]))
    expect(await index.stats()).toMatchObject({ documents: 5, clusters: 2 })
  })

  test('joins clusters that one document links, and tells what is near a text', async () => {
    await using index = await open(await make())
    const words = Array.from({ length: 130 }, (_, i) => `w${i}`)
    const [a, b, between] = [words.slice(0, 105), words.slice(25), words.slice(12, 118)].map((part, n) => fingerprint(`part${n}`, part.join(' ')))
    if (!a || !b || !between) throw new Error('three parts')
    await index.add([a, b])
    expect(new Set(await index.heads(keysOf([a, b]))).size).toBe(2)
    await index.add([between])
    expect(new Set(await index.heads(keysOf([a, b, between]))).size).toBe(1)
    const [near = []] = await index.near([a.signature])
    expect(near[0]).toMatchObject({ key: a.key, similarity: 1 })
    expect(keysOf(near)).toContain(between.key)
    expect(keysOf(near)).not.toContain(b.key)
    expect(await index.near([a.signature], 1)).toHaveLength(1)
  })

  test('gives the same clusters in any order and any batches, and after each opening, as one look at all does', async () => {
    const all = fingerprints(48)
    const expected = expectedHeads(all)
    expect(new Set(expected.values()).size).toBeLessThan(all.length)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), fc.array(fc.nat({ max: 48 }), { maxLength: 4 }), async (shuffled, cuts) => {
        const place = await make()
        const ends = [...cuts.toSorted((a, b) => a - b), all.length]
        for (const [at, end] of ends.entries()) {
          await using index = await open(place)
          await index.add(shuffled.slice(ends[at - 1] ?? 0, end))
        }
        await using index = await open(place)
        expect(await headsOf(index, all)).toEqual(expected)
        expect(await index.add(shuffled)).toBe(0)
        expect((await index.stats()).documents).toBe(all.length)
      }),
      { numRuns: 12, seed: 4 },
    )
  })

  test('keeps the better facts of a key it hears of twice, and they last', async () => {
    const place = await make()
    const [late, early] = [fingerprint('one', prose(1), { publishedAt: 8, uri: 'https://example.org/z' }), fingerprint('one', prose(1), { publishedAt: 2 })]
    const other = fingerprint('other', prose(1), { publishedAt: 5 })
    {
      await using index = await open(place)
      await index.add([late, other])
      expect(await index.heads([late.key])).toEqual([other.key])
      expect(await index.add([early])).toBe(0)
      expect(await index.add([late])).toBe(0)
    }
    await using index = await open(place)
    expect(await index.heads([other.key])).toEqual([early.key])
    expect((await index.members(other.key)).map(({ publishedAt }) => publishedAt)).toEqual([2, 5])
    expect(await index.stats()).toMatchObject({ documents: 2, clusters: 1 })
  })

  test('takes thousands of copies and a bucket filled on purpose without quadratic work', async () => {
    await using index = await open(await make())
    const { signature } = fingerprint('x', prose(3))
    const copies = Array.from({ length: 4000 }, (_, n) => ({ ...fingerprint(`copy${n}`, ''), signature }))
    const crafted = Array.from({ length: 4000 }, (_, n) => ({
      ...fingerprint(`crafted${n}`, ''),
      signature: signature.map((byte, at) => (at < 32 ? byte : (n * 31 + at * (n >> 3)) & 255)),
    }))
    await index.add([...copies, ...crafted])
    expect(new Set(await index.heads(keysOf(copies))).size).toBe(1)
    expect((await index.members(copies[0]?.key ?? '')).length).toBeGreaterThanOrEqual(4000)
  })

  test('refuses what is no fingerprint, and takes nothing of the batch', async () => {
    await using index = await open(await make())
    const good = fingerprint('good', prose(1))
    await expect(index.add([good, { ...good, key: 'no key' }])).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(index.add([good, { ...good, signature: new Uint8Array(4) }])).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await index.stats()).toMatchObject({ documents: 0 })
  })

  test('keeps what it acknowledged through kill -9, and nothing by halves', async () => {
    const place = await make()
    let acknowledged = 0
    for (const moment of killMoments(11, 4, 12)) {
      const said = await killAfter<{ documents: number }>(moment, { program: 'near-duplicates', job: 'add', place })
      acknowledged = Math.max(acknowledged, said.at(-1)?.documents ?? 0)
    }
    await using index = await open(place)
    const { documents } = await index.stats()
    expect(documents).toBeGreaterThanOrEqual(acknowledged)
    const written = fingerprints(documents + 7).slice(0, documents + 7)
    const heads = await index.heads(keysOf(written))
    const known = written.filter((_, at) => heads[at] !== undefined)
    expect(known).toHaveLength(documents)
    expect(await headsOf(index, known)).toEqual(expectedHeads(known))
    for (const head of new Set(heads.filter((key) => key !== undefined))) {
      const members = await index.members(head)
      expect(members).toEqual(members.toSorted(compareCopies))
    }
  })
}
