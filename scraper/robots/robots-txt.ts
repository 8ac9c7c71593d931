import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import {
  addPattern,
  greatestMatch,
  noPatterns,
  normalizePattern,
  pathCharsMax,
  pathPatterns,
  patternsBytes,
  type PathPatterns,
  type PatternValues,
} from './path-patterns.ts'
import { atOnce, type Steps } from './in-turns.ts'
import { textBytes } from '#infra/recent-values.ts'

/** What a robots.txt says to one crawler, as plain data that can go from thread to thread. */
export interface RobotsFile {
  patterns: PathPatterns
  crawlDelayMs: number | undefined
  /** Canonical URLs, in order, without repeats. */
  sitemaps: readonly string[]
}

/** The same, to be asked. */
export interface RobotsRules extends Pick<RobotsFile, 'crawlDelayMs' | 'sitemaps'> {
  /** @param path path and query of a URL */
  allows(path: string): boolean
  /** What the longest pattern says that matches; undefined when none does. `/robots.txt` is like any other path here. */
  verdict(path: string): boolean | undefined
  /** What it takes to remember them. */
  bytes: number
}

/** RFC 9309 §2.5: a crawler reads at least 500 KiB. Ours reads no more. */
export const robotsBytesMax = 500 * 1024
const crawlDelayMaxMs = 300_000
const sitemapsMax = 1000
const lineChars = 4096
const charsPerStep = 16 * 1024

/**
 * Reads a robots.txt (RFC 9309, plus `Crawl-delay` and `Sitemap`).
 * All groups that name `agent` count as one; without any, those for `*`; without these, all is allowed.
 * @param agent product token, any case
 * @param base URL of the file, for relative sitemaps
 */
export const parseRobots = (text: string, agent: string, base: string): RobotsRules => robotsRules(atOnce(readRobots(text, agent, base)))

/** Of two patterns that match the longer decides, and between equals the one that allows (§2.2.2): it has the greater value. */
const valueOf = (pattern: string, allows: boolean): number => pattern.length * 2 + Number(allows)
const allowsOf = (value: number): boolean => value % 2 === 1

export function robotsRules({ patterns, crawlDelayMs, sitemaps }: RobotsFile): RobotsRules {
  const verdict = (path: string): boolean | undefined => {
    // No page has such an address: what nobody can have thought of is allowed only where nothing is forbidden.
    if (path.length > pathCharsMax && patterns.values.length > 0) return false
    const value = greatestMatch(patterns, path)
    return value === undefined ? undefined : allowsOf(value)
  }
  return {
    verdict,
    allows: (path) => path === '/robots.txt' || (verdict(path) ?? true),
    crawlDelayMs,
    sitemaps,
    bytes: sitemaps.reduce((sum, url) => sum + textBytes(url), patternsBytes(patterns)),
  }
}

export const allowAll: RobotsRules = robotsRules({ patterns: noPatterns, crawlDelayMs: undefined, sitemaps: [] })

/** The same in steps, and as plain data: see `parseRobots`, `robotsRules`. */
export function* readRobots(text: string, agent: string, base: string): Steps<RobotsFile> {
  const own = new Group(agent.toLowerCase())
  const all = new Group('*')
  const sitemaps = new Set<string>()
  let stepEnd = charsPerStep
  for (const { key, value, end } of linesOf(text)) {
    if (end >= stepEnd) {
      stepEnd = end + charsPerStep
      yield
    }
    own.read(key, value)
    all.read(key, value)
    if (key === 'sitemap' && sitemaps.size < sitemapsMax) sitemaps.add(value)
  }
  const { rules, crawlDelayMs } = own.isNamed ? own : all
  yield
  const urls = sitemaps.values().map((line) => canonicalUrl(line, base))
  const distinct = new Set(urls.filter((url) => url !== undefined))
  yield
  return { patterns: pathPatterns(rules), crawlDelayMs, sitemaps: [...distinct] }
}

/** What is said to one agent, wherever it is said. */
class Group {
  readonly rules: PatternValues = new Map()
  crawlDelayMs: number | undefined
  isNamed = false
  readonly #name: string
  /** Whether the newest list of agents names ours. */
  #isOurs = false
  /** Consecutive user-agent lines are one list; the first rule closes it (§2.1). Other records do not interfere (§2.2.4). */
  #isNaming = false

  constructor(name: string) {
    this.#name = name
  }

  read(key: string, value: string): void {
    if (key === 'useragent') {
      this.#isOurs = (this.#isNaming && this.#isOurs) || agentName(value) === this.#name
      this.#isNaming = true
      this.isNamed ||= this.#isOurs
    } else if (key === 'crawldelay') {
      if (this.#isOurs) this.crawlDelayMs ??= delayOf(value)
    } else if (key === 'allow' || key === 'disallow') {
      this.#isNaming = false
      // An empty pattern matches nothing (§2.2.2).
      if (!this.#isOurs || value === '') return
      const pattern = normalizePattern(value)
      addPattern(this.rules, pattern, valueOf(pattern, key === 'allow'))
    }
  }
}

/** Every line that is a record: `Key: value # comment`, with where it ends. Keys without case, spaces and hyphens. */
function* linesOf(text: string): Generator<{ key: string; value: string; end: number }> {
  const lineEnd = /[\r\n]/g
  for (let start = text.startsWith('\uFEFF') ? 1 : 0, end: number; start < text.length; start = end + 1) {
    lineEnd.lastIndex = start
    end = lineEnd.test(text) ? lineEnd.lastIndex - 1 : text.length
    if (end === start) continue
    const line = text.slice(start, Math.min(end, start + lineChars))
    const colon = line.indexOf(':')
    const name = colon === -1 ? '' : line.slice(0, colon).trim()
    if (!/^[A-Za-z -]{1,40}$/.test(name)) continue
    const [value = ''] = line.slice(colon + 1).split('#', 1)
    yield { key: name.toLowerCase().replace(/[ -]/g, ''), value: value.trim(), end }
  }
}

/** `Googlebot/2.1 ` → `googlebot`: only the product token counts (§2.2.1). */
const agentName = (value: string): string => (value.startsWith('*') ? '*' : (/^[A-Za-z_-]+/.exec(value)?.[0] ?? '').toLowerCase())

function delayOf(value: string): number | undefined {
  const seconds = value === '' ? Number.NaN : Number(value)
  return seconds >= 0 ? Math.min(Math.round(seconds * 1000), crawlDelayMaxMs) : undefined
}
