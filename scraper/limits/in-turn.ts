import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurn, HostTurns, TurnEnd } from '#schemas/host-turns.ts'

export interface TurnServices {
  http: Pick<Http, 'addressOf'>
  turns: HostTurns
  pace: Clock
  /** A turn is over by itself after this: longer than a request takes. */
  turnMs: number
}

/** What somebody wants to ask of a host for the sake of a page. */
export interface TurnWish {
  url: string
  page: string
  /** Latest beginning that is of use (ms since epoch). */
  latest: number
  signal?: AbortSignal | undefined
}

/** As a latest beginning. */
export const whenever = Number.MAX_SAFE_INTEGER

/** How often one looks whether somebody else's turn is over. */
const pollMs = 50

/** The host's turn, waited for until it begins; or when it is worth asking again, after `latest`. @throws the signal's reason when aborted */
async function waitForTurn({ http, turns, pace, turnMs }: TurnServices, { url, page, latest, signal }: TurnWish): Promise<HostTurn | number> {
  for (;;) {
    const address = await http.addressOf(url, signal)
    signal?.throwIfAborted()
    const turn = await turns.takeTurn({ url, page, latest, leaseMs: turnMs, address })
    if (typeof turn !== 'number') {
      await pace.sleep(turn.startsAt - pace.now(), signal).catch(async (error: unknown) => {
        await turns.endTurn(turn, { hostDelayMs: 0 })
        throw error
      })
      return turn
    }
    const againAt = Math.max(turn, pace.now() + pollMs)
    if (againAt > latest) return againAt
    await pace.sleep(againAt - pace.now(), signal)
  }
}

/**
 * One request in its host's turn.
 * @param wish for a turn, or the turn itself
 * @param work makes it, and says what it leaves behind
 * @returns what came of it; a number: not before `latest`, but it is worth asking again then (ms since epoch)
 * @throws what `work` throws; the signal's reason when aborted
 */
export async function inTurn<T>(services: TurnServices, wish: TurnWish | HostTurn, work: (end: TurnEnd) => Promise<T>): Promise<{ done: T } | number> {
  const turn = 'startsAt' in wish ? wish : await waitForTurn(services, wish)
  if (typeof turn === 'number') return turn
  const end: TurnEnd = { hostDelayMs: 0 }
  try {
    return { done: await work(end) }
  } finally {
    await services.turns.endTurn(turn, end)
  }
}

/** The same, however long that has to be waited for. */
export async function inNextTurn<T>(services: TurnServices, wish: Omit<TurnWish, 'latest'>, work: (end: TurnEnd) => Promise<T>): Promise<T> {
  for (;;) {
    const came = await inTurn(services, { ...wish, latest: whenever }, work)
    if (typeof came !== 'number') return came.done
  }
}
