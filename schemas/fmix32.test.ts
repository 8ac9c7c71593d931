import { expect, test } from 'vitest'
import { fmix32 } from './fmix32.ts'

test('gives what the reference gives', () => {
  // MurmurHash3_x86_32 of no bytes is this of its seed; of four zero bytes with seed 0, of 0xe6546b64 ^ 4.
  expect([0, 1, 0xe6546b64 ^ 4, 0xffffffff].map(fmix32)).toEqual([0, 0x514e28b7, 0x2362f9de, 0x81f16f39])
  expect(fmix32(-1)).toBe(fmix32(0xffffffff))
})
