/** SPDX ids of licences in use on pages, by their lower-case spelling; from the SPDX License List. */
const spdxIds = new Map(
  (
    'CC0-1.0 CC-PDM-1.0 CC-BY-SA-2.1-JP MIT MIT-0 Apache-2.0 BSD-2-Clause BSD-3-Clause 0BSD ISC Zlib BSL-1.0 MPL-1.1 MPL-2.0 EPL-1.0 EPL-2.0 EUPL-1.2 CDDL-1.0 Artistic-2.0 Unlicense ' +
    'WTFPL PSF-2.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later ' +
    'GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later ODbL-1.0 ODC-By-1.0 PDDL-1.0 OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 OGL-Canada-2.0 ' +
    'etalab-2.0 OFL-1.1'
  )
    .split(' ')
    .concat(
      ['BY', 'BY-SA', 'BY-ND', 'BY-NC', 'BY-NC-SA', 'BY-NC-ND'].flatMap((kind) =>
        ['1.0', '2.0', '2.5', '3.0', '4.0'].map((version) => `CC-${kind}-${version}`),
      ),
    )
    .map((id) => [id.toLowerCase(), id]),
)
const idOf = (id: string): string | undefined => spdxIds.get(id.toLowerCase())
const gnu: Readonly<Record<string, string>> = { gpl: 'GPL', lgpl: 'LGPL', agpl: 'AGPL', fdl: 'GFDL' }

/** Those made for works to be read; all others are made for programs, data or fonts. */
export const isForContent = (licence: string): boolean => /^(?:CC0?-|GFDL-|OGL-|etalab-)/.test(licence)

/**
 * SPDX id of the licence that an address stands for; undefined when it stands for none that is known.
 * @param base what a relative address starts from
 */
export function licenceByAddress(text: string, base: string): string | undefined {
  const url = URL.parse(text, base)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const host = url.hostname.replace(/^www\./, '')
  const path = url.pathname.toLowerCase()
  if (/(?:^|\.)creativecommons\.org$|^licensebuttons\.net$/.test(host)) return creativeCommons(path)
  if (host === 'gnu.org') {
    const [, kind, version] = /\/(gpl|lgpl|agpl|fdl)-(\d\.\d)/.exec(path) ?? []
    return kind && version ? idOf(`${gnu[kind]}-${version}-only`) : undefined
  }
  if (host === 'apache.org' && path.includes('/license-2.0')) return 'Apache-2.0'
  if (host === 'unlicense.org') return 'Unlicense'
  if (host === 'mozilla.org' && path.includes('/mpl/2.0')) return 'MPL-2.0'
  if (host === 'nationalarchives.gov.uk') return idOf(`OGL-UK-${/version\/(\d)/.exec(path)?.[1] ?? ''}.0`)
  if (host === 'opendatacommons.org') return { odbl: 'ODbL-1.0', by: 'ODC-By-1.0', pddl: 'PDDL-1.0' }[/\/licenses\/(odbl|by|pddl)\b/.exec(path)?.[1] ?? '']
  if (/^(?:opensource\.org|spdx\.org|choosealicense\.com)$/.test(host)) return idOf((path.split('/')[2] ?? '').replace(/\.html?$/, ''))
  return undefined
}

/** `/licenses/by-sa/3.0/de/deed.en`, a button's `/l/by/4.0/88x31.png`: the ports to a jurisdiction go under the licence they are ports of. */
function creativeCommons(path: string): string | undefined {
  const [, kind, version] = /^\/(?:licen[sc]es|l)\/(by(?:-nc|-sa|-nd)*)\/(\d\.\d)\b/.exec(path) ?? []
  if (kind && version) return idOf(creativeId(kind.includes('nc'), kind.includes('sa'), kind.includes('nd'), version)) ?? idOf(`CC-${kind}-${version}-jp`)
  if (path.startsWith('/publicdomain/zero/') || path.startsWith('/p/zero/')) return 'CC0-1.0'
  return /^\/(?:publicdomain|p)\/mark\//.test(path) ? 'CC-PDM-1.0' : undefined
}

const creativeId = (nc: boolean, sa: boolean, nd: boolean, version: string): string =>
  `CC-BY${nc ? '-NC' : ''}${sa ? '-SA' : nd ? '-ND' : ''}-${version.length === 1 ? `${version}.0` : version}`

const nameChars = 400
/** What may stand between the parts of a name. */
const tailChars = 130

/**
 * SPDX id of the licence that a value stands for: an id, an address or a name.
 * @param base what a relative address starts from
 */
export const licenceByValue = (value: string, base: string): string | undefined =>
  idOf(value.trim().replace(/^the | licen[sc]e$/gi, '')) ?? licenceByAddress(value, base) ?? licenceByName(value)?.licence

/** The first licence that a text names with its version, by its SPDX id, and where the name begins; undefined when it names none, or not which of several. */
export function licenceByName(text: string): NamedLicence | undefined {
  const start = text.slice(0, nameChars)
  let best: NamedLicence | undefined
  for (const read of namings) {
    const found = read(start)
    if (found?.licence !== undefined && (!best || found.at < best.at)) best = { at: found.at, licence: found.licence }
  }
  return best
}

export interface NamedLicence {
  at: number
  licence: string
}

interface Naming {
  at: number
  licence: string | undefined
}

/** The first part of the name of a licence of Creative Commons, in the languages that have texts of it. */
const attribution = new RegExp(
  String.raw`(?<abbreviated>\b(?:CC|Creative[ -]?Commons)[\s(–-]{0,3}(?:(?<early>[1-4]\.\d)[\s–-]+)?BY\b)|(?<!\p{L})(?:attribution|namensnennung|paternité|reconocimiento|atribución|attribuzione|atribuição|naamsvermelding|uznanie autorstwa|с указанием авторства|атрибуция|із зазначенням авторства|erkännande|uveďte (?:autora|původ)|reconeixement|nimeä|navngivelse|atribuire|atıf)(?!\p{L})|表示(?=[\s–—-])|署名(?=[\s–—-])|姓名標示|저작자표시`,
  'iu',
)
const nonCommercial =
  /\bnc\b|non[ -]?commercial|nicht[ -]?kommerziell|(?:pas|sans) d.utilisation commerciale|n[oã]o?[ -]?comercial|non commerciale|niet[ -]?commercieel|niekomercyjne|некоммерческ|некомерційн|ickekommersiell|ikkekommerciel|komerčně|eikaupallinen|非営利|非商业性|非商業性|비영리/iu
const shareAlike =
  /\bsa\b|share[ -]?alike|gleichen bedingungen|partage (?:dans|selon|à|des) (?:les |l.)?(?:mêmes conditions|identique)|compartir[ -]?igual|compartir bajo la misma licencia|allo stesso modo|compartilha[ -]?igual|(?:pela|da) mesma licença|mesmas condições|gelijk[ -]?delen|tych samych warunkach|сохранением условий|тех же условиях|тих самих умовах|dela[ -]?lika|zachovejte licenci|jaa[ -]?samoin|継承|相同方式共享|相同方式分享|동일조건변경허락/iu
const noDerivatives =
  /\bnd\b|no[ -]?deriv|keine[ -]?bearbeitung|pas de (?:modification|travail dérivé)|sin[ -]?(?:obras?[ -]?)?deriv|non opere derivate|sem[ -]?deriv|geen[ -]?afgeleide|utworów zależnych|без производных|без похідних|inga[ -]?bearbetningar|nezasahujte|改変禁止|禁止演绎|禁止改作|변경금지/iu
/** What else belongs to such a name, or stands in it. */
const fillers = new RegExp(
  `${[nonCommercial, shareAlike, noDerivatives].map(({ source }) => `(?:${source})\\p{L}*`).join('|')}|${String.raw`weitergabe unter|(?<!\p{L})v(?:er)?(?!\p{L})|uso|works?|públicas?|unported|generic|international\p{L}*|internacional|internazionale|интернац\p{L}*|licen[sczç]\p{L}*|lizenz\p{L}*|licentie|licencj\p{L}*|лиценз\p{L}*|versi\p{L}*|верси\p{L}*|cc|by|creative|commons|public|the|and|use|使用|国際|国际|國際|許諾|许可|ライセンス`}`,
  'giu',
)
const version = /(?<![\d.])[1-4](?:\.\d)?(?![\d.]*\d)/

function creativeByName(text: string): Naming | undefined {
  const first = attribution.exec(text)
  if (!first) return undefined
  const { abbreviated, early } = first.groups ?? {}
  const rest = text.slice(first.index + first[0].length, first.index + first[0].length + tailChars)
  const number = version.exec(rest)
  const before = /Creative Commons[\s(]+([1-4]\.\d)[^.;]{0,20}$/i.exec(text.slice(Math.max(0, first.index - 60), first.index))?.[1]
  const stated = early ?? (number ? number[0] : before)
  if (stated === undefined) return undefined
  // `CC BY and two more` holds a word that is none of a name; `Attribution is due for more than 3 words` holds many.
  const named = early !== undefined || number === null ? (/^(?:[\s–-]*(?:nc|sa|nd)\b)*/i.exec(rest)?.[0] ?? '') : rest.slice(0, number.index)
  const strange = named.replace(fillers, '').match(/\p{L}/gu)?.length ?? 0
  if (abbreviated ? strange > 0 || /\b(?:cc|creative)\b/i.test(named) : strange > strangeLettersMax) return undefined
  return { at: first.index, licence: idOf(creativeId(nonCommercial.test(named), shareAlike.test(named), noDerivatives.test(named), stated)) }
}
const strangeLettersMax = 12

function gnuByName(text: string): Naming | undefined {
  const found =
    /(?<fdl>Free Documentation Licen[sc]e|GFDL\b|GNU FDL\b)|(?:(?<lesser>Lesser|Library)|(?<affero>Affero))? ?General Public Licen[sc]e|\b(?<short>[AL]?GPL)(?=v?\d|\b)/i.exec(
      text,
    )
  if (!found) return undefined
  const { fdl, lesser, affero, short } = found.groups ?? {}
  const rest = text.slice(found.index + found[0].length, found.index + found[0].length + tailChars)
  const number = /^[^.;\d]{0,30}?(\d(?:\.\d)?)/.exec(rest)?.[1]
  if (number === undefined) return undefined
  const family = fdl ? 'GFDL' : lesser ? 'LGPL' : affero ? 'AGPL' : (short ?? 'GPL')
  const isOpen = /\bor (?:\p{L}+ )?(?:later|newer|above)|\d\+|oder (?:später|neuer)|ou (?:ultérieure|posterior)/iu.test(rest)
  return { at: found.index, licence: idOf(`${family}-${number.length === 1 ? `${number}.0` : number}-${isOpen ? 'or-later' : 'only'}`) }
}

/** Licences whose name needs no reckoning. */
const plainNames: readonly (readonly [RegExp, string])[] = [
  [/\bCC[ -]?(?:0|Zero)\b|Creative Commons (?:Zero|0)\b/i, 'CC0-1.0'],
  [/Public Domain Mark/i, 'CC-PDM-1.0'],
  [/\bMIT(?=[ -]?licen[sc]e)|(?<=licen[sc]ed? (?:under )?(?:the |an? )?)MIT\b/i, 'MIT'],
  [/\bISC(?=[ -]?licen[sc]e)/i, 'ISC'],
  [/\bApache(?: Software)?(?:[ -]licen[sc]e)?,?(?: version| v\.?)?[ -]?2(?:\.0)?(?![\d.]*\d)/i, 'Apache-2.0'],
  [/\bBSD[ -]3[ -]clause|3-clause BSD|\b(?:new|modified) BSD\b/i, 'BSD-3-Clause'],
  [/\bBSD[ -]2[ -]clause|2-clause BSD|simplified BSD\b/i, 'BSD-2-Clause'],
  [/Mozilla Public Licen[sc]e,?(?: version| v\.?)? ?2\.0|\bMPL[ -]2\.0/i, 'MPL-2.0'],
  [/Open Data Commons Attribution|\bODC-By\b/i, 'ODC-By-1.0'],
  [/Open Database Licen[sc]e|\bODbL\b/i, 'ODbL-1.0'],
  [/Public Domain Dedication and Licen[sc]e|\bPDDL\b/i, 'PDDL-1.0'],
  [/Licence Ouverte[^.;]{0,20}?2\.0|\betalab-2\.0/i, 'etalab-2.0'],
  [/Open Font Licen[sc]e/i, 'OFL-1.1'],
]

const namings: readonly ((text: string) => Naming | undefined)[] = [
  creativeByName,
  gnuByName,
  (text) => {
    const found = /Open Government Licen[sc]e(?<canada>[\s,–-]+Canada)?(?:[\s(,–-]*(?:v|version)?[. ]*(?<number>\d))?/i.exec(text)
    if (!found) return undefined
    const { canada, number } = found.groups ?? {}
    return { at: found.index, licence: canada ? 'OGL-Canada-2.0' : idOf(`OGL-UK-${number}.0`) }
  },
  ...plainNames.map(([pattern, licence]) => (text: string) => {
    const at = text.search(pattern)
    return at < 0 ? undefined : { at, licence }
  }),
]

/** What the name of a licence begins with, or holds; asked of every text of a page. */
export const licenceHint =
  /\b[Cc][Cc][\s‑-]?(?:BY|by|0|[Zz]ero|[1-4]\.\d)|\bBY-(?:NC|SA|ND)|[Cc]reative[\s-]?[Cc]ommons|Attribution[\s–-]|SPDX-L|Free Documentation|GNU FDL|GFDL|(?:Lesser |Library |Affero )?General Public Licen|\b[AL]?GPL|\b(?:MIT|ISC|BSD|Apache)\b|Mozilla Public|Open (?:Government|Font|Data)|ODbL|Licence Ouverte|Public Domain (?:Mark|Ded)|クリエイティブ|知识共享|[创創]用|姓名標示|크리에이티브/
