import { recentValues } from '#infra/recent-values.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { jobMatcher, type JobMatch } from '../jobs/job-match.ts'
import type { JobWishes } from './refetch.ts'

/** The lists of jobs, each for the time it was in force. A row is judged by what was wanted when it was fetched: a job that leaves the list makes nobody a liar. */
export interface ListsInForce {
  /** The list as it stands now. */
  readonly jobs: readonly DesirabilityJob[]
  /** Content address of the head. */
  readonly address: string
  /** Content address of all that they say of rows: it stays where weights and seeds alone are others. */
  readonly scopes: string
  /** Why a row belongs to no job of its name, by any list that was in force when it was fetched, nor by that of now; undefined when it does. */
  refusal(row: Parameters<JobMatch>[0] & Pick<Document, 'fetched_at'>, jobId: string): ReturnType<JobMatch>
  /** How pages of a job were to be asked for at that time (ms). */
  wishesOf(jobId: string, fetchedAt: number): JobWishes | undefined
  /** Address of the list in force at that time. */
  inForce(fetchedAt: number): string
}

/** A list came into force with its commit, on another clock than a miner's; and a miner goes on with the one its cycle began with. */
const slackMs = 3_600_000
const cycleMs = 24 * 3_600_000
/** Older lists than this are remembered no more: who fetched a row for them has shown it long ago. */
const keptMs = 180 * 86_400_000
const entriesMax = 2000
const pageEntries = 10
/** Lists that differ in more than weights and seeds, and what they take as JSON, characters; the oldest go first. */
const scopesMax = 100
const scopeCharsMax = 32 << 20
const compiledBytesMax = 32 << 20
const patternBytes = 4096

interface Compiled {
  matches: JobMatch
  patterns: number
}

/** A list without what says nothing of its rows. */
interface Scope {
  /** Of `jobs`. */
  address: string
  /** Of the list's manifest that brought it. */
  list: string
  jobs: readonly DesirabilityJob[]
  /** As JSON. */
  chars: number
  /** ms since epoch: from here on, until the next. */
  from: number
}

const scopeOf = ({ manifest: { jobs }, sha256: list, committedAt: from }: CatalogEntry<'desirability'>): Scope => {
  const rows = jobs.map(({ id, params, web: { include, exclude, headers, quality } }) => {
    const asked = { ...(exclude && { exclude }), ...(headers && { headers }), ...(quality && { quality }) }
    return { id, weight: 1, params, web: { seeds: [], include, ...asked } }
  })
  return { address: contentAddress(rows), list, jobs: rows, chars: JSON.stringify(rows).length, from }
}

/** Reads the lists of a catalog: whole once, then what is new. @param charsMax of the lists that are remembered, as JSON; the newest is in any case */
export function listHistory(catalog: Pick<Catalog, 'head' | 'history'>, charsMax = scopeCharsMax): { read(): Promise<ListsInForce> } {
  /** Oldest first. */
  let scopes: Scope[] = []
  let version = 0
  const compiled = recentValues<string, Compiled>({ bytesMax: compiledBytesMax, bytesOf: ({ patterns }) => patterns * patternBytes })
  const matcherOf = ({ address, jobs }: Scope): JobMatch => {
    const known = compiled.get(address)
    if (known) return known.matches
    const matches = jobMatcher(jobs)
    compiled.keep(address, { matches, patterns: jobs.reduce((sum, { web: { include, exclude = [] } }) => sum + include.length + exclude.length, 0) })
    return matches
  }
  const readNew = async (head: CatalogEntry<'desirability'>): Promise<void> => {
    const added: Scope[] = []
    for (let before = head.version + 1, left = entriesMax; left > 0; left -= pageEntries) {
      const page = await catalog.history(lineage.desirability, { before, limit: pageEntries })
      for (const entry of page) if (entry.version > version) added.push(scopeOf(entry))
      const last = page.at(-1)
      if (!last || last.version <= version + 1 || last.committedAt < head.committedAt - keptMs) break
      before = last.version
    }
    // Weights move all day: what follows a list that says the same of rows is the same list.
    for (const scope of added.toReversed()) if (scopes.at(-1)?.address !== scope.address) scopes.push(scope)
    let chars = 0
    const tooMuch = scopes.findLastIndex((scope, n) => (chars += scope.chars) > charsMax && n < scopes.length - 1)
    scopes = scopes.slice(Math.max(tooMuch + 1, scopes.length - scopesMax))
    version = head.version
  }
  return {
    async read() {
      const head = await catalog.head(lineage.desirability)
      if (!head) throw new OrreryError('not_found', noList)
      if (head.version !== version) await readNew(head)
      return inForce(head, [...scopes], matcherOf)
    },
  }
}

const noList = 'There is no desirability list to validate against; start a miner or the dataset service on this data folder first.'

function inForce({ manifest, sha256 }: CatalogEntry<'desirability'>, scopes: readonly Scope[], matcherOf: (scope: Scope) => JobMatch): ListsInForce {
  const now = scopes.at(-1) as Scope
  /** The list of now first: what is wanted now is no fault. What was fetched before the first was fetched for it. */
  const listsAt = (at: number): Scope[] => {
    const last = scopes.findLastIndex(({ from }) => from <= at + slackMs)
    const first = Math.max(
      0,
      scopes.findLastIndex(({ from }) => from <= at - cycleMs),
    )
    return [now, ...scopes.slice(first, Math.max(0, last) + 1).filter((scope) => scope !== now)]
  }
  return {
    jobs: manifest.jobs,
    address: sha256,
    scopes: contentAddress(scopes.map(({ address, from }) => [address, from])),
    refusal(row, jobId) {
      const [first, ...others] = listsAt(row.fetched_at.getTime()) as [Scope, ...Scope[]]
      const refused = matcherOf(first)(row, jobId)
      return refused === undefined || others.some((scope) => matcherOf(scope)(row, jobId) === undefined) ? undefined : refused
    },
    wishesOf(jobId, fetchedAt) {
      const [current, ...then] = listsAt(fetchedAt)
      // As it was asked for then, where it was.
      for (const scope of [...then.toReversed(), current]) for (const { id, web } of scope?.jobs ?? []) if (id === jobId) return web
      return undefined
    },
    inForce: (fetchedAt) => listsAt(fetchedAt).at(-1)?.list ?? sha256,
  }
}
