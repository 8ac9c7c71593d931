import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Claim, Target } from '#schemas/frontier.ts'
import type { HostTurn } from '#schemas/host-turns.ts'
import { hostTurnsSuite } from '#test/conformance/host-turns.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const leaseMs = 60_000
const page = (url: string): Target => ({ url, kind: 'page', label: 'a', priority: 0 })

async function open(path?: string) {
  const clock = manualClock()
  const frontier = sqliteFrontier(path ?? join(await temporaryFolder(), 'frontier.sqlite'), { clock })
  onTestFinished(() => frontier[Symbol.asyncDispose]())
  const claim = async (): Promise<Claim | undefined> => (await frontier.claim({ limit: 1, leaseMs }))[0]
  const take = (url: string, at: string, latest = clock.now()) => frontier.takeTurn({ url, page: at, latest, leaseMs: 1000 })
  return { clock, frontier, claim, take }
}

describe('the turns of a frontier', () => {
  hostTurnsSuite(async (clock) => {
    const frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock })
    onTestFinished(() => frontier[Symbol.asyncDispose]())
    return frontier
  })

  test('are taken within the claim of their page, whose lease and rest go on', async () => {
    const { clock, frontier, claim, take } = await open()
    await frontier.add([page('http://h.example/1'), { ...page('http://h.example/2'), depth: 1 }])
    const first = (await claim()) as Claim
    expect(await take('http://h.example/app.js', 'http://other.example/')).toBe(clock.now())
    const turn = (await take('http://h.example/app.js', first.url)) as HostTurn
    expect(turn).toEqual({ url: 'http://h.example/app.js', page: first.url, startsAt: clock.now(), isWithin: true })
    await frontier.endTurn(turn, { hostDelayMs: 2000 })
    expect(await take('http://h.example/data', first.url)).toBe(clock.now() + 2000)
    expect(await take('http://h.example/data', first.url, clock.now() + 2000)).toMatchObject({ startsAt: clock.now() + 2000, isWithin: true })
    await frontier.done(first, { outcome: 'stored', hostDelayMs: 0 })
    expect(await claim()).toBeUndefined()
    clock.advance(2000)
    expect(await claim()).toMatchObject({ url: 'http://h.example/2' })
  })

  test('keep their host from being claimed, and so does what they leave behind', async () => {
    const { clock, frontier, claim, take } = await open()
    await frontier.add([page('http://api.example/'), page('http://page.example/')])
    const turn = (await take('http://api.example/data', 'http://page.example/')) as HostTurn
    expect(await claim()).toMatchObject({ url: 'http://page.example/' })
    expect(await claim()).toBeUndefined()
    await frontier.endTurn(turn, { hostDelayMs: 10, until: clock.now() + 5000 })
    expect(await frontier.nextReadyAt()).toBe(clock.now() + 5000)
    clock.advance(4999)
    expect(await claim()).toBeUndefined()
    clock.advance(1)
    expect(await claim()).toMatchObject({ url: 'http://api.example/' })
  })

  test('end by themselves without making a target ready a second time', async () => {
    const { clock, frontier, claim, take } = await open()
    await frontier.add([page('http://api.example/'), page('http://page.example/')])
    await take('http://api.example/data', 'http://page.example/')
    expect(await claim()).toMatchObject({ url: 'http://page.example/' })
    clock.advance(1000)
    expect(await claim()).toMatchObject({ url: 'http://api.example/' })
    expect(await claim()).toBeUndefined()
  })

  test('refuse wrong arguments', async () => {
    const { frontier, take } = await open()
    await expect(take('ftp://h.example/', 'http://page.example/')).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(take('http://h.example/', '')).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(take('http://h.example/', 'http://page.example/', Number.NaN)).rejects.toMatchObject({ code: 'invalid_argument' })
    const turn = { url: 'http://h.example/', page: 'x', isWithin: false }
    await expect(frontier.endTurn(turn, { hostDelayMs: -1 })).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
