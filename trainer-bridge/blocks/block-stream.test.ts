import { expect, test } from 'vitest'
import { blockStream, readAheadOf, streamsOf } from './block-stream.ts'
import type { TokenBlock } from './token-blocks.ts'

const MiB = 2 ** 20

test('a stream reads ahead while the block before is sent, and less the more streams there are', async () => {
  const asked: number[] = []
  const block = async (batch: number) => {
    asked.push(batch)
    return { framed: Buffer.alloc(2 * MiB, batch) } as unknown as TokenBlock
  }
  let ahead = 3
  const stream = blockStream({ block }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], () => ahead)
  const pieces = stream[Symbol.asyncIterator]()
  const take = async () => ((await pieces.next()).value as Buffer)[0]
  expect(await take()).toBe(0)
  const begun = asked.length
  expect(begun).toBeGreaterThanOrEqual(4)
  expect(begun).toBeLessThan(7)
  ahead = 0
  expect([await take(), await take(), await take(), await take(), await take(), await take(), await take(), await take(), await take()]).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9,
  ])
  expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('what all streams hold together is bounded in bytes', () => {
  for (const blockBytes of [2 ** 12, 2 ** 16, MiB, 16 * MiB]) {
    const most = streamsOf(blockBytes, 1000)
    for (const streams of [1, 8, most]) expect(streams * (3 + readAheadOf(streams, blockBytes)) * blockBytes).toBeLessThanOrEqual(512 * MiB)
  }
  expect([streamsOf(2 ** 12, 1000), readAheadOf(1, MiB), readAheadOf(170, MiB), streamsOf(2 ** 30, 1000)]).toEqual([1000, 4, 0, 8])
})
