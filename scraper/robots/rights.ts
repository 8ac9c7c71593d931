import type { Document } from '#schemas/document.ts'
import type { AiTxt } from './ai-txt.ts'
import type { PageRobots } from './page-robots.ts'
import type { HostRobots } from './robots.ts'
import { strictestTdm, type TdmDeclaration, type TdmRules } from './tdm.ts'

/** What a host says beside its robots.txt. */
export interface HostPolicy {
  tdm: Pick<TdmRules, 'of'>
  aiTxt: Pick<AiTxt, 'allowsText'>
}

/** What that says of one page: plain data. */
export interface HostWord {
  tdm: TdmDeclaration
  /** ai.txt; undefined when it says nothing. */
  allowsText: boolean | undefined
}

export function hostWord({ tdm, aiTxt }: HostPolicy, url: string): HostWord {
  const { pathname, search } = new URL(url)
  return { tdm: tdm.of(pathname + search), allowsText: aiTxt.allowsText(pathname + search) }
}

export interface RightsEvidence {
  /** undefined: robots.txt was not asked, since the page comes from an archive. */
  robotsTxt: HostRobots['state'] | undefined
  /** undefined: not asked. */
  host: HostWord | undefined
  robots: PageRobots
  licence: string | undefined
}

/** All that is known of what the owner of a page allows, as it is kept with the page. */
export function pageRights({ robotsTxt, host, robots, licence }: RightsEvidence): Document['rights'] {
  const tdm = strictestTdm([robots.tdm, ...(host ? [host.tdm] : [])])
  const allowsText = host?.allowsText
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

/** Whether a reason is one of those that `rightsRefusal` gives. */
export const isRightsRefusal = (reason: string): boolean => /^(?:noindex|unavailable|noai|tdm_reserved|ai_txt_disallowed)$/.test(reason)
