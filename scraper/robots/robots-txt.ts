import { canonicalUrl } from '#schemas/identity/canonical-url.ts'

/** One `Allow` or `Disallow` line. `pattern` is percent-normalized. */
interface Rule {
  allow: boolean
  pattern: string
}

interface Group {
  agents: string[]
  rules: Rule[]
  crawlDelayMs: number | undefined
}

/** What a robots.txt says to one crawler. */
export interface RobotsRules {
  /** @param path path and query of a URL */
  allows(path: string): boolean
  crawlDelayMs: number | undefined
  /** Canonical URLs, in order, without repeats. */
  sitemaps: readonly string[]
}

/** RFC 9309 §2.5: a crawler reads at least 500 KiB. Ours reads no more. */
export const robotsBytesMax = 500 * 1024
const crawlDelayMaxMs = 300_000
const sitemapsMax = 1000

export const allowAll: RobotsRules = { allows: () => true, crawlDelayMs: undefined, sitemaps: [] }

/**
 * Reads a robots.txt (RFC 9309, plus `Crawl-delay` and `Sitemap`).
 * All groups that name `agent` count as one; without any, those for `*`; without these, all is allowed.
 * @param agent product token, any case
 * @param base URL of the file, for relative sitemaps
 */
export function parseRobots(text: string, agent: string, base: string): RobotsRules {
  const { groups, sitemaps } = readLines(text)
  const own = groups.filter((group) => group.agents.some((name) => name === agent.toLowerCase()))
  const chosen = own.length > 0 ? own : groups.filter((group) => group.agents.includes('*'))
  const rules = chosen.flatMap((group) => group.rules)
  const urls = sitemaps.map((line) => canonicalUrl(line, base)).filter((url) => url !== undefined)
  return {
    allows: (path) => path === '/robots.txt' || verdict(rules, normalizePath(path)),
    crawlDelayMs: chosen.map((group) => group.crawlDelayMs).find((delay) => delay !== undefined),
    sitemaps: [...new Set(urls)].slice(0, sitemapsMax),
  }
}

function readLines(text: string): { groups: Group[]; sitemaps: string[] } {
  const groups: Group[] = []
  const sitemaps: string[] = []
  // Consecutive user-agent lines share a group; the first other rule closes their list (§2.1).
  let naming = false
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const [, name = '', value = ''] = /^\s*([A-Za-z -]{1,40}?)\s*:\s*([^#]*)/.exec(line.slice(0, 4096)) ?? []
    const key = name.toLowerCase()
    const last = groups.at(-1)
    if (key === 'user-agent') {
      const agent = agentName(value)
      if (naming) last?.agents.push(agent)
      else groups.push({ agents: [agent], rules: [], crawlDelayMs: undefined })
      naming = true
    } else if (key === 'sitemap') sitemaps.push(value.trim())
    else if (key === 'allow' || key === 'disallow' || key === 'crawl-delay') {
      naming = false
      if (last) addRule(last, key, value.trim())
    }
  }
  return { groups, sitemaps }
}

/** `Googlebot/2.1 ` → `googlebot`: only the product token counts (§2.2.1). */
const agentName = (value: string): string => (value.trim().startsWith('*') ? '*' : (/^[A-Za-z_-]+/.exec(value.trim())?.[0] ?? '').toLowerCase())

function addRule(group: Group, key: 'allow' | 'disallow' | 'crawl-delay', value: string): void {
  if (key === 'crawl-delay') {
    const seconds = Number(value)
    if (value !== '' && seconds >= 0) group.crawlDelayMs = Math.min(Math.round(seconds * 1000), crawlDelayMaxMs)
  } else if (value !== '') group.rules.push({ allow: key === 'allow', pattern: normalizePath(value) })
}

/** The longest matching pattern decides; between equally long ones, allow (§2.2.2). */
function verdict(rules: readonly Rule[], path: string): boolean {
  let best: Rule | undefined
  for (const rule of rules) {
    const longer = best === undefined || rule.pattern.length > best.pattern.length || (rule.pattern.length === best.pattern.length && rule.allow)
    if (longer && matches(rule.pattern, path)) best = rule
  }
  return best?.allow ?? true
}

/** `*` is any run of characters, a `$` at the end is the end. Greedy with one way back, so linear in practice and never exponential. */
function matches(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$')
  const parts = (anchored ? pattern.slice(0, -1) : pattern).split('*')
  const head = parts[0] ?? ''
  if (!path.startsWith(head)) return false
  if (parts.length === 1) return !anchored || path.length === head.length
  const tail = parts.at(-1) ?? ''
  let at = head.length
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return anchored ? path.length - tail.length >= at && path.endsWith(tail) : path.indexOf(tail, at) !== -1
}

const unreserved = /[A-Za-z0-9\-._~]/

/** Percent-encodes what is not ASCII, decodes what need not be encoded, upper-case hex: both sides of a match go through it (§2.2.2). */
function normalizePath(path: string): string {
  return path
    .toWellFormed()
    .replace(/[^\x21-\x7e]/gu, encodeURIComponent)
    .replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
      const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
      return unreserved.test(character) ? character : escaped.toUpperCase()
    })
}
