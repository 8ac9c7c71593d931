import { createHash } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import type { Evidence, JudgedRow } from './evidence.ts'
import { looksApartMs } from './judge-page.ts'
import type { DrawnRow, JudgeTerms } from './judge-sample.ts'
import type { Look, Looks } from './looks.ts'
import { evidenceOf } from './page-evidence.ts'
import { isHeard } from './refetch.ts'
import { packSecondLook, unpackSecondLook } from './second-look.ts'

/** What was said of a row; `look` undefined: before. */
export interface Tried {
  row: JudgedRow
  look: Look | undefined
  /** When it was first seen in a claim, and how long ago, ms. */
  firstSeenAt: number
  ageMs: number
}

export interface TryParts {
  evidence: Evidence
  looks: Looks
  facts: Clock
}

/** Pages that are looked at at once; each host has its turns. */
const atOnce = 8
/** One look in so many may be a second one. */
const looksPerSecond = 4
/** Second looks that may tell nothing. */
const vainMax = 3

/**
 * Looks at pages in the order of the draw, some at once, until `wanted` are judged. What was judged before is not asked for again.
 * @returns `isDown`: the first of them were silent, and so is what answered before: our network is away
 */
export async function tryRows(
  hotkey: string,
  drawn: AsyncIterable<DrawnRow>,
  { wanted, triesMax, lists, signal }: JudgeTerms & { triesMax: number },
  { evidence, looks, facts }: TryParts,
): Promise<{ tried: Tried[]; isDown: boolean }> {
  const tried: (Tried | undefined)[] = []
  const walls = wallWatch()
  const tryRow = async (drawnRow: DrawnRow, place: number): Promise<void> => {
    const { document, firstSeenAt } = drawnRow
    const seen = seenOf(firstSeenAt, facts)
    const { uri, job_id: jobId, text_bytes: textBytes } = document
    const [known] = await evidence.known(hotkey, [rowName(document)])
    if (known && known.verdict !== 'unfetchable') return void (tried[place] = { row: { ...known, uri, jobId, textBytes }, look: undefined, ...seen })
    const fetchedAt = document.fetched_at.getTime()
    const wishes = lists.wishesOf(document.job_id, fetchedAt)
    const look = await looks.first(hotkey, document, wishes, signal)
    const { judgement, found } = look
    const again = judgement.again ? packSecondLook({ claim: document, url: document.url, wishes, alike: judgement.alike ?? 0, firstSeenAt, vain: 0 }) : null
    const said = evidenceOf(document, found, judgement, { list: lists.inForce(fetchedAt), firstSeenAt })
    const named = { row: rowName(document), uri, jobId, textBytes, at: facts.now(), evidence: said, again }
    tried[place] = walls({ row: { ...named, ...verdictOf(look) }, look, ...seen })
  }

  const rows = drawn[Symbol.asyncIterator]()
  const running = new Set<Promise<void>>()
  let [pulled, isEnded, isAsked, isDown] = [0, false, false, false]
  try {
    while (!isDown) {
      const judged = tried.reduce((sum, each) => sum + (each && each.row.verdict !== 'unfetchable' ? 1 : 0), 0)
      const isWanted = !isEnded && judged + running.size < wanted && running.size < atOnce && pulled < triesMax
      if (isWanted) {
        const next = await rows.next()
        if (next.done === true) isEnded = true
        else running.add(tracked(tryRow(next.value, pulled++), running))
      } else if (running.size > 0) await Promise.race(running)
      else break
      const done = tried.filter((each) => each !== undefined)
      if (isAsked || done.length < atOnce || done.some(({ look }) => !look || isHeard(look.found))) continue
      isAsked = true
      isDown = (await looks.isNetworkUp(signal)) === false
    }
  } finally {
    await Promise.allSettled(running)
    await rows.return?.()
  }
  signal.throwIfAborted()
  return { tried: tried.filter((each) => each !== undefined), isDown }
}

/** What is thrown is thrown by whoever waits for it. */
function tracked(work: Promise<void>, running: Set<Promise<void>>): Promise<void> {
  const turn = work.finally(() => running.delete(turn))
  turn.catch(() => undefined)
  return turn
}

/** Why a page is lost that is held against nobody. */
export const hostRebuilt = 'host_rebuilt'
/** Of one host in one draw: from so many lost on it may be the host. */
const lostOfHost = 3

/**
 * Where a host lost several rows of the draw, pages of it that were as their rows said are asked for: are they gone as well, then the host was built anew or taken
 * down, which says nothing of rows that stood in a claim before.
 */
export async function excuseHosts(tried: readonly Tried[], { looks, signal }: Pick<TryParts, 'looks'> & { signal: AbortSignal }): Promise<void> {
  const lost = tried.filter(({ look }) => look !== undefined && look.judgement.lost >= 0.5)
  for (const [host, rows] of Map.groupBy(lost, ({ row }) => hostOf(row.uri))) {
    if (rows.length < lostOfHost) continue
    const since = await looks.rebuiltSince(host, signal)
    if (since === undefined) continue
    for (const each of rows) {
      if (!each.look || each.firstSeenAt > since) continue
      each.look = { ...each.look, judgement: { ...each.look.judgement, lost: 0, isAbsent: false } }
      each.row = { ...each.row, reason: hostRebuilt }
    }
  }
}

/** Looks once more at pages that held another text, and say themselves that they are older than the row. */
export async function lookAgain(hotkey: string, { wanted, signal }: JudgeTerms, { evidence, looks, facts }: TryParts): Promise<Tried[]> {
  const due = await evidence.due(hotkey, facts.now() - looksApartMs, Math.ceil(wanted / looksPerSecond))
  const again: Tried[] = []
  for (const former of due) {
    const asked = unpackSecondLook(former.again ?? '')
    const look = await looks.second(hotkey, asked, signal)
    const isVain = look.judgement.verdict === 'unfetchable' || look.judgement.again === true
    const row: JudgedRow = isVain
      ? { ...former, at: facts.now(), again: asked.vain + 1 < vainMax ? packSecondLook({ ...asked, vain: asked.vain + 1 }) : null }
      : { ...former, ...verdictOf(look), at: facts.now(), again: null }
    again.push({ row, look, ...seenOf(asked.firstSeenAt, facts) })
  }
  return again
}

const seenOf = (firstSeenAt: number | undefined, facts: Clock): Pick<Tried, 'firstSeenAt' | 'ageMs'> => {
  const now = facts.now()
  return { firstSeenAt: firstSeenAt ?? now, ageMs: now - (firstSeenAt ?? now) }
}

const verdictOf = ({ judgement: { verdict, reason, isDated } }: Look): Pick<JudgedRow, 'verdict' | 'reason' | 'isDated'> => ({
  verdict,
  reason: reason ?? null,
  isDated: isDated === true,
})

/** What a row is known by: its page, its text, and when it says it was fetched. */
const rowName = ({ uri, id, fetched_at }: Document): string => createHash('sha256').update(`${fetched_at.getTime()} ${id} ${uri}`).digest('hex').slice(0, 32)

/**
 * A host that answers two pages with the same text, and none of theirs, shows a wall: a login, a consent, a notice to robots, an error that calls itself a page.
 * Of what stands behind it nothing is known.
 */
function wallWatch(): (tried: Tried) => Tried {
  const first = new Map<string, Tried>()
  return (tried) => {
    const { look, row } = tried
    if (row.verdict !== 'changed' || look?.found.state !== 'found') return tried
    const { host, id } = look.found.page
    const twin = first.get(`${host} ${id}`)
    first.set(`${host} ${id}`, tried)
    if (!twin || twin.row.uri === row.uri) return tried
    for (const each of [twin, tried]) {
      each.row = { ...each.row, verdict: 'unfetchable', reason: 'wall', again: null }
      each.look = { ...look, judgement: { verdict: 'unfetchable', reason: 'wall', lost: 0 } }
    }
    return tried
  }
}
