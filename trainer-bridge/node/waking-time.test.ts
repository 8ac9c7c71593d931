import { expect, test } from 'vitest'
import type { LeaseGrant } from '#schemas/feed.ts'
import { manualClock } from '#test/manual-clock.ts'
import { keepLease } from './keep-lease.ts'
import { passTime, stopwatch, untilDate } from './waking-time.ts'

const never = new AbortController().signal

/** A machine: while it sleeps its date goes on alone. */
function machine() {
  const pace = manualClock(0)
  let aheadMs = 1_000_000
  return {
    time: { pace, date: () => pace.now() + aheadMs },
    async run(ms: number) {
      for (let left = ms; left > 0; left -= 1000) {
        pace.advance(Math.min(1000, left))
        await new Promise(setImmediate)
      }
    },
    sleep: (ms: number) => void (aheadMs += ms),
  }
}

/** Whether it has come to its end. */
function watched(work: Promise<unknown>): () => boolean {
  let isDone = false
  work.then(
    () => (isDone = true),
    () => (isDone = true),
  )
  return () => isDone
}

test('time passes for who sleeps, and a date that is set back takes none away', async () => {
  const { time, run, sleep } = machine()
  const passed = stopwatch(time)
  await run(2000)
  expect(passed()).toBe(2000)
  sleep(60_000)
  expect(passed()).toBe(62_000)
  sleep(-600_000)
  expect(passed()).toBe(2000)
})

test('a rest ends soon after a sleep that was longer than what was left of it', async () => {
  const { time, run, sleep } = machine()
  const rested = watched(passTime(time, 3_600_000, never))
  const begun = watched(untilDate(time, time.date() + 3_600_000, never))
  await run(60_000)
  expect([rested(), begun()]).toEqual([false, false])
  sleep(3_600_000)
  await run(5_000)
  expect([rested(), begun()]).toEqual([true, true])
})

test('a lease is renewed at half of its time, and at once after a sleep of the machine', async () => {
  const { time, run, sleep } = machine()
  let renewals = 0
  const client = { renew: async () => ({ expires_in_ms: 180_000, expires_at: ++renewals }) }
  const lease = keepLease({ ...time, client, signal: never }, { expires_in_ms: 180_000 } as LeaseGrant)
  await run(89_000)
  expect(renewals).toBe(0)
  await run(2_000)
  expect(renewals).toBe(1)
  sleep(8 * 3_600_000)
  await run(6_000)
  expect(renewals).toBe(2)
  await lease[Symbol.asyncDispose]()
  await run(400_000)
  expect(renewals).toBe(2)
})
