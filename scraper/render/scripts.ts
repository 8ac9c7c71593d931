import { headerValue, headerValues } from '#infra/net/header-lines.ts'
import { recentValues, textBytes } from '#infra/recent-values.ts'
import type { SubAnswer } from '#infra/net/browser/rendering.ts'
import type { Clock } from '#schemas/clock.ts'

/** The scripts that pages were given lately, so that those of a host share what its pages share. */
export interface Scripts {
  of(url: string): SubAnswer | undefined
  /** Keeps an answer, if it is one that others would get too and would be the same in a while. */
  keep(url: string, answer: SubAnswer): void
}

const ageMs = 3_600_000
const answerBytesMax = 4 << 20

/** @param bytesMax of all bodies; what was used least lately goes first */
export function scriptCache(pace: Pick<Clock, 'now'>, bytesMax: number = 32 << 20): Scripts {
  const recent = recentValues<string, SubAnswer>({ bytesMax, bytesOf: answerBytes, now: () => pace.now() })
  return {
    of: (url) => recent.get(url),
    keep(url, answer) {
      if (answerBytes(answer) <= answerBytesMax && isLasting(answer)) recent.keep(url, answer, ageMs)
    },
  }
}

/** A view of a larger buffer keeps all of it. */
const answerBytes = ({ body, headers }: SubAnswer): number =>
  Object.keys(headers).reduce(
    (sum, name) => headerValues(headers, name).reduce((of, value) => of + textBytes(value), sum + textBytes(name)),
    body.buffer.byteLength,
  )

/** That a script is not there lasts too, so that it is not asked for page after page; what was said to one origin alone is said anew to the next. */
function isLasting({ status, headers }: SubAnswer): boolean {
  if (!/^\*?$/.test(headerValue(headers, 'access-control-allow-origin') ?? '')) return false
  return status === 200 || status === 203 || (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429)
}
