import type { LicenceScope } from '#schemas/rights.ts'
import type { LicenceClaim } from './licence-claims.ts'

export interface Licence {
  /** SPDX id where there is one, else the licence's absolute URL; undefined = none is named for the page, or those that are contradict each other. */
  licence: string | undefined
  /** What the licence that was found is given for; undefined: none was found. `page` without a licence: it contradicts itself, or names none that is known. */
  scope: LicenceScope | undefined
  /** One sentence. */
  why: string
}

/**
 * What the page may be used under: what is said of itself and not of a picture, a program, a comment or whatever else is on it. A notice in its own words goes before what
 * its site says of everything. Where two contradict each other there is none, unless one sentence leaves the choice between them: then the one that asks for less.
 */
export function licenceOf(claims: readonly LicenceClaim[]): Licence {
  const own = claims.filter(({ scope }) => scope === 'page')
  const named = own.filter(isNamed)
  const notices = named.filter(({ isNotice, isSiteWide }) => isNotice && !isSiteWide)
  const spoken = notices.length > 0 ? named.filter(({ isSiteWide }) => !isSiteWide) : named
  // An address that nobody knows may be that of the licence which is named beside it.
  const counted = spoken.some(isKnown) ? spoken.filter(isKnown) : spoken
  const distinct = [...new Set(counted.map(({ licence }) => licence))]
  const [first] = distinct
  if (first === undefined) return otherwise(claims, own)
  const where = `${said(counted)} (${[...new Set(counted.map(({ by }) => by))].join(', ')})`
  if (distinct.length === 1) return { licence: first, scope: 'page', why: `${first}: ${where}` }
  const chosen = areOffered(counted) ? leastDemanding(distinct) : undefined
  if (chosen !== undefined) return { licence: chosen, scope: 'page', why: `${chosen}: of ${distinct.join(', ')}, all offered: ${where}` }
  return { licence: undefined, scope: 'page', why: `none: ${distinct.slice(0, 5).join(', ')} contradict each other: ${where}` }
}

type NamedClaim = LicenceClaim & { licence: string }
const isNamed = (claim: LicenceClaim): claim is NamedClaim => claim.licence !== undefined

const isKnown = ({ licence }: NamedClaim): boolean => !licence.includes('://')

function said(claims: readonly LicenceClaim[]): string {
  const site = claims.filter(({ isSiteWide }) => isSiteWide).length
  return site === 0 ? 'said of the page' : site === claims.length ? 'said of the site' : 'said of the page and of the site'
}

/** When the page has none of its own. */
function otherwise(claims: readonly LicenceClaim[], own: readonly LicenceClaim[]): Licence {
  if (own.length > 0) return { licence: undefined, scope: 'page', why: 'none: what it leads to is a page of the site itself' }
  const scopes: readonly LicenceScope[] = ['image', 'software', 'unknown']
  const scope = scopes.find((each) => claims.some((claim) => claim.scope === each))
  if (scope === undefined) return { licence: undefined, scope: undefined, why: 'none is named' }
  const found = [...new Set(claims.filter((claim) => claim.scope === scope).map(({ licence }) => licence ?? 'a page of the site'))].slice(0, 5).join(', ')
  const what = { image: 'an image', software: 'a program', unknown: 'something else than the page', page: '' }[scope]
  return { licence: undefined, scope, why: `none of the page: ${found} is that of ${what}` }
}

/** Whether every licence but the first is offered in the same breath as the one before. */
function areOffered(claims: readonly NamedClaim[]): boolean {
  const seen = new Set<string>()
  for (const { licence, before } of claims) {
    if (seen.size > 0 && !seen.has(licence) && !isOffer.test(before)) return false
    seen.add(licence)
  }
  return true
}
const isOffer =
  /(?<!\p{L})(?:either|dual|dual-licen[sc]ed|GFDL|GNU [^.;]{0,40}licen[sc]e)(?!\p{L})|licen[sc]e[^.;]{0,60}(?<!\p{L})(?:or|oder|ou|o|или)(?: the| the terms of the| der)?\s*$|(?:\d\.\d)[^.;]{0,40}(?<!\p{L})(?:or|oder|ou|o|или)(?!\p{L})[^.;]{0,40}$/iu

/** Ids by what they ask for, little first: nothing, the name, the same licence, no change, no trade, and both of these. */
const demands: readonly (readonly [RegExp, number])[] = [
  [/^(?:CC0-|CC-PDM-|Unlicense|PDDL-|0BSD)/, 0],
  [/^CC-BY-NC-ND-/, 6],
  [/^CC-BY-NC-SA-/, 5],
  [/^CC-BY-NC-/, 4],
  [/^CC-BY-ND-/, 3],
  [/^CC-BY-SA-|^ODbL-|^GFDL-|GPL-/, 2],
]

const rankOf = (licence: string): number => demands.find(([pattern]) => pattern.test(licence))?.[1] ?? 1

function leastDemanding(licences: readonly string[]): string | undefined {
  // Of equals the one that is named first; of versions of one too.
  return licences.toSorted((a, b) => rankOf(a) - rankOf(b))[0]
}
