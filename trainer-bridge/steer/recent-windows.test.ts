import { expect, test } from 'vitest'
import type { LossWindow } from '#schemas/steering.ts'
import { recentWindows } from './recent-windows.ts'

const windowsUpTo = (count: number, labels = 5) => {
  let kept: LossWindow[] = []
  for (let at = 0; at < count; at += 8)
    kept = recentWindows([...kept, ...Array.from({ length: 8 }, (_, i) => ({ tokens: at + i, medians: [1, 1] as [number, number] }))], labels)
  return kept.map(({ tokens }) => tokens)
}

test('a run of any length keeps at most 32 windows of a label, the newest of them all, and reaches back to its beginning', () => {
  expect(windowsUpTo(32)).toEqual(Array.from({ length: 32 }, (_, i) => i))
  for (const count of [40, 400, 8000]) {
    const kept = windowsUpTo(count)
    expect(kept.length).toBeLessThanOrEqual(32)
    expect(kept.length).toBeGreaterThan(16)
    expect(kept[0]).toBeLessThan(count / 4)
    expect(kept).toEqual(kept.toSorted((a, b) => a - b))
    expect(kept.slice(-12)).toEqual(Array.from({ length: 12 }, (_, i) => count - 12 + i))
  }
})

test('of very many labels fewer are kept', () => {
  expect(windowsUpTo(800, 10_000).length).toBeLessThanOrEqual(13)
})

test('of three old windows one that is wrong is gone', () => {
  const windows = Array.from({ length: 33 }, (_, at): LossWindow => ({ tokens: 1000 + at, medians: at === 14 ? [1000, 0] : [5, 5] }))
  expect(recentWindows(windows, 1)).toEqual([...windows.slice(0, 13), { tokens: 1014, medians: [5, 5] }, ...windows.slice(16)])
})
