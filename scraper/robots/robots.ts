import { isOfHost } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { recentValues } from '#infra/recent-values.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import type { Clock } from '#schemas/clock.ts'
import { pathOf } from '#schemas/identity/url-parts.ts'
import { inTurns } from './in-turns.ts'
import { robotsText } from './robots-lines.ts'
import { allowAll, readRobots, robotsBytesMax, robotsRules, type RobotsRules } from './robots-txt.ts'

/**
 * `unreachable`: the file exists or may exist but could not be read, so nothing may be fetched (RFC 9309 §2.3.1.4). `isOfHost`: the reason is its host's, and
 * would be that of each of its pages.
 */
export type HostRobots = { state: 'found' | 'absent'; rules: RobotsRules } | { state: 'unreachable'; reason: string; isOfHost: boolean; until: number }

export interface Robots {
  /** What the host of `url` asks of us; read at most once a day, and again by a process that starts: it may have been down for long. */
  of(url: string, signal?: AbortSignal): Promise<HostRobots>
}

/** Whether robots.txt lets `url` be asked for now; nothing may be while it is out of reach. */
export const mayFetch = (robots: HostRobots, url: string): boolean => robots.state !== 'unreachable' && robots.rules.allows(pathOf(url))

/** The rest between two requests that it asks for. */
export const crawlDelayOf = (robots: HostRobots): number => (robots.state === 'unreachable' ? 0 : (robots.rules.crawlDelayMs ?? 0))

const dayMs = 86_400_000
/** A host whose file could not be read is asked again after this. */
const unreachableMs = 60_000
/** Of the rules of all hosts. */
const bytesMax = 64 * 2 ** 20

/** @param pace clock of the cache */
export function createRobots(http: Http, pace: Clock): Robots {
  const known = recentValues<string, HostRobots>({ bytesMax, bytesOf: robotsBytes, now: () => pace.now() })
  /** Shared by all who ask meanwhile, so no one caller's signal may end it for the others; the client's own deadline does. */
  const asking = new Map<string, Promise<HostRobots>>()
  const ask = async (origin: string): Promise<HostRobots> => {
    try {
      const robots = await read(http, origin, pace)
      known.keep(origin, robots, robots.state === 'unreachable' ? Math.max(0, robots.until - pace.now()) : dayMs)
      return robots
    } catch (error) {
      // It is for those who asked to tell; the host is not asked again at once.
      known.keep(origin, { state: 'unreachable', reason: 'internal', isOfHost: false, until: pace.now() + unreachableMs }, unreachableMs)
      throw error
    } finally {
      asking.delete(origin)
    }
  }
  return {
    async of(url, signal) {
      const { origin } = new URL(url)
      const old = known.get(origin)
      if (old) return old
      const asked = asking.get(origin) ?? ask(origin)
      asking.set(origin, asked)
      const robots = await asked
      signal?.throwIfAborted()
      return robots
    },
  }
}

const robotsBytes = (robots: HostRobots): number => (robots.state === 'found' ? robots.rules.bytes : 0)

async function read(http: Http, origin: string, pace: Clock): Promise<HostRobots> {
  const answer = await http.get(`${origin}/robots.txt`, { bytesMax: robotsBytesMax, truncate: true, redirectsMax: 5 })
  const unreachable = (reason: string): HostRobots => ({
    state: 'unreachable',
    reason,
    // Where a redirect of the file leads says nothing of its host.
    isOfHost: isOfHost(reason) && answer.url.startsWith(`${origin}/`),
    // When it is our own trouble, it says nothing of the host.
    until: pace.now() + (reason === 'offline' ? 0 : unreachableMs),
  })
  // §2.3.1.2: more than five redirects is as good as no file.
  if (!answer.ok) return answer.reason === 'too_many_redirects' ? { state: 'absent', rules: allowAll } : unreachable(answer.reason)
  const { status } = answer
  if (status >= 200 && status < 300) {
    return { state: 'found', rules: robotsRules(await inTurns(readRobots(robotsText(answer.body), userAgentToken, answer.url))) }
  }
  // 429 is a 4xx by number and "not now" by meaning.
  return status >= 400 && status < 500 && status !== 429 ? { state: 'absent', rules: allowAll } : unreachable(`http_${status}`)
}
