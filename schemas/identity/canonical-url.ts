import { withEncodedQuery } from './query-encoding.ts'
import { isOfVisitor, withoutSession } from './sessions.ts'

const maxChars = 2048
/** What is asked may be longer by what the canonical URL drops. Shorter than the paths that robots.txt is compared with. */
const maxAskedChars = 4000
/** Longer input is refused unread: what is dropped of a URL (fragment, tracking) is bounded as well. */
const maxInputChars = 16_384

/**
 * The one spelling of a page's URL: the WHATWG parse (scheme and host in lower case, IDNA to A-labels, default port and dot segments
 * removed), then RFC 3986 §6.2.2 percent-encoding (upper-case digits, unreserved characters decoded, what is not allowed encoded).
 * The fragment, what is drawn for each visitor (sessions, tracking, nonces), empty parameters and the dot after a host go away; parameters are sorted by
 * name, equal names keep their order. Idempotent.
 *
 * @param base what a relative reference is resolved against
 * @returns undefined for what is no page's address: not http or https, with credentials, unparsable, longer than 2048 characters
 */
export function canonicalUrl(url: string | URL, base?: string | URL): string | undefined {
  const parsed = parsedAddress(String(url), base?.toString())
  return parsed && canonicalOf(parsed)
}

/** A page's address: `url` is the canonical one, the key by which it is known. `asked` is the one that is requested; absent where they are the same. */
export interface LinkedUrl {
  url: string
  asked?: string
}

/**
 * A link as a browser requests it: the WHATWG parse without its fragment. Nothing of it is sorted, dropped or encoded otherwise: only the server knows what
 * its path and query mean.
 *
 * @param charset of the document that the link stands in, in which its query is percent-encoded ("encoding-parsing a URL" of the HTML standard); its path
 * always is in UTF-8. Absent: UTF-8.
 * @returns undefined where canonicalUrl gives none, and for what is longer than 4000 characters
 */
export function linkedUrl(href: string, base?: string, charset?: string): LinkedUrl | undefined {
  if (href.length > maxInputChars) return undefined
  const parsed = parsedAddress(charset === undefined ? href : withEncodedQuery(href, charset), base)
  const url = parsed && canonicalOf(parsed)
  if (!parsed || url === undefined) return undefined
  const asked = parsed.hash === '' && !parsed.href.endsWith('#') ? parsed.href : parsed.href.slice(0, parsed.href.indexOf('#'))
  if (asked === url) return { url }
  return asked.length > maxAskedChars ? undefined : { url, asked }
}

function parsedAddress(href: string, base: string | undefined): URL | undefined {
  const parsed = href.length > maxInputChars ? null : URL.parse(href, base)
  return parsed && isPageAddress(parsed) ? parsed : undefined
}

function canonicalOf(parsed: URL): string | undefined {
  const path = withoutSession(normalizePercent(parsed.pathname, notInPath))
  const query = canonicalQuery(parsed.search.slice(1))
  // Parsed once more: a path parameter that went away may have left a dot segment behind.
  const result = URL.parse(`${parsed.protocol}//${canonicalHost(parsed)}${path}${query === '' ? '' : `?${query}`}`)?.href
  return result === undefined || result.length > maxChars ? undefined : result
}

function isPageAddress(url: URL): boolean {
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '' && url.hostname.replace(/\.+$/, '') !== ''
}

function canonicalHost(url: URL): string {
  return url.hostname.replace(/\.+$/, '') + (url.port === '' ? '' : `:${url.port}`)
}

function canonicalQuery(query: string): string {
  const parameters = query
    .split('&')
    .filter((parameter) => parameter !== '' && parameter !== '=')
    .map((parameter) => normalizePercent(parameter, notInQuery))
    .map((parameter) => ({ parameter, name: nameOf(parameter) }))
    .filter(({ parameter, name }) => !isOfVisitor(name, parameter.slice(name.length + 1)))
  // Array.prototype.sort is stable: equal names keep their order, which may carry meaning.
  parameters.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return parameters.map(({ parameter }) => parameter).join('&')
}

const nameOf = (parameter: string): string => parameter.split('=', 1)[0] ?? ''

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
