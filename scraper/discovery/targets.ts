import { recentValues } from '#infra/recent-values.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Target } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { hostnameOf, hostOf, isSameSite, originOf } from '#schemas/identity/url-parts.ts'
import type { Lastmods } from './lastmods.ts'
import { pagePriority, priorities } from './priority.ts'
import type { ShapeNews } from './shape-news.ts'
import type { Discovery, TrapReason, Traps } from './traps.ts'
import type { Found, FoundUrl } from '../source/found.ts'
import { labelOf, type Jobs } from '../jobs/jobs.ts'
import type { Share } from '../jobs/share.ts'

/** Sitemaps below sitemaps: one level more than there should be, and one to spare. */
const nestingMax = 3
/** Sitemaps on hosts of others that a robots.txt may name. */
const sitemapsElsewhereMax = 20
/** Documents of one feed behind its first. */
const feedPartsMax = 50
/** Of the URLs remembered as added, and as much of those refused. */
const rememberedBytesMax = 32 * 2 ** 20

/** Why a page that was found is no target: it leads into a place without end, nobody may fetch it, it lies too deep, or those like it had nothing new. */
type Refusal = TrapReason | 'blocked' | 'depth' | 'trap_no_news'

/** What becomes of what was found. */
interface Wanted {
  targets: Target[]
  /** Each is told once. */
  trapped: { url: string; reason: Refusal }[]
}

/** Turns what is found into what is to be visited: URLs that a job wants on hosts of our share, outside of traps. */
export interface Targets {
  seeds(): Target[]
  /**
   * Leaves out what this process has added before to no less effect: the frontier would not change. So what it gives must be added before the visit of `at`
   * is done.
   * @param at the target whose answer it was found in
   */
  found(found: Found, at: Pick<Target, 'url' | 'kind' | 'depth'>): Wanted
  /** What was given could not be added: from now on nothing counts as added before. */
  forget(): void
}

interface Parts {
  jobs: Jobs
  isOurs: Share
  traps: Traps
  /** What leads nowhere, as far as it was tried; absent: everything may lead somewhere. */
  shapes?: Pick<ShapeNews, 'isBarren' | 'isProven' | 'hopeOf'>
  /** No page further from a seed is followed, whatever its job says; absent: its job alone says. */
  depthMax?: number
  /** Whose dates are believed; absent: everybody's. */
  lastmods?: Pick<Lastmods, 'credible'>
  /** What nobody may fetch; absent: anything may be. */
  blocks?: (url: string) => boolean
  /** The clock of facts, ms since epoch. */
  now: () => number
}

export function targetsOf({ jobs, isOurs, traps, shapes = openToAll, depthMax = Infinity, lastmods = believesAll, blocks = () => false, now }: Parts): Targets {
  let remembered = depthMemory()
  const refused = depthMemory()
  const priorityOf = ({ url, modifiedAt }: FoundUrl, { weight }: DesirabilityJob, { from }: Discovery) =>
    pagePriority({ url, weight, modifiedAt, now: now(), ...(from !== undefined && { hope: shapes.hopeOf(url) }) })
  // A date may pull a visit forward, so it is always passed on.
  const isKnown = ({ url, modifiedAt }: FoundUrl, depth: number): boolean => modifiedAt === undefined && remembered.has(url, depth)
  const refusalOf = (url: string, { web }: DesirabilityJob, discovery: Discovery): Refusal | undefined => {
    if (discovery.depth > Math.min(depthMax, web.depth_max ?? Infinity)) return 'depth'
    if (blocks(url)) return 'blocked'
    // What a sitemap lists is never left for what links have led to.
    const reason = traps.reasonOf(url, discovery)
    // A row that has led to new texts, as archives by page do, may be as long as they are.
    if (reason !== undefined && !(reason === 'trap_calendar' && shapes.isProven(url))) return reason
    return discovery.from !== undefined && shapes.isBarren(url) ? 'trap_no_news' : undefined
  }
  const addPage = (wanted: Wanted, found: FoundUrl, discovery: Discovery): void => {
    if (isKnown(found, discovery.depth)) return
    const { url } = found
    const job = isOurs(url) ? jobs.of(url) : undefined
    if (!job) return
    const reason = refusalOf(url, job, discovery)
    if (reason !== undefined) refuse(wanted, url, reason)
    else wanted.targets.push({ ...found, kind: 'page', label: labelOf(job), priority: priorityOf(found, job, discovery), depth: discovery.depth })
    if (reason === undefined ? found.modifiedAt === undefined : !mayChange.has(reason)) remembered.add(url, discovery.depth)
  }
  const refuse = (wanted: Wanted, url: string, reason: Refusal): void => {
    if (refused.has(url, 0)) return
    refused.add(url, 0)
    wanted.trapped.push({ url, reason })
  }
  const list = (found: FoundUrl, kind: 'sitemap' | 'feed', owner: DesirabilityJob | undefined, priority: number, depth = 0): Target | undefined => {
    if (remembered.has(found.url, 0)) return undefined
    const job = jobs.of(found.url) ?? owner
    if (!job || !isOurs(found.url) || jobs.excludes(found.url)) return undefined
    if (found.modifiedAt === undefined) remembered.add(found.url, 0)
    return { ...found, kind, label: labelOf(job), priority, ...(depth === 0 ? {} : { depth }) }
  }
  const seed = (text: string, job: DesirabilityJob): Target | undefined => {
    const linked = linkedUrl(text)
    if (!linked) return undefined
    const { url } = linked
    if (isSitemap(url)) return list(linked, 'sitemap', job, priorities.seed)
    // A seed that no pattern takes is read for its links alone.
    return isOurs(url) ? { ...linked, kind: 'page', label: labelOf(jobs.of(url) ?? job), priority: priorities.seed } : undefined
  }
  return {
    seeds: () => jobs.list.flatMap((job) => job.web.seeds.flatMap((text) => seed(text, job) ?? [])),
    found({ pages, sitemaps, feeds }, at) {
      const wanted: Wanted = { targets: [], trapped: [] }
      // What a sitemap or feed lists is as good as a seed.
      const discovery = at.kind === 'page' ? { depth: (at.depth ?? 0) + 1, from: at.url } : { depth: 0 }
      const nowMs = now()
      // Links of pages have no dates.
      const believed = (list: readonly FoundUrl[]) => (list.some(isDated) ? lastmods.credible(list.map((one) => dated(one, nowMs))) : list)
      const addList = (target: Target | undefined): void => void (target && wanted.targets.push(target))
      for (const one of believed(pages)) addPage(wanted, one, discovery)
      const own = jobs.of(at.url) ?? jobs.list[0]
      // A host may be asked for its own lists; those of others only where a job goes.
      const ownerOf = ({ url }: FoundUrl) => (originOf(url) === originOf(at.url) ? own : undefined)
      // Sitemaps are those of a site; beside a page they come from robots.txt, which may name some elsewhere (sitemaps.org, "cross submits").
      let elsewhere = 0
      const sitemapOwnerOf = ({ url }: FoundUrl) =>
        isSameSite(hostnameOf(hostOf(url)), hostnameOf(hostOf(at.url))) || (at.kind === 'page' && elsewhere++ < sitemapsElsewhereMax) ? own : undefined
      // An index that lists indexes without end is left.
      const nesting = at.kind === 'sitemap' ? (at.depth ?? 0) + 1 : 0
      if (nesting <= nestingMax) for (const one of believed(sitemaps)) addList(list(one, 'sitemap', sitemapOwnerOf(one), priorities.sitemap, nesting))
      // So is a feed that goes on without end.
      const part = at.kind === 'feed' ? (at.depth ?? 0) + 1 : 0
      if (part <= feedPartsMax) for (const one of believed(feeds)) addList(list(one, 'feed', ownerOf(one), priorities.sitemap, part))
      return wanted
    },
    forget: () => void (remembered = depthMemory()),
  }
}

const believesAll: Pick<Lastmods, 'credible'> = { credible: (found) => [...found] }
const openToAll: Pick<ShapeNews, 'isBarren' | 'isProven' | 'hopeOf'> = { isBarren: () => false, isProven: () => false, hopeOf: () => 1 }

/** Asked about again: one variant too many, when more is known of its path; a shape without news, when it has some; a block list may change. */
const mayChange = new Set<Refusal>(['trap_variants', 'trap_no_news', 'blocked'])

const isDated = ({ modifiedAt }: FoundUrl): boolean => modifiedAt !== undefined

/** With its date in whole ms, if that can be true: one to come would call for visits until it is there, and the web is younger than 1970. */
function dated(found: FoundUrl, now: number): FoundUrl {
  const { modifiedAt, ...undated } = found
  if (modifiedAt === undefined) return found
  return modifiedAt >= 0 && modifiedAt <= now ? { ...undated, modifiedAt: Math.floor(modifiedAt) } : undated
}

/** URL → least depth it was added at. What is forgotten is added twice, which does no harm. */
function depthMemory() {
  const depths = recentValues<string, number>({ bytesMax: rememberedBytesMax })
  return {
    has: (url: string, depth: number): boolean => (depths.get(url) ?? Infinity) <= depth,
    add: (url: string, depth: number): void => depths.keep(url, depth),
  }
}

const isSitemap = (url: string): boolean => /\/[^/]*sitemap[^/]*\.(?:xml|txt)(?:\.gz)?$/i.test(new URL(url).pathname)
