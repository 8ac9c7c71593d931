import { expect, test } from 'vitest'
import { developmentKey } from './key-file.ts'
import { weightsCommitHash, weightsSalt } from './weights-commit.ts'

const publicKey = Uint8Array.from({ length: 32 }, (_, at) => at)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

/** By Python: scalecodec's encodings of the parts, hashlib's blake2b of 32 bytes. */
test.each([
  [13, [0, 1, 2], [65_535, 10_922, 21_845], [1, 2, 3, 4, 5, 6, 7, 8], 0, 'd5bc2bf4532199214d2d69b73373a2595314c3e74048746babebcf450377961a'],
  [13, upTo(70), upTo(70), [], 1_000_000, 'd409024e263504c48c0f4a858f097b4eb3e37eac0c7dccbf18853cc5dc6bae8e'],
  [65_535, upTo(20_000), upTo(20_000).fill(1), [65_535], 2 ** 53 - 1, '3ea61bd7865b6059ab6419c3063471169709644a5571513a16bbfdc3be2fe466'],
])('the hash of a commitment is the pallet’s, subnet %i', (netuid, uids, values, salt, versionKey, hash) => {
  expect(weightsCommitHash({ publicKey }, { netuid, uids, values, salt, versionKey })).toBe(`0x${hash}`)
})

test('a salt is found again by its key alone, and is another for another key, network and block', () => {
  const [a, b] = [developmentKey('a').signer, developmentKey('b').signer]
  const network = { netuid: 13, genesis: `0x${'a'.repeat(64)}` }
  const salt = weightsSalt(a, network, 7)
  expect(salt).toHaveLength(8)
  expect(salt.every((word) => Number.isInteger(word) && word >= 0 && word <= 65_535)).toBe(true)
  expect(weightsSalt(developmentKey('a').signer, network, 7)).toEqual(salt)
  for (const other of [weightsSalt(b, network, 7), weightsSalt(a, { ...network, netuid: 14 }, 7), weightsSalt(a, network, 8)]) expect(other).not.toEqual(salt)
})
