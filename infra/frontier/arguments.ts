import { detached } from '#infra/detached.ts'
import { recentValues, textBytes } from '#infra/recent-values.ts'
import type { ClaimRequest, Deferral, Target, TargetKind, Visit } from '#schemas/frontier.ts'
import type { TurnEnd, TurnRequest } from '#schemas/host-turns.ts'
import { refuse, requireFinite, requireInteger, requireOneOf, requireText } from '../sqlite/arguments.ts'

const urlBytesMax = 8192
const textBytesMax = 1024
const memoryCharsMax = 512
const depthMost = 65_535
const kinds: readonly TargetKind[] = ['page', 'sitemap', 'feed']
const outcomes: readonly Visit['outcome'][] = ['stored', 'unchanged', 'rejected', 'failed']

/** All of a target but its URL. */
export function checkTarget({ kind, label, priority, depth, modifiedAt, asked }: Target): void {
  requireOneOf('target.kind', kind, kinds)
  checkLabel('target.label', label)
  requireFinite('target.priority', priority)
  if (depth !== undefined) requireInteger('target.depth', depth, 0, depthMost)
  if (modifiedAt !== undefined) requireFinite('target.modifiedAt', modifiedAt)
  if (asked !== undefined) checkUrl(asked)
}

export function checkUrl(url: string): void {
  requireText('target.url', url, urlBytesMax)
  hostOf(url)
}

export function checkClaimRequest({ limit, leaseMs, labels }: ClaimRequest): void {
  requireInteger('limit', limit, 1)
  requireInteger('leaseMs', leaseMs, 1)
  for (const label of labels ?? []) checkLabel('labels', label)
}

export function checkVisit({ outcome, reason, revisitAt, hostDelayMs, memory, address }: Visit): void {
  requireOneOf('visit.outcome', outcome, outcomes)
  if (reason !== undefined) requireText('visit.reason', reason, textBytesMax)
  else if (outcome === 'rejected' || outcome === 'failed') throw refuse('visit.reason', reason, `the code of why the visit was ${outcome}`)
  if (revisitAt !== undefined) requireInteger('visit.revisitAt', revisitAt, 0)
  requireInteger('visit.hostDelayMs', hostDelayMs, 0)
  if (memory !== undefined && memory.length > memoryCharsMax) throw refuse('visit.memory', memory, `at most ${memoryCharsMax} characters`)
  if (address !== undefined) requireText('visit.address', address, textBytesMax)
}

export function checkDeferral({ reason, until, hostDelayMs, address }: Deferral): void {
  requireText('deferral.reason', reason, textBytesMax)
  requireInteger('deferral.until', until, 0)
  if (hostDelayMs !== undefined) requireInteger('deferral.hostDelayMs', hostDelayMs, 0)
  if (address !== undefined) requireText('deferral.address', address, textBytesMax)
}

export const checkAddress = (address: string): void => requireText('address', address, textBytesMax)

export function checkTurnRequest({ url, page, latest, leaseMs, address }: TurnRequest): void {
  hostOf(url)
  requireText('turn.page', page, urlBytesMax)
  requireInteger('turn.latest', latest, 0)
  requireInteger('turn.leaseMs', leaseMs, 1)
  if (address !== undefined) checkAddress(address)
}

export function checkTurnEnd({ hostDelayMs, until, address }: TurnEnd): void {
  requireInteger('turn.hostDelayMs', hostDelayMs, 0)
  if (until !== undefined) requireInteger('turn.until', until, 0)
  if (address !== undefined) requireText('turn.address', address, textBytesMax)
}

/** The label that passed last: millions of targets come with few labels. */
let lastLabel: string | undefined
function checkLabel(name: string, label: string): void {
  if (label === lastLabel) return
  requireText(name, label, textBytesMax)
  lastLabel = label
}

/** Origins as they were written → host; they are few, and a parse costs more than all else that is done with a new URL. */
const hosts = recentValues<string, string>({ bytesMax: 4_000_000, bytesOf: textBytes })
/** Most links of a page lead to one host. */
let last = { origin: ' ', host: '' }

/** The host name with its port. @throws OrreryError `invalid_argument` for what is no http(s) URL */
export function hostOf(url: string): string {
  const [origin = ''] = /^[^/\\?#]*:\/\/[^/\\?#]+/.exec(url) ?? []
  const isClean = !/[\s\p{Cc}]/u.test(url)
  if (isClean && origin === last.origin) return last.host
  const known = isClean ? hosts.get(origin) : undefined
  if (known !== undefined) {
    last = { origin, host: known }
    return known
  }
  const parsed = isClean ? URL.parse(url) : null
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) throw refuse('target.url', url, 'an absolute http or https URL')
  if (origin !== '') hosts.keep(origin, detached(parsed.host))
  return parsed.host
}
