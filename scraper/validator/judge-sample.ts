import { join } from 'node:path'
import type { PortThread } from '#infra/sqlite/port-thread.ts'
import type { Document } from '#schemas/document.ts'
import { doubtWith, faultsOf, isSuspect, type Doubt } from './doubt.ts'
import { threadedEvidence, type JudgedRow } from './evidence.ts'
import { failure, type Failure } from './failure.ts'
import type { PageVerdict } from './judge-page.ts'
import type { ListsInForce } from './lists-in-force.ts'
import { openLooks, type LooksServices } from './looks.ts'
import { isHeard } from './refetch.ts'
import { excuseHosts, hostRebuilt, lookAgain, tryRows, type Tried, type TryParts } from './try-rows.ts'

/** A row that was drawn, as it stands in its file. */
export interface DrawnRow {
  document: Document
  /** When it was first seen in a claim, by the chain, ms; absent: just now. */
  firstSeenAt?: number | undefined
}

interface JudgedPage {
  uri: string
  jobId: string
  textBytes: number
  verdict: PageVerdict
  /** A stable code of why. */
  reason?: string
  /** The page itself supports the date of the row. */
  isDated: boolean
}

export interface JudgedSample {
  /** In the order of the draw: what was judged, now or before, and what could not be. */
  pages: readonly JudgedPage[]
  failures: readonly Failure[]
  /** `unjudged`: most of it could not be judged, though our network is there. `ours`: it is not, and nobody is to blame. */
  standing: 'judged' | 'unjudged' | 'ours'
  /** Share of the pages asked for that hold what their rows say, 0..1; those of hosts that were built anew are not asked for. */
  confirmed: number
}

export interface SampleJudge extends AsyncDisposable {
  /**
   * Judges rows of a draw until `wanted` are judged, or it ends: of who is suspect up to three times as many. It pulls no more than it needs: what cannot be judged
   * is made up for by what is drawn next.
   * @throws the signal's reason when aborted: then nothing is remembered
   */
  judge(hotkey: string, drawn: AsyncIterable<DrawnRow>, terms: JudgeTerms): Promise<JudgedSample>
  /** The miners of whom something is remembered. */
  hotkeys(): Promise<string[]>
  forget(hotkey: string): Promise<void>
}

export interface JudgeTerms {
  wanted: number
  lists: Pick<ListsInForce, 'wishesOf' | 'inForce'>
  signal: AbortSignal
}

export interface JudgeServices extends Omit<LooksServices, 'evidence'> {
  folder: string
  thread: PortThread
}

export const evidencePath = (folder: string): string => join(folder, 'evidence.sqlite')

/** Rows that are tried for each that is wanted. */
const triesPerWanted = 3
/** Of who has lost more than most, so many times more are judged, as far as the draw goes. */
const suspectTimes = 3
/** With less of what was wanted judged than this, it is no judgement. */
const judgedShareMin = 0.5
const examplesMax = 3

/** Judges the drawn rows of miners, and remembers what it saw. */
export function openSampleJudge({ folder, thread, ...services }: JudgeServices): SampleJudge {
  const evidence = threadedEvidence(evidencePath(folder), thread)
  const parts = { evidence, looks: openLooks({ ...services, evidence }), facts: services.facts }
  return {
    judge: (hotkey, drawn, terms) => judgeSample(hotkey, drawn, terms, parts),
    hotkeys: () => evidence.hotkeys(),
    forget: (hotkey) => evidence.forget(hotkey),
    [Symbol.asyncDispose]: () => evidence[Symbol.asyncDispose](),
  }
}

async function judgeSample(hotkey: string, drawn: AsyncIterable<DrawnRow>, terms: JudgeTerms, parts: TryParts): Promise<JudgedSample> {
  const { evidence, looks, facts } = parts
  const former = await evidence.doubt(hotkey)
  const seconds = await lookAgain(hotkey, terms, parts)
  const wanted = terms.wanted * (isSuspect(former) ? suspectTimes : 1)
  const { tried, isDown } = await tryRows(hotkey, drawn, { ...terms, wanted, triesMax: terms.wanted * triesPerWanted }, parts)
  if (!isDown) await excuseHosts(tried, { looks, signal: terms.signal })
  const judged = tried.filter(({ row }) => row.verdict !== 'unfetchable')
  const isJudged = !isDown && judged.length >= Math.min(terms.wanted, tried.length) * judgedShareMin
  const isLimited = tried.filter(({ row }) => isOurLimit(row)).length > tried.length / 2
  const isOurs =
    isDown || (!isJudged && (isLimited || !((await looks.isNetworkUp(terms.signal)) ?? tried.some(({ look }) => look !== undefined && isHeard(look.found)))))
  // What was judged before stands for a miner while we reach nobody: the others of its pages are not held against it.
  const asked = tried.filter(({ look }) => look !== undefined)
  const isCutOff = asked.length > 0 && !asked.some(({ look }) => look && isHeard(look.found)) && (await looks.isNetworkUp(terms.signal)) === false
  const standing = isJudged ? 'judged' : isOurs ? 'ours' : 'unjudged'
  const at = facts.now()
  const doubt = [...seconds.filter(({ row }) => row.verdict === 'contradicted'), ...tried].reduce((sum, each) => withRow(sum, each, at), former)
  const news = [...seconds, ...tried.filter(({ look }) => look !== undefined)]
  terms.signal.throwIfAborted()
  await evidence.note(hotkey, { doubt, rows: news.map(({ row }) => row), looks: news.flatMap(({ look }) => look?.kept ?? []) })
  return {
    pages: tried.map(({ row }) => pageOf(row)),
    failures: failuresOf(doubt, [...seconds, ...tried], at),
    standing,
    confirmed: isOurs ? 1 : confirmedOf(isCutOff ? tried.filter(({ look }) => !look) : tried),
  }
}

function confirmedOf(tried: readonly Tried[]): number {
  const asked = tried.filter(({ row }) => !isOurLimit(row) && row.reason !== hostRebuilt)
  return asked.length === 0 ? 1 : asked.filter(({ row: { verdict } }) => verdict === 'same').length / asked.length
}

/** Not looked at for our own sake. */
const isOurLimit = ({ verdict, reason }: JudgedRow): boolean => verdict === 'unfetchable' && (reason === 'host_budget' || reason === 'internal')

/** A row counts once. */
const withRow = (doubt: Doubt, { look, ageMs }: Tried, at: number): Doubt => (look ? doubtWith(doubt, look.judgement, { at, ageMs }) : doubt)

const pageOf = ({ uri, jobId, textBytes, verdict, reason, isDated }: JudgedRow): JudgedPage => ({
  uri,
  jobId,
  textBytes,
  verdict,
  ...(reason !== null && { reason }),
  isDated,
})

function failuresOf(doubt: Doubt, rows: readonly Tried[], at: number): Failure[] {
  const examples = (wrong: (verdict: PageVerdict) => boolean): string =>
    rows
      .filter(({ row }) => wrong(row.verdict))
      .slice(0, examplesMax)
      .map(({ row: { uri, reason } }) => `${uri.slice(0, 120)} (${reason})`)
      .join(', ')
  return faultsOf(doubt, at).map((fault) =>
    fault === 'contradicted'
      ? failure('page_contradicted', `pages prove rows wrong: ${examples((verdict) => verdict === 'contradicted')}`)
      : failure(
          'pages_lost',
          `more pages are gone or hold another text than time explains: ${examples((verdict) => verdict === 'gone' || verdict === 'changed')}`,
        ),
  )
}
