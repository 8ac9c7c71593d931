import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { manualClock } from '#test/manual-clock.ts'
import { workSideBySide } from './side-by-side.ts'
import { createTelemetry } from './telemetry/telemetry.ts'

function surroundings() {
  const events: { name: string; [field: string]: unknown }[] = []
  const telemetry = createTelemetry()
  telemetry.listen(({ name, fields }) => events.push({ name, ...fields }))
  const pace = manualClock(0)
  const pass = async (ms: number) => {
    pace.advance(ms)
    await turnOfLoop()
  }
  return { events, telemetry, pace, pass }
}

test('what fails rests longer each time, is told, and stops none of the others', async () => {
  const { events, telemetry, pace, pass } = surroundings()
  const stop = new AbortController()
  const worked: string[] = []
  let isBroken = true
  const broken = async () => {
    worked.push('broken')
    if (isBroken) throw new OrreryError('store_unavailable', 'The store is away.')
    return 1000
  }
  const sound = async () => {
    worked.push('sound')
    return 1000
  }
  const all = workSideBySide(
    [
      { name: 'a', work: broken },
      { name: 'b', work: sound },
    ],
    { telemetry, pace },
    stop.signal,
  )
  await pass(0)
  for (let second = 0; second < 8; second++) await pass(1000)
  expect(worked.filter((name) => name === 'broken')).toHaveLength(4)
  expect(worked.filter((name) => name === 'sound')).toHaveLength(9)
  expect(events.map(({ failures, next_ms }) => [failures, next_ms])).toEqual([
    [1, 1000],
    [2, 3000],
    [3, 7000],
    [4, 15_000],
  ])
  expect(events[0]).toMatchObject({ name: 'part.failed', part: 'a', code: 'store_unavailable', message: 'The store is away.' })
  isBroken = false
  await pass(7000)
  expect(events.at(-1)).toEqual({ name: 'part.recovered', part: 'a', failures: 4 })
  isBroken = true
  await pass(1000)
  expect(events.at(-1)).toMatchObject({ name: 'part.failed', failures: 1, next_ms: 17_000 })
  stop.abort(new Error('enough'))
  await expect(all).resolves.toBeUndefined()
})

test('a fault of ours is told with its stack, and never ends the others', async () => {
  const { events, telemetry, pace } = surroundings()
  const stop = new AbortController()
  const all = workSideBySide([{ name: 'a', work: () => Promise.reject(new TypeError('planted')) }], { telemetry, pace }, stop.signal)
  await turnOfLoop()
  expect(events).toMatchObject([{ name: 'part.failed', message: expect.stringMatching(/^TypeError: planted\n +at /) }])
  stop.abort(new Error('enough'))
  await all
})

test('what a person must mend in the settings ends all, when all have ended', async () => {
  const { events, telemetry, pace } = surroundings()
  const refusal = new OrreryError('invalid_config', 'Say who you are.')
  let isAtWork = true
  const patient = (signal: AbortSignal) =>
    new Promise<number>((_, reject) => {
      signal.addEventListener('abort', () => {
        setImmediate(() => {
          isAtWork = false
          reject(signal.reason)
        })
      })
    })
  const parts = [
    { name: 'a', work: patient },
    { name: 'b', work: () => Promise.reject(refusal) },
  ]
  await expect(workSideBySide(parts, { telemetry, pace }, new AbortController().signal)).rejects.toBe(refusal)
  expect([isAtWork, events]).toEqual([false, []])
})

test('the signal ends a rest and what is at work', async () => {
  const { events, telemetry, pace } = surroundings()
  const stop = new AbortController()
  const parts = [
    { name: 'resting', work: async () => 3_600_000 },
    { name: 'working', work: (signal: AbortSignal) => pace.sleep(3_600_000, signal).then(() => 0) },
  ]
  const all = workSideBySide(parts, { telemetry, pace }, stop.signal)
  await turnOfLoop()
  stop.abort(new Error('enough'))
  await all
  expect(events).toEqual([])
})
