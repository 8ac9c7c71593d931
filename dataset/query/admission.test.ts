import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve }
}

test('so many work at once, so many wait, and the next is told when to come again', async () => {
  const admission = new Admission({ atOnce: 2, waiting: 1, waitMs: 60_000 })
  const [first, second] = [held(), held()]
  const order: string[] = []
  const running = [admission.run(first.work), admission.run(second.work)]
  const waiting = admission.run(async () => order.push('third'))
  await expect(admission.run(async () => 1)).rejects.toMatchObject({ code: 'rate_limited', details: { retry_after_seconds: expect.any(Number) } })
  expect(order).toEqual([])
  first.end()
  await waiting
  expect(order).toEqual(['third'])
  second.end()
  await Promise.all(running)
  expect(await admission.run(async () => 'free')).toBe('free')
})

test('nobody waits for ever, and who goes away gives up the place', async () => {
  const admission = new Admission({ atOnce: 1, waiting: 1, waitMs: 5 })
  const first = held()
  const running = admission.run(first.work)
  await expect(admission.run(async () => 1)).rejects.toMatchObject({ code: 'rate_limited' })
  const leaving = new AbortController()
  const left = admission.run(async () => 1, leaving.signal)
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  first.end()
  await running
  expect(await admission.run(async () => 2)).toBe(2)
})

test('work that fails frees its place', async () => {
  const admission = new Admission({ atOnce: 1, waiting: 0, waitMs: 5 })
  await expect(admission.run(async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await admission.run(async () => 3)).toBe(3)
})
