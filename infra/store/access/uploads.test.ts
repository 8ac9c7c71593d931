import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { boundedUploads, type UploadLimits } from './uploads.ts'

const limits: UploadLimits = { atOnce: 3, atOnceOfOne: 2, bytesAtOnce: 100, paceBytes: 10, paceMs: 40 }

async function* endless(bytes: number, everyMs: number, told: { isClosed: boolean }): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      await delay(everyMs)
      yield new Uint8Array(bytes)
    }
  } finally {
    told.isClosed = true
  }
}

test('uploads are bounded in number, for each hotkey and all, and in what they may have together', () => {
  const uploads = boundedUploads(limits)
  const first = uploads.begin('a', 10)
  uploads.begin('a', 10)
  expect(() => uploads.begin('a', 1)).toThrow(/2 uploads of a/)
  expect(() => uploads.begin('b', 81)).toThrow(/no room for 81/)
  uploads.begin('b', 80)
  expect(() => uploads.begin('c', 0)).toThrow(/3 uploads/)
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  expect([uploads.count, uploads.bytes]).toEqual([2, 90])
  uploads.begin('c', 10)
})

test('one that has more than it may ends, and so does its source', async () => {
  const told = { isClosed: false }
  using upload = boundedUploads({ ...limits, paceMs: 60_000 }).begin('a', 0)
  const got = Array.fromAsync(upload.watch(endless(30, 0, told), 70))
  await expect(got).rejects.toMatchObject({ code: 'too_large' })
  await expect.poll(() => told.isClosed).toBe(true)
})

test('one that trickles, or stands still, is let go without another piece', async () => {
  for (const [bytes, everyMs] of [
    [1, 15],
    [1, 1_000_000],
  ] as const) {
    using upload = boundedUploads(limits).begin('a', 0)
    const pieces = endless(bytes, everyMs, { isClosed: false })
    await expect(Array.fromAsync(upload.watch(pieces, 1e9))).rejects.toMatchObject({ code: 'timed_out' })
  }
})
