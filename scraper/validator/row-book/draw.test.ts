import { expect, test } from 'vitest'
import { drawPicks, drawSeed, type DrawFile } from './draw.ts'

const seed = drawSeed(`0x${'ab'.repeat(32)}`, '5Hotkey', 'cd'.repeat(32))
const take = (files: readonly DrawFile[], count: number) => drawPicks(seed, files).take(count).toArray()

test('the seed is of the block, the hotkey and the index, and a draw repeats', () => {
  expect(seed).toBe('93aa3e64ae3b25e787c2b2beee01f7b7a4a0e0da97dc7d9590b2515ee9921922')
  expect(drawSeed(`0x${'ab'.repeat(32)}`, '5Other', 'cd'.repeat(32))).not.toBe(seed)
  expect(take([{ rows: 1000, bytes: 5 }], 30)).toEqual(take([{ rows: 1000, bytes: 5 }], 30))
})

test('two of three are drawn by rows, whatever their bytes; the third by bytes, wherever the rows are', () => {
  const files = [
    { rows: 900, bytes: 1000 },
    { rows: 100, bytes: 9000 },
  ]
  const picks = take(files, 6000)
  const share = (by: string) => picks.filter((pick) => pick.by === by && pick.file === 1).length / picks.filter((pick) => pick.by === by).length
  expect(picks.filter(({ by }) => by === 'bytes')).toHaveLength(2000)
  expect(share('rows')).toBeCloseTo(0.1, 1)
  expect(share('bytes')).toBeCloseTo(0.9, 1)
  for (const { file, nth, by } of picks) expect(nth).toBeLessThan(files[file]![by])
  // Each row of a file is as likely as the others.
  const halves = picks.filter((pick) => pick.by === 'rows' && pick.file === 0).map(({ nth }) => nth < 450)
  expect(halves.filter(Boolean).length / halves.length).toBeCloseTo(0.5, 1)
})

test('nothing is drawn of nothing, and no empty file', () => {
  expect(take([], 5)).toEqual([])
  expect(take([{ rows: 0, bytes: 0 }], 5)).toEqual([])
  const of = [
    { rows: 0, bytes: 0 },
    { rows: 1, bytes: 3 },
    { rows: 0, bytes: 0 },
  ]
  expect(new Set(take(of, 50).map(({ file }) => file))).toEqual(new Set([1]))
})
