import { Allowance, type Budget } from './allowance.ts'
import type { SourceName } from './sources.ts'
import type { Steps } from './take.ts'

/** Hotkeys that are in the middle of something at a time: each holds a manifest. */
const atOnce = 8

interface Taker {
  hotkey: string
  /** That are not begun. */
  names: SourceName[]
  current: { name: SourceName; steps: Steps } | undefined
  allowance: Allowance
}

export interface Rounds {
  /** Hotkeys that are held to no budget. */
  believed: ReadonlySet<string>
  budget: Budget
  /** undefined: of that one nothing is to be taken. */
  begin(name: SourceName): Promise<Steps | undefined>
  /** Called with that of the hotkey whose turn it is. */
  allow(allowance: Allowance): void
  /** The portion is full. */
  onFull(): Promise<void>
  /** Nothing is left of it. */
  onTaken(name: SourceName): void
  /** It has taken all it may of this ingest. */
  onSpent(hotkey: string): void
  signal: AbortSignal
}

/** Takes what was found, hotkey by hotkey, some at a time from each, so that none waits for the end of another. In the order of what was found. */
export async function takeInRounds(found: readonly SourceName[], rounds: Rounds): Promise<void> {
  const waiting = [...Map.groupBy(found, ({ hotkey }) => hotkey)].map(([hotkey, names]): Taker => ({
    hotkey,
    names,
    current: undefined,
    allowance: new Allowance(rounds.believed.has(hotkey) ? undefined : rounds.budget),
  }))
  for (let working = waiting.splice(0, atOnce); working.length > 0;) {
    const left: Taker[] = []
    for (const taker of working) {
      taker.allowance.beginTurn()
      rounds.allow(taker.allowance)
      const isDone = await takeTurn(taker, rounds)
      taker.allowance.endTurn()
      if (isDone) continue
      if (!taker.allowance.isSpent) left.push(taker)
      else {
        await taker.current?.steps.return()
        rounds.onSpent(taker.hotkey)
      }
    }
    working = [...left, ...waiting.splice(0, atOnce - left.length)]
  }
}

/** @returns whether nothing is left of the hotkey */
async function takeTurn(taker: Taker, rounds: Rounds): Promise<boolean> {
  for (;;) {
    rounds.signal.throwIfAborted()
    if (!taker.current) {
      const name = taker.names.shift()
      if (!name) return true
      const steps = await rounds.begin(name)
      if (steps) taker.current = { name, steps }
      else rounds.onTaken(name)
    }
    const step = await taker.current?.steps.next()
    if (taker.current && step?.done) {
      rounds.onTaken(taker.current.name)
      taker.current = undefined
    } else if (step?.value === 'full') await rounds.onFull()
    // In the middle of what leaves nobody else may come between.
    if (step?.value === 'pause' || (!taker.current && taker.allowance.isTurnOver)) return false
  }
}
