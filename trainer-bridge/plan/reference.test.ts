import { expect, test } from 'vitest'
import { compareWithReference } from '#test/golden/plan-reference.ts'

test('the Python reference makes the same batches of the manifest and its objects, byte for byte', async (context) => {
  const comparison = await compareWithReference(600)
  if (!comparison) return context.skip('there is no Python')
  expect(comparison).toEqual({ compared: 600, other: [] })
})
