import { expect, test } from 'vitest'
import { tokenGraceMs, tokenLifeMs, historyDays, type NodeOwner, type Nodes } from '#schemas/nodes.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { killAfter, killMoments } from './child.ts'
import { openPlace, type Place } from './place.ts'

type Open = Nodes & AsyncDisposable
const [anna, bert]: [NodeOwner, NodeOwner] = [
  { id: 'key a', operator: 'anna', via: 'token' },
  { id: '5Hot', operator: '5Cold', via: 'hotkey' },
]
const day = { day: '2026-01-01', settled: 1, tokens: 64, lossSum: 3.5, lost: 0, returned: 0 }

/** What every Nodes must do. `make` gives the place of an empty one. */
export function nodesSuite(make: () => Promise<Place>): void {
  const open = async (): Promise<{ clock: ManualClock; nodes: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    return { clock, place, nodes: await openPlace<Open>(place, clock) }
  }

  test.each(['n1', 'constructor', '__proto__', "'; drop table nodes; --", 'ü'.repeat(100)])('the name %s is of whoever had it first', async (name) => {
    const { nodes, clock } = await open()
    await using _ = nodes
    expect(await nodes.bind(name, anna)).toMatchObject({ node: name, operator: 'anna', via: 'token', joinedAt: clock.now(), isDraining: false })
    await expect(nodes.bind(name, bert)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(nodes.bind(name, { id: 'open', operator: name, via: 'open' })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await nodes.bind(name, { ...anna, operator: 'anna b' })).toMatchObject({ operator: 'anna b' })
    expect(await nodes.find([name, 'nobody'])).toMatchObject([{ node: name, operator: 'anna b' }])
  })

  test('of two that want a name at the same moment, in two processes, one has it', async () => {
    const { nodes: one, place, clock } = await open()
    await using _ = one
    await using two = await openPlace<Open>(place, clock)
    const ends = await Promise.allSettled(Array.from({ length: 20 }, (_each, n) => (n % 2 === 0 ? one.bind('n', anna) : two.bind('n', bert))))
    const won = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.id] : []))
    expect([won.length, new Set(won).size]).toEqual([10, 1])
  })

  test("a token is its node's until another took its place, or it was silent for long", async () => {
    const { nodes, clock } = await open()
    await using _ = nodes
    await nodes.bind('n', anna)
    const first = await nodes.issue('n')
    expect(await nodes.bearer(first)).toMatchObject({ node: 'n', id: anna.id })
    const second = await nodes.issue('n')
    expect([await nodes.bearer(first), await nodes.bearer(second)]).toMatchObject([{ node: 'n' }, { node: 'n' }])
    clock.advance(tokenGraceMs)
    expect(await nodes.bearer(first)).toBeUndefined()
    expect(await nodes.bearer(second)).toMatchObject({ node: 'n' })
    for (const wrong of ['', 'orn_', second.slice(0, -1), `${second}x`, '\ud800']) expect(await nodes.bearer(wrong)).toBeUndefined()
    clock.advance(tokenLifeMs - tokenGraceMs - 1)
    await nodes.heard('n')
    clock.advance(tokenLifeMs - 1)
    expect(await nodes.bearer(second)).toBeDefined()
    clock.advance(1)
    expect(await nodes.bearer(second)).toBeUndefined()
    await expect(nodes.issue('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('who drains does so until it says otherwise, in every process', async () => {
    const { nodes, place, clock } = await open()
    await using _ = nodes
    await using other = await openPlace<Open>(place, clock)
    await nodes.bind('n', anna)
    await nodes.heard('n', { isDraining: true })
    expect(await other.heard('n')).toMatchObject({ isDraining: true })
    await other.heard('n', { isDraining: false })
    clock.advance(60_000)
    expect(await nodes.heard('n')).toMatchObject({ isDraining: false, seenAt: clock.now() })
    await expect(nodes.heard('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('what was read of an epoch is booked once, whoever reads it, and kept for some days', async () => {
    const { nodes, place, clock } = await open()
    await using _ = nodes
    await using other = await openPlace<Open>(place, clock)
    const [none, upTo] = [
      { settlements: 0, failures: 0 },
      { settlements: 2, failures: 1 },
    ]
    expect(await nodes.book('p')).toEqual(none)
    const change = {
      from: none,
      upTo,
      days: [
        { node: 'n', ...day, settled: 2, lost: 1 },
        { node: 'm', ...day },
      ],
    }
    const both = await Promise.all([nodes.book('p', change), other.book('p', change)])
    expect(both).toEqual([upTo, upTo])
    expect(await other.days('n')).toEqual([{ ...day, settled: 2, lost: 1 }])
    await nodes.book('q', {
      from: none,
      upTo: none,
      days: [
        { node: 'n', ...day },
        { node: 'n', ...day, day: '2026-01-02' },
      ],
    })
    expect((await nodes.days('n')).map((each) => [each.day, each.settled])).toEqual([
      ['2026-01-02', 1],
      ['2026-01-01', 3],
    ])
    clock.advance(historyDays * 86_400_000)
    await nodes.book('q', { from: none, upTo: { settlements: 1, failures: 0 }, days: [] })
    expect((await nodes.days('n')).map((each) => each.day)).toEqual(['2026-01-02'])
  })

  test('what was answered outlives kill -9', async () => {
    const place = await make()
    const said: { node: string; token: string; settlements: number }[] = []
    for (const moment of killMoments(5, 3, 30)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'nodes', job: 'join', place })))
    await using nodes = await openPlace<Open>(place, manualClock(Date.now()))
    expect(said.length).toBeGreaterThan(3)
    for (const { node, token } of said) {
      await expect(nodes.bind(node, bert)).rejects.toMatchObject({ code: 'forbidden' })
      expect(await nodes.bearer(token)).toMatchObject({ node })
    }
    const booked = await nodes.book('p')
    const settled = (await nodes.days('n')).reduce((sum, each) => sum + each.settled, 0)
    expect(booked.settlements).toBeGreaterThanOrEqual(Math.max(...said.map(({ settlements }) => settlements)))
    expect(settled).toBe(booked.settlements)
  })
}
