import { expect, test } from 'vitest'
import { compareWithReference } from './plan-reference.ts'

test('the Python reference makes the same ten thousand random batches', async (context) => {
  const comparison = await compareWithReference(9996)
  if (!comparison) return context.skip('there is no Python')
  expect(comparison.other).toEqual([])
  expect(comparison.compared).toBe(9996)
})
