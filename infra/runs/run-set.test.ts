import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fmix32 } from '#schemas/fmix32.ts'
import { killMoments, killWithin } from '#test/conformance/child.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { committedRuns, layout } from './committed-runs.fixture.ts'
import type { RunLayout } from './run-layout.ts'
import { RunSet, type RunChange, type RunMerge } from './run-set.ts'

const damaged = expect.objectContaining({ code: 'data_unreadable' })

function finish(begun: RunMerge | undefined): RunChange {
  using merge = begun as RunMerge
  for (;;) {
    const change = merge.step()
    if (change) return change
  }
}

function mergeAll(set: RunSet): void {
  for (let merge = set.merge(); merge; merge = set.merge()) set.apply(finish(merge))
}

function add(set: RunSet, entries: Uint32Array): string {
  const change = set.write(entries) as RunChange
  set.apply(change)
  return change.came as string
}

/** Values of each key, as they were given. */
function look(set: RunSet, keys: readonly (readonly number[])[]): number[][][] {
  const values: number[][][] = keys.map(() => [])
  set.find(Uint32Array.from(keys.flat()), (at, value) => void values[at]?.push([...value]))
  return values
}

/** Words that meet often, at both ends of their range too. */
const word = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0x8000_0000, 0x7fff_ffff))

const shapes = fc.record({
  keyWords: fc.constantFrom(1 as const, 2 as const),
  valueWords: fc.integer({ min: 0, max: 5 }),
  filterBits: fc.constantFrom(1, 4, 5, 10),
})

/** Batches of entries, written, merged and opened again. @param model gets the values of each key, oldest first */
function history(folder: string, rules: RunLayout, batches: readonly (readonly number[][])[], model: Map<string, number[][]>): RunSet {
  const names = new Set<string>()
  const apply = (set: RunSet, change: RunChange | undefined): void => {
    if (!change) return
    set.apply(change)
    for (const name of change.went) names.delete(name)
    if (change.came !== null) names.add(change.came)
  }
  using set = new RunSet(folder, rules, [])
  for (const batch of batches) {
    for (const entry of batch) {
      const key = entry.slice(0, rules.keyWords).join()
      model.set(key, [...(model.get(key) ?? []), entry.slice(rules.keyWords)])
    }
    apply(set, set.write(Uint32Array.from(batch.flat())))
    const merge = set.merge(batch.length % 5 === 4 ? 'all' : 'due')
    if (merge) apply(set, finish(merge))
  }
  return new RunSet(folder, rules, names)
}

const batchesOf = ({ keyWords, valueWords }: RunLayout) => {
  const words = keyWords + valueWords
  return fc.array(fc.array(fc.array(word, { minLength: words, maxLength: words }), { maxLength: 30 }), { maxLength: 30 })
}

const sorted = (values: number[][]): string[] => values.map(String).toSorted()

const keysOf = (model: Map<string, number[][]>): number[][] => [...model.keys()].map((key) => key.split(',').map(Number))

test('finds all values of a key and nothing else, whatever was written and merged, and after it was opened again', async () => {
  const root = await temporaryFolder()
  let folders = 0
  fc.assert(
    fc.property(
      shapes.chain((shape) => fc.tuple(fc.constant(shape), batchesOf(shape))),
      ([shape, batches]) => {
        const model = new Map<string, number[][]>()
        using set = history(join(root, String(folders++)), shape, batches, model)
        const keys = keysOf(model)
        expect(look(set, keys).map(sorted)).toEqual([...model.values()].map(sorted))
        const absent = keys.map((key) => key.map((part) => part ^ 0x0400_0000))
        expect(look(set, absent).flat()).toEqual([])
      },
    ),
    { numRuns: 50 },
  )
})

/** Maps x → ax + b, one after the other: the order matters, where they are merged does not. */
const after = ([a2 = 0, b2 = 0]: Iterable<number>, [a1 = 0, b1 = 0]: Iterable<number>): [number, number] => [
  Math.imul(a2, a1) >>> 0,
  (Math.imul(a2, b1) + b2) >>> 0,
]

test('combines the values of a key in the order they came', async () => {
  const root = await temporaryFolder()
  let folders = 0
  const rules: RunLayout = {
    keyWords: 1,
    valueWords: 2,
    filterBits: 5,
    combine: (older, newer) => newer.set(after(newer.subarray(1), older.subarray(1)), 1),
  }
  fc.assert(
    fc.property(batchesOf(rules), (batches) => {
      const model = new Map<string, number[][]>()
      using set = history(join(root, String(folders++)), rules, batches, model)
      const found = look(set, keysOf(model))
      expect(found.map((values) => values.reduce((newer, older) => after(newer, older)))).toEqual(
        [...model.values()].map((values) => values.reduce((older, newer) => after(newer, older))),
      )
      expect(found.every((values) => values.length <= set.runs)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('gives the newest first, and no more of a key that has had enough', async () => {
  using set = new RunSet(join(await temporaryFolder(), 'runs'), layout, [])
  for (let value = 0; value < 5; value++) add(set, Uint32Array.from([7, value, 9, value]))
  const seen: [number, number][] = []
  set.find(Uint32Array.from([9, 7]), (at, [value = -1]) => seen.push([at, value]) > 0 && at === 1)
  expect(seen.filter(([at]) => at === 0).map(([, value]) => value)).toEqual([4, 3, 2, 1, 0])
  expect(seen.filter(([at]) => at === 1)).toEqual([[1, 4]])
})

test('holds a key of more values than a block has room for, among neighbours', async () => {
  using set = new RunSet(join(await temporaryFolder(), 'runs'), layout, [])
  const entries = [41, 43, ...Array.from({ length: 3000 }, () => 42)].flatMap((key, at) => [key, at])
  add(set, Uint32Array.from(entries))
  expect(look(set, [[40], [41], [42], [43], [44]]).map((values) => values.length)).toEqual([0, 1, 3000, 1, 0])
})

test('drops at a merge what is not kept, up to all of it', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  let least = 4
  const rules: RunLayout = { ...layout, keep: ([, value = 0]) => value >= least }
  using set = new RunSet(folder, rules, [])
  for (let value = 0; value < 8; value++) add(set, Uint32Array.from([1, value]))
  mergeAll(set)
  expect(look(set, [[1]])).toEqual([[[4], [5], [6], [7]]])
  least = 100
  for (let value = 0; value < 8; value++) add(set, Uint32Array.from([1, value]))
  mergeAll(set)
  expect({ runs: set.runs, files: readdirSync(folder).length }).toEqual({ runs: 1, files: 1 })
})

test('takes the memory that its bits say, and reads a block for as many absent keys as Bloom says', async () => {
  const count = 100_000
  for (const { filterBits, share } of [
    { filterBits: 5, share: 0.092 },
    { filterBits: 10, share: 0.0082 },
  ]) {
    const folder = join(await temporaryFolder(), 'runs')
    using set = new RunSet(folder, { keyWords: 2, valueWords: 1, filterBits }, [])
    const entries = new Uint32Array(count * 3)
    for (let at = 0; at < count; at++) entries.set([fmix32(at), fmix32(at + 5e8), at], at * 3)
    const path = join(folder, add(set, entries))
    expect(set.memoryBytes / count).toBeLessThan(filterBits / 8 + 0.05)
    // Every block is damaged: whoever reads one is found out.
    const bytes = readFileSync(path)
    for (let at = 100; at < (count / 341) * 4096; at += 4096) bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
    let reads = 0
    const looks = 20_000
    for (let at = 0; at < looks; at++) {
      try {
        look(set, [[fmix32(at + 1e9), at]])
      } catch {
        reads++
      }
    }
    expect(reads / looks).toBeGreaterThan(share * 0.8)
    expect(reads / looks).toBeLessThan(share * 1.2)
  }
})

test('says which run is damaged, torn or missing, and opens no other', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  using set = new RunSet(folder, layout, [])
  const name = add(
    set,
    Uint32Array.from({ length: 20_000 }, (_, at) => fmix32(at)),
  )
  const path = join(folder, name)
  const whole = readFileSync(path)
  const open = (rules = layout, names = [name]) => new RunSet(folder, rules, names)[Symbol.dispose]()
  open()
  for (const bytes of [0, 1, 43, 4096, whole.length - 44, whole.length - 1]) {
    writeFileSync(path, whole)
    truncateSync(path, bytes)
    expect(() => open()).toThrow(damaged)
  }
  for (const at of [whole.length - 1, whole.length - 30, whole.length - 100, whole.length - 5000]) {
    const other = Buffer.from(whole)
    other[at] = (other[at] ?? 0) ^ 0x10
    writeFileSync(path, other)
    expect(() => open()).toThrow(damaged)
  }
  writeFileSync(path, whole)
  appendFileSync(path, 'x')
  expect(() => open()).toThrow(damaged)
  writeFileSync(path, whole)
  expect(() => open({ ...layout, valueWords: 0 })).toThrow(damaged)
  expect(() => open(layout, ['../x.run'])).toThrow(damaged)
  rmSync(path)
  expect(() => open()).toThrow(expect.objectContaining({ code: 'data_unreadable', message: expect.stringContaining(name) }))
})

test('a damaged block stops the look and the merge that meet it, and nothing goes', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  using set = new RunSet(folder, layout, [])
  const names = Array.from({ length: 8 }, (_, value) => add(set, Uint32Array.from([5, value, 6, value])))
  const path = join(folder, names[3] as string)
  const bytes = readFileSync(path)
  bytes[9] = 77
  writeFileSync(path, bytes)
  expect(() => look(set, [[5]])).toThrow(damaged)
  for (let round = 0; round < 2; round++) expect(() => void finish(set.merge())).toThrow(damaged)
  expect(readdirSync(folder).toSorted()).toEqual(names)
})

test('a merge that is given up leaves nothing, and a write that is discarded neither', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  using set = new RunSet(folder, layout, [])
  for (let value = 0; value < 8; value++) add(set, Uint32Array.from([5, value]))
  const before = readdirSync(folder)
  {
    using merge = set.merge()
    expect(merge).toBeDefined()
    expect(() => set.merge()).toThrow(expect.objectContaining({ code: 'conflict' }))
  }
  set.discard(finish(set.merge()))
  set.discard(set.write(Uint32Array.from([1, 1])) as RunChange)
  expect(readdirSync(folder)).toEqual(before)
  mergeAll(set)
  expect(look(set, [[5], [1]]).map((values) => values.length)).toEqual([8, 0])
})

test('deletes at opening what is not listed, and nothing that is not its own', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  const names: string[] = []
  {
    using set = new RunSet(folder, layout, [])
    for (let value = 0; value < 3; value++) names.push(add(set, Uint32Array.from([5, value])))
  }
  writeFileSync(join(folder, `${names[0]}.new`), 'half')
  writeFileSync(join(folder, 'notes.txt'), 'of somebody else')
  using set = new RunSet(folder, layout, names.slice(0, 2))
  expect(readdirSync(folder).toSorted()).toEqual([...names.slice(0, 2), 'notes.txt'])
  expect(look(set, [[5]])).toEqual([[[1], [0]]])
})

test('a write that the disk refuses says so, and the set goes on', async () => {
  const folder = join(await temporaryFolder(), 'runs')
  using set = new RunSet(folder, layout, [])
  add(set, Uint32Array.from([5, 0]))
  const blocking = join(folder, '0000000002-0000000002.run.new')
  mkdirSync(blocking)
  expect(() => set.write(Uint32Array.from([5, 1]))).toThrow(expect.objectContaining({ code: 'store_unavailable', message: expect.stringContaining('EISDIR') }))
  rmdirSync(blocking)
  add(set, Uint32Array.from([5, 2]))
  expect(look(set, [[5]])).toEqual([[[2], [0]]])
})

test('kill -9 while it writes and merges loses nothing that was committed, and leaves no other file', async () => {
  const folder = await temporaryFolder()
  const place = { module: new URL('committed-runs.fixture.ts', import.meta.url).href, factory: 'committedRuns', args: [folder] }
  let least = 0
  for (const [round, afterMs] of killMoments(20_261_128, 8, 25).entries()) {
    const said = await killWithin<{ count: number }>(1 + 3 * round, afterMs, { program: 'runs', job: 'add', place })
    least = Math.max(least, said.at(-1)?.count ?? 0)
    using runs = committedRuns(folder)
    expect(runs.count).toBeGreaterThanOrEqual(least)
    expect(runs.set.entries).toBe(runs.count)
    expect(readdirSync(join(folder, 'runs'))).toHaveLength(runs.set.runs)
    const numbers = Uint32Array.from({ length: runs.count }, (_, at) => at)
    let found = 0
    runs.set.find(numbers.map(fmix32), (at, [value]) => void (found += value === at ? 1 : 0))
    expect(found).toBe(runs.count)
  }
})
