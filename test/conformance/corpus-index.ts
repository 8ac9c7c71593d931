import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { pageTag, type AddedRow, type CorpusIndex, type KnownRow, type RowState } from '#schemas/corpus-index.ts'
import { addedRow, clustersOf, historyChange, placeOf, rowFacts, toldOfHistory } from '#test/golden/corpus-rows.ts'
import { prose } from '#test/golden/documents.ts'
import { fingerprint } from '#test/golden/fingerprints.ts'
import { manualClock } from '#test/manual-clock.ts'
import { killMoments, killWithin } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = CorpusIndex & AsyncDisposable

const open = (place: Place) => openPlace<Open>(place, manualClock())

const signatureOf = (text: string): Uint8Array => fingerprint('', text).signature
const words = (from: number, to: number): string => Array.from({ length: to - from }, (_, n) => `w${from + n}`).join(' ')
const ordinalsOf = (rows: readonly KnownRow[]): number[] => rows.map(({ ordinal }) => ordinal)

const rowAt = (n: number, file: string, row: number) => addedRow(n, { place: { file, row } })
const tagsOf = (pages: readonly number[]): number[] => pages.map((n) => pageTag(addedRow(n).facts.uri))

/** Of each row the live ones of its cluster, looked up by itself. */
const clustersIn = (index: CorpusIndex, rows: ReadonlyMap<number, AddedRow>): Promise<number[][]> =>
  Promise.all([...rows.values()].map(async ({ signature }) => ordinalsOf((await index.near([signature])).flatMap(({ live }) => live))))

/** The same, as one look at all rows says it. */
function expectedClusters(rows: ReadonlyMap<number, AddedRow>): number[][] {
  const entries = [...rows]
  const clusters: number[][] = []
  for (const places of clustersOf(entries.map(([, { signature }]) => signature))) {
    const live = places.flatMap((at) => (entries[at]?.[1].state === 'live' ? (entries[at][0] as number) : [])).toSorted((a, b) => a - b)
    for (const at of places) clusters[at] = live
  }
  return clusters
}

/** What every index of a corpus must do. `make` gives the place of an empty one. */
export function corpusIndexSuite(make: () => Promise<Place>): void {
  test('knows nothing at first', async () => {
    await using index = await open(await make())
    const { facts, signature } = addedRow(1)
    expect(await index.exact([facts])).toEqual([{ uri: undefined, withdrawn: undefined, text: undefined }])
    expect(await index.near([signature])).toEqual([{ members: [0], live: [], firsts: { members: [0], rows: [] } }])
    expect(await index.near([])).toEqual([])
    expect(await index.paragraphs(['0123456789abcdef'])).toEqual([undefined])
    expect(await index.rows(sha256Hex('file'))).toEqual([])
    expect(await index.pending()).toBeUndefined()
    expect(await index.commit({})).toEqual([])
    expect(await index.stats()).toMatchObject({ live: 0, shadowed: 0, remembered: 0, files: [] })
  })

  test('gives back the live row of a uri and of a text, whole, also after it is opened again', async () => {
    const place = await make()
    const facts = rowFacts('one', {
      publishedAt: 5,
      addressFit: -1,
      version: 3,
      label: '__proto__',
      jobId: 'constructor',
      uri: 'https://example.org/ä?q=𝄞\0\n',
    })
    const row = addedRow(1, { facts })
    {
      await using index = await open(place)
      expect(await index.commit({ add: [addedRow(0), row] })).toEqual([0, 1])
    }
    await using index = await open(place)
    const known = { ...facts, ordinal: 1, state: 'live', place: row.place }
    expect(await index.exact([facts, { uri: facts.uri, id: sha256Hex('no') }, { uri: 'https://example.org/no', id: facts.id }])).toEqual([
      { uri: known, withdrawn: undefined, text: known },
      { uri: known, withdrawn: undefined, text: undefined },
      { uri: undefined, withdrawn: undefined, text: known },
    ])
  })

  test('finds a row by uri and text only while it is live', async () => {
    await using index = await open(await make())
    const [old, young] = [addedRow(1, { facts: { uri: 'https://example.org/' } }), addedRow(2, { facts: { uri: 'https://example.org/', version: 2 } })]
    await index.commit({ add: [old] })
    await index.commit({ add: [young], change: [{ ordinal: 0, state: 'remembered', place: null }] })
    expect(await index.exact([old.facts])).toMatchObject([{ uri: { ordinal: 1 }, text: undefined }])
    await index.commit({ change: [{ ordinal: 1, state: 'shadowed', place: young.place }] })
    expect(await index.exact([young.facts])).toMatchObject([{ uri: undefined, text: undefined }])
    await index.commit({ change: [{ ordinal: 1, state: 'live', place: placeOf(77) }] })
    expect(await index.exact([young.facts])).toMatchObject([{ uri: { ordinal: 1, place: placeOf(77) }, text: { ordinal: 1 } }])
    await index.commit({ forget: [1] })
    expect(await index.exact([young.facts])).toMatchObject([{ uri: undefined, text: undefined }])
    expect(await index.stats()).toMatchObject({ live: 0, shadowed: 0, remembered: 1 })
  })

  test('remembers up to which version a page was withdrawn', async () => {
    const place = await make()
    const { facts } = addedRow(1)
    {
      await using index = await open(place)
      await index.commit({ withdrawn: [{ uri: facts.uri, version: 4 }] })
      await index.commit({ withdrawn: [{ uri: facts.uri, version: 2 }] })
    }
    await using index = await open(place)
    expect(await index.exact([facts])).toEqual([{ uri: undefined, withdrawn: 4, text: undefined }])
  })

  test('groups a batch with the rows that are near, and with what is linked through them', async () => {
    await using index = await open(await make())
    const [left, between, right] = [words(0, 105), words(12, 118), words(25, 130)].map(signatureOf) as [Uint8Array, Uint8Array, Uint8Array]
    await index.commit({
      add: [addedRow(0, { signature: left }), addedRow(1, { signature: right }), addedRow(2, { signature: left, state: 'remembered', place: null })],
    })
    expect(await index.near([right, left, signatureOf(prose(9)), left])).toEqual([
      { members: [0], live: [expect.objectContaining({ ordinal: 1 })], firsts: { members: [], rows: [] } },
      { members: [1, 3], live: [expect.objectContaining({ ordinal: 0 })], firsts: { members: [], rows: [] } },
      { members: [2], live: [], firsts: { members: [2], rows: [] } },
    ])
    const [group, ...others] = await index.near([between])
    expect(others).toEqual([])
    expect(ordinalsOf(group?.live ?? [])).toEqual([0, 1])
    await index.commit({ add: [addedRow(3, { signature: between, state: 'remembered', place: null })] })
    expect((await index.near([right])).map(({ live }) => ordinalsOf(live))).toEqual([[0, 1]])
  })

  test('links a row to what it was before it was cut, whatever its signature says', async () => {
    await using index = await open(await make())
    const cut = addedRow(2, { joins: [{ added: 0 }] })
    await index.commit({ add: [addedRow(0, { state: 'remembered' }), addedRow(1), cut] })
    const again = addedRow(3, { joins: [{ ordinal: 2 }, { ordinal: 1 }] })
    expect((await index.near([addedRow(0).signature])).map(({ live }) => ordinalsOf(live))).toEqual([[2]])
    await index.commit({ add: [again] })
    expect((await index.near([addedRow(0).signature])).map(({ live }) => ordinalsOf(live))).toEqual([[1, 2, 3]])
    await index.commit({ forget: [3] })
    expect((await index.near([addedRow(0).signature])).map(({ live }) => ordinalsOf(live))).toEqual([[2]])
  })

  test('tells who is like nobody before: in a batch, and in a cluster that loses rows', async () => {
    await using index = await open(await make())
    const [left, between, right] = [words(0, 105), words(12, 118), words(25, 130)].map(signatureOf) as [Uint8Array, Uint8Array, Uint8Array]
    const firsts = async (...asked: Parameters<CorpusIndex['near']>) =>
      (await index.near(...asked)).map(({ firsts: { members, rows } }) => [members, ordinalsOf(rows)])
    // Whoever links others that came before takes the place of none.
    expect(await firsts([left, right, between, left])).toEqual([[[0, 1], []]])
    expect(await firsts([between, left, right])).toEqual([[[0], []]])
    await index.commit({
      add: [
        addedRow(0, { signature: between, facts: { seen: 2 } }),
        addedRow(1, { signature: left, state: 'shadowed', facts: { seen: 5, publishedAt: 9 } }),
        addedRow(2, { signature: right, state: 'shadowed', facts: { seen: 4 } }),
        addedRow(3, { signature: left, state: 'shadowed', facts: { seen: 5, publishedAt: 3 } }),
        addedRow(4),
      ],
    })
    expect(await firsts([right, left])).toEqual([[[], []]])
    // Two parts, each with whoever was seen first in it; of one sight the oldest.
    expect(await firsts([], [0])).toEqual([
      [[], [3]],
      [[], [2]],
    ])
    expect(await firsts([], [4])).toEqual([])
    expect(await firsts([], [1])).toEqual([[[], [0]]])
    // What comes links the parts, and is behind both.
    expect(await firsts([between], [0])).toEqual([[[], expect.arrayContaining([2, 3])]])
    expect(await firsts([right], [0, 2])).toEqual([
      [[0], []],
      [[], [3]],
    ])
    // A look changes nothing.
    expect((await index.near([right])).map(({ live }) => ordinalsOf(live))).toEqual([[0]])
  })

  test('tells who is like nobody before where rows of one signature leave', async () => {
    await using index = await open(await make())
    const [left, between] = [words(0, 105), words(12, 118)].map(signatureOf) as [Uint8Array, Uint8Array]
    await index.commit({ add: [addedRow(0, { signature: left, facts: { seen: 1 } })] })
    await index.commit({ add: [addedRow(1, { signature: between, state: 'shadowed', facts: { seen: 2 } })] })
    await index.commit({ add: [addedRow(2, { signature: left, state: 'shadowed', facts: { seen: 3 } })] })
    const firsts = async (gone: number[]) => (await index.near([], gone)).map((group) => ordinalsOf(group.firsts.rows))
    expect(await firsts([0])).toEqual([[1]])
    expect(await firsts([0, 1])).toEqual([[2]])
    expect(await firsts([2])).toEqual([[0]])
    await index.commit({ forget: [0], change: [{ ordinal: 1, state: 'live', place: placeOf(1) }] })
    expect(await firsts([1])).toEqual([[2]])
  })

  test('gives the clusters that one look at all does, whatever the batches, the order and what was forgotten', async () => {
    // Windows that overlap: each is near to some others and linked with more, until those between are gone. Some are there twice.
    const all = Array.from({ length: 30 }, (_, n) => signatureOf(words((n % 24) * 11, (n % 24) * 11 + 100 + 40 * (n % 3))))
    const states: RowState[] = ['live', 'shadowed', 'remembered']
    const step = fc.record({
      add: fc.subarray([...all.keys()], { minLength: 1, maxLength: 15 }),
      forget: fc.array(fc.nat(), { maxLength: 6 }),
      isOpened: fc.nat(3),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const place = await make()
        let index = await open(place)
        const rows = new Map<number, AddedRow>()
        let places = 0
        for (const { add, forget, isOpened } of steps) {
          const ordinals = [...rows.keys()]
          const gone = [...new Set(forget.flatMap((n) => ordinals[n % ordinals.length] ?? []))]
          for (const ordinal of gone) rows.delete(ordinal)
          const signatures = add.map((n) => all[n] as Uint8Array)
          const left = [...[...rows.values()].map(({ signature }) => signature), ...signatures]
          const foretold = await index.near(left, gone)
          expect(foretold.flatMap(({ members }) => (members.length > 0 ? [members] : []))).toEqual(clustersOf(left))
          const added = signatures.map((signature, at) => {
            const state = states[(at + places) % 3] as RowState
            return addedRow(at, { signature, state, place: state === 'remembered' ? null : placeOf(places++) })
          })
          for (const [at, ordinal] of (await index.commit({ forget: gone, add: added })).entries()) rows.set(ordinal, added[at] as AddedRow)
          if (isOpened === 0) {
            await index[Symbol.asyncDispose]()
            index = await open(place)
          }
          expect(await clustersIn(index, rows)).toEqual(expectedClusters(rows))
        }
        await index[Symbol.asyncDispose]()
      }),
      { numRuns: 12, seed: 7 },
    )
  })

  test('knows the same after many changes, when runs were merged', async () => {
    const place = await make()
    const changes = 40
    const rows = new Map<number, AddedRow>()
    {
      await using index = await open(place)
      for (let n = 0; n < changes; n++) {
        const change = historyChange(n)
        for (const ordinal of change.forget ?? []) rows.delete(ordinal)
        for (const { ordinal, state } of change.change ?? []) rows.set(ordinal, { ...(rows.get(ordinal) as AddedRow), state })
        for (const [at, ordinal] of (await index.commit(change)).entries()) rows.set(ordinal, change.add?.[at] as AddedRow)
      }
    }
    await using index = await open(place)
    expect(await clustersIn(index, rows)).toEqual(expectedClusters(rows))
    const found = await index.exact([...rows.values()].map(({ facts }) => facts))
    expect(found.filter(({ uri, text }) => uri && uri.ordinal === text?.ordinal)).toHaveLength((await index.stats()).live)
  })

  test('knows which rows stand where, and which files it has', async () => {
    await using index = await open(await make())
    const [one, two, empty] = ['one', 'two', 'empty'].map((name) => sha256Hex(name)) as [string, string, string]
    await index.commit({ add: [rowAt(0, one, 5), rowAt(1, one, 2), rowAt(2, two, 2)], addFiles: [empty] })
    expect(ordinalsOf(await index.rows(one))).toEqual([1, 0])
    expect(ordinalsOf(await index.rows(one, [5, 3, 2]))).toEqual([1, 0])
    expect((await index.stats()).files).toEqual([one, two, empty])
    // Two rows change places.
    await index.commit({
      change: [
        { ordinal: 0, state: 'live', place: { file: one, row: 2 } },
        { ordinal: 1, state: 'shadowed', place: { file: one, row: 5 } },
      ],
    })
    expect(ordinalsOf(await index.rows(one))).toEqual([0, 1])
    await index.commit({
      change: [{ ordinal: 0, state: 'live', place: { file: two, row: 0 } }],
      forget: [1],
      dropFiles: [one, empty],
    })
    expect(ordinalsOf(await index.rows(two))).toEqual([0, 2])
    expect(await index.stats()).toMatchObject({ live: 2, shadowed: 0, files: [two] })
  })

  test('knows of a paragraph which pages had it, the first eight, and who keeps it', async () => {
    const place = await make()
    const name = 'fedcba9876543210'
    const page = (n: number, isKept: boolean) => addedRow(n, { paragraphs: [{ name, isKept }] })
    {
      await using index = await open(place)
      await index.commit({ add: [page(0, true), page(1, false), page(0, false)].map((row, n) => ({ ...row, place: placeOf(n) })) })
      expect(await index.paragraphs([name, '0000000000000000'])).toEqual([
        { pages: tagsOf([0, 1]), keeper: expect.objectContaining({ ordinal: 0 }) },
        undefined,
      ])
      await index.commit({ add: [page(20, true)] })
      await index.commit({ add: [page(21, false)], keepers: [{ paragraph: name, keeper: { ordinal: 1 } }] })
      expect(await index.paragraphs([name])).toMatchObject([{ keeper: { ordinal: 1 } }])
      await index.commit({ add: [page(22, false)], keepers: [{ paragraph: name, keeper: { added: 0 } }] })
      await index.commit({ add: Array.from({ length: 5 }, (_, n) => page(30 + n, false)) })
    }
    await using index = await open(place)
    const [known] = await index.paragraphs([name])
    expect(known?.pages).toEqual([...tagsOf([0, 1]), ...tagsOf([20, 21, 22, 30, 31, 32])])
    expect(known?.keeper).toMatchObject({ ordinal: 5, state: 'live' })
    await index.commit({ change: [{ ordinal: 5, state: 'remembered', place: null }] })
    expect(await index.paragraphs([name])).toMatchObject([{ keeper: undefined }])
  })

  test('keeps what is pending until it is replaced or cleared', async () => {
    const place = await make()
    for (const [pending, expected] of [
      ['first', 'first'],
      [undefined, 'first'],
      ['', ''],
      ['second', 'second'],
      [null, undefined],
    ] as const) {
      await using index = await open(place)
      await index.commit(pending === undefined ? {} : { pending })
      expect(await index.pending()).toBe(expected)
    }
  })

  test('refuses what is wrong, and does nothing of it', async () => {
    await using index = await open(await make())
    await index.commit({ add: [addedRow(0), addedRow(1), addedRow(7)], pending: 'before' })
    const before = await index.stats()
    const good = addedRow(2, { paragraphs: [{ name: '0123456789abcdef', isKept: true }] })
    const bad: Parameters<CorpusIndex['commit']>[0][] = [
      { add: [addedRow(3, { signature: new Uint8Array(4) })] },
      { add: [addedRow(3, { facts: { id: 'no id' } })] },
      { add: [addedRow(3, { facts: { uri: '' } })] },
      { add: [addedRow(3, { facts: { label: 'a'.repeat(2000) } })] },
      { add: [addedRow(3, { facts: { publishedAt: Number.NaN } })] },
      { add: [addedRow(3, { place: null })] },
      { add: [addedRow(3, { state: 'remembered', place: placeOf(3) })] },
      { add: [addedRow(3, { place: placeOf(0) })] },
      { add: [addedRow(3, { joins: [{ ordinal: 9 }] })] },
      { add: [addedRow(3, { joins: [{ added: 1 }] })] },
      { add: [addedRow(3, { paragraphs: [{ name: 'name', isKept: true }] })] },
      { change: [{ ordinal: 9, state: 'remembered', place: null }] },
      { change: [{ ordinal: 0, state: 'live', place: placeOf(1) }] },
      { forget: [9] },
      { forget: [0, 0] },
      { dropFiles: [placeOf(0).file] },
      { addFiles: ['../file'] },
      { withdrawn: [{ uri: 'https://example.org/', version: -1 }] },
      { keepers: [{ paragraph: '0123456789abcdef', keeper: { added: 1 } }] },
      { keepers: [{ paragraph: '0123456789abcdef', keeper: { ordinal: 9 } }] },
    ]
    for (const change of bad) {
      const whole = { ...change, add: [good, ...(change.add ?? [])], forget: [2, ...(change.forget ?? [])], pending: 'after' }
      await expect(index.commit(whole), JSON.stringify(change)).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    await expect(index.near([new Uint8Array(447)])).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(index.paragraphs(['name'])).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await index.stats()).toEqual(before)
    expect(await index.pending()).toBe('before')
    expect(await index.paragraphs(['0123456789abcdef'])).toEqual([undefined])
    expect(await index.exact([addedRow(7).facts, good.facts])).toMatchObject([{ uri: { ordinal: 2 } }, { uri: undefined }])
    expect(await index.commit({ add: [good] })).toEqual([3])
  })

  test('makes changes one after the other, also those that come at once, and all of them before it closes', async () => {
    const place = await make()
    const outcomes: Promise<unknown>[] = []
    {
      await using index = await open(place)
      for (let n = 0; n < 8; n++)
        outcomes.push(index.commit(n === 4 ? { forget: [99] } : { add: [addedRow(2 * n), addedRow(2 * n + 1)], pending: `${n}` }).catch(() => 'refused'))
      outcomes.push(index.near([addedRow(0).signature]))
    }
    const [looked, ...ordinals] = (await Promise.all(outcomes)).toReversed()
    expect(ordinals.toReversed()).toEqual([[0, 1], [2, 3], [4, 5], [6, 7], 'refused', [8, 9], [10, 11], [12, 13]])
    expect(looked).toHaveLength(1)
    await using index = await open(place)
    expect(await index.pending()).toBe('7')
    expect(await index.stats()).toMatchObject({ live: 14 })
  })

  test('takes thousands of copies and a bucket filled on purpose without quadratic work', async () => {
    await using index = await open(await make())
    const { signature } = addedRow(3)
    const copies = Array.from({ length: 3000 }, (_, n) => addedRow(n, { signature }))
    const crafted = Array.from({ length: 3000 }, (_, n) =>
      addedRow(3000 + n, { signature: signature.map((byte, at) => (at < 32 ? byte : (n * 31 + at * (n >> 3)) & 255)) }),
    )
    await index.commit({ add: copies.slice(0, 10) })
    await index.commit({ add: [...copies.slice(10), ...crafted] })
    const [group] = await index.near([signature])
    expect(group?.live).toHaveLength(3000)
    // The one that stands for all the others goes, then all but one.
    await index.commit({ forget: [0] })
    expect((await index.near([signature]))[0]?.live).toHaveLength(2999)
    await index.commit({ forget: Array.from({ length: 2998 }, (_, n) => n + 1) })
    expect(ordinalsOf((await index.near([signature]))[0]?.live ?? [])).toEqual([2999])
  })

  test('keeps what it acknowledged through kill -9 in the middle of a change or a merge, whole or not at all', async () => {
    const place = await make()
    let acknowledged = 0
    for (const [round, moment] of killMoments(3, 5, 20).entries()) {
      const said = await killWithin<{ changes: number }>(moment, (round * 7) % 11, { program: 'corpus-index', job: 'grow', place })
      acknowledged = Math.max(acknowledged, said.at(-1)?.changes ?? 0)
    }
    await using index = await open(place)
    const changes = Number(await index.pending())
    expect([acknowledged, acknowledged + 1]).toContain(changes)
    await using whole = await open(await make())
    for (let n = 0; n < changes; n++) await whole.commit(historyChange(n))
    expect(await toldOfHistory(index, changes)).toEqual(await toldOfHistory(whole, changes))
  })

  test('is one process for one index', async () => {
    const place = await make()
    {
      await using first = await open(place)
      await first.commit({ add: [addedRow(0)] })
      await expect(async () => {
        await using index = await open(place)
        await index.pending()
      }).rejects.toMatchObject({ code: 'conflict' })
    }
    await using index = await open(place)
    expect(await index.stats()).toMatchObject({ live: 1 })
  })
}
