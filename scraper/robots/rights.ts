import type { Document } from '#schemas/document.ts'
import type { AiTxt } from './ai-txt.ts'
import type { PageRobots } from './page-robots.ts'
import type { HostRobots } from './robots.ts'
import { strictestTdm, type TdmRules } from './tdm.ts'

/** What a host says beside its robots.txt. */
export interface HostPolicy {
  tdm: TdmRules
  aiTxt: AiTxt
}

export interface RightsEvidence {
  url: string
  /** undefined: robots.txt was not asked, since the page comes from an archive. */
  robotsTxt: HostRobots['state'] | undefined
  /** undefined: not asked. */
  policy: HostPolicy | undefined
  robots: PageRobots
  licence: string | undefined
}

/** All that is known of what the owner of a page allows, as it is kept with the page. */
export function pageRights({ url, robotsTxt, policy, robots, licence }: RightsEvidence): Document['rights'] {
  const { pathname, search } = new URL(url)
  const path = pathname + search
  const tdm = strictestTdm([robots.tdm, ...(policy ? [policy.tdm.of(path)] : [])])
  const allowsText = policy?.aiTxt.allowsText(path)
  return {
    robots: robotsTxt === undefined ? 'not_asked' : robotsTxt === 'found' ? 'allowed' : 'absent',
    meta_robots: robots.directives,
    tdm_reservation: tdm.reserved,
    ...(tdm.policy === undefined ? {} : { tdm_policy: tdm.policy }),
    ...(allowsText === undefined ? {} : { ai_txt: allowsText ? 'allowed' : 'disallowed' }),
    licence: licence ?? null,
  }
}

/**
 * Why a page must not be used, whoever asks: `noindex`, `unavailable`; and with `obey`, why it must not be learnt from: `noai`, `tdm_reserved`,
 * `ai_txt_disallowed`. undefined = it may.
 * @param nowMs by the clock that stamps facts
 */
export function rightsRefusal(rights: Document['rights'], robots: PageRobots, { obey, nowMs }: { obey: boolean; nowMs: number }): string | undefined {
  if (!robots.index) return 'noindex'
  if (robots.unavailableAt !== undefined && robots.unavailableAt <= nowMs) return 'unavailable'
  if (!obey) return undefined
  if (!robots.ai) return 'noai'
  if (rights.tdm_reservation === true) return 'tdm_reserved'
  return rights.ai_txt === 'disallowed' ? 'ai_txt_disallowed' : undefined
}
