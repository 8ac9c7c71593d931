import { OrreryError } from '#schemas/errors.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { fetchTarget, type FetchServices } from '../fetch/fetch-target.ts'
import type { Readable } from '../document/read-page.ts'
import { askAtOnce } from '../robots/host-file.ts'
import { createHostPolicies } from '../robots/host-policies.ts'
import { createRobots } from '../robots/robots.ts'

const redirectsMax = 5

/**
 * One page as a miner would get it: its host's robots.txt first, then what else the host says of learning from it. Redirects are followed, each with its own permission.
 * @throws OrreryError `invalid_argument` when there is no page to be had; the signal's reason when aborted
 */
export async function pageOfUrl(
  text: string,
  { http, pace, headersOf }: Pick<FetchServices, 'http' | 'pace' | 'headersOf'>,
  signal: AbortSignal,
): Promise<Readable> {
  const robots = createRobots(http, pace)
  const policies = createHostPolicies(pace)
  let page = linkedUrl(text)
  for (let hops = 0; page !== undefined && hops <= redirectsMax; hops++) {
    const outcome = await fetchTarget({ ...page, kind: 'page' }, undefined, { http, robots, pace, ...(headersOf && { headersOf }) }, signal)
    if (outcome.kind === 'moved') page = outcome.location === undefined ? undefined : linkedUrl(outcome.location)
    else if (outcome.kind === 'read' && outcome.isPage) {
      await policies.read(page.url, outcome.permission.rules, askAtOnce(http, signal))
      return { ...outcome, policy: policies.of(page.url) }
    } else throw refused(page.url, outcome.kind === 'read' || outcome.kind === 'unchanged' ? 'not_html' : outcome.reason)
  }
  throw page === undefined
    ? new OrreryError('invalid_argument', `"${text}" is no address of a page; give an http or https URL, or a file.`, { text })
    : refused(page.url, 'too_many_redirects')
}

const refused = (url: string, reason: string): OrreryError =>
  new OrreryError('invalid_argument', `${url} could not be read: ${reason}. Try it in a browser; a saved page can be explained as a file.`, { url, reason })
