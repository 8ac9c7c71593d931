import { expect, test } from 'vitest'
import { feedClient } from './feed-client.ts'
import { identityOf } from './identity.ts'

/** A node's client of a feed that gives these answers, one after the other. */
function clientOf(answers: Response[], random = () => 1) {
  const waits: number[] = []
  const pace = { now: () => 0, sleep: async (ms: number) => void waits.push(ms) }
  const fetch = async () => answers.shift() ?? Response.error()
  return {
    waits,
    answers,
    client: feedClient({
      origin: 'http://feed.example',
      node: 'n',
      identity: identityOf({}, () => 0),
      fetch,
      pace,
      telemetry: { event: () => undefined },
      random,
    }),
  }
}

const refusal = (status: number, code: string) => Response.json({ error: { code, message: 'm', details: {} } }, { status })
const later = (status: number, seconds: string) => Response.json({}, { status, headers: { 'retry-after': seconds } })
const { signal } = new AbortController()

/** Of a feed that fails four times, twice with a time to come again. */
const waitsOf = async (random: () => number) => {
  const { client, waits } = clientOf(
    [refusal(502, ''), refusal(502, ''), later(503, '2'), later(429, '3600'), Response.json({ state: 'idle', plan: null })],
    random,
  )
  await client.plan(signal)
  return waits
}

test('what passes by itself is asked again, with growing pauses', async () => {
  const { client, waits, answers } = clientOf([
    refusal(429, 'rate_limited'),
    refusal(504, 'timed_out'),
    refusal(500, 'data_unreadable'),
    refusal(408, 'invalid_argument'),
    Response.json('torn'),
    Response.json({ state: 'idle', plan: null }),
  ])
  expect(await client.plan(signal)).toEqual({ state: 'idle', plan: null })
  expect(waits).toEqual([100, 200, 400, 800, 1600])
  expect(answers).toEqual([])
})

test('nodes that lost their feed in one moment come back at moments of their own, and none before the feed asks for', async () => {
  expect(await waitsOf(() => 0)).toEqual([50, 100, 2000, 5000])
  expect(await waitsOf(() => 1)).toEqual([100, 200, 3000, 7500])
})

test('what was refused for good is not, and has its own code where a node can act on it', async () => {
  for (const [status, code, told] of [
    [404, 'not_found', 'not_found'],
    [409, 'fenced', 'fenced'],
    [403, 'forbidden', 'forbidden'],
    [406, 'not_acceptable', 'invalid_argument'],
    [400, '__proto__', 'invalid_argument'],
  ] as const) {
    const { client, waits } = clientOf([refusal(status, code)])
    await expect(client.plan(signal)).rejects.toMatchObject({ code: told, details: { status } })
    expect(waits).toEqual([])
  }
})
