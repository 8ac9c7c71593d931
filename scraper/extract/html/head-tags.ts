import { userAgentToken } from '#infra/net/user-agent.ts'
import { refreshHref } from './refresh.ts'

/** What `base`, `link` and `meta` say, the same to whoever reads a page: its tree (head/page-head.ts) or its tags alone (link-scanner.ts). */

/** The attribute of an element, decoded; its name in lower case. */
type Attribute = (name: string) => string | undefined

const relChars = 200
const robotsChars = 1000
const namesChars = 200
/** Robots metas of a page that are read. */
export const robotsMax = 50
/** The header's name is none of a meta's; whoever writes it means the same. */
const robotsNames = new Set(['robots', 'x-robots-tag', userAgentToken.toLowerCase()])
/** HTML has `name` alone, and one name in it; whoever writes another of these, or several, means the same. */
const namingAttributes = ['name', 'property', 'itemprop', 'http-equiv']

/** The content of a `meta` that speaks to robots, or to us by our name; undefined for any other. */
export function robotsContent(meta: Attribute): string | undefined {
  if (!namingAttributes.some((attribute) => namesRobots(meta(attribute)))) return undefined
  const content = (meta('content') ?? '').trim().slice(0, robotsChars)
  return content === '' ? undefined : content
}

const namesRobots = (names: string | undefined): boolean =>
  names !== undefined &&
  names
    .slice(0, namesChars)
    .toLowerCase()
    .split(/[\s,;]+/)
    .some((name) => robotsNames.has(name))

/** Where a `meta` sends its readers on to, as it stands there; undefined for one that does not. */
export const refreshOf = (meta: Attribute): string | undefined =>
  meta('http-equiv')?.trim().toLowerCase() === 'refresh' ? refreshHref(meta('content') ?? '') : undefined

/** The relations that a `rel` names, in lower case. */
export const relationsOf = (rel: string | undefined): readonly string[] => (rel === undefined ? [] : rel.slice(0, relChars).toLowerCase().split(/\s+/))

/**
 * Where relative links start: at `<base href>`, the first on a page, if that is an address of the web (HTML standard, 4.2.3, bars `data:` and `javascript:`).
 * @param url of the page, after redirects
 */
export function baseOf(href: string | undefined, url: string): string {
  const base = href === undefined ? undefined : URL.parse(href, url)
  return base && /^https?:$/.test(base.protocol) ? base.href : url
}
