import { needsContact } from '#infra/net/contact.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'
import type { PageDocument } from '../../document/page-document.ts'
import type { PagePool } from '../../document/page-pool.ts'
import { pageReader } from '../../document/read-page.ts'
import { fetchDocument } from '../../fetch/fetch-document.ts'
import { inPageTurn } from '../../fetch/page-turn.ts'
import type { HostRests } from '../../limits/host-rest.ts'
import { inNextTurn, whenever } from '../../limits/in-turn.ts'
import { fileAsker } from '../../robots/file-asker.ts'
import { createHostPolicies } from '../../robots/host-policies.ts'
import { crawlDelayOf, createRobots } from '../../robots/robots.ts'

export interface LookParts {
  http: Http
  pages: PagePool
  /** The turns of hosts of the miner: a page that somebody names is asked for in the turn of its host, beside what the crawl asks. */
  turns: HostTurns
  pace: Clock
  facts: Clock
  hostDelayMs: number
  obeyRights: boolean
  contact: string
}

/** One page that was named, or why there is none. @throws the signal's reason */
export type LookAtPage = (url: string, signal: AbortSignal) => Promise<PageDocument | string>

/** Longer than a page takes. */
const turnMs = 120_000

/** What else its host says of learning from it may take some turns of the host. */
const policyTurnsMax = 4

/** Fetches a page as the crawl would: same robots rules, same rights, in its host's turn. */
export function lookAtPage({ http, pages, turns, pace, facts, hostDelayMs, obeyRights, contact }: LookParts): LookAtPage {
  const robots = createRobots(http, pace)
  const policies = createHostPolicies(pace)
  const restMs: HostRests = async (host, crawlDelayMs) => (http.isVirtual(hostnameOf(host)) ? crawlDelayMs : Math.max(hostDelayMs, crawlDelayMs))
  const manners = { http, robots, turns, pace, turnMs, restMs, mayAsk: () => true }
  const readPage = pageReader({ pages, facts, wishes: { obeyRights, keepsMarkdown: false } })
  /** Whether robots.txt and the files beside it are known. */
  const learn = (url: string, page: string, signal: AbortSignal): Promise<boolean> =>
    inNextTurn(manners, { url: page, page, signal }, async (end) => {
      const turn = { url: page, page, startsAt: pace.now(), isWithin: true }
      const asker = fileAsker(manners, { page, latest: () => whenever, signal, turn })
      const permission = await robots.of(url, signal, asker.robots)
      end.hostDelayMs = await restMs(hostOf(page), crawlDelayOf(robots.known(url)))
      return permission.state !== 'unreachable' && (await policies.read(url, permission.rules, asker.file))
    })
  return async (url, signal) => {
    const page = pageUrl(url)
    if (page === undefined) return 'no_page'
    if (contact.trim() === '' && needsContact(url, http.isVirtual)) return 'no_contact'
    for (let turn = 0; !(await learn(url, page, signal)); turn++) if (turn === policyTurnsMax) return 'host_unknown'
    const services = {
      http,
      robots,
      pace,
      restMs: async () => restMs(hostOf(page), crawlDelayOf(robots.known(url))),
      readPage: async (...[read, stop]: Parameters<typeof readPage>) => readPage({ ...read, policy: await policies.of(url) }, stop),
    }
    const found = await inPageTurn(manners, { page, url, signal }, () => fetchDocument(url, services, signal))
    return found.ok ? found.document : found.reason
  }
}
