import type { Clock } from '#schemas/clock.ts'
import { fetchTarget, type FetchServices } from './fetch-target.ts'
import type { RenderPage } from './render-page.ts'
import { pageDocument, type PageDocument } from './page-document.ts'

/** `fault`: whether the page is not as it was said to be, or we could not find out (which is nobody's fault). */
export type FetchedDocument = { ok: true; document: PageDocument } | { ok: false; reason: string; fault: 'ours' | 'page' }

/**
 * Fetches one page exactly as a miner does: same robots, same extraction, same rules, one request. What its owner reserved is no fault of a copy: it is for
 * the miner to obey, and for a dataset to leave out.
 * @throws the signal's reason when aborted
 */
export async function fetchDocument(
  url: string,
  services: FetchServices & { facts: Clock; render?: RenderPage | undefined },
  signal: AbortSignal,
): Promise<FetchedDocument> {
  const outcome = await fetchTarget({ url, kind: 'page' }, undefined, services, signal)
  if (outcome.kind === 'read') {
    const shown = services.render ? await services.render(outcome, signal) : outcome
    const document = pageDocument(shown, services.facts.now(), false)
    return typeof document === 'string' ? { ok: false, reason: document, fault: 'page' } : { ok: true, document }
  }
  if (outcome.kind === 'trouble') return { ok: false, reason: outcome.reason, fault: 'ours' }
  return { ok: false, reason: outcome.kind === 'refused' ? outcome.reason : outcome.kind, fault: 'page' }
}
