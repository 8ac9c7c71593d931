import { ownerRefusal, rightsUrlChars, type LicenceScope, type Rights } from '#schemas/rights.ts'
import { pathOf } from '#schemas/identity/url-parts.ts'
import type { AiTxt } from './ai-txt.ts'
import type { PageRobots } from './page-robots.ts'
import type { HostRobots } from './robots.ts'
import type { RobotsRules } from './robots-txt.ts'
import { strictestTdm, type TdmDeclaration, type TdmRules } from './tdm.ts'
import { strictestTraining, type TrainingWord } from './training-word.ts'

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
  /** robots.txt; undefined when it says nothing of training. */
  training: TrainingWord | undefined
}

/** @param url as it is asked for */
export function hostWord({ tdm, aiTxt }: HostPolicy, rules: Pick<RobotsRules, 'training'> | undefined, url: string): HostWord {
  const path = pathOf(url)
  return { tdm: tdm.of(path), allowsText: aiTxt.allowsText(path), training: rules?.training(path) }
}

export interface RightsEvidence {
  /** undefined: robots.txt was not asked, since the page comes from an archive. */
  robotsTxt: HostRobots['state'] | undefined
  /** undefined: not asked. */
  host: HostWord | undefined
  robots: PageRobots
  licence: string | undefined
  licenceScope: LicenceScope | undefined
}

/** All that is known of what the owner of a page allows, as it is kept with the page. */
export function pageRights({ robotsTxt, host, robots, licence: found, licenceScope }: RightsEvidence): Rights {
  const licence = found !== undefined && found.length <= rightsUrlChars ? found : undefined
  const tdm = strictestTdm([robots.tdm, ...(host ? [host.tdm] : [])])
  const allowsText = host?.allowsText
  const training = strictestTraining([robots.training, host?.training])
  return {
    robots: robotsTxt === undefined ? 'not_asked' : robotsTxt === 'found' ? 'allowed' : 'absent',
    meta_robots: robots.directives,
    tdm_reservation: tdm.reserved,
    ...(tdm.policy === undefined ? {} : { tdm_policy: tdm.policy }),
    ...(allowsText === undefined ? {} : { ai_txt: allowsText ? 'allowed' : 'disallowed' }),
    ...(training && { ai_train: training.allowed ? 'allowed' : 'disallowed', ai_train_by: training.by }),
    licence: licence ?? null,
    licence_scope: licenceScope ?? null,
  }
}

/**
 * Why a page must not be used, whoever asks: `noindex`, `unavailable`; and with `obey`, why it must not be learnt from (`ownerRefusal`). undefined = it may.
 * @param nowMs by the clock that stamps facts
 */
export function rightsRefusal(
  rights: Rights,
  { unavailableAt }: Pick<PageRobots, 'unavailableAt'>,
  { obey, nowMs }: { obey: boolean; nowMs: number },
): string | undefined {
  const said = ownerRefusal(rights)
  if (said === 'noindex') return said
  if (unavailableAt !== undefined && unavailableAt <= nowMs) return 'unavailable'
  return obey ? said : undefined
}

/** Whether a reason is one of those that `rightsRefusal` gives. */
export const isRightsRefusal = (reason: string): boolean => /^(?:noindex|unavailable|noai|tdm_reserved|ai_(?:txt|train)_disallowed)$/.test(reason)
