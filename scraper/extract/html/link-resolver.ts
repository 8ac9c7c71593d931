import { recentValues, textBytes } from '#infra/recent-values.ts'
import { linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { mayHoldSession } from '#schemas/identity/sessions.ts'
import { withEncodedQuery } from '../../charset/query-encoding.ts'

/** Where a link leads as it stands in a page; undefined for what is no page's address. */
export type LinkResolver = (href: string) => LinkedUrl | undefined

const urlCharsMax = 2048
/** Paths that canonicalUrl leaves as they are, but for dot segments and sessions: characters that need no encoding and mean nothing to its other rules. */
const plainPath = /^\/[A-Za-z0-9\-._~!$'()*+,=@/]*$/
const plainRelative = /^[A-Za-z0-9_][A-Za-z0-9\-._~/]*$/
const absolute = /^(https?:\/\/[^/?#\\@\s]+)(\/[^?#]*)$/
const bytesMax = 2 * 2 ** 20

/** Authorities seen before, as they were written, `http://EXAMPLE.org:80` → where they lead, `http://example.org/`. Pure, so shared by all pages. */
const authorities = recentValues<string, { root: LinkedUrl | undefined }>({ bytesMax, bytesOf: ({ root }) => textBytes(root?.url ?? '') })

/**
 * Resolves the links of one page: exactly linkedUrl with queries in the charset of the page (withEncodedQuery), but what most links look like (a plain path
 * on this host or another, with or without a fragment) is put together without a parse.
 * @param charset of the page, a name of the WHATWG Encoding Standard in lower case; absent: UTF-8
 */
export function linkResolver(base: string, charset?: string): LinkResolver {
  const own = URL.parse(base)
  const slowly: LinkResolver = (href) => linkedUrl(charset === undefined ? href : withEncodedQuery(href, charset), base)
  if (!own || own.username !== '' || own.password !== '') return slowly
  const page = linkedUrl(base)
  const origin = originOf(own.origin)
  const folder = own.pathname.slice(0, own.pathname.lastIndexOf('/') + 1)
  const isPlainFolder = isPlain(folder)
  return (href) => {
    const hash = href.indexOf('#')
    const plain = hash === -1 ? href : href.slice(0, hash)
    if (plain === '' && hash === 0) return page
    if (origin !== undefined && isPlain(plain)) return bounded(origin + plain)
    if (origin !== undefined && isPlainFolder && plainRelative.test(plain) && !hasDots(plain) && !mayHoldSession(`/${plain}`))
      return bounded(origin + folder + plain)
    const [, authority, path] = absolute.exec(plain) ?? []
    const other = authority === undefined || path === undefined || !isPlain(path) ? undefined : originOf(authority)
    return other === undefined ? slowly(href) : bounded(other + path)
  }
}

const hasDots = (path: string): boolean => path.includes('/.') || path.startsWith('.')
/** `//host` is another host. */
const isPlain = (path: string): boolean => plainPath.test(path) && !path.startsWith('//') && !hasDots(path) && !mayHoldSession(path)
const bounded = (url: string): LinkedUrl | undefined => (url.length > urlCharsMax ? undefined : { url })

/** The origin of plain links there; undefined where they have to be parsed: it is no host's, or asked by another name than it is known by. */
function originOf(authority: string): string | undefined {
  let known = authorities.get(authority)
  if (!known) authorities.keep(authority, (known = { root: linkedUrl(`${authority}/`) }))
  const { root } = known
  return root && root.asked === undefined ? root.url.slice(0, -1) : undefined
}
