import { headerValue } from '#infra/net/header-lines.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import type { HostTurn, TurnEnd } from '#schemas/host-turns.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import type { HostRests } from '../limits/host-rest.ts'
import { inTurn, type TurnServices } from '../limits/in-turn.ts'
import { fileRequest, type AskFile, type FileAnswer } from './host-file.ts'
import { crawlDelayOf, mayFetch, type Robots } from './robots.ts'

export interface FileServices extends TurnServices {
  http: Pick<Http, 'get' | 'addressOf'>
  robots: Robots
  restMs: HostRests
  /** Whether it may be asked at all, whatever its host says. */
  mayAsk(url: string): boolean
  /** Whether its host needs no turn; absent: each does. */
  isFree?(url: string): boolean
}

/** Asks for the files of hosts for the sake of a page, each hop in its host's turn, with that host's rest behind it. */
export interface FileAsker {
  /** For a robots.txt: it may be asked for wherever it leads (RFC 9309 §2.3.1.2). */
  robots: AskFile
  /** For any other: where its redirects lead, the robots.txt there decides, and is asked for first. */
  file: AskFile
  /** When to come again (ms since epoch), for what was not asked or since a rest is owed for what was; undefined: no need to. */
  readonly againAt: number | undefined
}

/** A host that could not give one of its files is asked again after this, unless it says when. */
const troubleMs = 5000
/** Where the turn of another host is not to be had, that is looked for again after this. */
const lateMs = 5000
/** The longest rest that a robots.txt can ask for is waited for; who holds another host for longer has its file count as out of reach. */
const restMsMax = 300_000

export interface AskerOptions {
  /** For whose sake. */
  page: string
  /** Latest beginning of a request for this URL that is of use now (ms since epoch). */
  latest(url: string): number
  signal?: AbortSignal
  /** A turn that the page's host is in already: as long as it is owed no rest, it needs no other. */
  turn?: HostTurn
}

export function fileAsker(services: FileServices, { page, latest, signal, turn }: AskerOptions): FileAsker {
  const { http, robots, restMs, mayAsk, isFree = () => false, pace } = services
  let againAt: number | undefined
  let lent = turn
  const comeAgain = (at: number): void => void (againAt = Math.max(againAt ?? 0, Math.ceil(at)))
  const request = async <T>(url: string, read: (answer: FileAnswer) => Promise<T>, end: TurnEnd): Promise<T> => {
    const startedAt = performance.now()
    const answer = await http.get(url, { ...fileRequest, ...(signal && { signal }) })
    const exchange = { responseMs: performance.now() - startedAt, isTrouble: isTrouble(answer) }
    end.address = answer.address
    if (exchange.isTrouble) end.until = Math.ceil(pace.now() + (askedMs(answer, pace.now()) ?? troubleMs))
    try {
      return await read(answer)
    } finally {
      // By now it may be known what the host asks for.
      end.hostDelayMs = await restMs(hostOf(url), crawlDelayOf(robots.known(url)), isOffline(answer) ? undefined : exchange)
      const [now, until = 0] = [pace.now(), end.until]
      const restsUntil = Math.max(until, now + end.hostDelayMs)
      const isOwn = hostOf(url) === hostOf(page)
      // Another host may be at the same address, and its rest is that of the page's: whoever lends hosts knows.
      if (restsUntil > now) comeAgain(isOwn ? restsUntil : now)
      if (restsUntil > now) lent = undefined
      else if (isOwn) lent = turn
    }
  }
  const ask: AskFile = async (url, read) => {
    if (!mayAsk(url)) return read({ ok: false, reason: 'blocked' })
    if (isFree(url)) return request(url, read, { hostDelayMs: 0 })
    const isOwn = hostOf(url) === hostOf(page)
    const own = isOwn ? lent : undefined
    if (own) lent = undefined
    const came = await inTurn(services, own ?? { url, page, latest: latest(url), signal }, (end) => request(url, read, end))
    if (typeof came !== 'number') return came.done
    const now = pace.now()
    // Nobody else's trouble closes a host for long.
    if (!isOwn && came - now > restMsMax) return read({ ok: false, reason: 'late' })
    comeAgain(isOwn ? came : Math.max(came, now + lateMs))
    return undefined
  }
  return {
    robots: ask,
    async file(url, read) {
      if (!mayAsk(url)) return read({ ok: false, reason: 'blocked' })
      const permission = await robots.read(url, ask)
      if (permission?.state === 'unreachable') return read({ ok: false, reason: 'robots_unreachable' })
      if (permission && !mayFetch(permission, url)) return read({ ok: false, reason: 'robots_disallowed' })
      return permission && ask(url, read)
    },
    get againAt() {
      return againAt
    },
  }
}

const isOffline = (answer: FileAnswer): boolean => !answer.ok && answer.reason === 'offline'
const isTrouble = (answer: FileAnswer): boolean => (answer.ok ? answer.status === 429 || answer.status >= 500 : isTransient(answer.reason))
const askedMs = (answer: FileAnswer, now: number): number | undefined => (answer.ok ? retryAfterMs(headerValue(answer.headers, 'retry-after'), now) : undefined)
