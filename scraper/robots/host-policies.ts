import { decodeText } from '../charset/charset.ts'
import { isTransient } from '#infra/net/http-failure.ts'
import { recentValues, textBytes } from '#infra/recent-values.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import type { Clock } from '#schemas/clock.ts'
import { noHostNotes, type HostNoteKind, type HostNotes } from '#schemas/host-notes.ts'
import { noAiTxt, parseAiTxt, readAiTxt, type AiTxt } from './ai-txt.ts'
import { fileNotes, isOver, type FileNotes } from './file-notes.ts'
import { FileWalk, walkToFile, type AskFile, type FileAnswer } from './host-file.ts'
import { inTurns } from './in-turns.ts'
import type { HostPolicy } from './rights.ts'
import type { RobotsRules } from './robots-txt.ts'
import { noTdmRules, parseTdmFile, type TdmRules } from './tdm.ts'

/**
 * The files beside robots.txt in which a host says what may be learnt from it: `/.well-known/tdmrep.json` and `/ai.txt`. Each is asked once a day at most.
 * They are requests like any other, so whoever reads them paces them, before any page of the host.
 */
export interface HostPolicies {
  /**
   * Has those files of `url`'s host asked for, hop by hop, that are not known; what robots.txt forbids is not asked and says nothing. A file that cannot be
   * had after two tries says nothing for an hour.
   * @returns false when not all of it was now: the next call goes on from there
   * @throws what `ask` throws
   */
  read(url: string, rules: RobotsRules, ask: AskFile): Promise<boolean>
  /** What is known of the host of `url`. */
  of(url: string): Promise<HostPolicy>
}

interface Known extends HostPolicy {
  origin: string
  tdm: TdmRules
  aiTxt: AiTxt
  /** path → until when it need not be asked (ms since epoch) */
  until: Map<string, number>
  /** path → how far it was come to it */
  walks: Map<string, FileWalk>
  /** path → how often in a row it could not be had */
  troubles: Map<string, number>
}

const tdmPath = '/.well-known/tdmrep.json'
const aiPath = '/ai.txt'
const policyPaths = [tdmPath, aiPath] as const
type PolicyPath = (typeof policyPaths)[number]
const noteKinds = { [tdmPath]: 'tdm', [aiPath]: 'ai_txt' } as const satisfies Record<PolicyPath, HostNoteKind>
const dayMs = 86_400_000
const hourMs = 3_600_000
const triesMax = 2
/** Of what all hosts say. */
const bytesMax = 32 * 2 ** 20

/**
 * @param pace clock of the cache
 * @param notes where what was read outlives the process, for the rest of its day
 */
export function createHostPolicies(pace: Clock, notes: HostNotes = noHostNotes): HostPolicies {
  const noted = fileNotes(notes, pace)
  const hosts = recentValues<string, Known>({ bytesMax, bytesOf: knownBytes })
  const knownOf = async (url: string): Promise<Known> => {
    const { origin } = new URL(url)
    const old = hosts.get(origin)
    if (old) return old
    const recalled = await recall(noted, origin)
    // Somebody else may have recalled the same meanwhile, and gone on with it.
    const known = hosts.get(origin) ?? recalled
    hosts.keep(origin, known)
    return known
  }

  /** False: not now. */
  const readFile = async (known: Known, path: PolicyPath, ask: AskFile): Promise<boolean> => {
    const walk = known.walks.get(path) ?? new FileWalk(known.origin + path)
    known.walks.delete(path)
    const isThere = await walkToFile(walk, ask, async (answer) => {
      const reason = troubleOf(answer)
      // Our own trouble says nothing of the host.
      if (reason === 'offline') return
      const troubles = reason === undefined ? 0 : (known.troubles.get(path) ?? 0) + 1
      known.troubles.set(path, troubles % triesMax)
      if (troubles > 0 && troubles < triesMax) return
      known.until.set(path, pace.now() + (reason === undefined ? dayMs : hourMs))
      // What was known before the trouble stays.
      if (reason !== undefined) return
      const text = answer?.ok && answer.status >= 200 && answer.status < 300 ? decodeText(answer.body, 'text/plain; charset=utf-8').text : ''
      const { bytes } = path === tdmPath ? (known.tdm = parseTdmFile(text, walk.url)) : (known.aiTxt = await inTurns(readAiTxt(text, userAgentToken, walk.url)))
      // Most hosts answer with a page, which says nothing.
      await noted.put(noteKinds[path], known.origin, { until: pace.now() + dayMs, url: walk.url, ...(bytes > 0 && { text }) })
    })
    if (!isThere) known.walks.set(path, walk)
    hosts.keep(known.origin, known)
    return isThere
  }
  return {
    of: knownOf,
    async read(url, rules, ask) {
      const known = await knownOf(url)
      const isUnknown = (path: PolicyPath) => isOver(known.until.get(path) ?? 0, pace.now()) && rules.allows(path)
      for (const path of policyPaths) if (isUnknown(path) && !(await readFile(known, path, ask))) return false
      return !policyPaths.some(isUnknown)
    },
  }
}

/** With what it takes itself, its two times and its name. */
const knownBytes = ({ origin, tdm, aiTxt, walks }: Known): number =>
  walks.values().reduce((sum, { bytes }) => sum + bytes, 300 + textBytes(origin) + tdm.bytes + aiTxt.bytes)

/** What was known of a host when its files were last read. */
async function recall(notes: FileNotes, origin: string): Promise<Known> {
  const known: Known = { origin, tdm: noTdmRules, aiTxt: noAiTxt, until: new Map(), walks: new Map(), troubles: new Map() }
  for (const path of policyPaths) {
    const note = await notes.get(noteKinds[path], origin)
    if (!note) continue
    known.until.set(path, note.until)
    if (path === tdmPath) known.tdm = parseTdmFile(note.text ?? '', note.url)
    else known.aiTxt = parseAiTxt(note.text ?? '', userAgentToken, note.url)
  }
  return known
}

/** A host that cannot be reached or says "later" is asked again; everything else that is no file means that there is none. */
function troubleOf(answer: FileAnswer | undefined): string | undefined {
  if (!answer?.ok)
    return answer && (isTransient(answer.reason) || answer.reason === 'robots_unreachable' || answer.reason === 'late') ? answer.reason : undefined
  return answer.status === 429 || answer.status === 503 ? `http_${answer.status}` : undefined
}
