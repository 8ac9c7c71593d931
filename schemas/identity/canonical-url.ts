import { compareText } from '../compare-text.ts'
import { isDrawn, withoutSession } from './sessions.ts'

const maxChars = 2048
/** What is asked may be longer by what the canonical URL drops. Shorter than the paths that robots.txt is compared with. */
const maxAskedChars = 4000
/** Longer input is refused unread: what is dropped of a URL (fragment, tracking) is bounded as well. */
const maxInputChars = 16_384

/** Query names that say who came from where, never which page: compared in lower case. */
const trackingNames = new Set(
  `_ga _gl _hsenc _hsmi __hsfp __hssc __hstc cfid cftoken dclid epik fb_action_ids fb_action_types fb_source fbclid gbraid gclid gclsrc
  hsctatracking igsh igshid jsessionid li_fat_id mc_cid mc_eid mkt_tok msclkid oly_anon_id oly_enc_id phpsessid rb_clickid s_cid srsltid
  ttclid twclid vero_conv vero_id wbraid wickedid yclid`.split(/\s+/),
)
const trackingPrefix = /^(?:utm_|aspsessionid)/

/**
 * The one spelling of a page's URL: the WHATWG parse (scheme and host in lower case, IDNA to A-labels, default port and dot segments
 * removed), then RFC 3986 §6.2.2 percent-encoding (upper-case digits, unreserved characters decoded, what is not allowed encoded).
 * The fragment, tracking and session parameters, empty parameters and the dot after a host go away; parameters are sorted by name, equal names
 * keep their order. Idempotent.
 *
 * @param base what a relative reference is resolved against
 * @returns undefined for what is no page's address: not http or https, with credentials, unparsable, longer than 2048 characters
 */
export function canonicalUrl(url: string | URL, base?: string | URL): string | undefined {
  const parsed = parsedAddress(String(url), base?.toString())
  return parsed && canonicalOf(parsed)
}

/**
 * What a page is known by: its canonical URL without what its host has drawn for whoever asks (sessions.ts), which tells no page from another. Idempotent, and
 * canonical.
 * @param url of any spelling @returns undefined where canonicalUrl gives none
 */
export function pageUrl(url: string): string | undefined {
  const parsed = parsedAddress(url, undefined)
  return parsed && pageOf(parsed)
}

/** A page's address. */
export interface LinkedUrl {
  /** What the page is known by (pageUrl). */
  url: string
  /** What is requested of its server; absent where that is `url`. */
  asked?: string
}

/**
 * A link as a browser requests it: the WHATWG parse without its fragment. Nothing of it is sorted, dropped or encoded otherwise: only the server knows what
 * its path and query mean.
 *
 * @returns undefined where canonicalUrl gives none, and for what is longer than 4000 characters
 */
export function linkedUrl(href: string, base?: string): LinkedUrl | undefined {
  const parsed = parsedAddress(href, base)
  const url = parsed && pageOf(parsed)
  if (!parsed || url === undefined) return undefined
  const asked = parsed.hash === '' && !parsed.href.endsWith('#') ? parsed.href : parsed.href.slice(0, parsed.href.indexOf('#'))
  if (asked === url) return { url }
  return asked.length > maxAskedChars ? undefined : { url, asked }
}

function parsedAddress(href: string, base: string | undefined): URL | undefined {
  const parsed = href.length > maxInputChars ? null : URL.parse(href, base)
  return parsed && isPageAddress(parsed) ? parsed : undefined
}

const canonicalOf = (parsed: URL): string | undefined => joined(parsed, pathOf(parsed), parametersOf(parsed))

const pageOf = (parsed: URL): string | undefined =>
  joined(
    parsed,
    withoutSession(pathOf(parsed)),
    parametersOf(parsed).filter(({ text }) => !isDrawn(text)),
  )

/** A parameter of a query, `name=value`. */
interface Parameter {
  text: string
  name: string
}

function joined(parsed: URL, path: string, parameters: readonly Parameter[]): string | undefined {
  const query = parameters.map(({ text }) => text).join('&')
  // Parsed once more: a path parameter that went away may have left a dot segment behind.
  const result = URL.parse(`${parsed.protocol}//${canonicalHost(parsed)}${path}${query === '' ? '' : `?${query}`}`)?.href
  return result === undefined || result.length > maxChars ? undefined : result
}

const pathOf = (parsed: URL): string => normalizePercent(parsed.pathname.replace(/;jsessionid=[^/;]*/gi, ''), notInPath)

function isPageAddress(url: URL): boolean {
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '' && url.hostname.replace(/\.+$/, '') !== ''
}

function canonicalHost(url: URL): string {
  return url.hostname.replace(/\.+$/, '') + (url.port === '' ? '' : `:${url.port}`)
}

/** Those that count, in order. */
function parametersOf({ search }: URL): Parameter[] {
  const parameters = search
    .slice(1)
    .split('&')
    .filter((text) => text !== '' && text !== '=')
    .map((text) => normalizePercent(text, notInQuery))
    .map((text) => ({ text, name: nameOf(text) }))
    .filter(({ name }) => !isTracking(name))
  // Array.prototype.sort is stable: equal names keep their order, which may carry meaning.
  return parameters.sort((a, b) => compareText(a.name, b.name))
}

const nameOf = (text: string): string => text.split('=', 1)[0] ?? ''

function isTracking(name: string): boolean {
  const lower = name.toLowerCase()
  return trackingNames.has(lower) || trackingPrefix.test(lower)
}

/** What RFC 3986 §3.3 and §3.4 do not allow in a path and in a query; the parser leaves some of it as it stands. */
const notInPath = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu
const notInQuery = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/gu

function normalizePercent(text: string, notAllowed: RegExp): string {
  return text
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    .replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
      const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase()
    })
    .replace(notAllowed, encodeURIComponent)
}
