import { z } from 'zod'
import { decodeText } from '#infra/net/charset.ts'
import type { Http } from '#infra/net/http.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import type { Clock } from '#schemas/clock.ts'
import { noHostNotes, type HostNotes } from '#schemas/host-notes.ts'
import { allowAll, parseRobots, robotsBytesMax, type RobotsRules } from './robots-txt.ts'

/** `unreachable`: the file exists or may exist but could not be read, so nothing may be fetched (RFC 9309 §2.3.1.4). */
export type HostRobots = { state: 'found' | 'absent'; rules: RobotsRules } | { state: 'unreachable'; reason: string; until: number }

export interface Robots {
  /** What the host of `url` asks of us; read at most once a day. */
  of(url: string, signal?: AbortSignal): Promise<HostRobots>
}

const dayMs = 86_400_000
/** A host whose file could not be read is asked again after this. */
const unreachableMs = 60_000
const hostsMax = 10_000

/**
 * @param pace clock of the cache
 * @param notes where what was read outlives the process, for the rest of its day
 */
export function createRobots(http: Http, pace: Clock, notes: HostNotes = noHostNotes): Robots {
  const cache = new Map<string, { until: number; robots: Promise<HostRobots> }>()
  const open = (origin: string): { until: number; robots: Promise<HostRobots> } => {
    const noted = parseNote(notes.get('robots', origin))
    if (noted) return { until: noted.until, robots: Promise.resolve(robotsOf(noted)) }
    const until = pace.now() + dayMs
    return { until, robots: read(http, origin, { pace, keep: (note) => notes.put('robots', origin, JSON.stringify({ ...note, until }), until) }) }
  }
  return {
    async of(url, signal) {
      const { origin } = new URL(url)
      const cached = cache.get(origin)
      if (cached && cached.until > pace.now()) return cached.robots
      // Shared by all who ask meanwhile, so no one caller's signal may end it for the others; the client's own deadline does.
      const entry = open(origin)
      cache.set(origin, entry)
      if (cache.size > hostsMax) cache.delete(cache.keys().next().value ?? origin)
      const robots = await entry.robots
      if (robots.state === 'unreachable') entry.until = robots.until
      signal?.throwIfAborted()
      return robots
    },
  }
}

/** What a robots.txt said; `url` is where it was found. No text: there is none. */
const Note = z.object({ url: z.string(), text: z.string().optional(), until: z.number() })
type Note = z.infer<typeof Note>

function parseNote(text: string | undefined): Note | undefined {
  try {
    return text === undefined ? undefined : Note.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const robotsOf = ({ url, text }: Omit<Note, 'until'>): Exclude<HostRobots, { state: 'unreachable' }> =>
  text === undefined ? { state: 'absent', rules: allowAll } : { state: 'found', rules: parseRobots(text, userAgentToken, url) }

interface Reading {
  pace: Clock
  keep(note: Omit<Note, 'until'>): void
}

async function read(http: Http, origin: string, { pace, keep }: Reading): Promise<HostRobots> {
  const answer = await http.get(`${origin}/robots.txt`, { bytesMax: robotsBytesMax, truncate: true, redirectsMax: 5 })
  const unreachable = (reason: string): HostRobots => ({ state: 'unreachable', reason, until: pace.now() + unreachableMs })
  const known = (note: Omit<Note, 'until'>): HostRobots => {
    keep(note)
    return robotsOf(note)
  }
  const { url } = answer
  // §2.3.1.2: more than five redirects is as good as no file.
  if (!answer.ok) return answer.reason === 'too_many_redirects' ? known({ url }) : unreachable(answer.reason)
  const { status } = answer
  if (status >= 200 && status < 300) return known({ url, text: decodeText(answer.body, 'text/plain; charset=utf-8').text })
  // 429 is a 4xx by number and "not now" by meaning.
  return status >= 400 && status < 500 && status !== 429 ? known({ url }) : unreachable(`http_${status}`)
}
