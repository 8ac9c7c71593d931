import { sha256Hex } from '#schemas/canonical-json.ts'
import { fetchTarget, type FetchServices } from './fetch-target.ts'
import type { PageDocument } from '../document/page-document.ts'
import type { ReadPage } from '../document/read-page.ts'

/**
 * `fault`: whether the page is not as it was said to be, or we could not find out (which is nobody's fault). `htmlSha256`: of what it answered with.
 * `isRendered`: as a browser showed it. `lacksBrowser`: one would show more, and there is none. `location`: where a page that `moved` is now, as it is to be asked.
 */
export type FetchedDocument =
  | { ok: true; document: PageDocument; isRendered: boolean; lacksBrowser: boolean }
  | { ok: false; reason: string; fault: 'ours' | 'page'; htmlSha256?: string; lacksBrowser?: boolean; location?: string }

/**
 * Fetches one page exactly as a miner does: same robots, same extraction, same rules, one turn. What its owner reserved is no fault of a copy: it is for
 * the miner to obey, and for a dataset to leave out.
 * @param url as it is to be asked
 * @throws the signal's reason when aborted
 */
export async function fetchDocument(url: string, services: FetchServices & { readPage: ReadPage }, signal: AbortSignal): Promise<FetchedDocument> {
  using hold = new DisposableStack()
  const outcome = await fetchTarget({ url, kind: 'page' }, undefined, services, signal, hold)
  if (outcome.kind === 'read') {
    const { document, found, lacksBrowser = false } = outcome.isPage ? await services.readPage(outcome, signal) : { document: 'no_text' }
    if (typeof document !== 'string') return { ok: true, document, isRendered: found !== undefined, lacksBrowser }
    return { ...failed(document), htmlSha256: sha256Hex(outcome.fetched.body), lacksBrowser }
  }
  // A host that could not be asked for its robots.txt says nothing of its pages, for whatever reason.
  if (outcome.kind === 'trouble' || (outcome.kind === 'refused' && !outcome.permission)) return { ok: false, reason: outcome.reason, fault: 'ours' }
  if (outcome.kind === 'moved' && outcome.location !== undefined) return { ...failed('moved'), location: outcome.location }
  return failed(outcome.kind === 'refused' ? outcome.reason : outcome.kind)
}

/** How long a page takes depends on the machine: another may have read it. */
const isOurs = (reason: string): boolean => reason === 'too_slow' || reason === 'internal'
const failed = (reason: string): { ok: false; reason: string; fault: 'ours' | 'page' } => ({ ok: false, reason, fault: isOurs(reason) ? 'ours' : 'page' })
