import type { Clock } from '#schemas/clock.ts'
import type { QualityChoice } from '#schemas/quality.ts'
import { hostWord } from '../robots/rights.ts'
import type { Found } from '../source/found.ts'
import type { ReadOutcome } from '../fetch/fetch-target.ts'
import type { PageReading, PageTask } from './page-document.ts'
import type { PagePool } from './page-pool.ts'
import type { RenderPage } from '../render/render-page.ts'
import { renderWorth } from '../render/worth.ts'

/** A page that was read: from the web, or (`permission` undefined) from an archive. */
export type Readable = Pick<ReadOutcome, 'fetched' | 'policy'> & {
  permission: ReadOutcome['permission'] | undefined
  /** What its job asks of its text. */
  quality?: QualityChoice | undefined
}

/**
 * A page as a document, or why not. `found`: what only a browser could see that it leads to, where one showed it. `needsBrowser`: there is one, and it might show
 * more another time. `lacksBrowser`: one would show more, and there is none, or not now.
 */
export type ReadPage = (
  read: Readable,
  signal: AbortSignal,
) => Promise<Pick<PageReading, 'document' | 'refused' | 'textId' | 'textPatternId' | 'needsBrowser'> & { found?: Found; lacksBrowser?: boolean }>

/** What the reader of all pages wants. */
export type Wishes = Pick<PageTask, 'obeyRights' | 'keepsMarkdown' | 'refusedTextBytes'>

export interface ReaderOptions {
  pages: Pick<PagePool, 'read'>
  /** Shows pages that hold less than they promise; undefined: they are taken as they were answered. */
  render?: RenderPage | undefined
  /** Stamps documents. */
  facts: Clock
  wishes: Wishes
}

/** Reads pages in the pool, and once more as a browser shows them where that is worth it. */
export function pageReader({ pages, render, facts, wishes }: ReaderOptions): ReadPage {
  const worth = renderWorth()
  return async (read, signal) => {
    const { fetched } = read
    const task = pageTask(read, facts.now(), wishes)
    const plain = await pages.read(task, signal)
    if (!render) return { ...plain, needsBrowser: false, lacksBrowser: plain.needsBrowser }
    if (!plain.needsBrowser) return plain
    const { host } = new URL(fetched.url)
    if (!worth.isWorth(host)) return plain
    const rendering = await render(fetched, signal)
    if (!rendering) return { ...plain, lacksBrowser: true }
    const shown = await pages.read({ ...task, rendered: rendering.html }, signal)
    worth.learn(host, plain.textChars, shown.textChars)
    return shown.textChars > plain.textChars ? { ...shown, found: rendering.found } : plain
  }
}

/** What the pool makes a document of. @param nowMs the time of the fetch, by the clock that stamps facts */
export const pageTask = ({ fetched, permission, policy, quality }: Readable, nowMs: number, wishes: Wishes): PageTask => ({
  fetched,
  rendered: undefined,
  robotsTxt: permission?.state,
  host: policy && hostWord(policy, permission?.rules, fetched.url),
  nowMs,
  ...wishes,
  quality,
})
