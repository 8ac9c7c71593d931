import { expect, test } from 'vitest'
import { runsOf } from './answers.ts'

const lengths = (sizes: number[]) => [...runsOf(sizes.map((size) => ({ text: 'x'.repeat(size) })))].map((run) => run.map(({ text }) => text.length))

test('an answer is made a MiB at a time, and no text is lost or cut', () => {
  const mib = 2 ** 20
  expect(lengths([])).toEqual([])
  expect(lengths([1, mib - 1, 1, 2 * mib, 3])).toEqual([[1, mib - 1], [1], [2 * mib], [3]])
})
