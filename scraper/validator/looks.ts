import { recentValues } from '#infra/recent-values.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'
import { similarity } from '#schemas/identity/signature.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { PageDocument } from '../document/page-document.ts'
import type { Evidence, KeptLook } from './evidence.ts'
import { agreeMin, changeTimeOf, judgePage, type Judgement, type PageLook, type RowClaim } from './judge-page.ts'
import { likeness } from './likeness.ts'
import { isHeard, type JobWishes, type Refetch, type Refetched } from './refetch.ts'
import type { SecondLook } from './second-look.ts'

type Compared = Pick<PageLook, 'alike' | 'hasOpening'>

/** One look at the page of a row, and what it comes to. */
export interface Look {
  found: Refetched
  judgement: Judgement
  /** To be remembered; undefined where no page was found. */
  kept: KeptLook | undefined
}

export interface LooksServices {
  evidence: Pick<Evidence, 'looks' | 'controls'>
  refetch: Refetch
  /** Says what time it is on a page. */
  facts: Clock
  /** Lets silent hosts rest. */
  pace: Clock
  telemetry: Telemetry
}

export interface Looks {
  /** Looks at the page of a drawn row of a miner. @throws the signal's reason */
  first(hotkey: string, row: Document, wishes: JobWishes | undefined, signal: AbortSignal): Promise<Look>
  /** Looks at a page of a miner's row again. @throws the signal's reason */
  second(hotkey: string, said: SecondLook, signal: AbortSignal): Promise<Look>
  /** Whether pages that were found before are heard of now; undefined: there are none to ask for. @throws the signal's reason */
  isNetworkUp(signal: AbortSignal): Promise<boolean | undefined>
  /**
   * Since when pages of the host that were as their rows said are others, or gone: it was built anew then, or taken down. undefined: they are not, or there are none.
   * @throws the signal's reason
   */
  rebuiltSince(host: string, signal: AbortSignal): Promise<number | undefined>
}

/** Title, byline and first sentences. */
const openingChars = 400
const openingMin = 0.8

const noRights = { robots: 'allowed', meta_robots: [], tdm_reservation: null, licence: null, licence_scope: null } as const satisfies Document['rights']

/**
 * A host that was silent so often is not asked for a while for the rows of that miner: one of its choice must not keep us waiting for each of its pages, nor may pages
 * that it knows to hang make a host of others' rows silent.
 */
const silencesMax = 2
const silenceMs = 10 * 60_000
const hostsBytesMax = 4 << 20
/** A page with its robots.txt, its host's rest and a browser takes less: whoever asks for longer rests is not looked at. */
const lookMs = 120_000
const controlsMax = 3

export function openLooks({ evidence, refetch, facts, pace, telemetry }: LooksServices): Looks {
  const silences = recentValues<string, number>({ bytesMax: hostsBytesMax, now: pace.now })
  /** What we threw at is neither the miner's nor the page's fault. */
  const ask = async (url: string, wishes: JobWishes | undefined, signal: AbortSignal): Promise<Refetched> => {
    const late = AbortSignal.timeout(lookMs)
    try {
      return await refetch(url, AbortSignal.any([signal, late]), wishes)
    } catch (error) {
      signal.throwIfAborted()
      if (late.aborted) return { state: 'unfetchable', reason: 'look_timeout' }
      telemetry.event('validator.page_failed', { url, error: stackOf(error) })
      return { state: 'unfetchable', reason: 'internal' }
    }
  }
  /** The last look under way of each host: whether it is silent is known before the next. */
  const underWay = new Map<string, Promise<unknown>>()
  const askInTurn = async (hotkey: string, url: string, wishes: JobWishes | undefined, signal: AbortSignal): Promise<Refetched> => {
    const host = hostOf(url)
    const turn = (underWay.get(host) ?? Promise.resolve()).then(() => askHost(`${hotkey} ${host}`, url, wishes, signal))
    const settled = turn.catch(() => undefined)
    underWay.set(host, settled)
    void settled.then(() => underWay.get(host) === settled && underWay.delete(host))
    return turn
  }
  const askHost = async (rowsOnHost: string, url: string, wishes: JobWishes | undefined, signal: AbortSignal): Promise<Refetched> => {
    signal.throwIfAborted()
    const silent = silences.get(rowsOnHost) ?? 0
    if (silent >= silencesMax) return { state: 'unfetchable', reason: 'host_silent' }
    const found = await ask(url, wishes, signal)
    if (isHeard(found)) silences.drop(rowsOnHost)
    else silences.keep(rowsOnHost, silent + 1, silenceMs)
    return found
  }
  const judge = async (claim: RowClaim, found: Refetched, compare: (page: PageDocument, earlier: readonly KeptLook[]) => Promise<Compared>): Promise<Look> => {
    const at = facts.now()
    const earlier = await evidence.looks([claim.uri])
    const compared = found.state === 'found' ? await compare(found.page, earlier) : { alike: 0, hasOpening: false }
    return {
      found,
      judgement: judgePage({ row: claim, found, at, ...compared, earlier }),
      kept: found.state === 'found' ? keptLook(claim.uri, found.page, at) : undefined,
    }
  }
  return {
    async first(hotkey, row, wishes, signal) {
      const found = await askInTurn(hotkey, row.url, wishes, signal)
      return judge(row, found, async (page) => ({
        alike: await likeness(row.text, page.text),
        hasOpening: (await likeness(row.text.slice(0, openingChars), page.text)) >= openingMin,
      }))
    },
    async second(hotkey, { claim, url, wishes, alike }, signal) {
      const found = await askInTurn(hotkey, url, wishes, signal)
      // What else the row says was judged at the first look.
      const rights = found.state === 'found' ? found.page.rights : noRights
      // The text of the row may be gone by now: a page that is as it was holds as much of it as then.
      return judge({ ...claim, rights }, found, async (page, earlier) => ({
        alike: earlier.some((look) => similarity(look.minhash, page.minhash) >= agreeMin) ? alike : Math.max(alike, similarity(claim.minhash, page.minhash)),
        hasOpening: false,
      }))
    },
    async isNetworkUp(signal) {
      const controls = await evidence.controls(controlsMax)
      for (const { uri } of controls) if (isHeard(await ask(uri, undefined, signal))) return true
      return controls.length === 0 ? undefined : false
    },
    async rebuiltSince(host, signal) {
      const controls = await evidence.controls(controlsMax, host)
      for (const { uri } of controls) {
        const found = await askInTurn('', uri, undefined, signal)
        const [seen] = (await evidence.looks([uri])).slice(-1)
        if (found.state === 'unfetchable') return undefined
        if (found.state === 'found' && seen && similarity(seen.minhash, found.page.minhash) >= agreeMin) return undefined
      }
      return controls[0]?.at
    },
  }
}

const keptLook = (uri: string, page: PageDocument, at: number): KeptLook => ({
  uri,
  at,
  htmlSha256: page.html_sha256,
  minhash: page.minhash,
  changedAt: changeTimeOf(page, at),
})
