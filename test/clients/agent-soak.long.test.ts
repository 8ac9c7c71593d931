import { expect, test } from 'vitest'
import { soak } from '#dataset/mcp/soak.fixture.ts'

test('ten thousand calls leave nothing behind', async () => {
  // Four hundred bytes a call would be told.
  expect(await soak(10_000)).toBeLessThan(4e6)
})
