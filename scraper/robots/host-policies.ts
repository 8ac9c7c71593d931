import { headerValue } from '#infra/net/header-lines.ts'
import { z } from 'zod'
import { decodeText } from '../charset/charset.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import type { Http } from '#infra/net/http.ts'
import { recentValues, textBytes } from '#infra/recent-values.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import type { Clock } from '#schemas/clock.ts'
import { noHostNotes, type HostNoteKind, type HostNotes } from '#schemas/host-notes.ts'
import { noAiTxt, parseAiTxt, readAiTxt, type AiTxt } from './ai-txt.ts'
import { inTurns } from './in-turns.ts'
import type { HostPolicy } from './rights.ts'
import { robotsBytesMax, type RobotsRules } from './robots-txt.ts'
import { noTdmRules, parseTdmFile, type TdmRules } from './tdm.ts'

/** What a request for one of the files came to. */
interface PolicyAnswer {
  /** Why the file could not be read now, and what the host's Retry-After says; undefined when it is known what the file says. */
  trouble: { reason: string; retryAfter: string | undefined } | undefined
  address: string | undefined
  responseMs: number
  wireBytes: number
}

/**
 * The files beside robots.txt in which a host says what may be learnt from it: `/.well-known/tdmrep.json` and `/ai.txt`. Each is asked once a day at most.
 * They are requests like any other, so the caller paces them: one at a time, with the host's rest in between, before any page of the host.
 */
export interface HostPolicies {
  /** URLs of the files of `url`'s host that are to be asked, in order; empty when all is known. What robots.txt forbids is not asked and says nothing. */
  unasked(url: string, rules: RobotsRules): string[]
  /** Asks for one of them. A file that cannot be had after two tries says nothing for an hour. @throws the signal's reason when aborted */
  ask(file: string, signal: AbortSignal): Promise<PolicyAnswer>
  /** What is known of the host of `url`. */
  of(url: string): HostPolicy
}

interface Known extends HostPolicy {
  origin: string
  tdm: TdmRules
  aiTxt: AiTxt
  /** path → until when it need not be asked (ms since epoch) */
  until: Map<string, number>
  troubles: number
}

const tdmPath = '/.well-known/tdmrep.json'
const aiPath = '/ai.txt'
const policyPaths = [tdmPath, aiPath] as const
type PolicyPath = (typeof policyPaths)[number]
const noteKinds = { [tdmPath]: 'tdm', [aiPath]: 'ai_txt' } as const satisfies Record<PolicyPath, HostNoteKind>
const dayMs = 86_400_000
const hourMs = 3_600_000
const triesMax = 2
const notedCharsMax = 64 * 1024
/** Of what all hosts say. */
const bytesMax = 32 * 2 ** 20
const redirectsMax = 5

/**
 * @param pace clock of the cache
 * @param notes where what was read outlives the process, for the rest of its day
 */
export function createHostPolicies(http: Http, pace: Clock, notes: HostNotes = noHostNotes): HostPolicies {
  const hosts = recentValues<string, Known>({ bytesMax, bytesOf: knownBytes })
  const knownOf = (url: string): Known => {
    const { origin } = new URL(url)
    const old = hosts.get(origin)
    if (old) return old
    const known = recall(notes, origin)
    hosts.keep(origin, known)
    return known
  }
  const isOver = (until = 0): boolean => until <= pace.now() || until - pace.now() > dayMs
  return {
    of: knownOf,
    unasked(url, rules) {
      const { until } = knownOf(url)
      return policyPaths.filter((path) => isOver(until.get(path)) && rules.allows(path)).map((path) => new URL(path, url).href)
    },
    async ask(file, signal) {
      const known = knownOf(file)
      const path = new URL(file).pathname === tdmPath ? tdmPath : aiPath
      const startedAt = performance.now()
      const answer = await http.get(file, { bytesMax: robotsBytesMax, truncate: true, redirectsMax, signal })
      const trouble = troubleOf(answer)
      const cost = { address: answer.address, responseMs: performance.now() - startedAt, wireBytes: answer.ok ? answer.wireBytes : 0 }
      // Our own trouble says nothing of the host.
      if (trouble && (trouble.reason === 'offline' || ++known.troubles < triesMax)) return { trouble, ...cost }
      const text = answer.ok && answer.status >= 200 && answer.status < 300 ? decodeText(answer.body, 'text/plain; charset=utf-8').text : ''
      // What was known before the trouble stays.
      if (!trouble && path === tdmPath) known.tdm = parseTdmFile(text, file)
      else if (!trouble) known.aiTxt = await inTurns(readAiTxt(text, userAgentToken, file))
      known.troubles = 0
      known.until.set(path, pace.now() + (trouble ? hourMs : dayMs))
      if (trouble) return { trouble: undefined, ...cost }
      hosts.keep(known.origin, known)
      // Most hosts answer with a page, which says nothing. What is long is asked again by a process that starts.
      const noted = (path === tdmPath ? known.tdm : known.aiTxt).bytes === 0 ? '' : text
      if (noted.length <= notedCharsMax)
        notes.put(noteKinds[path], known.origin, JSON.stringify({ text: noted, until: known.until.get(path) }), pace.now() + dayMs)
      return { trouble: undefined, ...cost }
    },
  }
}

/** With what it takes itself, its two times and its name. */
const knownBytes = ({ origin, tdm, aiTxt }: Known): number => 300 + textBytes(origin) + tdm.bytes + aiTxt.bytes

const Note = z.object({ text: z.string(), until: z.number() })

/** What was known of a host when its files were last read. */
function recall(notes: HostNotes, origin: string): Known {
  const known: Known = { origin, tdm: noTdmRules, aiTxt: noAiTxt, until: new Map(), troubles: 0 }
  for (const path of policyPaths) {
    const note = parseNote(notes.get(noteKinds[path], origin))
    if (!note) continue
    known.until.set(path, note.until)
    if (path === tdmPath) known.tdm = parseTdmFile(note.text, origin + path)
    else known.aiTxt = parseAiTxt(note.text, userAgentToken, origin + path)
  }
  return known
}

function parseNote(text: string | undefined): z.infer<typeof Note> | undefined {
  try {
    return text === undefined ? undefined : Note.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** A host that cannot be reached or says "later" is asked again; everything else that is no file means that there is none. */
function troubleOf(answer: Awaited<ReturnType<Http['get']>>): PolicyAnswer['trouble'] {
  if (!answer.ok) return isTransient(answer.reason) ? { reason: answer.reason, retryAfter: undefined } : undefined
  const isLater = answer.status === 429 || answer.status === 503
  return isLater ? { reason: `http_${answer.status}`, retryAfter: headerValue(answer.headers, 'retry-after') } : undefined
}
