/** What kind of thing stands behind a URL: it decides which source plug-in reads the answer. */
export type TargetKind = 'page' | 'sitemap' | 'feed'

/** A URL the crawl knows of. `url` is canonical (identity/canonical-url.ts) and the only key: one URL is known once. */
export interface Target {
  url: string
  /** The URL as it was linked, resolved as a browser does: that is what is asked for. Absent where it is `url`; of several that of the first find counts, or of one that was better. */
  asked?: string
  kind: TargetKind
  /** The desirability label the URL counts for: budgets and weights hang on it. */
  label: string
  /** Within a host and a depth, higher is sooner. Must not depend on when or from where the URL was found, so that the order of a crawl is reproducible. */
  priority: number
  /** Hops from a seed or a sitemap, 0 when absent. The smallest that is known counts. */
  depth?: number
  /** When the page last changed, as a sitemap or feed says (ms since epoch): a known page that was last visited before becomes ready at once. A time to come, or before 1970, says nothing. */
  modifiedAt?: number
}

/** What is asked for, and what robots.txt, block lists and archives are asked about. */
export const askedUrl = ({ url, asked }: Pick<Target, 'url' | 'asked'>): string => asked ?? url

/** What earlier visits left: validators for a conditional request, the version count, a memory. */
export interface PreviousVisit {
  etag: string | undefined
  lastModified: string | undefined
  /** n-th stored version of this URL, from 1; 0 when none was stored yet and all there is is a memory. */
  version: number
  /** What the visitor wanted to remember of the page (Visit.memory). */
  memory?: string | undefined
}

/**
 * A target lent to one crawler. After `expiresAt` (ms) another may claim it; until one does, this claim may still be finished, then it is `lease_lost`.
 * `modifiedAt` is the latest that this process was told, to the second; another, or one that was started again, may not know it until it is told.
 */
export interface Claim extends Target {
  token: string
  expiresAt: number
  /** 1 for the first try; one more for each that failed since the last visit that was finished (Deferral.isTry), or whose lease ran out. */
  attempt: number
  previous: PreviousVisit | undefined
  /** The IP address where the host was last found; undefined: not known. */
  address?: string | undefined
}

/** What became of an `add`. */
export interface Added {
  /** How many URLs were new. */
  added: number
  /** New URLs that were not taken, by a stable code: `host_urls` (the host has as many as it may), `depth`. */
  refused: { url: string; reason: RefusalReason }[]
}

export type RefusalReason = 'host_urls' | 'depth'

/** A target as it would be claimed, and when at the earliest (ms since epoch; now = at once). */
export interface Prospect extends Target {
  readyAt: number
  /** Tries so far that came to nothing. */
  attempts: number
  previous: PreviousVisit | undefined
}

export interface Visit {
  /** `stored`: a new version; `unchanged`: 304, or the text and the rights that are stored; `rejected`: the page is not wanted, with its reason; `failed`: given up. */
  outcome: 'stored' | 'unchanged' | 'rejected' | 'failed'
  /** A stable code, required for `rejected` and `failed`. */
  reason?: string
  /** Of the answer: `stored` replaces what was known, `unchanged` only where it says something; the others leave it as it was. */
  etag?: string | undefined
  lastModified?: string | undefined
  /** Kept for the next visit as it is, ≤ 512 characters; absent = what was kept stays. */
  memory?: string | undefined
  /** The IP address that answered: it rests with all of its hosts. */
  address?: string | undefined
  /** Its owner took the page back: the validators that were kept of it are forgotten, so that the next visit asks without a condition. `version` goes on. */
  isWithdrawn?: boolean
  /** Earliest next visit (ms since epoch). Without it the URL is never visited again. */
  revisitAt?: number
  /** The host rests this long (ms) from now before its next claim. */
  hostDelayMs: number
}

export interface Deferral {
  /** A stable code of what went wrong. */
  reason: string
  /** The URL may be claimed again from then on (ms since epoch). */
  until: number
  /** The page was asked for and it came to nothing: it counts as a try (Claim.attempt). Absent: nothing was tried of it (given back, or its host's own files had the turn). */
  isTry?: boolean
  /** Hold the whole host until then as well (429, 503, network trouble). */
  holdHost: boolean
  /** The host rests at least this long (ms) from now, held or not: a request that went wrong was one. 0 when absent. */
  hostDelayMs?: number
  /** The IP address that was asked. */
  address?: string | undefined
}

/** Pages, but for `lists`. */
export interface LabelStats {
  waiting: number
  leased: number
  /** Visits finished, by outcome; a revisit counts again. */
  stored: number
  unchanged: number
  rejected: number
  failed: number
  /** Visits of sitemaps and feeds, whatever came of them. */
  lists: number
}

/** Visits of pages that have ended. */
export const pageVisits = ({ stored, unchanged, rejected, failed }: LabelStats): number => stored + unchanged + rejected + failed

export interface FrontierStats {
  known: number
  /** Pages that wait for nothing but their host; the others that wait have a time of their own. */
  ready: number
  hosts: number
  /** Addresses (or hosts whose address is not known) that are lent or rest now, and hosts that are held beside them. */
  hostsClosed: number
  /** Targets that `add` did not take (Added.refused), each time they came. */
  refused: Record<string, number>
  labels: ReadonlyMap<string, LabelStats>
}

export interface ClaimRequest {
  limit: number
  leaseMs: number
  /** Only targets of these labels; all when absent. */
  labels?: readonly string[]
}

/**
 * The set of all known URLs and the order in which they are visited. Shared by processes.
 *
 * Contract: what `add`, `done` and `defer` acknowledged survives kill -9. At any moment at most one unexpired claim exists per URL, **per host and per IP
 * address** that the frontier knows of: neither is asked twice at once, and what rests is passed over. A claim whose lease ran out returns to the queue by
 * itself. A host is the name and port of the URL; as long as nobody has said where it is, it counts as an address of its own.
 * Within a host, `claim` takes what lies near before what lies far (Target.depth), then the highest priority, equals in an order that depends on a secret of
 * the frontier; a sitemap or feed after each four pages, or at once where no page waits. Among addresses, and among the hosts of one, it takes the one whose
 * last turn with that label is longest ago, so that all have as many; who comes new begins as if it had just had one.
 * What became due while nobody asked is taken in some hundred at a time, the longest due first: `claim` chooses among what is in, and `nextReadyAt` says now
 * as long as more is left. No clock is believed for ever: what is lent, rests or waits for longer than can be, by a clock that was ahead, does so no longer
 * than can be from now on.
 * Calls take effect in the order in which a process makes them: what was added before a visit is done is durable when the end of the visit is.
 * Wrong arguments (no http(s) URL, a limit or lease below 1, a number that is not finite, a missing reason) are `invalid_argument` and change nothing.
 */
export interface Frontier {
  /** Adds unknown URLs; a known one is left as it is, but its priority rises to the higher of the two and its depth falls to the lower, which ends the wait of one that was put off untried. */
  add(targets: readonly Target[]): Promise<Added>
  /** Up to `limit` claims, each of another address; empty when nothing is ready now. */
  claim(request: ClaimRequest): Promise<Claim[]>
  /**
   * Tells, before the host is asked, at which address it was found, where `claim.address` is another. True: the address is free, and lent with the claim from
   * now on. False: somebody else has it or it rests; the claim was given back, which is no try, and its host waits for that address.
   * @throws OrreryError `lease_lost`
   */
  locate(claim: Claim, address: string): Promise<boolean>
  /** @throws OrreryError `lease_lost` when the claim expired and was lent again, or was already finished */
  done(claim: Pick<Claim, 'url' | 'token'>, visit: Visit): Promise<void>
  /** @throws OrreryError `lease_lost` */
  defer(claim: Pick<Claim, 'url' | 'token'>, deferral: Deferral): Promise<void>
  stats(): Promise<FrontierStats>
  /** What will be claimed next: up to `limit` targets, the best of each address, the earliest first, then as `claim` prefers. Changes nothing and lends nothing. */
  peek(limit: number): Promise<Prospect[]>
  /**
   * When the next waiting target becomes ready (ms since epoch; now = ready), at the latest: a lent host may come free before its lease ends.
   * undefined when nothing waits; what is lent does not wait (see `stats`), though it may come back.
   */
  nextReadyAt(labels?: readonly string[]): Promise<number | undefined>
}
