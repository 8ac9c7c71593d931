import { expect, test } from 'vitest'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { fairShare, keptEpochs, type BatchLease, type BatchReply, type Ledger, type LeaseRequest } from '#schemas/ledger.ts'
import { answerLease, leases, nack, renew, settle } from './answer-lease.ts'
import { killAfter, killMoments, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Open = Ledger & AsyncDisposable

const ttlMs = 60_000
const node = 'node-1'
const result = { loss: 2.5, tokens: 1024 }
const noStates = { planned: 0, leased: 0, trained: 0, settled: 0, expired: 0, nacked: 0, void: 0 }
const nobody = { holding: 0, waiting: 0 }
const key = ['p', 0] as const
const batchesOf = (some: readonly { batch: number }[] = []) => some.map(({ batch }) => batch)
const request = (over: Partial<LeaseRequest> = {}): LeaseRequest => ({ node, limit: 1, ttlMs, outstandingMax: 1_000_000, ...over })

const lease = async (ledger: Ledger, over: Partial<LeaseRequest> = {}): Promise<BatchLease> => {
  const [first] = (await ledger.lease('p', 0, request(over))).leases
  if (!first) throw new Error('nothing to lease')
  return first
}

const states = async (ledger: Ledger) => (await ledger.progress('p', 0)).states
const settledOf = (ledger: Ledger, epoch = 0, planId = 'p') => ledger.settlements(planId, epoch, { limit: 1000 })
const ack = ({ batch, token, fence }: BatchLease) => ({ batch, token, fence, kind: 'ack' as const, label: 'web', ...result })
const refusedAs = (code: string) => ({ code })

/** What every Ledger must do. `make` gives an empty place. */
export function ledgerSuite(make: () => Promise<Place>): void {
  const open = async (batches = 3): Promise<{ clock: ManualClock; ledger: Open; place: Place }> => {
    const [clock, place] = [manualClock(), await make()]
    const ledger = await openPlace<Open>(place, clock)
    await ledger.open('p', 0, batches)
    return { clock, place, ledger }
  }

  test('opens an epoch once, with one number of batches', async () => {
    await using ledger = (await open()).ledger
    const opened = await ledger.open('p', 0, 3)
    expect(opened).toEqual({ planId: 'p', epoch: 0, fence: opened.fence, closed: false, states: { ...noStates, planned: 3 }, ...nobody })
    for (const other of [2, 4]) await expect(ledger.open('p', 0, other)).rejects.toMatchObject({ code: 'conflict' })
    expect(await ledger.open('p', 1, 1)).toMatchObject({ epoch: 1, states: { ...noStates, planned: 1 } })
    expect(await ledger.open('q', 0, 1)).toMatchObject({ planId: 'q', states: { ...noStates, planned: 1 } })
  })

  test('an epoch of two thousand million batches costs what one of three does', async () => {
    await using ledger = (await open()).ledger
    const many = 2 ** 31
    expect(await ledger.open('vast', 0, many)).toMatchObject({ states: { ...noStates, planned: many } })
    const [first] = await leases(ledger, ['vast', 0])
    await settle(ledger, first!, result)
    expect(await ledger.close('vast', 0)).toMatchObject({ states: { ...noStates, settled: 1, void: many - 1 } })
  })

  test('leases the lowest batches first, each to one node', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const first = await leases(ledger, key, { node, limit: 2, ttlMs })
    expect(first).toMatchObject([{ planId: 'p', epoch: 0, batch: 0, node, attempt: 1, expiresAt: clock.now() + ttlMs }, { batch: 1 }])
    expect(batchesOf(await leases(ledger, key, { node: 'node-2', limit: 9 }))).toEqual([2])
    expect(await ledger.lease('p', 0, request({ limit: 9 }))).toEqual({ leases: [], waiting: null })
    expect(await ledger.progress('p', 0)).toMatchObject({ holding: 2, waiting: 0 })
  })

  test('settles a batch once; the same answer again changes nothing', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const [first, second] = (await leases(ledger, key, { node, limit: 2 })) as [BatchLease, BatchLease]
    await settle(ledger, second, { loss: 0, tokens: 1 })
    clock.advance(5)
    expect(await settle(ledger, first, result)).toEqual({ batch: 0, state: 'settled', again: false })
    clock.advance(5)
    expect(await settle(ledger, first, { loss: 9, tokens: 9 })).toEqual({ batch: 0, state: 'settled', again: true })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, settled: 2 })
    expect(await settledOf(ledger)).toMatchObject([
      { place: 1, batch: 1, node, loss: 0, tokens: 1, settledAt: clock.now() - 10 },
      { place: 2, batch: 0, node, ...result, settledAt: clock.now() - 5 },
    ])
    await expect(nack(ledger, first, 'late')).rejects.toMatchObject(refusedAs('lease_lost'))
    await expect(renew(ledger, first, ttlMs)).rejects.toMatchObject(refusedAs('lease_lost'))
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
    expect(next).toMatchObject({ batch: late.batch, attempt: 2 })
    for (const call of [() => settle(ledger, late, result), () => nack(ledger, late, 'x'), () => renew(ledger, late, ttlMs)])
      await expect(call()).rejects.toMatchObject(refusedAs('lease_lost'))
    await settle(ledger, next, result)
    await expect(settle(ledger, late, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    expect(await settledOf(ledger)).toMatchObject([{ batch: 0, node: 'node-2' }])
  })

  test('believes no lease of a clock that was ahead and has gone back', async () => {
    const { clock, ledger: opened, place } = await open()
    await using ledger = opened
    await using ahead = await openPlace<Open>(place, manualClock(clock.now() + 365 * 86_400_000))
    const [first, second] = (await leases(ahead, key, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    await renew(ahead, second, ttlMs)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, expired: 2 })
    expect(batchesOf(await leases(ledger, key, { node: 'node-2', limit: 9 }))).toEqual([0, 1, 2])
    await expect(settle(ahead, first, result)).rejects.toMatchObject(refusedAs('lease_lost'))
  })

  test('accepts a late answer or renewal while nobody else has the batch', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const [first, second] = (await leases(ledger, key, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    clock.advance(ttlMs + 1)
    await settle(ledger, first, result)
    await renew(ledger, second, ttlMs)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, leased: 1, settled: 1 })
    expect(await ledger.progress('p', 0)).toMatchObject({ holding: 1 })
  })

  test('renews a lease', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const held = await lease(ledger)
    clock.advance(ttlMs - 1)
    expect(await renew(ledger, held, ttlMs)).toBe(clock.now() + ttlMs)
    clock.advance(ttlMs - 1)
    expect(await states(ledger)).toMatchObject({ leased: 1, expired: 0 })
  })

  test('leases nothing beyond the time a node is there, and nothing at all when less than half a lease is left', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    expect(await ledger.lease('p', 0, request({ availableForMs: ttlMs / 2 - 1 }))).toEqual({ leases: [], waiting: null })
    const held = await lease(ledger, { availableForMs: ttlMs / 2 })
    expect(held.expiresAt).toBe(clock.now() + ttlMs / 2)
    clock.advance(10)
    expect(await renew(ledger, held, ttlMs)).toBe(held.expiresAt)
    expect((await lease(ledger, { availableForMs: ttlMs * 2 })).expiresAt).toBe(clock.now() + ttlMs)
    clock.advance(ttlMs / 2)
    await expect(renew(ledger, held, ttlMs)).rejects.toMatchObject(refusedAs('lease_lost'))
  })

  test('takes a batch back from a node that gives it up', async () => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    expect(await nack(ledger, held, 'out of memory')).toEqual({ batch: 0, state: 'nacked' })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, nacked: 1 })
    await expect(settle(ledger, held, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    // What nobody had yet comes first: a batch that no node can train holds up no other.
    expect(batchesOf(await leases(ledger, key, { node, limit: 2 }))).toEqual([1, 2])
    const again = await lease(ledger)
    expect(again.batch).toBe(held.batch)
    expect(again.token).not.toBe(held.token)
    expect(await nack(ledger, held, 'out of memory')).toEqual({ batch: 0, state: 'nacked' })
    expect(await states(ledger)).toMatchObject({ leased: 3 })
  })

  test('gives what a node had no time for to the next, before all others', async () => {
    await using ledger = (await open()).ledger
    await nack(ledger, await lease(ledger), 'leaving', true)
    expect(batchesOf(await leases(ledger, key, { node: 'node-2', limit: 2 }))).toEqual([0, 1])
    expect(await ledger.list('p', 0, 'failures', { limit: 9 })).toMatchObject([{ place: 1, batch: 0, node, why: 'untried', reason: 'leaving', isLast: false }])
  })

  test('sets a batch aside that was given back too often, with its reasons, and the others come first', async () => {
    await using ledger = (await open(4)).ledger
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f']
    const had: number[] = []
    for (let turn = 0; turn < 12; turn++) {
      const held = await lease(ledger, { node: nodes[turn % nodes.length]! })
      had.push(held.batch)
      if (held.batch !== 2) await settle(ledger, held, result)
      else if ((await nack(ledger, held, `no ${turn}`)).state === 'void') break
    }
    expect(had).toEqual([0, 1, 2, 3, 2, 2, 2, 2])
    expect(await states(ledger)).toEqual({ ...noStates, settled: 3, void: 1 })
    const failures = await ledger.list('p', 0, 'failures', { limit: 9 })
    expect(failures.map(({ batch, reason, isLast }) => [batch, reason, isLast])).toEqual([2, 4, 5, 6, 7].map((turn) => [2, `no ${turn}`, turn === 7]))
    expect((await ledger.list('p', 0, 'failures', { limit: 9, after: 4 })).map(({ place }) => place)).toEqual([5])
    expect((await ledger.lease('p', 0, request())).leases).toEqual([])
  })

  test('no node alone can have a batch set aside while another is around', async () => {
    await using ledger = (await open(3)).ledger
    const honest = await lease(ledger, { node: 'honest' })
    for (let turn = 0; turn < 30; turn++) for (const held of await leases(ledger, key, { node: 'saboteur' })) await nack(ledger, held, 'no')
    expect(await states(ledger)).toEqual({ ...noStates, leased: 1, nacked: 2 })
    await settle(ledger, honest, result)
    for (const held of await leases(ledger, key, { node: 'honest', limit: 9 })) await settle(ledger, held, result)
    expect(await states(ledger)).toEqual({ ...noStates, settled: 3 })
  })

  test('the many names of one operator are one voice against a batch, and those of others are heard', async () => {
    const { clock, ledger: opened } = await open(2)
    await using ledger = opened
    const other = await lease(ledger, { node: 'honest', operator: 'o' })
    let tries = 0
    for (let n = 0; n < 40; n++)
      for (const held of (await ledger.lease('p', 0, request({ node: `n${n}`, operator: 'many', limit: 9 }))).leases) {
        tries++
        await nack(ledger, held, 'no')
      }
    // Of five attempts two operators have three each at most.
    expect([tries, await states(ledger)]).toEqual([3, { ...noStates, leased: 1, nacked: 1 }])
    expect(await nack(ledger, await lease(ledger, { node: 'honest', operator: 'o' }), 'nor can I')).toEqual({ batch: 1, state: 'nacked' })
    expect((await ledger.lease('p', 0, request({ node: 'n40', operator: 'many' }))).leases).toEqual([])
    await settle(ledger, other, result)
    // Once nobody else has been around for as long as a lease lasts, what the one says is all there is.
    clock.advance(ttlMs + 1)
    expect(await nack(ledger, await lease(ledger, { node: 'n41', operator: 'many' }), 'no')).toEqual({ batch: 1, state: 'void' })
  })

  test('who gives back in the name of another, as a pipeline does, is held to it himself', async () => {
    await using ledger = (await open(2)).ledger
    await lease(ledger, { node: 'honest' })
    for (let turn = 0; turn < 2; turn++) {
      const held = await lease(ledger, { node: `n${turn}` })
      expect(await answerLease(ledger, held, { kind: 'nack', reason: 'the loss is no number', by: 'liar' })).toEqual({ batch: 1, state: 'nacked' })
      expect(await answerLease(ledger, held, { kind: 'nack', reason: 'again', by: 'liar' })).toEqual({ batch: 1, state: 'nacked' })
    }
    expect((await ledger.list('p', 0, 'failures', { limit: 9 })).map(({ node: said, why }) => [said, why])).toEqual([
      ['liar', 'nacked'],
      ['liar', 'nacked'],
    ])
    expect(await ledger.list('p', 0, 'nodes', { limit: 9, name: 'n0' })).toMatchObject([{ nacked: 0 }])
  })

  test('who may be gone loses its place soon, and gets nothing meanwhile', async () => {
    const { clock, ledger: opened } = await open(1)
    await using ledger = opened
    const held = await lease(ledger, { node: 'a' })
    const ask = (name: string, over: Partial<LeaseRequest> = {}) => ledger.lease('p', 0, request({ node: name, asksAgainMs: 60_000, ...over }))
    expect([await ask('b'), await ask('c')]).toMatchObject([{ waiting: { place: 1 } }, { waiting: { place: 2 } }])
    await nack(ledger, held, 'leaving', true)
    expect(await ask('b', { isGone: true, asksAgainMs: 2000 })).toEqual({ leases: [], waiting: { place: 1, of: 2 } })
    expect(await ask('nobody', { isGone: true })).toEqual({ leases: [], waiting: null })
    // Time enough for those whom nobody could hear to come back.
    for (let s = 0; s < 12; s++) {
      clock.advance(1000)
      await ask('nobody', { isGone: true })
    }
    expect(await ask('c')).toMatchObject({ leases: [{ batch: 0 }], waiting: null })
    expect(await ledger.progress('p', 0)).toMatchObject({ waiting: 0 })
  })

  test('a lease that runs out again and again ends in the batch being set aside, after four times as many', async () => {
    const { clock, ledger: opened } = await open(1)
    await using ledger = opened
    for (let turn = 1; turn <= 20; turn++) {
      expect(await lease(ledger)).toMatchObject({ batch: 0, attempt: turn })
      clock.advance(ttlMs)
      expect(await states(ledger)).toEqual({ ...noStates, [turn < 20 ? 'expired' : 'void']: 1 })
    }
    expect((await ledger.list('p', 0, 'failures', { limit: 99 })).map(({ why, isLast }) => [why, isLast]).at(-1)).toEqual(['expired', true])
  })

  test('a trained batch is held until it is settled, with what was said of it first', async () => {
    const { clock, ledger: opened } = await open()
    await using ledger = opened
    const [first, second] = (await leases(ledger, key, { node, limit: 2, ttlMs })) as [BatchLease, BatchLease]
    expect(await answerLease(ledger, first, { kind: 'trained', ttlMs, ...result })).toEqual({ batch: 0, state: 'trained', expiresAt: clock.now() + ttlMs })
    await answerLease(ledger, first, { kind: 'trained', ttlMs, loss: 9, tokens: 9 })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, leased: 1, trained: 1 })
    await expect(answerLease(ledger, second, { kind: 'ack', label: 'web' })).rejects.toMatchObject(refusedAs('invalid_argument'))
    await answerLease(ledger, first, { kind: 'ack', label: 'web' })
    expect(await settledOf(ledger)).toMatchObject([{ batch: 0, ...result }])
    await answerLease(ledger, second, { kind: 'trained', ttlMs, ...result })
    clock.advance(ttlMs)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 1, settled: 1, expired: 1 })
  })

  test('the same request has the same answer, in another process too, and leaves nothing with nobody', async () => {
    const { clock, place, ledger: opened } = await open(20)
    await using ledger = opened
    const asked = request({ limit: 4, requestId: 'r-1' })
    const first = await ledger.lease('p', 0, asked)
    expect(batchesOf(first.leases)).toEqual([0, 1, 2, 3])
    expect(await ledger.lease('p', 0, asked)).toEqual(first)
    await using other = await openPlace<Open>(place, clock)
    expect(await other.lease('p', 0, asked)).toEqual(first)
    await settle(ledger, first.leases[1]!, result)
    expect(batchesOf((await ledger.lease('p', 0, asked)).leases)).toEqual([0, 2, 3])
    expect(batchesOf((await ledger.lease('p', 0, { ...asked, node: 'node-2' })).leases)).toEqual([4, 5, 6, 7])
    expect(batchesOf((await ledger.lease('p', 0, { ...asked, requestId: 'r-2' })).leases)).toEqual([8, 9, 10, 11])
  })

  test('a request is forgotten after ten minutes, and when its node has made 64 others', async () => {
    const { clock, ledger: opened } = await open(200)
    await using ledger = opened
    const ask = async (n: number) => batchesOf((await ledger.lease('p', 0, request({ requestId: `r-${n}`, ttlMs: 3_600_000 }))).leases)
    expect(await ask(0)).toEqual([0])
    for (let n = 1; n < 64; n++) await ask(n)
    expect(await ask(0)).toEqual([0])
    await ask(64)
    expect(await ask(0)).toEqual([65])
    clock.advance(600_000)
    await ledger.progress('p', 0)
    expect(await ask(64)).toEqual([66])
  })

  test('a node holds no more than it may', async () => {
    await using ledger = (await open(20)).ledger
    const ask = async (node: string) => (await ledger.lease('p', 0, request({ node, limit: 6, outstandingMax: 8 }))).leases
    const held = [...(await ask('hoarder')), ...(await ask('hoarder'))]
    expect(held).toHaveLength(8)
    expect(await ask('hoarder')).toEqual([])
    expect(await ask('other')).toHaveLength(6)
    await settle(ledger, held[0]!, result)
    await nack(ledger, held[1]!, 'x')
    expect(await ask('hoarder')).toHaveLength(2)
  })

  test('who waits is served in the order of asking, also after a restart and in the next epoch', async () => {
    const { clock, place, ledger: opened } = await open(2)
    await using stack = new AsyncDisposableStack()
    let ledger = stack.use(opened)
    const ask = (node: string, epoch = 0, limit = 1) => ledger.lease('p', epoch, request({ node, limit }))
    const held = (await ask('worker', 0, 2)).leases
    for (const [n, name] of ['a', 'b', 'c'].entries()) expect(await ask(name)).toEqual({ leases: [], waiting: { place: n + 1, of: n + 1 } })
    expect((await ask('b')).waiting).toEqual({ place: 2, of: 3 })
    await ledger[Symbol.asyncDispose]()
    clock.advance(3_600_000)
    ledger = stack.use(await openPlace<Open>(place, clock))
    // Both batches have run out by now, but a and b were here first; of the worker nobody knows whether it is still there.
    expect((await ask('c')).waiting).toEqual({ place: 3, of: 3 })
    expect(batchesOf((await ask('b')).leases)).toEqual([0])
    expect((await ask('c')).waiting).toEqual({ place: 2, of: 2 })
    expect(batchesOf((await ask('a')).leases)).toEqual([1])
    expect((await ask('c')).waiting).toEqual({ place: 1, of: 1 })
    await ledger.close('p', 0)
    await ledger.open('p', 1, 1)
    expect((await ask('newcomer', 1)).waiting).toEqual({ place: 2, of: 2 })
    expect((await ask('c', 1)).leases).toHaveLength(1)
    expect(held).toHaveLength(2)
  })

  test('who waits and does not ask again loses its place', async () => {
    const { clock, ledger: opened } = await open(1)
    await using ledger = opened
    const ask = (node: string) => ledger.lease('p', 0, request({ node, ttlMs: 600_000, asksAgainMs: 20_000 }))
    await ask('worker')
    await ask('gone')
    expect((await ask('patient')).waiting).toEqual({ place: 2, of: 2 })
    const places: number[] = []
    for (let second = 0; second < 25; second += 5) {
      clock.advance(5000)
      places.push((await ask('patient')).waiting?.place ?? 0)
    }
    expect(places).toEqual([2, 2, 2, 2, 1])
  })

  test('nobody holds more than its share while others wait: the newest leases beyond it are taken back', async () => {
    await using ledger = (await open(40)).ledger
    const ask = (node: string, limit = 1) => ledger.lease('p', 0, request({ node, limit }))
    const hoard = (await ask('hoarder', 40)).leases
    const got: number[] = []
    for (let n = 0; n < 30; n++) {
      got.push(...batchesOf((await ask(`node-${n}`)).leases))
      const { holding, waiting, states } = await ledger.progress('p', 0)
      const held = (await ledger.list('p', 0, 'nodes', { limit: 99 })).map(({ outstanding }) => outstanding)
      expect(held.reduce((sum, each) => sum + each, 0)).toBe(states.leased)
      expect(Math.max(...held)).toBeLessThanOrEqual(waiting > 0 ? Math.max(1, (fairShare * 40) / (holding + waiting)) : 40)
    }
    // The first three of them wait while 40 are not three times the mean, and get theirs before those who came later.
    expect(got.length).toBeGreaterThan(25)
    for (let n = 0; n < 3; n++) expect((await ask(`node-${n}`)).leases).toHaveLength(1)
    await expect(settle(ledger, hoard[got[0]!]!, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    await settle(ledger, hoard[0]!, result)
  })

  test('fences everything of a closed epoch, and voids what was not settled', async () => {
    await using ledger = (await open()).ledger
    const [settled, held] = (await leases(ledger, key, { node, limit: 2 })) as [BatchLease, BatchLease]
    await settle(ledger, settled, result)
    const before = await ledger.progress('p', 0)
    const closed = await ledger.close('p', 0)
    expect(closed).toEqual({ planId: 'p', epoch: 0, fence: closed.fence, closed: true, states: { ...noStates, settled: 1, void: 2 }, ...nobody })
    expect(closed.fence).toBeGreaterThan(before.fence)
    expect(await ledger.close('p', 0)).toEqual(closed)
    expect(await ledger.list('p', 0, 'nodes', { limit: 9 })).toMatchObject([{ settled: 1, outstanding: 0 }])
    const fenced = refusedAs('fenced')
    await expect(settle(ledger, held, result)).rejects.toMatchObject(fenced)
    await expect(settle(ledger, { ...held, fence: closed.fence }, result)).rejects.toMatchObject(fenced)
    await expect(renew(ledger, held, ttlMs)).rejects.toMatchObject(fenced)
    await expect(nack(ledger, held, 'x')).rejects.toMatchObject(fenced)
    await expect(ledger.lease('p', 0, request())).rejects.toMatchObject(fenced)
    await expect(ledger.open('p', 0, 3)).rejects.toMatchObject(fenced)
    expect(await settle(ledger, settled, result)).toMatchObject({ again: true })
    expect(await settledOf(ledger)).toHaveLength(1)
  })

  test('believes no forged lease, and nobody but its node', async () => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    const forged = [
      held.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      `2${held.token.slice(1)}`,
      '',
      '1.',
      'x'.repeat(9999),
      '1.\u0000'.padEnd(22, 'é'),
    ]
    for (const token of forged) await expect(settle(ledger, { ...held, token }, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    await expect(settle(ledger, { ...held, batch: 1 }, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    await expect(settle(ledger, { ...held, batch: 77 }, result)).rejects.toMatchObject(refusedAs('lease_lost'))
    await expect(settle(ledger, { ...held, fence: held.fence + 1 }, result)).rejects.toMatchObject(refusedAs('fenced'))
    await expect(settle(ledger, { ...held, epoch: 5 }, result)).rejects.toMatchObject(refusedAs('not_found'))
    const thief = { ...held, node: 'thief' }
    for (const call of [() => settle(ledger, thief, result), () => nack(ledger, thief, 'x'), () => renew(ledger, thief, ttlMs)])
      await expect(call()).rejects.toMatchObject(refusedAs('forbidden'))
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
    await settle(ledger, held, result)
    await expect(settle(ledger, thief, result)).rejects.toMatchObject(refusedAs('forbidden'))
  })

  test('one wrong reply costs itself', async () => {
    await using ledger = (await open()).ledger
    const [first, second, third] = (await leases(ledger, key, { node, limit: 3 })) as [BatchLease, BatchLease, BatchLease]
    const replies: BatchReply[] = [ack(first), { ...ack(second), loss: Number.NaN }, { ...ack(second), token: third.token }, ack(first), ack(third)]
    expect(await ledger.answer('p', 0, { node, replies })).toMatchObject([
      { batch: 0, state: 'settled', again: false },
      { batch: 1, state: 'refused', code: 'invalid_argument' },
      { batch: 1, state: 'refused', code: 'lease_lost' },
      { batch: 0, state: 'settled', again: true },
      { batch: 2, state: 'settled', again: false },
    ])
    expect(await states(ledger)).toEqual({ ...noStates, leased: 1, settled: 2 })
  })

  test('leases batches by their number to who goes its own way, and none of them twice', async () => {
    await using ledger = (await open(12)).ledger
    const these = async (node: string, ...batches: number[]) => (await ledger.lease('p', 0, request({ node, limit: 9, batches }))).leases
    const rank = await these('rank', 0, 2, 4, 4, 12, 2 ** 31)
    expect(batchesOf(rank)).toEqual([0, 2, 4])
    expect(await states(ledger)).toEqual({ ...noStates, planned: 9, leased: 3 })
    await settle(ledger, rank[1]!, result)
    expect(await these('rank', 0, 2, 4, 6)).toMatchObject([rank[0]!, { batch: 2, token: rank[1]!.token, attempt: 0 }, rank[2]!, { batch: 6, attempt: 1 }])
    expect(batchesOf(await these('other', 0, 1, 2, 3))).toEqual([1, 3])
    expect(batchesOf(await leases(ledger, key, { node: 'any', limit: 3 }))).toEqual([5, 7, 8])
    await nack(ledger, rank[0]!, 'no')
    expect(batchesOf(await these('other', 0))).toEqual([0])
    expect(batchesOf(await leases(ledger, key, { node: 'any', limit: 9 }))).toEqual([9, 10, 11])
    expect(await states(ledger)).toEqual({ ...noStates, leased: 11, settled: 1 })
  })

  test('a batch that nobody can train is set aside at a word', async () => {
    await using ledger = (await open()).ledger
    const outcome = await answerLease(ledger, await lease(ledger), { kind: 'nack', reason: 'its shard is gone', isFinal: true })
    expect(outcome).toEqual({ batch: 0, state: 'void' })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, void: 1 })
    expect(await ledger.list('p', 0, 'failures', { limit: 9 })).toMatchObject([{ batch: 0, reason: 'its shard is gone', isLast: true }])
  })

  test('a result counts for the node whose it is; the lease stays its holder’s', async () => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    for (const again of [false, true])
      expect(await answerLease(ledger, held, { kind: 'ack', label: 'web', by: 'last-layer', ...result })).toEqual({ batch: 0, state: 'settled', again })
    expect(await settledOf(ledger)).toMatchObject([{ batch: 0, node: 'last-layer' }])
    expect(await ledger.list('p', 0, 'nodes', { limit: 1, name: 'last-layer' })).toMatchObject([{ name: 'last-layer', settled: 1, outstanding: 0 }])
    expect(await ledger.progress('p', 0)).toMatchObject({ holding: 0 })
  })

  test('counts by node and by label, whatever their names', async () => {
    const { clock, ledger: opened } = await open(30)
    await using ledger = opened
    const names = ['__proto__', 'constructor', 'ü'.repeat(128)]
    for (const [n, name] of names.entries())
      for (const held of await leases(ledger, key, { node: name, limit: 10 }))
        await settle(ledger, held, { loss: held.batch, tokens: 10 }, names[(n + held.batch) % 3]!)
    const counted = { settled: 10, tokens: 100, outstanding: 0, expired: 0, nacked: 0 }
    expect(await ledger.list('p', 0, 'nodes', { limit: 9 })).toEqual(
      names.map((name, n) => ({ name, ...counted, lossMean: 10 * n + 4.5, lossLast: 10 * n + 5.5 })),
    )
    const labels = await ledger.list('p', 0, 'labels', { limit: 2 })
    expect([...labels, ...(await ledger.list('p', 0, 'labels', { limit: 2, after: labels[1]!.name }))].map(({ name, settled }) => [name, settled])).toEqual([
      ['__proto__', 10],
      ['constructor', 10],
      [names[2], 10],
    ])
    await ledger.open('p', 1, 2)
    await leases(ledger, ['p', 1], { node: 'gone', limit: 2 })
    clock.advance(ttlMs)
    await ledger.progress('p', 1)
    expect(await ledger.list('p', 1, 'nodes', { limit: 9 })).toMatchObject([{ name: 'gone', settled: 0, lossMean: 0, lossLast: 0, outstanding: 0, expired: 2 }])
  })

  test('knows nothing of an epoch that was never opened', async () => {
    await using ledger = (await open()).ledger
    const missing = { code: 'not_found' }
    await expect(ledger.lease('p', 9, request())).rejects.toMatchObject(missing)
    await expect(ledger.close('q', 0)).rejects.toMatchObject(missing)
    await expect(ledger.progress('q', 0)).rejects.toMatchObject(missing)
    await expect(settledOf(ledger, 9)).rejects.toMatchObject(missing)
    await expect(ledger.list('p', 9, 'nodes', { limit: 1 })).rejects.toMatchObject(missing)
  })

  test('tells what was settled in pages, in the order of settling', async () => {
    await using ledger = (await open()).ledger
    await ledger.open('p', 1, 2)
    const held = [...(await leases(ledger, key, { limit: 3 })), ...(await leases(ledger, ['p', 1], { limit: 2 }))]
    for (const n of [4, 2, 0, 3, 1]) await settle(ledger, held[n]!, result)
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
      const [held] = await leases(ledger, ['p', epoch])
      await settle(ledger, held!, result)
      answered.push(held!)
      await ledger.close('p', epoch)
    }
    expect(await settledOf(ledger, 2)).toEqual([])
    expect(await ledger.list('p', 2, 'nodes', { limit: 9 })).toEqual([])
    expect(await settledOf(ledger, 3)).toHaveLength(1)
    expect(await ledger.list('p', 3, 'nodes', { limit: 9 })).toHaveLength(1)
    expect(await ledger.progress('p', 2)).toMatchObject({ closed: true, states: { ...noStates, settled: 1, void: 1 } })
    await expect(settle(ledger, { ...answered[0]!, token: 'other' }, result)).rejects.toMatchObject(refusedAs('fenced'))
    await settle(ledger, answered[2]!, result)
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
  })

  test.each<[string, (ledger: Ledger, held: BatchLease) => Promise<unknown>]>([
    ['an epoch without batches', (ledger) => ledger.open('p', 1, 0)],
    ['half a batch', (ledger) => ledger.open('p', 1, 1.5)],
    ['a negative epoch', (ledger) => ledger.open('p', -1, 1)],
    ['an empty plan', (ledger) => ledger.open('', 1, 1)],
    ['no attempts', (ledger) => ledger.open('p', 1, 1, 0)],
    ['a page of nothing', (ledger) => ledger.settlements('p', 0, { limit: 0 })],
    ['a page after half a place', (ledger) => ledger.settlements('p', 0, { limit: 1, after: 0.5 })],
    ['a list without end', (ledger) => ledger.list('p', 0, 'nodes', { limit: 1e9 })],
    ['a list after no name', (ledger) => ledger.list('p', 0, 'labels', { limit: 1, after: '' })],
    ['half an epoch', (ledger) => ledger.progress('p', 0.5)],
    ['a limit of 0', (ledger) => ledger.lease('p', 0, request({ limit: 0 }))],
    ['a lease of 0', (ledger) => ledger.lease('p', 0, request({ ttlMs: 0 }))],
    ['a lease without end', (ledger) => ledger.lease('p', 0, request({ ttlMs: 1e12 }))],
    ['a node that may hold nothing', (ledger) => ledger.lease('p', 0, request({ outstandingMax: 0 }))],
    ['batches without end', (ledger) => ledger.lease('p', 0, request({ batches: Array.from({ length: 1001 }, () => 1) }))],
    ['a batch of no number', (ledger) => ledger.lease('p', 0, request({ batches: [-1] }))],
    ['a nameless node', (ledger) => ledger.lease('p', 0, request({ node: '' }))],
    ['a node that is there for no time', (ledger) => ledger.lease('p', 0, request({ availableForMs: Number.NaN }))],
    ['a request that is too long', (ledger) => ledger.lease('p', 0, request({ requestId: 'x'.repeat(257) }))],
    ['a renewal of 0', (ledger, held) => renew(ledger, held, 0)],
    ['a nack without a reason', (ledger, held) => nack(ledger, held, '')],
    ['a label without end', (ledger, held) => settle(ledger, held, result, 'x'.repeat(1025))],
    ['a loss that is no number', (ledger, held) => settle(ledger, held, { loss: Number.NaN, tokens: 1 })],
    ['an infinite loss', (ledger, held) => settle(ledger, held, { loss: Infinity, tokens: 1 })],
    ['a negative loss', (ledger, held) => settle(ledger, held, { loss: -1, tokens: 1 })],
    ['no tokens', (ledger, held) => settle(ledger, held, { loss: 1, tokens: 0 })],
    ['a loss beyond all measure', (ledger, held) => settle(ledger, held, { loss: 1e300, tokens: 1 })],
    ['more tokens than any batch has', (ledger, held) => settle(ledger, held, { loss: 1, tokens: Number.MAX_SAFE_INTEGER })],
    ['a node that is there for ever', (ledger) => ledger.lease('p', 0, request({ availableForMs: Number.MAX_SAFE_INTEGER }))],
    ['half a token', (ledger, held) => settle(ledger, held, { loss: 1, tokens: 0.5 })],
  ])('refuses %s and changes nothing', async (_name, call) => {
    await using ledger = (await open()).ledger
    const held = await lease(ledger)
    await expect(call(ledger, held)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await states(ledger)).toEqual({ ...noStates, planned: 2, leased: 1 })
    await expect(ledger.progress('p', 1)).rejects.toMatchObject({ code: 'not_found' })
    await settle(ledger, held, result)
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

  test('a request whose answer died with its process has the same answer in the next one, and no batch is left with nobody', async () => {
    const place = await make()
    const ledger = await openPlace<Open>(place, manualClock(Date.now()))
    await ledger.open('plan', 0, 1000)
    await ledger[Symbol.asyncDispose]()
    const said: { asked: number; batches: number[]; tokens: string[] }[] = []
    for (const moment of killMoments(5, 3, 12)) {
      const job = { program: 'ledger', job: 'ask', place, input: said.at(-1)?.asked ?? 0 }
      said.push(...(await killAfter<(typeof said)[0]>(moment, job)))
    }
    await using reopened = await openPlace<Open>(place, manualClock(Date.now()))
    const last = said.at(-1)?.asked ?? 0
    const granted = new Set<number>()
    for (let asked = 0; asked <= last + 1; asked++) {
      const { leases: held } = await reopened.lease('plan', 0, request({ node: 'asker', limit: 2, ttlMs: 600_000, requestId: `request-${asked}` }))
      for (const fact of said.filter((each) => each.asked === asked)) expect(held.map(({ token }) => token)).toEqual(fact.tokens)
      for (const { batch } of held) granted.add(batch)
    }
    const { leased } = (await reopened.progress('plan', 0)).states
    expect([granted.size, leased]).toEqual([2 * (last + 2), 2 * (last + 2)])
  })

  test('keeps what it acknowledged through kill -9', async () => {
    const place = await make()
    const said: { epoch: number; settled?: number; closed?: boolean }[] = []
    for (const moment of killMoments(17, 3, 40)) said.push(...(await killAfter<(typeof said)[0]>(moment, { program: 'ledger', job: 'train', place })))
    await using ledger = await openPlace<Open>(place, manualClock(Date.now()))
    // A child is heard late, and goes on until it is killed: on a busy machine for more epochs than are kept.
    let opened = said.reduce((most, { epoch }) => Math.max(most, epoch), 0)
    while (await ledger.progress('plan', opened + 1).catch(() => undefined)) opened++
    for (const epoch of new Set(said.map((fact) => fact.epoch).filter((epoch) => epoch > opened - keptEpochs))) {
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
