import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { expect, test } from 'vitest'
import type { Metagraph } from '#schemas/chain.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openAdmission } from './admission.ts'
import { filePeriods, type PeriodBook } from './period-book.ts'
import { streamOf } from './routes.ts'

const { signal } = new AbortController()
const patience = { waitMs: 60_000, signal }
const nobody = { metagraph: async () => ({ neurons: [] }) as unknown as Metagraph }

function admission(book: PeriodBook = { periods: new Map(), keep: async () => undefined }) {
  let now = 0
  return { ...openAdmission({ chain: nobody, stakeMin: 0n, pace: { now: () => now }, book }), pass: (ms: number) => void (now += ms) }
}

test('of those that wait for a turn whoever has most behind them is next', async () => {
  const { admit } = admission()
  const turns = await Promise.all([1, 2, 3, 4].map((n) => admit({ hotkey: `r${n}`, stake: 1n }, 'index', patience)))
  const order: bigint[] = []
  const waiting = [5n, 9n, 7n].map(async (stake) => {
    const turn = await admit({ hotkey: `w${stake}`, stake }, 'index', patience)
    order.push(stake)
    turn[Symbol.dispose]()
  })
  turns[0]![Symbol.dispose]()
  turns[0]![Symbol.dispose]()
  await Promise.all(waiting)
  expect(order).toEqual([9n, 7n, 5n])
})

test('whoever reads slowly holds up themselves alone: one answer at a time', async () => {
  const { admit } = admission()
  const slow = await admit({ hotkey: 'slow', stake: 9n }, 'contents', patience)
  const again = [1, 2].map(() => admit({ hotkey: 'slow', stake: 9n }, 'contents', patience))
  const others = await Promise.all(['a', 'b', 'c'].map((hotkey) => admit({ hotkey, stake: 1n }, 'index', patience)))
  const order: string[] = []
  const told = async (who: string, turn: Promise<Disposable>): Promise<void> => {
    using _ = await turn
    order.push(who)
  }
  const waiting = [...again.map((turn) => told('slow', turn)), told('d', admit({ hotkey: 'd', stake: 1n }, 'index', patience))]
  others[0]![Symbol.dispose]()
  await waiting.at(-1)
  slow[Symbol.dispose]()
  await Promise.all(waiting)
  expect(order).toEqual(['d', 'slow', 'slow'])
})

test('an answer that nobody takes ends, and its turn with it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = streamOf(
    (async function* () {
      for (;;) yield 'x'.repeat(100_000)
    })(),
    { [Symbol.dispose]: resolve },
    1,
  )
  await expect(finished(body)).rejects.toMatchObject({ code: 'timed_out' })
  await promise
})

test('who gets no turn is told, and has not asked', async () => {
  const { admit, isSpent } = admission()
  const turns = await Promise.all([1, 2, 3, 4].map((n) => admit({ hotkey: `r${n}`, stake: 1n }, 'index', patience)))
  await expect(admit({ hotkey: 'late', stake: 1n }, 'index', { waitMs: 1, signal })).rejects.toMatchObject({ code: 'timed_out' })
  const gone = new AbortController()
  const left = admit({ hotkey: 'gone', stake: 1n }, 'index', { waitMs: 60_000, signal: gone.signal })
  gone.abort(new Error('hung up'))
  await expect(left).rejects.toThrow('hung up')
  const waiting = Array.from({ length: 64 }, (_, n) => admit({ hotkey: `w${n}`, stake: 1n }, 'index', patience))
  await expect(admit({ hotkey: 'many', stake: 1n }, 'index', patience)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(['late', 'gone', 'many', 'w0'].map((hotkey) => isSpent(hotkey, 'index'))).toEqual([false, false, false, true])
  for (const turn of turns) turn[Symbol.dispose]()
  for (const turn of waiting) (await turn)[Symbol.dispose]()
})

test('what was asked is forgotten after an hour', async () => {
  const { admit, isSpent, pass } = admission()
  const asker = { hotkey: 'v', stake: 1n }
  ;(await admit(asker, 'bucket', patience))[Symbol.dispose]()
  await expect(admit(asker, 'bucket', patience)).rejects.toMatchObject({ code: 'rate_limited', details: { retry_after_seconds: 3600 } })
  expect([isSpent('v', 'bucket'), isSpent('v', 'index'), isSpent('w', 'bucket')]).toEqual([true, false, false])
  pass(3_600_000)
  ;(await admit(asker, 'bucket', patience))[Symbol.dispose]()
})

test('a miner that starts again knows what was asked, and of a file that is damaged nothing', async () => {
  const path = join(await temporaryFolder(), 'asked.json')
  const asker = { hotkey: 'v', stake: 1n }
  ;(await admission(await filePeriods(path)).admit(asker, 'bucket', patience))[Symbol.dispose]()
  const again = admission(await filePeriods(path))
  await expect(again.admit(asker, 'bucket', patience)).rejects.toMatchObject({ code: 'rate_limited' })
  expect(again.isSpent('v', 'index')).toBe(false)
  await writeFile(path, '[["v",{"since":')
  expect(admission(await filePeriods(path)).isSpent('v', 'bucket')).toBe(false)
})
