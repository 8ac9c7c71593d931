import { OrreryError } from '#schemas/errors.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf } from '#schemas/identity/url-parts.ts'
import { fetchTarget, type FetchServices } from '../fetch/fetch-target.ts'
import type { Readable } from '../document/read-page.ts'
import { inPageTurn } from '../fetch/page-turn.ts'
import type { HostRests } from '../limits/host-rest.ts'
import { whenever } from '../limits/in-turn.ts'
import { memoryTurns } from '../limits/memory-turns.ts'
import { fileAsker } from '../robots/file-asker.ts'
import { createHostPolicies } from '../robots/host-policies.ts'
import { createRobots } from '../robots/robots.ts'

const redirectsMax = 5
/** Longer than a request takes. */
const turnMs = 120_000

/**
 * One page as a miner would get it, in its host's turns, with its rests: robots.txt first, then the page, then what else the host says of learning from it.
 * Redirects are followed, each with its own permission.
 * @throws OrreryError `invalid_argument` when there is no page to be had; the signal's reason when aborted
 */
export async function pageOfUrl(
  text: string,
  { http, pace, headersOf, hostDelayMs }: Pick<FetchServices, 'http' | 'pace' | 'headersOf'> & { hostDelayMs: number },
  signal: AbortSignal,
): Promise<Readable> {
  const robots = createRobots(http, pace)
  const restMs: HostRests = async (host, crawlDelayMs) => (http.isVirtual(hostnameOf(host)) ? crawlDelayMs : Math.max(hostDelayMs, crawlDelayMs))
  const manners = { http, robots, turns: memoryTurns(pace), pace, turnMs, restMs, mayAsk: () => true }
  const services = { http, robots, pace, ...(headersOf && { headersOf }) }
  const policies = createHostPolicies(pace)
  let page = linkedUrl(text)
  for (let hops = 0; page !== undefined && hops <= redirectsMax; hops++) {
    const target = { ...page, kind: 'page' } as const
    const turn = { page: page.url, url: askedUrl(target), signal }
    const outcome = await inPageTurn(manners, turn, () => fetchTarget(target, undefined, services, signal))
    if (outcome.kind === 'moved') page = outcome.location === undefined ? undefined : linkedUrl(outcome.location)
    else if (outcome.kind === 'read' && outcome.isPage) {
      await policies.read(page.url, outcome.permission.rules, fileAsker(manners, { page: page.url, latest: () => whenever, signal }).file)
      return { ...outcome, policy: await policies.of(page.url) }
    } else throw refused(page.url, outcome.kind === 'read' || outcome.kind === 'unchanged' ? 'not_html' : outcome.reason)
  }
  throw page === undefined
    ? new OrreryError('invalid_argument', `"${text}" is no address of a page; give an http or https URL, or a file.`, { text })
    : refused(page.url, 'too_many_redirects')
}

const refused = (url: string, reason: string): OrreryError =>
  new OrreryError('invalid_argument', `${url} could not be read: ${reason}. Try it in a browser; a saved page can be explained as a file.`, { url, reason })
