export type Retry = { retry: false } | { retry: true; inMs: number }

/** A host that says "later" is not in trouble: it is asked more often before it is given up. */
const attemptsMax = { trouble: 3, askedToWait: 6 }
const askedToWait = new Set(['http_429', 'http_503', 'robots_unreachable'])
const backOffMs = { trouble: 5_000, askedToWait: 30_000 }
const factor = 4
const longestMs = 3_600_000

/**
 * Whether and when to try again after something that may pass: what the host asked for, else 5 s, 20 s, … (30 s, 2 min, … when it said "later").
 * @param attempt the one that went wrong, from 1
 */
export function retryAfterTrouble(reason: string, attempt: number, askedMs: number | undefined): Retry {
  const kind = askedToWait.has(reason) ? 'askedToWait' : 'trouble'
  if (attempt >= attemptsMax[kind]) return { retry: false }
  return { retry: true, inMs: askedMs ?? Math.min(backOffMs[kind] * factor ** (attempt - 1), longestMs) }
}
