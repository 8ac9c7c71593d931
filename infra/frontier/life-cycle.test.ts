import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, Frontier, Target } from '#schemas/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import type { TargetState } from './labels.ts'
import { sqliteFrontier } from './sqlite.ts'
import { lifeCycle, type TargetEvent } from './targets.ts'

const target: Target = { url: 'http://h.example/', kind: 'page', label: 'a', priority: 0 }
const [leaseMs, dueMs, longMs] = [10_000, 1000, 1e9]
const states = Object.keys(lifeCycle) as TargetState[]
const events = Object.keys(lifeCycle.ready) as TargetEvent[]

/** A frontier of one URL that was added, and never claimed. */
async function start() {
  const clock = manualClock()
  const frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  onTestFinished(() => frontier[Symbol.asyncDispose]())
  await frontier.add([target])
  let last: Claim = { ...target, token: 'none', expiresAt: 0, attempt: 1, previous: undefined }
  const claim = async () => {
    const [lent] = await frontier.claim({ limit: 1, leaseMs })
    if (lent) last = lent
    return lent !== undefined
  }
  return {
    async bringTo(state: TargetState, revisitMs: number) {
      await claim()
      if (state === 'ready') clock.advance(leaseMs)
      if (state === 'later') await frontier.done(last, { outcome: 'stored', hostDelayMs: 0, revisitAt: clock.now() + revisitMs })
      if (state === 'finished') await frontier.done(last, { outcome: 'stored', hostDelayMs: 0 })
    },
    /** Whether it could happen. */
    async tell(event: TargetEvent): Promise<boolean> {
      switch (event) {
        case 'raised':
          return (await frontier.add([{ ...target, priority: 5 }])).added === 0
        case 'changed':
          clock.advance(10)
          return (await frontier.add([{ ...target, modifiedAt: clock.now() - 1 }])).added === 0
        case 'due':
          clock.advance(dueMs)
          return true
        case 'expired':
          clock.advance(leaseMs)
          return true
        case 'lent':
          return claim()
        case 'visited':
          return (await end(frontier.done(last, { outcome: 'stored', hostDelayMs: 0, revisitAt: clock.now() + longMs }))) !== 'refused'
        case 'finished':
          return (await end(frontier.done(last, { outcome: 'stored', hostDelayMs: 0 }))) !== 'refused'
        case 'deferred':
          return (await end(frontier.defer(last, { reason: 'x', until: clock.now() + longMs, holdHost: false }))) !== 'refused'
      }
    },
    state: async () => stateOf(frontier, clock.now()),
  }
}

/** 'refused' when there is no claim to end. */
async function end(ending: Promise<void>): Promise<unknown> {
  return ending.catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'lease_lost') return 'refused'
    throw error
  })
}

async function stateOf(frontier: Frontier, now: number): Promise<TargetState> {
  const { waiting = 0, leased = 0 } = (await frontier.stats()).labels.get('a') ?? {}
  if (leased > 0) return 'leased'
  if (waiting === 0) return 'finished'
  return (await frontier.nextReadyAt()) === now ? 'ready' : 'later'
}

describe('a URL does what the table says', () => {
  const cells = states.flatMap((state) => events.map((event) => [state, event, lifeCycle[state][event]] as const))
  test.each(cells)('%s, %s → %s', async (state, event, next) => {
    const url = await start()
    await url.bringTo(state, event === 'due' ? dueMs : longMs)
    expect(await url.state()).toBe(state)
    // The end of a lease that is none and the coming of no time pass unnoticed; the others are refused.
    expect(await url.tell(event)).toBe(next !== null || event === 'due' || event === 'expired')
    expect(await url.state()).toBe(next ?? state)
  })

  test.each(events)('before its first claim it is as good as ready, but there is no claim to end: %s', async (event) => {
    const url = await start()
    const isEnd = event === 'visited' || event === 'finished' || event === 'deferred'
    expect(await url.tell(event)).toBe(!isEnd)
    expect(await url.state()).toBe(isEnd ? 'ready' : (lifeCycle.ready[event] ?? 'ready'))
  })
})
