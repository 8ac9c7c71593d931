import type { SubAnswer } from '#infra/net/browser/rendering.ts'
import type { Clock } from '#schemas/clock.ts'

/** The scripts that pages were given lately, so that those of a host share what its pages share. */
export interface Scripts {
  of(url: string): SubAnswer | undefined
  /** Keeps an answer, if it is one that others would get too and would be the same in a while. */
  keep(url: string, answer: SubAnswer): void
}

const ageMs = 3_600_000
const entryBytesMax = 4 << 20
/** What an entry costs beside its body. */
const entryBytes = 1024

/** @param bytesMax of all bodies; what was used least lately goes first */
export function scriptCache(pace: Pick<Clock, 'now'>, bytesMax: number = 32 << 20): Scripts {
  const entries = new Map<string, { answer: SubAnswer; bytes: number; until: number }>()
  let held = 0
  const drop = (url: string): void => {
    held -= entries.get(url)?.bytes ?? 0
    entries.delete(url)
  }
  return {
    of(url) {
      const entry = entries.get(url)
      if (!entry) return undefined
      entries.delete(url)
      if (entry.until > pace.now()) entries.set(url, entry)
      else held -= entry.bytes
      return entries.get(url)?.answer
    },
    keep(url, answer) {
      const bytes = answer.body.length + url.length + entryBytes
      if (bytes > Math.min(entryBytesMax, bytesMax) || !isLasting(answer)) return
      drop(url)
      entries.set(url, { answer, bytes, until: pace.now() + ageMs })
      held += bytes
      for (const oldest of entries.keys()) {
        if (held <= bytesMax) break
        drop(oldest)
      }
    },
  }
}

/** That a script is not there lasts too, so that it is not asked for page after page; what was said to one origin alone is said anew to the next. */
function isLasting({ status, headers }: SubAnswer): boolean {
  if (!/^\*?$/.test(headers['access-control-allow-origin'] ?? '')) return false
  return status === 200 || status === 203 || (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429)
}
