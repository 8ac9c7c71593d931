import { OrreryError } from '#schemas/errors.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'
import { hostIn, urlKey } from './url-key.ts'

export type MatchType = 'exact' | 'prefix' | 'host' | 'domain'

/** Keys of pages: those that are one of `keys`, or begin with one of `starts`. Of the others few have `host` in their address. */
export interface WantedKeys {
  host: string
  keys: string[]
  starts: string[]
}

/**
 * Which pages a question of a CDX client means. `*.example.com` is a domain with all below it, `example.com/path*` everything that begins so, as if `matchType` said it.
 * @throws OrreryError `invalid_argument` for what is no URL
 */
export function wantedKeys(url: string, matchType: MatchType | undefined): WantedKeys {
  const { address, match } = shorthand(url.trim(), matchType)
  const page = canonical(address, url)
  const [key, host] = [urlKey(page), hostIn(page)]
  if (match === 'exact') return { host, keys: [key], starts: [] }
  if (match === 'prefix') return { host, keys: [], starts: [key] }
  const site = key.slice(0, key.indexOf(')'))
  const whole = [`${site})`, ...(site.includes(':') ? [] : [`${site}:`])]
  return { host, keys: [], starts: match === 'host' ? whole : [...whole, `${site},`] }
}

/** Whoever says it in both ways means it once. */
function shorthand(url: string, matchType: MatchType | undefined): { address: string; match: MatchType } {
  const may = (match: MatchType): boolean => matchType === undefined || matchType === match
  if (may('domain') && /^(?:https?:\/\/)?\*\./i.test(url)) return { address: url.replace('*.', ''), match: 'domain' }
  if (may('prefix') && url.endsWith('*')) return { address: url.slice(0, -1), match: 'prefix' }
  return { address: url, match: matchType ?? 'exact' }
}

/** As pages are known here; a scheme may be left out. */
function canonical(address: string, url: string): string {
  const found = pageUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(address) ? address : `http://${address}`)
  if (found !== undefined) return found
  throw new OrreryError(
    'invalid_argument',
    `url: "${url.slice(0, 200)}" is no address of pages; write one like example.com/path, example.com/* or *.example.com.`,
  )
}
