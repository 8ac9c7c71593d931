import { recentValues, textBytes } from '#infra/recent-values.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'

/** The canonical URL of a link as it stands in a page; undefined for what is no page's address. */
export type LinkResolver = (href: string) => string | undefined

const urlCharsMax = 2048
/** Paths that canonicalUrl leaves as they are, but for dot segments: characters that need no encoding and mean nothing to its other rules. */
const plainPath = /^\/[A-Za-z0-9\-._~!$'()*+,=@/]*$/
const plainRelative = /^[A-Za-z0-9_][A-Za-z0-9\-._~/]*$/
const absolute = /^(https?:\/\/[^/?#\\@\s]+)(\/[^?#]*)$/
const bytesMax = 2 * 2 ** 20

/** Spelling → canonical origin of authorities seen before, `http://EXAMPLE.org:80` → `http://example.org`. Pure, so shared by all pages. */
const origins = recentValues<string, { origin: string | undefined }>({ bytesMax, bytesOf: ({ origin = '' }) => textBytes(origin) })

/**
 * Resolves the links of one page: exactly canonicalUrl(href, base), but what most links look like (a plain path on this host or another, with or without
 * a fragment) is put together without a parse.
 */
export function linkResolver(base: string): LinkResolver {
  const own = URL.parse(base)
  if (!own || own.username !== '' || own.password !== '') return (href) => canonicalUrl(href, base)
  const page = canonicalUrl(base)
  const origin = originOf(own.origin)
  const folder = own.pathname.slice(0, own.pathname.lastIndexOf('/') + 1)
  const isPlainFolder = isPlain(folder)
  return (href) => {
    const hash = href.indexOf('#')
    const plain = hash === -1 ? href : href.slice(0, hash)
    if (plain === '' && hash === 0) return page
    if (origin !== undefined && isPlain(plain)) return bounded(origin + plain)
    if (origin !== undefined && isPlainFolder && plainRelative.test(plain) && !hasDots(plain)) return bounded(origin + folder + plain)
    const [, authority, path] = absolute.exec(plain) ?? []
    if (authority === undefined || path === undefined || !isPlain(path)) return canonicalUrl(href, base)
    const other = originOf(authority)
    return other === undefined ? undefined : bounded(other + path)
  }
}

const hasDots = (path: string): boolean => path.includes('/.') || path.startsWith('.')
/** `//host` is another host. */
const isPlain = (path: string): boolean => plainPath.test(path) && !path.startsWith('//') && !hasDots(path)
const bounded = (url: string): string | undefined => (url.length > urlCharsMax ? undefined : url)

function originOf(authority: string): string | undefined {
  const known = origins.get(authority)
  if (known) return known.origin
  const origin = canonicalUrl(`${authority}/`)?.slice(0, -1)
  origins.keep(authority, { origin })
  return origin
}
