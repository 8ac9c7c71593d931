import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { seeded } from '#test/chaos/killed-up.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import type { BatchLease, BatchOutcome, BatchReply } from '#schemas/ledger.ts'
import { sqliteLedger } from './sqlite.ts'

const batches = 100
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '__proto__', 'constructor']

/** What the rows of an epoch say, counted anew. */
function recount(raw: DatabaseSync) {
  const one = (sql: string) => Number(raw.prepare(sql).get()?.['n'])
  const states = Object.fromEntries(
    ['leased', 'trained', 'expired', 'nacked', 'void'].map((state) => [state, one(`select count(*) as n from batches where state = '${state}'`)]),
  )
  const settled = one('select count(*) as n from settlements')
  return {
    states: { ...states, settled, planned: batches - settled - one('select count(*) as n from batches') },
    holding: one('select count(*) as n from nodes where outstanding > 0'),
    waiting: one('select count(*) as n from waiting'),
    /** Nodes whose count of leases is not that of their rows. */
    wrong: one(
      'select count(*) as n from nodes n where outstanding <> (select count(*) from batches b where b.epoch = n.epoch and b.node = n.node and expires_at is not null)',
    ),
    /** Batches that are settled and open at once, or have a turn without being free. */
    twice: one('select count(*) as n from batches join settlements using (epoch, batch)'),
    turns: one("select count(*) as n from batches where (turn is not null) <> (state in ('expired', 'nacked'))"),
    tallied: ['nodes', 'labels'].map((table) => one(`select coalesce(sum(settled), 0) as n from ${table}`)),
  }
}

test.each([1, 2, 3, 4])('the counts are those of the rows after any history, and what is settled stays so (seed %i)', async (seed) => {
  const path = join(await temporaryFolder(), 'ledger.sqlite')
  const [clock, random] = [manualClock(), seeded(seed)]
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!
  await using ledger = sqliteLedger(path, { clock })
  await ledger.open('p', 0, batches, 3)
  using raw = new DatabaseSync(path)
  const known: BatchLease[] = []
  const settled = new Map<number, number>()

  const reply = ({ batch, token, fence }: BatchLease): BatchReply => {
    const proof = { batch, token, fence }
    const kinds: BatchReply[] = [
      { ...proof, kind: 'renew', ttlMs: 1000 },
      { ...proof, kind: 'trained', ttlMs: 1000, loss: 1, tokens: 1 },
      { ...proof, kind: 'ack', label: pick(names), loss: random(), tokens: 1, ...(random() < 0.2 ? { by: pick(names) } : {}) },
      { ...proof, kind: 'ack', label: 'web' },
      { ...proof, kind: 'nack', reason: 'no', untried: random() < 0.5, isFinal: random() < 0.05 },
    ]
    return pick(kinds)
  }
  const note = (outcomes: readonly BatchOutcome[]): void => {
    for (const outcome of outcomes) if (outcome.state === 'settled' && !outcome.again) settled.set(outcome.batch, (settled.get(outcome.batch) ?? 0) + 1)
  }
  const step = async (): Promise<void> => {
    const [node, dice] = [pick(names), random()]
    if (dice < 0.45) {
      const some = random() < 0.3 ? { batches: Array.from({ length: 3 }, () => Math.floor(random() * (batches + 3))) } : {}
      const request = { node, limit: 1 + Math.floor(random() * 5), ttlMs: 1000, outstandingMax: 6, requestId: String(Math.floor(random() * 40)), ...some }
      known.push(...(await ledger.lease('p', 0, request)).leases)
    } else if (dice < 0.9 && known.length > 0) {
      const held = pick(known)
      const own = known.filter((each) => each.node === held.node && random() < 0.3)
      note(await ledger.answer('p', 0, { node: random() < 0.9 ? held.node : node, replies: [held, ...own].map(reply) }))
    } else clock.advance(pick([100, 400, 1000, 70_000, -200_000]))
  }

  for (let round = 0; round < 60; round++) {
    await Promise.all(Array.from({ length: 8 }, step))
    const { states, holding, waiting } = await ledger.progress('p', 0)
    expect(recount(raw)).toEqual({ states, holding, waiting, wrong: 0, twice: 0, turns: 0, tallied: [states.settled, states.settled] })
    expect([...settled.values()].every((times) => times === 1)).toBe(true)
    expect(settled.size).toBe(states.settled)
  }
  expect(settled.size).toBeGreaterThan(batches / 3)
  const told = await ledger.settlements('p', 0, { limit: batches })
  expect(told.map(({ place }) => place)).toEqual(told.map((_, n) => n + 1))
  expect(new Set(told.map(({ batch }) => batch))).toEqual(new Set(settled.keys()))
  const closed = await ledger.close('p', 0)
  expect(closed.states).toMatchObject({ settled: settled.size, void: batches - settled.size })
})
