import { expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { keptEpochs, type BatchLease, type Ledger } from '#schemas/ledger.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Open = Ledger & AsyncDisposable

const ttlMs = 60_000
const node = 'node-1'
const result = { loss: 2.5, tokens: 1024 }
const noStates = { planned: 0, leased: 0, settled: 0, expired: 0, nacked: 0, void: 0 }
const batchesOf = (some: readonly { batch: number }[] = []) => some.map(({ batch }) => batch)

const lease = async (ledger: Ledger, over: Partial<Parameters<Ledger['lease']>[2]> = {}): Promise<BatchLease> => {
  const [first] = await ledger.lease('p', 0, { node, limit: 1, ttlMs, ...over })
  if (!first) throw new Error('nothing to lease')
  return first
}

const states = async (ledger: Ledger) => (await ledger.progress('p', 0)).states
const settledOf = (ledger: Ledger, epoch = 0, planId = 'p') => ledger.settlements(planId, epoch, { limit: 1000 })

/** What every Ledger must do. `make` gives an empty place. */
export function ledgerSuite(make: () => Promise<Place>): void {
  const open = async (): Promise<{ clock: ManualClock; ledger: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    const ledger = await openPlace<Open>(place, clock)
    await ledger.open('p', 0, 3)
    return { clock, place, ledger }
  }

  test('opens an epoch once, with one number of batches', async () => {
    await using ledger = (await open()).ledger
    const opened = await ledger.open('p', 0, 3)
    expect(opened).toEqual({ planId: 'p', epoch: 0, fence: opened.fence, closed: false, states: { ...noStates, planned: 3 } })
    for (const other of [2, 4]) await expect(ledger.open('p', 0, other)).rejects.toMatchObject({ code: 'conflict' })
    expect(await ledger.open('p', 1, 1)).toMatchObject({ epoch: 1, states: { ...noStates, planned: 1 } })
    expect(await ledger.open('q', 0, 1)).toMatchObject({ planId: 'q', states: { ...noStates, planned: 1 } })
  })

  test('an epoch of two thousand million batches costs what one of three does', async () => {
    await using ledger = (await open()).ledger
    const many = 2 ** 31
    expect(await ledger.open('vast', 0, many)).toMatchObject({ states: { ...noStates, planned: many } })
    const [first] = await ledger.lease('vast', 0, { node, limit: 1, ttlMs })
    await ledger.settle(first as BatchLease, result)
    expect(await ledger.close('vast', 0)).toMatchObject({ states: { ...noStates, settled: 1, void: many - 1 } })
  })

  test('leases the lowest batches first, each to one node', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const first = await ledger.lease('p', 0, { node, limit: 2, ttlMs })
    expect(first).toMatchObject([{ planId: 'p', epoch: 0, batch: 0, node, expiresAt: clock.now() + ttlMs }, { batch: 1 }])
    expect(batchesOf(await ledger.lease('p', 0, { node: 'node-2', limit: 9, ttlMs }))).toEqual([2])
    expect(await ledger.lease('p', 0, { node, limit: 9, ttlMs })).toEqual([])
  })

  test('settles a batch once; the same answer again changes nothing', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const [first, second] = await ledger.lease('p', 0, { node, limit: 2, ttlMs })
    await ledger.settle(second as BatchLease, { loss: 0, tokens: 1 })
    clock.advance(5)
    await ledger.settle(first as BatchLease, result)
    clock.advance(5)
    await ledger.settle(first as BatchLease, { loss: 9, tokens: 9 })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, settled: 2 })
    expect(await settledOf(ledger)).toMatchObject([
      { batch: 1, node, loss: 0, tokens: 1, settledAt: clock.now() - 10 },
      { batch: 0, node, ...result, settledAt: clock.now() - 5 },
    ])
    await expect(ledger.nack(first as BatchLease, 'late')).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(ledger.renew(first as BatchLease, ttlMs)).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('leases an expired batch again; the late node is told once another has it or settled it', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const late = await lease(ledger)
    clock.advance(ttlMs - 1)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
    clock.advance(1)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, expired: 1 })
    const next = await lease(ledger, { node: 'node-2' })
    expect(next.batch).toBe(late.batch)
    for (const call of [() => ledger.settle(late, result), () => ledger.nack(late, 'x'), () => ledger.renew(late, ttlMs)])
      await expect(call()).rejects.toMatchObject({ code: 'lease_lost' })
    await ledger.settle(next, result)
    await expect(ledger.settle(late, result)).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await settledOf(ledger)).toMatchObject([{ batch: 0, node: 'node-2' }])
  })

  test('believes no lease of a clock that was ahead and has gone back', async () => {
    const { clock, ledger: opened, place } = await open()
    await using ledger = opened
    await using ahead = await openPlace<Open>(place, manualClock(clock.now() + 365 * 86_400_000))
    const [first, second] = (await ahead.lease('p', 0, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    await ahead.renew(second, ttlMs)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, expired: 2 })
    expect(batchesOf(await ledger.lease('p', 0, { node: 'node-2', limit: 9, ttlMs }))).toEqual([0, 1, 2])
    await expect(ahead.settle(first, result)).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('accepts a late answer or renewal while nobody else has the batch', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const [first, second] = (await ledger.lease('p', 0, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    clock.advance(ttlMs * 3)
    await ledger.settle(first, result)
    expect(await ledger.renew(second, ttlMs)).toBe(clock.now() + ttlMs)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, leased: 1, settled: 1 })
  })

  test('renews a lease', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const held = await lease(ledger)
    clock.advance(ttlMs - 1)
    expect(await ledger.renew(held, ttlMs)).toBe(clock.now() + ttlMs)
    clock.advance(ttlMs - 1)
    expect(await states(ledger)).toMatchObject({ leased: 1, expired: 0 })
  })

  test('leases nothing beyond the time a node is there, and nothing at all when less than half a lease is left', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const request = { node, limit: 1, ttlMs }
    expect(await ledger.lease('p', 0, { ...request, availableUntil: clock.now() + ttlMs / 2 - 1 })).toEqual([])
    const held = await lease(ledger, { availableUntil: clock.now() + ttlMs / 2 })
    expect(held.expiresAt).toBe(clock.now() + ttlMs / 2)
    clock.advance(10)
    expect(await ledger.renew(held, ttlMs)).toBe(held.expiresAt)
    expect((await lease(ledger, { availableUntil: clock.now() + ttlMs * 2 })).expiresAt).toBe(clock.now() + ttlMs)
    clock.advance(ttlMs / 2)
    await expect(ledger.renew(held, ttlMs)).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('takes a batch back from a node that gives it up', async () => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    await ledger.nack(held, 'out of memory')
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, nacked: 1 })
    await expect(ledger.settle(held, result)).rejects.toMatchObject({ code: 'lease_lost' })
    // What nobody had yet comes first: a batch that no node can train holds up no other.
    expect(batchesOf(await ledger.lease('p', 0, { node, limit: 2, ttlMs }))).toEqual([1, 2])
    const again = await lease(ledger)
    expect(again.batch).toBe(held.batch)
    expect(again.token).not.toBe(held.token)
  })

  test('fences everything of a closed epoch, and voids what was not settled', async () => {
    await using ledger = (await open()).ledger
    const [settled, held] = (await ledger.lease('p', 0, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    await ledger.settle(settled, result)
    const before = await ledger.progress('p', 0)
    const closed = await ledger.close('p', 0)
    expect(closed).toEqual({ planId: 'p', epoch: 0, fence: closed.fence, closed: true, states: { ...noStates, settled: 1, void: 2 } })
    expect(closed.fence).toBeGreaterThan(before.fence)
    expect(await ledger.close('p', 0)).toEqual(closed)
    const fenced = { code: 'fenced' }
    await expect(ledger.settle(held, result)).rejects.toMatchObject(fenced)
    await expect(ledger.settle({ ...held, fence: closed.fence }, result)).rejects.toMatchObject(fenced)
    await expect(ledger.renew(held, ttlMs)).rejects.toMatchObject(fenced)
    await expect(ledger.nack(held, 'x')).rejects.toMatchObject(fenced)
    await expect(ledger.lease('p', 0, { node, limit: 1, ttlMs })).rejects.toMatchObject(fenced)
    await expect(ledger.open('p', 0, 3)).rejects.toMatchObject(fenced)
    await ledger.settle(settled, result)
    expect(await settledOf(ledger)).toHaveLength(1)
  })

  test('believes no forged lease', async () => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    await expect(ledger.settle({ ...held, token: 'forged' }, result)).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(ledger.settle({ ...held, batch: 1 }, result)).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(ledger.settle({ ...held, batch: 77 }, result)).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(ledger.settle({ ...held, fence: held.fence + 1 }, result)).rejects.toMatchObject({ code: 'fenced' })
    await expect(ledger.settle({ ...held, epoch: 5 }, result)).rejects.toMatchObject({ code: 'not_found' })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
  })

  test('knows nothing of an epoch that was never opened', async () => {
    await using ledger = (await open()).ledger
    const missing = { code: 'not_found' }
    await expect(ledger.lease('p', 9, { node, limit: 1, ttlMs })).rejects.toMatchObject(missing)
    await expect(ledger.close('q', 0)).rejects.toMatchObject(missing)
    await expect(ledger.progress('q', 0)).rejects.toMatchObject(missing)
    await expect(settledOf(ledger, 9)).rejects.toMatchObject(missing)
  })

  test('tells what was settled in pages, in the order of settling', async () => {
    await using ledger = (await open()).ledger
    await ledger.open('p', 1, 2)
    const leases = [...(await ledger.lease('p', 0, { node, limit: 3, ttlMs })), ...(await ledger.lease('p', 1, { node, limit: 2, ttlMs }))]
    for (const n of [4, 2, 0, 3, 1]) await ledger.settle(leases[n] as BatchLease, result)
    const pages = await Promise.all([undefined, 0].map((after) => ledger.settlements('p', 0, { limit: 2, ...(after === undefined ? {} : { after }) })))
    expect(batchesOf(pages[0])).toEqual([2, 0])
    expect(pages[1]).toEqual(pages[0])
    const after = pages[0]?.at(-1)?.place as number
    expect(batchesOf(await ledger.settlements('p', 0, { after, limit: 2 }))).toEqual([1])
    expect(await ledger.settlements('p', 0, { after: after + 1000, limit: 2 })).toEqual([])
    expect(batchesOf(await settledOf(ledger, 1))).toEqual([1, 0])
  })

  test('keeps the batches of the epochs closed last, and of those before only counts', async () => {
    await using ledger = (await open()).ledger
    await lease(ledger)
    const answered: BatchLease[] = []
    for (let epoch = 1; epoch <= keptEpochs + 2; epoch++) {
      await ledger.open('p', epoch, 2)
      const [held] = await ledger.lease('p', epoch, { node, limit: 1, ttlMs })
      await ledger.settle(held as BatchLease, result)
      answered.push(held as BatchLease)
      await ledger.close('p', epoch)
    }
    expect(await settledOf(ledger, 2)).toEqual([])
    expect(await settledOf(ledger, 3)).toHaveLength(1)
    expect(await ledger.progress('p', 2)).toMatchObject({ closed: true, states: { ...noStates, settled: 1, void: 1 } })
    await expect(ledger.settle({ ...answered[0]!, token: 'other' }, result)).rejects.toMatchObject({ code: 'fenced' })
    await ledger.settle(answered[2]!, result)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
  })

  test.each<[string, (ledger: Ledger, held: BatchLease) => Promise<unknown>]>([
    ['an epoch without batches', (ledger) => ledger.open('p', 1, 0)],
    ['half a batch', (ledger) => ledger.open('p', 1, 1.5)],
    ['a negative epoch', (ledger) => ledger.open('p', -1, 1)],
    ['an empty plan', (ledger) => ledger.open('', 1, 1)],
    ['a page of nothing', (ledger) => ledger.settlements('p', 0, { limit: 0 })],
    ['a page after half a place', (ledger) => ledger.settlements('p', 0, { limit: 1, after: 0.5 })],
    ['half an epoch', (ledger) => ledger.progress('p', 0.5)],
    ['a limit of 0', (ledger) => ledger.lease('p', 0, { node, limit: 0, ttlMs })],
    ['a lease of 0', (ledger) => ledger.lease('p', 0, { node, limit: 1, ttlMs: 0 })],
    ['a nameless node', (ledger) => ledger.lease('p', 0, { node: '', limit: 1, ttlMs })],
    ['a node that is there until no time', (ledger) => ledger.lease('p', 0, { node, limit: 1, ttlMs, availableUntil: Number.NaN })],
    ['a renewal of 0', (ledger, held) => ledger.renew(held, 0)],
    ['a nack without a reason', (ledger, held) => ledger.nack(held, '')],
    ['a loss that is no number', (ledger, held) => ledger.settle(held, { loss: Number.NaN, tokens: 1 })],
    ['an infinite loss', (ledger, held) => ledger.settle(held, { loss: Infinity, tokens: 1 })],
    ['a negative loss', (ledger, held) => ledger.settle(held, { loss: -1, tokens: 1 })],
    ['no tokens', (ledger, held) => ledger.settle(held, { loss: 1, tokens: 0 })],
    ['half a token', (ledger, held) => ledger.settle(held, { loss: 1, tokens: 0.5 })],
  ])('refuses %s and changes nothing', async (_name, call) => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    await expect(call(ledger, held)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
    await expect(ledger.progress('p', 1)).rejects.toMatchObject({ code: 'not_found' })
    await ledger.settle(held, result)
  })

  test('settles each batch once among several processes', async () => {
    const place = await make()
    const ledger = await openPlace<Open>(place, manualClock(Date.now()))
    await ledger.open('plan', 0, 45)
    await ledger[Symbol.asyncDispose]()
    const input = await temporaryFolder()
    const said = await Promise.all([1, 2, 3].map(() => runChild<{ batch: number }>({ program: 'ledger', job: 'drain', place, input })))
    const all = Array.from({ length: 45 }, (_, i) => i)
    expect(
      said
        .flat()
        .map(({ batch }) => batch)
        .toSorted((a, b) => a - b),
    ).toEqual(all)
    await using reopened = await openPlace<Open>(place, manualClock(Date.now()))
    expect((await settledOf(reopened, 0, 'plan')).map(({ batch }) => batch).toSorted((a, b) => a - b)).toEqual(all)
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const said: { epoch: number; settled?: number; closed?: boolean }[] = []
    for (const moment of killMoments(17, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'ledger', job: 'train', place })))
    await using ledger = await openPlace<Open>(place, manualClock(Date.now()))
    for (const epoch of new Set(said.map((fact) => fact.epoch))) {
      const { closed, states: counts } = await ledger.progress('plan', epoch)
      const settlements = await settledOf(ledger, epoch, 'plan')
      const batches = settlements.map(({ batch }) => batch)
      const facts = said.filter((fact) => fact.epoch === epoch)
      expect(batches).toEqual(expect.arrayContaining(facts.flatMap(({ settled }) => (settled === undefined ? [] : [settled]))))
      expect(new Set(batches).size).toBe(batches.length)
      for (const { batch, loss } of settlements) expect(loss).toBe(batch)
      expect(counts.settled).toBe(batches.length)
      expect(closed || !facts.some((fact) => fact.closed)).toBe(true)
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(8)
    }
  })
}
