import { expect, test } from 'vitest'
import { soak } from './soak.fixture.ts'

test('calls leave nothing behind', async () => {
  expect(await soak(300)).toBeLessThan(3e6)
})
