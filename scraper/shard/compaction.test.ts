import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { nextMerge, type ShardLayout } from './compaction.ts'
import { liveRows } from './snapshot-heads.ts'

const parts: ShardLayout = { layout: 'parts', rowsMax: 1_000_000 }
const rowBytes = 1500
/** What a file has beside its rows: its footer and its filters. */
const frameBytes = 12_000

let made = 0
function file(rows: number, deleted = 0): ListedFile {
  const sha256 = sha256Hex(String(made++))
  const described = { key: sha256, sha256, bytes: frameBytes + rows * rowBytes, rows, text_bytes: 0, written_at: '2026-01-01T00:00:00Z' }
  const deletes = deleted === 0 ? null : { key: 'd', sha256, bytes: 1, rows: deleted }
  return { file: { ...described, datetime_range: null, labels: [], columns: [] }, deletes }
}

interface History {
  flushes: number
  /** Rows of the n-th flush. */
  rowsOf(n: number): number
  /** Share of the new rows that take the place of older ones. */
  replaces: number
  rowsMax?: number
}

/** Flushes one after the other, each followed by all merges that are due. */
function simulate({ flushes, rowsOf, replaces, rowsMax = parts.rowsMax }: History) {
  const random = seededRandom(7)
  let files: ListedFile[] = []
  let [came, written, rowsCame, rowsWritten, most] = [0, 0, 0, 0, 0]
  const add = (listed: ListedFile): void => {
    files.push(listed)
    written += listed.file.bytes
    rowsWritten += listed.file.rows
  }
  for (let n = 0; n < flushes; n++) {
    const rows = rowsOf(n)
    for (let gone = Math.floor(rows * replaces); gone > 0 && files.length > 0; gone--) {
      const at = Math.floor(random() * files.length)
      const { file: old, deletes } = files[at] as ListedFile
      const deleted = (deletes?.rows ?? 0) + 1
      if (deleted === old.rows) files.splice(at, 1)
      else files[at] = { file: old, deletes: { key: 'd', sha256: old.sha256, bytes: 1, rows: deleted } }
    }
    add(file(rows))
    came += frameBytes + rows * rowBytes
    rowsCame += rows
    for (let merge = nextMerge(files, { ...parts, rowsMax }); merge; merge = nextMerge(files, { ...parts, rowsMax })) {
      const gone = new Set(merge)
      files = files.filter((listed) => !gone.has(listed))
      const live = merge.reduce((sum, listed) => sum + liveRows(listed), 0)
      expect(live).toBeLessThanOrEqual(rowsMax)
      if (live > 0) add(file(live))
    }
    most = Math.max(most, files.length)
  }
  return { amplification: written / came, rowAmplification: rowsWritten / rowsCame, most, files }
}

describe('compaction by tiers', () => {
  test.each([
    ['small flushes', { flushes: 6000, rowsOf: () => 1, replaces: 0 }],
    ['flushes of eight', { flushes: 2000, rowsOf: () => 8, replaces: 0 }],
    ['flushes of a minute', { flushes: 6000, rowsOf: () => 60, replaces: 0 }],
    ['large flushes', { flushes: 400, rowsOf: () => 7000, replaces: 0 }],
    ['large and small ones', { flushes: 3000, rowsOf: (n: number) => (n % 50 === 0 ? 5000 : 1 + (n % 7)), replaces: 0 }],
    ['pages that change', { flushes: 3000, rowsOf: () => 100, replaces: 0.5 }],
    ['pages that all change', { flushes: 3000, rowsOf: () => 40, replaces: 1 }],
  ])('%s are written six times at most, and are few files', (_, history) => {
    const { amplification, rowAmplification, most } = simulate(history)
    expect(amplification).toBeLessThanOrEqual(6)
    // A merged file has less beside its rows than what was merged: the bytes alone do not tell how often a row is written.
    expect(rowAmplification).toBeLessThanOrEqual(6)
    expect(most).toBeLessThan(130)
  })

  test('whatever comes, it comes to an end, within the rows of a file', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 0.3, 1),
        (rows, rowsMax, replaces) => {
          const { files } = simulate({ flushes: rows.length, rowsOf: (n) => Math.min(rowsMax, rows[n] as number), replaces, rowsMax })
          expect(files.every(({ file }) => file.rows <= rowsMax)).toBe(true)
        },
      ),
    )
  })

  test('leaves alone what is large, what is one, what little would be added to, and what is nothing', () => {
    expect(nextMerge([], parts)).toBeUndefined()
    expect(nextMerge([file(10)], parts)).toBeUndefined()
    expect(nextMerge([file(100_000), file(100_000), file(100_000, 40_000)], parts)).toBeUndefined()
    // Of the same tier, together larger than all that it holds.
    expect(nextMerge([file(1800), file(100), file(100)], parts)).toBeUndefined()
    expect(nextMerge([file(1800), file(900), file(900)], parts)).toHaveLength(3)
    const decayed = file(100_000, 50_000)
    expect(nextMerge([file(100_000), decayed], parts)).toEqual([decayed])
  })
})

/** A file whose texts are known. */
const wide = (rows: number, textMib: number): ListedFile => {
  const { file: narrow, deletes } = file(rows)
  return { file: { ...narrow, text_bytes: textMib * 2 ** 20 }, deletes }
}

describe('texts that pack well', () => {
  test.each(['parts', 'whole'] as const)('make no row group that no reader unpacks: %s', (layout) => {
    const merge = (files: ListedFile[]) => nextMerge(files, { layout, rowsMax: 1_000_000 })
    const [a, b, c, d] = [wide(2000, 100), wide(2000, 100), wide(2000, 100), wide(4000, 200)]
    expect(merge([a, b, c])).toEqual([a, b])
    expect(merge([d, c])).toBeUndefined()
    // The same texts in more row groups.
    expect(merge([wide(20_000, 100), wide(20_000, 100), wide(20_000, 100)])).toHaveLength(3)
  })
})

describe('the layout `whole`', () => {
  const whole: ShardLayout = { layout: 'whole', rowsMax: 100 }

  test('has one file as long as its rows fit, nothing gone from it', () => {
    const [a, b, c] = [file(60), file(30), file(20)]
    expect(nextMerge([a], whole)).toBeUndefined()
    expect(nextMerge([a, b], whole)).toEqual([a, b])
    expect(nextMerge([file(60, 1)], whole)).toHaveLength(1)
    expect(nextMerge([a, b, c], whole)).toEqual([a, b])
    expect(nextMerge([file(90), c], whole)).toBeUndefined()
  })

  test('makes none that is larger than the protocol lets a shard be', () => {
    const roomy: ShardLayout = { layout: 'whole', rowsMax: 10_000_000 }
    const [a, b, c] = [file(400_000), file(400_000), file(10)]
    expect(nextMerge([a, b], roomy)).toBeUndefined()
    expect(nextMerge([a, b, c], roomy)).toEqual([b, c])
  })
})
