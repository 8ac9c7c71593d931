import { expect, test } from 'vitest'
import { feedClient } from './feed-client.ts'
import { identityOf } from './identity.ts'

/** A node's client of a feed that gives these answers, one after the other. */
function clientOf(answers: Response[]) {
  const waits: number[] = []
  const pace = { now: () => 0, sleep: async (ms: number) => void waits.push(ms) }
  const fetch = async () => answers.shift() ?? Response.error()
  return {
    waits,
    answers,
    client: feedClient({ origin: 'http://feed.example', node: 'n', identity: identityOf({}, () => 0), fetch, pace, telemetry: { event: () => undefined } }),
  }
}

const refusal = (status: number, code: string) => Response.json({ error: { code, message: 'm', details: {} } }, { status })
const { signal } = new AbortController()

test('what passes by itself is asked again, with growing pauses', async () => {
  const { client, waits, answers } = clientOf([
    refusal(429, 'rate_limited'),
    refusal(504, 'timed_out'),
    Response.json('torn'),
    Response.json({ state: 'idle', plan: null }),
  ])
  expect(await client.plan(signal)).toEqual({ state: 'idle', plan: null })
  expect(waits).toEqual([100, 200, 400])
  expect(answers).toEqual([])
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
