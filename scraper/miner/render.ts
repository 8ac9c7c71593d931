import type { Config } from '#infra/config/schema.ts'
import type { Browser } from '#infra/net/browser/rendering.ts'
import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { pageRenderer, type RenderPage } from '../render/render-page.ts'
import type { Robots } from '../robots/robots.ts'
import { needsContact } from '#infra/net/contact.ts'
import { hostRests, type HostMoods } from '../limits/host-rest.ts'
import type { Share } from '../jobs/share.ts'

interface MinerRenderOptions {
  browser: Browser
  http: Http
  robots: Robots
  frontier: HostTurns
  pace: Clock
  telemetry: Telemetry
  settings: Pick<Config['miner'], 'contact' | 'host_delay_ms' | 'host_delay_factor' | 'timeout_seconds'>
  isOurs: Share
  /** What nobody may fetch. */
  blocks(url: string): boolean
  moods: HostMoods
}

/**
 * Shows pages under the manners of the crawl: the turns of the frontier, the rests of its hosts, the rates the operator allows. What is blocked is not asked
 * for, nor hosts that are another miner's share, nor, without a contact, the public web.
 */
export function minerRenderer({ frontier, settings, isOurs, blocks, moods, ...options }: MinerRenderOptions): RenderPage {
  const { isVirtual } = options.http
  const limits = { hostDelayMs: settings.host_delay_ms, responseFactor: settings.host_delay_factor }
  return pageRenderer({
    ...options,
    turns: frontier,
    turnMs: settings.timeout_seconds * 2000 + 1000,
    mayAsk: (url) => isOurs(url) && !blocks(url) && !(settings.contact.trim() === '' && needsContact(url, isVirtual)),
    restMs: hostRests(moods, limits, isVirtual),
  })
}
