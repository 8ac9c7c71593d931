import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { developmentKey } from '#infra/chain/key-file.ts'
import type { Clock } from '#schemas/clock.ts'
import type { LeaseRequest } from '#schemas/feed.ts'
import { lineage } from '#schemas/lineage.ts'
import { goldenDataset } from '#test/golden/bridge.ts'
import { activeWindow } from './active-window.ts'
import { batches, isBlock, scene, type Scene } from './scene.fixture.ts'

const never = new AbortController().signal
const machine = systemClock()
/** Whoever rests looks again at once: what the tests wait for is a date, which they set. */
const restless: Clock = { now: machine.now, sleep: (ms, signal) => machine.sleep(Math.min(ms, 10), signal) }
const active = activeWindow('22:00-06:00', 'UTC')

/** A date that goes on by itself, from where it was set. */
function settable(at: string) {
  let [from, since] = [Date.parse(at), machine.now()]
  return {
    date: () => from + machine.now() - since,
    set(to: string) {
      ;[from, since] = [Date.parse(to), machine.now()]
    },
  }
}

async function untilEvent({ house }: Scene, name: string, count = 1): Promise<void> {
  while (house.events.filter((event) => event.name === name).length < count) await machine.sleep(5)
}

/** Resolves when nobody waits for the answer any more. */
const aborted = async (init: RequestInit | undefined): Promise<void> => {
  while (init?.signal?.aborted === false) await machine.sleep(2)
}

const bodyOf = (init: RequestInit | undefined): LeaseRequest => JSON.parse(String(init?.body)) as LeaseRequest

test('a node works in its window alone: it rests before, gives back what it holds at the end, and works on in the next one', async () => {
  await using stage = await scene()
  const clock = settable('2026-03-10T21:59:00Z')
  const asked: number[] = []
  let blocks = 0
  const node = stage.train(
    async (input, init) => {
      const { pathname } = new URL(String(input))
      if (pathname === '/v1/leases') asked.push(clock.date() + (bodyOf(init).available_for_ms ?? Infinity))
      // In the middle of the fifth batch the window is over.
      if (isBlock.test(pathname) && ++blocks === 5) {
        clock.set('2026-03-11T05:59:59Z')
        await aborted(init)
      }
      return globalThis.fetch(input, init)
    },
    { active, date: clock.date, pace: restless },
  )
  await untilEvent(stage, 'node.rests')
  expect(await stage.states()).toMatchObject({ planned: batches })
  clock.set('2026-03-10T22:00:00Z')
  await untilEvent(stage, 'node.rests', 2)
  expect(await stage.states()).toMatchObject({ settled: 4, leased: 0, nacked: 1 })
  // It had said for how long it is there, each time: no lease outlives the window.
  expect(asked.every((until) => until <= Date.parse('2026-03-11T06:00:00Z'))).toBe(true)
  const planId = (await stage.house.catalog.head(lineage.plan(goldenDataset)))?.sha256 ?? ''
  expect(await stage.house.ledger.list(planId, 0, 'failures', { limit: 10 })).toMatchObject([{ why: 'untried', reason: 'the node is leaving' }])
  expect((await (await fetch(`${stage.origin}/v1/nodes/n`)).json()) as object).toMatchObject({ state: 'draining' })

  clock.set('2026-03-11T22:30:00Z')
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  expect(await node).toMatchObject({ batches, returned: 1 })
})

test('a machine that slept through its window gives back what it held, and is there in the next one', async () => {
  await using stage = await scene()
  const clock = settable('2026-03-10T23:00:00Z')
  let blocks = 0
  const node = stage.train(
    async (input, init) => {
      if (isBlock.test(new URL(String(input)).pathname) && ++blocks === 3) {
        // Its lease, its window and the one after it passed while it slept.
        clock.set('2026-03-12T12:00:00Z')
        await aborted(init)
      }
      return globalThis.fetch(input, init)
    },
    { active, date: clock.date, pace: restless },
  )
  await untilEvent(stage, 'node.rests')
  expect(await stage.states()).toMatchObject({ settled: 2, leased: 0 })
  clock.set('2026-03-12T22:00:01Z')
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  await node
})

test('an answer that is lost strands no batch: the same request is made again', async () => {
  await using stage = await scene()
  const ids: string[] = []
  const node = stage.train(
    async (input, init) => {
      const answer = await globalThis.fetch(input, init)
      if (!String(input).endsWith('/leases')) return answer
      ids.push(bodyOf(init).request_id ?? '')
      if (ids.length % 2 === 0) return answer
      await answer.arrayBuffer()
      throw new TypeError('the answer was lost')
    },
    { pace: restless },
  )
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  expect(await node).toMatchObject({ batches, returned: 0 })
  expect(ids[0]).toBe(ids[1])
  expect(new Set(ids).size).toBeGreaterThanOrEqual(batches)
})

test('a request that was lost is made again for what is left of the window', async () => {
  await using stage = await scene()
  const clock = settable('2026-03-10T23:00:00Z')
  const said: LeaseRequest[] = []
  const node = stage.train(
    async (input, init) => {
      if (!String(input).endsWith('/leases')) return globalThis.fetch(input, init)
      said.push(bodyOf(init))
      if (said.length > 1) return globalThis.fetch(input, init)
      clock.set('2026-03-11T05:00:00Z')
      throw new TypeError('the network is gone')
    },
    { active, date: clock.date, pace: restless },
  )
  await stage.bridge.runEpoch(never)
  stage.leaving.abort()
  await node
  const [lost, again] = said
  expect(again?.request_id).toBe(lost?.request_id)
  expect(lost!.available_for_ms! - again!.available_for_ms!).toBeGreaterThan(5 * 3_600_000)
})

test('a hotkey joins by its signature, goes by a token from then on, and joins again when that is over', async () => {
  await using stage = await scene()
  const { signer } = developmentKey('a node')
  const seen: string[] = []
  const node = stage.train(
    async (input, init) => {
      const headers = new Headers(init?.headers)
      const { pathname } = new URL(String(input))
      const token = headers.get('authorization')?.slice(0, 10) ?? ''
      seen.push(`${pathname} ${headers.has('x-bittensor-signature') ? 'signed' : token}`)
      // In the middle the feed does not know its token any more.
      if (pathname === '/v1/acks' && seen.filter((each) => each.startsWith('/v1/acks')).length === 3) headers.set('authorization', 'Bearer orn_of_another')
      return globalThis.fetch(input, { ...init, headers })
    },
    { credentials: { signer }, pace: restless },
  )
  expect((await stage.bridge.runEpoch(never)).epoch?.summary.states['settled']).toBe(batches)
  stage.leaving.abort()
  expect(await node).toMatchObject({ batches })
  expect(seen.filter((each) => each === '/v1/nodes signed').length).toBeGreaterThanOrEqual(2)
  expect(seen.filter((each) => !each.startsWith('/v1/nodes') && !each.endsWith(' Bearer orn'))).toEqual([])
  const known = await stage.house.nodes.find(['n'])
  expect(known).toMatchObject([{ via: 'hotkey', id: `hotkey ${signer.address}` }])
})

test('whoever has another’s name is told so, and ends', async () => {
  await using stage = await scene()
  await stage.house.nodes.bind('n', { id: 'key of another', operator: 'o', via: 'token' })
  await expect(stage.train(globalThis.fetch)).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining('"n"') })
  stage.leaving.abort()
})
