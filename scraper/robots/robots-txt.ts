import { linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { textBytes } from '#infra/recent-values.ts'
import { atOnce, type Steps } from './in-turns.ts'
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
import { robotsLines, type RobotsKey } from './robots-lines.ts'
import { strictestTraining, trainingPreference, type TrainingWord } from './training-word.ts'

/** What a robots.txt says to one crawler, as plain data that can go from thread to thread. */
export interface RobotsFile {
  patterns: PathPatterns
  /** What may be learnt from. */
  training: Readonly<Record<PreferenceKey, PathPatterns>>
  crawlDelayMs: number | undefined
  /** In order, without repeats. */
  sitemaps: readonly LinkedUrl[]
}

/** The same, to be asked. All paths are path and query of a URL as it is sent. */
export interface RobotsRules extends Pick<RobotsFile, 'crawlDelayMs' | 'sitemaps'> {
  allows(path: string): boolean
  /** What the longest pattern says that matches; undefined when none does. `/robots.txt` is like any other path here. */
  verdict(path: string): boolean | undefined
  /** What its `Content-Signal` and `Content-Usage` rules say of training on a page; undefined when they do not. */
  training(path: string): TrainingWord | undefined
  /** What it takes to remember them. */
  bytes: number
}

type PreferenceKey = 'content-signal' | 'content-usage'

/** RFC 9309 §2.5: a crawler reads at least 500 KiB. Ours reads no more. */
export const robotsBytesMax = 500 * 1024
const crawlDelayMaxMs = 300_000
const sitemapsMax = 1000
const charsPerStep = 16 * 1024
const notAscii = /[^\0-\x7f]/

/**
 * Reads a robots.txt: RFC 9309, with what Google's parser takes for it (github.com/google/robotstxt), `Crawl-delay`, `Sitemap`, `Content-Signal`
 * (contentsignals.org) and `Content-Usage` (draft-ietf-aipref-attach).
 * All groups that name `agent` count as one; without any, those for `*`; without these, all is allowed.
 * @param agent product token, any case
 * @param base URL of the file, for relative sitemaps
 */
export const parseRobots = (text: string, agent: string, base: string): RobotsRules => robotsRules(atOnce(readRobots(text, agent, base)))

/** Of two patterns that match the longer decides, and between equals the one that is favoured: it has the greater value. */
const valueOf = (octets: number, isFavoured: boolean): number => octets * 2 + Number(isFavoured)
const isFavoured = (value: number): boolean => value % 2 === 1

export function robotsRules({ patterns, training, crawlDelayMs, sitemaps }: RobotsFile): RobotsRules {
  const verdict = (path: string): boolean | undefined => {
    // Nobody is asked for such an address: what no rule can have thought of is allowed only where nothing is forbidden.
    if (patterns.values.length > 0 && (path.length > pathCharsMax || notAscii.test(path))) return false
    const value = greatestMatch(patterns, path)
    return value === undefined ? undefined : isFavoured(value)
  }
  const trainingBy = (key: PreferenceKey, path: string): TrainingWord | undefined => {
    const value = greatestMatch(training[key], path)
    return value === undefined ? undefined : { allowed: !isFavoured(value), by: `robots-${key}` }
  }
  return {
    verdict,
    allows: (path) => path === '/robots.txt' || (verdict(path) ?? true),
    training: (path) => strictestTraining([trainingBy('content-usage', path), trainingBy('content-signal', path)]),
    crawlDelayMs,
    sitemaps,
    bytes:
      sitemaps.reduce((sum, { url, asked = '' }) => sum + textBytes(url) + textBytes(asked), patternsBytes(patterns)) +
      patternsBytes(training['content-signal']) +
      patternsBytes(training['content-usage']),
  }
}

const noTraining: RobotsFile['training'] = { 'content-signal': noPatterns, 'content-usage': noPatterns }
export const allowAll: RobotsRules = robotsRules({ patterns: noPatterns, training: noTraining, crawlDelayMs: undefined, sitemaps: [] })

/** The same in steps, and as plain data: see `parseRobots`, `robotsRules`. */
export function* readRobots(text: string, agent: string, base: string): Steps<RobotsFile> {
  const own = new Group(agent.toLowerCase())
  const all = new Group('*')
  const site = new Preferences()
  const sitemaps = new Set<string>()
  let isBeforeGroups = true
  let stepEnd = charsPerStep
  for (const { key, value, end } of robotsLines(text)) {
    if (end >= stepEnd) {
      stepEnd = end + charsPerStep
      yield
    }
    if (key === undefined) continue
    if (key === 'user-agent') isBeforeGroups = false
    else if (key === 'sitemap' && sitemaps.size < sitemapsMax) sitemaps.add(value)
    else if (isBeforeGroups && isPreference(key)) site.add(key, value)
    own.read(key, value)
    all.read(key, value)
  }
  const { rules, preferences, crawlDelayMs } = own.isNamed ? own : all
  yield
  const distinct = new Map<string, LinkedUrl>()
  for (const line of sitemaps) {
    const linked = linkedUrl(line, base)
    if (linked && !distinct.has(linked.url)) distinct.set(linked.url, linked)
  }
  yield
  return { patterns: pathPatterns(rules), training: preferences.with(site), crawlDelayMs, sitemaps: [...distinct.values()] }
}

const isPreference = (key: RobotsKey): key is PreferenceKey => key === 'content-signal' || key === 'content-usage'

/** What is said to one agent, wherever it is said. */
class Group {
  readonly rules: PatternValues = new Map()
  readonly preferences = new Preferences()
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

  read(key: RobotsKey, value: string): void {
    if (key === 'sitemap') return
    if (key === 'user-agent') {
      this.#isOurs = (this.#isNaming && this.#isOurs) || agentName(value) === this.#name
      this.#isNaming = true
      this.isNamed ||= this.#isOurs
    } else if (key === 'crawl-delay') {
      if (this.#isOurs) this.crawlDelayMs ??= delayOf(value)
    } else {
      this.#isNaming = false
      if (this.#isOurs) this.#readRule(key, value)
    }
  }

  #readRule(key: 'allow' | 'disallow' | PreferenceKey, value: string): void {
    // An empty pattern matches nothing (§2.2.2).
    if (value === '') return
    if (isPreference(key)) return this.preferences.add(key, value)
    this.#add(value, key === 'allow')
    // As Google's parser: who lets a folder's index be asked for means the folder.
    const folder = key === 'allow' ? /^(.*\/)index\.htm[^/]*$/.exec(value)?.[1] : undefined
    if (folder !== undefined) this.#add(`${folder}$`, true)
  }

  #add(pattern: string, allows: boolean): void {
    addPattern(this.rules, normalizePattern(pattern), valueOf(pattern.length, allows))
  }
}

/** What rules say of the use of what is read: `Content-Usage: [path] train-ai=n`. Where a path forbids and allows it, it is forbidden. */
class Preferences {
  readonly #values: Record<PreferenceKey, PatternValues> = { 'content-signal': new Map(), 'content-usage': new Map() }

  add(key: PreferenceKey, value: string): void {
    const [, path = '/', preferences = ''] = /^([/*]\S*)?(.*)$/.exec(value) ?? []
    const allowed = trainingPreference(preferences)
    if (allowed !== undefined) addPattern(this.#values[key], normalizePattern(path), valueOf(path.length, !allowed))
  }

  /** With those that were said before any group: they speak to everybody. */
  with(site: Preferences): RobotsFile['training'] {
    const patternsOf = (key: PreferenceKey): PathPatterns => {
      const values = new Map(this.#values[key])
      for (const [pattern, value] of site.#values[key]) values.set(pattern, Math.max(value, values.get(pattern) ?? 0))
      return pathPatterns(values)
    }
    return { 'content-signal': patternsOf('content-signal'), 'content-usage': patternsOf('content-usage') }
  }
}

/** `Googlebot/2.1 ` → `googlebot`: only the product token counts (§2.2.1). `*WordPress*` is somebody else. */
const agentName = (value: string): string => (/^\*(?:\s|$)/.test(value) ? '*' : (/^[A-Za-z_-]+/.exec(value)?.[0] ?? '').toLowerCase())

function delayOf(value: string): number | undefined {
  const seconds = value === '' ? Number.NaN : Number(value)
  return seconds >= 0 ? Math.min(Math.round(seconds * 1000), crawlDelayMaxMs) : undefined
}
