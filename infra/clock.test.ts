import { expect, test } from 'vitest'
import { frozenClock, systemClock, wallClock } from './clock.ts'

const year = 365 * 86_400_000

/** A machine whose date and whose passing of time a test decides. */
function machine(wall = Date.UTC(2026, 0, 1), monotonic = 1234.5) {
  const time = { wall, monotonic }
  return { time, source: { wallMs: () => time.wall, monotonicMs: () => time.monotonic } }
}

test('the clock of work goes on with the time that passes, whatever is done to the date', () => {
  const { time, source } = machine()
  const clock = systemClock(source)
  const start = clock.now()
  expect(start).toBe(Date.UTC(2026, 0, 1))
  const seen = [year, 0, -year, 5].map((jump) => {
    time.wall += jump
    time.monotonic += 1000.25
    return clock.now() - start
  })
  expect(seen).toEqual([1000, 2000, 3000, 4001])
})

test('the clock of facts says the date, and does not keep to a wrong one', () => {
  const { time, source } = machine()
  const clock = wallClock(source)
  time.wall += year
  expect(clock.now()).toBe(Date.UTC(2027, 0, 1))
  time.wall -= year
  expect(clock.now()).toBe(Date.UTC(2026, 0, 1))
})

test('whoever sleeps is woken by the signal with its reason, however long it was to be', async () => {
  for (const clock of [systemClock(), wallClock(), frozenClock(0)]) {
    const stop = new AbortController()
    const sleeping = clock.sleep(year, stop.signal)
    stop.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
  }
  await systemClock().sleep(-1)
})
