import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { compilePattern, normalizePath, type PathPattern } from './path-pattern.ts'

interface Rule {
  allow: boolean
  pattern: PathPattern
}

interface Group {
  agents: string[]
  rules: Rule[]
}

/** A `Crawl-delay`, for the agents that were named above it. */
interface Delay {
  agents: readonly string[]
  ms: number
}

/** What a robots.txt says to one crawler. */
export interface RobotsRules {
  /** @param path path and query of a URL */
  allows(path: string): boolean
  /** What the longest pattern says that matches; undefined when none does. `/robots.txt` is like any other path here. */
  verdict(path: string): boolean | undefined
  crawlDelayMs: number | undefined
  /** Canonical URLs, in order, without repeats. */
  sitemaps: readonly string[]
}

/** RFC 9309 §2.5: a crawler reads at least 500 KiB. Ours reads no more. */
export const robotsBytesMax = 500 * 1024
const crawlDelayMaxMs = 300_000
const sitemapsMax = 1000
const lineChars = 4096

export const allowAll: RobotsRules = { allows: () => true, verdict: () => undefined, crawlDelayMs: undefined, sitemaps: [] }

/**
 * Reads a robots.txt (RFC 9309, plus `Crawl-delay` and `Sitemap`).
 * All groups that name `agent` count as one; without any, those for `*`; without these, all is allowed.
 * @param agent product token, any case
 * @param base URL of the file, for relative sitemaps
 */
export function parseRobots(text: string, agent: string, base: string): RobotsRules {
  const { groups, delays, sitemaps } = readLines(text)
  const own = agent.toLowerCase()
  const name = groups.some(({ agents }) => agents.includes(own)) ? own : '*'
  const rules = groups.filter(({ agents }) => agents.includes(name)).flatMap((group) => group.rules)
  // Longest first; between equally long ones, allow (§2.2.2). Then the first that matches decides.
  rules.sort((a, b) => b.pattern.length - a.pattern.length || Number(b.allow) - Number(a.allow))
  const verdict = (path: string): boolean | undefined => {
    const normal = normalizePath(path)
    return rules.find(({ pattern }) => pattern.matches(normal))?.allow
  }
  return {
    verdict,
    allows: (path) => path === '/robots.txt' || (verdict(path) ?? true),
    crawlDelayMs: delays.find(({ agents }) => agents.includes(name))?.ms,
    sitemaps: [...new Set(sitemaps.map((line) => canonicalUrl(line, base)).filter((url) => url !== undefined))].slice(0, sitemapsMax),
  }
}

function readLines(text: string): { groups: Group[]; delays: Delay[]; sitemaps: string[] } {
  const groups: Group[] = []
  const delays: Delay[] = []
  const sitemaps: string[] = []
  // Consecutive user-agent lines share a group; the first rule closes their list (§2.1). Other records do not interfere (§2.2.4).
  let naming = false
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const [, name = '', value = ''] = /^\s*([A-Za-z -]{1,40}?)\s*:\s*([^#]*)/.exec(line.slice(0, lineChars)) ?? []
    const key = name.toLowerCase().replace(/[ -]/g, '')
    const last = groups.at(-1)
    if (key === 'useragent') {
      const agent = agentName(value)
      if (naming) last?.agents.push(agent)
      else groups.push({ agents: [agent], rules: [] })
      naming = true
    } else if (key === 'sitemap') sitemaps.push(value.trim())
    else if (key === 'crawldelay' && last) delays.push(...delayOf(last.agents, value.trim()))
    else if ((key === 'allow' || key === 'disallow') && last) {
      naming = false
      // An empty pattern matches nothing (§2.2.2).
      if (value.trim() !== '') last.rules.push({ allow: key === 'allow', pattern: compilePattern(value.trim()) })
    }
  }
  return { groups, delays, sitemaps }
}

/** `Googlebot/2.1 ` → `googlebot`: only the product token counts (§2.2.1). */
const agentName = (value: string): string => (value.trim().startsWith('*') ? '*' : (/^[A-Za-z_-]+/.exec(value.trim())?.[0] ?? '').toLowerCase())

function delayOf(agents: readonly string[], value: string): Delay[] {
  const seconds = value === '' ? Number.NaN : Number(value)
  return seconds >= 0 ? [{ agents: [...agents], ms: Math.min(Math.round(seconds * 1000), crawlDelayMaxMs) }] : []
}
