export interface LicenceClaim {
  /** URL, SPDX id or name, as it stands in the page. */
  value: string
  by: 'rel' | 'json-ld' | 'meta' | 'link' | 'text'
  /** It stands in the footer: said of the site rather than of the page. */
  isSiteWide: boolean
}

export interface Licence {
  /** SPDX id where there is one, else the licence's absolute URL; undefined = none is named, or they contradict each other. */
  licence: string | undefined
  /** One sentence. */
  why: string
}

/**
 * What the page may be used under. What is said of the page itself goes before what is said of the site, and a statement (`rel=license`, JSON-LD, meta) before a link
 * or a mention; among contradicting ones of the same weight the most restrictive counts, and none when that cannot be told.
 * @param base what relative addresses start from
 */
export function licenceOf(claims: readonly LicenceClaim[], base: string): Licence {
  for (const group of groups) {
    const named = claims.filter(group.takes).flatMap((claim) => {
      const licence = normalLicence(claim.value, base, claim.by === 'rel' || claim.by === 'json-ld')
      return licence === undefined ? [] : [{ licence, claim }]
    })
    const distinct = [...new Set(named.map(({ licence }) => licence))]
    const [first] = named
    if (!first) continue
    const where = `${group.said} (${[...new Set(named.map(({ claim }) => claim.by))].join(', ')})`
    if (distinct.length === 1) return { licence: first.licence, why: `${first.licence}: ${where}` }
    const strictest = mostRestrictive(distinct)
    if (strictest !== undefined) return { licence: strictest, why: `${strictest}: the most restrictive of ${distinct.join(', ')}: ${where}` }
    return { licence: undefined, why: `none: ${distinct.slice(0, 5).join(', ')} contradict each other: ${where}` }
  }
  return { licence: undefined, why: 'none is named' }
}

const isStatement = ({ by }: LicenceClaim): boolean => by === 'rel' || by === 'json-ld' || by === 'meta'
const groups: readonly { said: string; takes: (claim: LicenceClaim) => boolean }[] = [
  { said: 'stated of the page', takes: (claim) => isStatement(claim) && !claim.isSiteWide },
  { said: 'linked from the page', takes: (claim) => claim.by === 'link' && !claim.isSiteWide },
  { said: 'stated of the site', takes: (claim) => isStatement(claim) && claim.isSiteWide },
  { said: 'linked from the footer', takes: (claim) => claim.by === 'link' && claim.isSiteWide },
  { said: 'named in the text', takes: (claim) => claim.by === 'text' && !claim.isSiteWide },
  { said: 'named in the footer', takes: (claim) => claim.by === 'text' && claim.isSiteWide },
]

/** Ids by what they ask for, little first: nothing, the name, the same licence, no change, no trade, and both of these. */
const restrictions: readonly (readonly [RegExp, number])[] = [
  [/^(?:CC0-|CC-PDM-|Unlicense|PDDL-|0BSD)/, 0],
  [/^CC-BY-NC-ND-/, 6],
  [/^CC-BY-NC-SA-/, 5],
  [/^CC-BY-NC-/, 4],
  [/^CC-BY-ND-/, 3],
  [/^CC-BY-SA-|^ODbL-|^GFDL-/, 2],
  [/^(?:CC-BY-\d|ODC-By-|OGL-)/, 1],
]

/** The strictest licence of contents; undefined when some licence cannot be compared (one for programs, or an unknown one). */
function mostRestrictive(licences: readonly string[]): string | undefined {
  let best: { licence: string; rank: number } | undefined
  for (const licence of licences) {
    const rank = restrictions.find(([pattern]) => pattern.test(licence))?.[1]
    if (rank === undefined) return undefined
    // Of two versions of one, that which is named first.
    if (!best || rank > best.rank) best = { licence, rank }
  }
  return best?.licence
}

/** Ids in use on pages, by their lower-case spelling; from the SPDX License List. */
const spdxIds = new Map(
  (
    'CC0-1.0 CC-PDM-1.0 MIT MIT-0 Apache-2.0 BSD-2-Clause BSD-3-Clause 0BSD ISC Zlib BSL-1.0 MPL-2.0 EPL-1.0 EPL-2.0 EUPL-1.2 CDDL-1.0 Artistic-2.0 Unlicense WTFPL PSF-2.0 ' +
    'GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later ' +
    'GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later ODbL-1.0 ODC-By-1.0 PDDL-1.0 OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 OGL-Canada-2.0 etalab-2.0 OFL-1.1'
  )
    .split(' ')
    .concat(
      ['BY', 'BY-SA', 'BY-ND', 'BY-NC', 'BY-NC-SA', 'BY-NC-ND'].flatMap((kind) =>
        ['1.0', '2.0', '2.5', '3.0', '4.0'].map((version) => `CC-${kind}-${version}`),
      ),
    )
    .map((id) => [id.toLowerCase(), id]),
)
const gnu: Readonly<Record<string, string>> = { gpl: 'GPL', lgpl: 'LGPL', agpl: 'AGPL', fdl: 'GFDL' }

/** @param isStatement any address stands for a licence then, known or not */
function normalLicence(value: string, base: string, isStatement: boolean): string | undefined {
  const text = value.trim()
  const known = spdxIds.get(text.toLowerCase()) ?? byAddress(text, base) ?? byName(text)
  if (known !== undefined || !isStatement) return known
  const url = URL.parse(text, base)
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && !/\s/.test(text) && /[/.#]/.test(text)
  return isAddress ? url.href : undefined
}

function byAddress(text: string, base: string): string | undefined {
  const url = URL.parse(text, base)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const host = url.hostname.replace(/^www\./, '')
  const path = url.pathname.toLowerCase()
  if (host === 'creativecommons.org') return creativeCommons(path)
  if (host === 'gnu.org') {
    const [, kind, version] = /\/(gpl|lgpl|agpl|fdl)-(\d\.\d)/.exec(path) ?? []
    return kind && version ? spdxIds.get(`${gnu[kind]}-${version}-only`.toLowerCase()) : undefined
  }
  if (host === 'apache.org' && path.includes('/license-2.0')) return 'Apache-2.0'
  if (host === 'unlicense.org') return 'Unlicense'
  if (host === 'nationalarchives.gov.uk') return spdxIds.get(`ogl-uk-${/version\/(\d)/.exec(path)?.[1] ?? ''}.0`)
  if (host === 'opendatacommons.org') return { odbl: 'ODbL-1.0', by: 'ODC-By-1.0', pddl: 'PDDL-1.0' }[/\/licenses\/(odbl|by|pddl)\b/.exec(path)?.[1] ?? '']
  if (/^(?:opensource\.org|spdx\.org|choosealicense\.com)$/.test(host)) return spdxIds.get((path.split('/')[2] ?? '').replace(/\.html?$/, ''))
  return undefined
}

/** `/licenses/by-sa/3.0/de/deed.en`: the ports to a jurisdiction go under the licence they are ports of. */
function creativeCommons(path: string): string | undefined {
  const [, kind, version] = /^\/licenses\/(by(?:-nc)?(?:-sa|-nd)?)\/(\d\.\d)\b/.exec(path) ?? []
  if (kind && version) return spdxIds.get(`cc-${kind}-${version}`)
  if (path.startsWith('/publicdomain/zero/')) return 'CC0-1.0'
  return path.startsWith('/publicdomain/mark/') ? 'CC-PDM-1.0' : undefined
}

const creativeName =
  /\b(?:CC|Creative Commons)[ -]+(?:BY|Attribution)(?<nc>[ -]+(?:NC|Non-?Commercial))?(?<change>[ -]+(?:SA|ShareAlike|Share Alike|ND|NoDeriv(?:ative|ative Work)?s?|No Derivatives))?[ -]+(?<version>\d(?:\.\d)?)/i

function byName(text: string): string | undefined {
  const { nc, change, version } = creativeName.exec(text.slice(0, 300))?.groups ?? {}
  if (version !== undefined) {
    const kind = `by${nc ? '-nc' : ''}${change ? (/^[ -]*s/i.test(change) ? '-sa' : '-nd') : ''}`
    return spdxIds.get(`cc-${kind}-${version.length === 1 ? `${version}.0` : version}`)
  }
  if (/\bCC[ -]?0\b/.test(text.slice(0, 100))) return 'CC0-1.0'
  const [, plain] = /^(?:the )?(mit|apache|isc|bsd)(?: licen[sc]e)?(?:,? version)?(?: 2\.0)?$/i.exec(text) ?? []
  return { mit: 'MIT', isc: 'ISC', apache: /2\.0/.test(text) ? 'Apache-2.0' : undefined }[plain?.toLowerCase() ?? '']
}
