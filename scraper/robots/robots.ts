import { headerValue } from '#infra/net/header-lines.ts'
import { isOfHost } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { retryAfterMs } from '#infra/net/retry-after.ts'
import { recentValues } from '#infra/recent-values.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import type { Clock } from '#schemas/clock.ts'
import { noHostNotes, type HostNotes } from '#schemas/host-notes.ts'
import { pathOf } from '#schemas/identity/url-parts.ts'
import { fileNotes, type FileNote } from './file-notes.ts'
import { askAtOnce, FileWalk, isLater, walkToFile, type AskFile, type FileAnswer } from './host-file.ts'
import { inTurns } from './in-turns.ts'
import { robotsText } from './robots-lines.ts'
import { allowAll, readRobots, robotsBytesMax, robotsRules, type RobotsRules } from './robots-txt.ts'

/** The file exists or may exist but could not be read, so nothing may be fetched (RFC 9309 §2.3.1.4). */
export interface UnreachableRobots {
  state: 'unreachable'
  reason: string
  /** The reason is its host's, and would be that of each of its pages. */
  isOfHost: boolean
  /** It is asked for again after this, ms since epoch. */
  until: number
  /** Whether that is what the host asked for; else it is a guess. */
  isAsked: boolean
}

export type HostRobots = { state: 'found' | 'absent'; rules: RobotsRules } | UnreachableRobots

export interface Robots {
  /** What the host of `url` asks of us, read at most once a day. @param ask how what is not known is asked for; absent: at once */
  of(url: string, signal?: AbortSignal, ask?: AskFile): Promise<HostRobots>
  /**
   * The same, asked for as `ask` does, hop by hop; undefined when that was not now: the next call goes on from there.
   * @throws what `ask` and reading threw
   */
  read(url: string, ask: AskFile): Promise<HostRobots | undefined>
  /** The same, as far as it is in memory. */
  known(url: string): HostRobots | undefined
}

/** Whether robots.txt lets `url` be asked for now; nothing may be while it is out of reach. */
export const mayFetch = (robots: HostRobots, url: string): boolean => robots.state !== 'unreachable' && robots.rules.allows(pathOf(url))

/** The rest between two requests that it asks for. */
export const crawlDelayOf = (robots: HostRobots | undefined): number =>
  robots === undefined || robots.state === 'unreachable' ? 0 : (robots.rules.crawlDelayMs ?? 0)

const dayMs = 86_400_000
/** A host whose file could not be read is asked again after this, unless it says when. */
const unreachableMs = 60_000
/** Of the rules of all hosts. */
const bytesMax = 64 * 2 ** 20
/** Of the ways to files that are being asked for; who does not come again for this long begins anew. */
const [walksBytesMax, walkMs] = [4 * 2 ** 20, 3_600_000]

/**
 * @param pace clock of the cache
 * @param notes where what was read outlives the process, for the rest of its day
 */
export function createRobots(http: Pick<Http, 'get'>, pace: Clock, notes: HostNotes = noHostNotes): Robots {
  const noted = fileNotes(notes, pace)
  const known = recentValues<string, HostRobots>({ bytesMax, bytesOf: robotsBytes, now: () => pace.now() })
  const walks = recentValues<string, FileWalk>({ bytesMax: walksBytesMax, bytesOf: ({ bytes }) => bytes, now: () => pace.now() })
  /** Shared by all who ask meanwhile, so no one caller's signal may end it for the others; the client's own deadline does. */
  const asking = new Map<string, Promise<HostRobots | undefined>>()

  const keep = (origin: string, robots: HostRobots, until: number): HostRobots => {
    walks.drop(origin)
    known.keep(origin, robots, Math.max(0, until - pace.now()))
    return robots
  }
  /** What reading throws is for those who asked to tell; the host is not asked again at once. */
  const reading = async (origin: string, work: () => Promise<HostRobots>): Promise<HostRobots> => {
    try {
      return await work()
    } catch (error) {
      const until = pace.now() + unreachableMs
      keep(origin, { state: 'unreachable', reason: 'internal', isOfHost: false, until, isAsked: false }, until)
      throw error
    }
  }
  const walkTo = async (origin: string, how: AskFile): Promise<HostRobots | undefined> => {
    const walk = walks.get(origin) ?? new FileWalk(`${origin}/robots.txt`)
    let robots: HostRobots | undefined
    const isOver = await walkToFile(walk, how, async (answer) => {
      robots = await reading(origin, async () => {
        const note = noteOf(walk.url, answer, pace.now())
        const said = keep(origin, await robotsOf(note, origin), note.until)
        if (note.until > pace.now()) await noted.put('robots', origin, note)
        return said
      })
    })
    if (!isOver) walks.keep(origin, walk, walkMs)
    return robots
  }
  const ask = async (origin: string, how: AskFile): Promise<HostRobots | undefined> => {
    try {
      const note = await noted.get('robots', origin)
      return note ? await reading(origin, async () => keep(origin, await robotsOf(note, origin), note.until)) : await walkTo(origin, how)
    } finally {
      asking.delete(origin)
    }
  }
  const read = async (url: string, how: AskFile): Promise<HostRobots | undefined> => {
    const { origin } = new URL(url)
    const old = known.get(origin)
    if (old) return old
    const asked = asking.get(origin) ?? ask(origin, how)
    asking.set(origin, asked)
    return asked
  }
  return {
    read,
    known: (url) => known.get(new URL(url).origin),
    async of(url, signal, how = askAtOnce(http)) {
      for (;;) {
        const robots = await read(url, how)
        signal?.throwIfAborted()
        // Whoever else was asking did not get to it.
        if (robots) return robots
      }
    },
  }
}

const robotsBytes = (robots: HostRobots): number => (robots.state === 'found' ? robots.rules.bytes : 0)

/** What the end of the way says. @param answer undefined: redirects that come to no file */
function noteOf(url: string, answer: FileAnswer | undefined, now: number): FileNote {
  // §2.3.1.2: as good as no file, and so is what will be the same tomorrow (§2.3.1.3).
  if (answer === undefined) return { until: now + dayMs, url }
  const unreachable = (reason: string, ms: number, isAsked = false): FileNote => ({ until: now + ms, url, trouble: { reason, isAsked } })
  // When it is our own trouble, it says nothing of the host; what nobody may ask for stays so.
  if (!answer.ok) return unreachable(answer.reason, answer.reason === 'offline' ? 0 : answer.reason === 'blocked' ? dayMs : unreachableMs)
  const { status, headers } = answer
  if (status >= 200 && status < 300) return { until: now + dayMs, url, text: robotsText(wholeLines(answer.body)) }
  // 429 is a 4xx by number and "not now" by meaning. What a 3xx offers and does not send on to is no file, either.
  if (!isLater(status)) return { until: now + dayMs, url }
  const askedMs = retryAfterMs(headerValue(headers, 'retry-after'), now)
  return unreachable(`http_${status}`, askedMs ?? unreachableMs, askedMs !== undefined)
}

/** Where a file is longer than what is read, its last line is cut, and may say more than was written: `Disallow: /` of `Disallow: /private`. */
function wholeLines(body: Uint8Array): Uint8Array {
  if (body.length < robotsBytesMax) return body
  return body.subarray(0, Math.max(body.lastIndexOf(0x0a), body.lastIndexOf(0x0d)))
}

async function robotsOf({ until, url, text, trouble }: FileNote, origin: string): Promise<HostRobots> {
  // Where a redirect of the file leads says nothing of its host.
  if (trouble) return { state: 'unreachable', ...trouble, isOfHost: isOfHost(trouble.reason) && url.startsWith(`${origin}/`), until }
  if (text === undefined) return { state: 'absent', rules: allowAll }
  return { state: 'found', rules: robotsRules(await inTurns(readRobots(text, userAgentToken, url))) }
}
