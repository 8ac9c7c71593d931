export type Retry = { retry: false } | { retry: true; inMs: number }

type Kind = 'trouble' | 'askedToWait' | 'robots'

/** A host that says "later" is not in trouble: it is asked more often before it is given up. */
const attemptsMax: Readonly<Record<Kind, number>> = { trouble: 3, askedToWait: 6, robots: 6 }
/** A robots.txt that cannot be read closes its host: for long, since each of its pages would ask again, unless it says until when. */
const backOffMs: Readonly<Record<Kind, number>> = { trouble: 5_000, askedToWait: 30_000, robots: 300_000 }
const factor = 4
const longestMs = 3_600_000

/**
 * Whether and when to try again after something that may pass: what the host asked for, else 5 s, 20 s, … (30 s, 2 min, … when it said "later";
 * 5 min, 20 min, … without its robots.txt).
 * @param attempt the one that went wrong, from 1
 */
export function retryAfterTrouble(reason: string, attempt: number, askedMs: number | undefined): Retry {
  const kind = reason === 'robots_unreachable' ? 'robots' : reason === 'http_429' || reason === 'http_503' ? 'askedToWait' : 'trouble'
  if (attempt >= attemptsMax[kind]) return { retry: false }
  const ownMs = Math.min(backOffMs[kind] * factor ** (attempt - 1), longestMs)
  return { retry: true, inMs: askedMs ?? ownMs }
}
