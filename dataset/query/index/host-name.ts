import { hostOf } from '#schemas/identity/url-parts.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'

/**
 * A host as canonical URLs have it, of any spelling (case, dot at the end, IDNA, a whole URL); `:port` where it names one that is not the usual.
 * undefined for what is no host.
 */
export function canonicalHost(typed: string): string | undefined {
  const host = typed.trim()
  // An IPv6 address as people write it, without the brackets of a URL.
  const spelled = /^[\da-f.]*:[\da-f.]*:[\da-f.:]*$/i.test(host) ? `[${host}]` : host
  const url = pageUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(host) ? host : `http://${spelled}/`)
  return url === undefined ? undefined : hostOf(url)
}
