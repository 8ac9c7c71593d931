import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '#infra/store/replace-file.ts'
import type { DeadSeed } from '#infra/telemetry/crawl-summary.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { LabelStats, Target } from '#schemas/frontier.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { seedCause } from './seed-cause.ts'
import { deathAfter, isMended, type Death, type Ending } from './seed-death.ts'

interface Seed extends Target {
  death: Death | undefined
  /** The last address it led to, which is watched for it. */
  leadsTo: string | undefined
}

interface SeedBookParts {
  /** The deaths of the last run; see `openSeedBook`. */
  former: ReadonlyMap<string, FormerDeath>
  /** Of the miner. */
  hotkey: string
  telemetry: Telemetry
  /** The clock of the frontier. */
  now: () => number
}

/**
 * How each seed of one miner fares: which came to nothing, and why. Tells `crawl.seed` once for each change. As many entries as there are seeds; all other
 * pages are none of its business.
 */
export class SeedBook {
  readonly #parts: SeedBookParts
  readonly #seeds = new Map<string, Seed>()
  /** Where seeds lead. */
  #isWatching = false
  readonly #followed = new Map<string, Set<Seed>>()
  #isWanted: (url: string) => boolean = () => false

  constructor(parts: SeedBookParts) {
    this.#parts = parts
  }

  /**
   * The seeds of the desirability list as it is now. Tells of those that were dead before.
   * @returns what to ask for beside them: where those lead, and those anew, whose source has come to include it
   */
  watch(targets: readonly Target[], jobs: Jobs): Target[] {
    this.#isWanted = (url) => jobs.of(url) !== undefined
    this.#isWatching = true
    const before = new Map(this.#seeds)
    this.#seeds.clear()
    this.#followed.clear()
    return targets.flatMap((target) => {
      const known = before.get(target.url)
      const seed: Seed = { ...target, death: known ? known.death : deathOf(this.#parts.former.get(target.url)), leadsTo: undefined }
      this.#seeds.set(seed.url, seed)
      this.#follow(seed, known?.leadsTo)
      if (!known && seed.death) this.#tell(seed)
      return this.#revived(seed, target)
    })
  }

  /** A visit of this URL has ended. */
  note(url: string, ending: Ending): void {
    for (const seed of new Set([this.#seeds.get(url), ...(this.#followed.get(url) ?? [])])) {
      if (!seed) continue
      if (ending.kind === 'moved') this.#follow(seed, ending.location)
      this.#end(seed, deathAfter(ending, url === seed.url ? undefined : url, seed.death, this.#isWanted))
    }
  }

  /**
   * The seeds that came to nothing, in order of their URL; before any is watched, those of the last run.
   * @param labels what the frontier says: a source of which pages were visited and none was kept counts as well
   * @param reasons why pages of a label were dropped, the most frequent first
   */
  dead(labels: ReadonlyMap<string, LabelStats>, reasons: (label: string) => readonly string[]): DeadSeed[] {
    const known = this.#isWatching ? this.#seeds.values() : this.#parts.former.values().map((death) => ({ ...death, death }))
    const found = [...known].flatMap(({ url, label, death }): DeadSeed[] => {
      if (death) return [{ url, label, ...told(url, death) }]
      return isFruitless(labels.get(label)) ? [{ url, label, cause: 'nothing_kept', says: nothingKept(reasons(label)) }] : []
    })
    return found.toSorted((a, b) => compareText(a.url, b.url))
  }

  deaths(): FormerDeath[] {
    return [...this.#seeds.values()].flatMap(({ url, label, death }) => (death ? [{ url, label, ...death }] : []))
  }

  #revived(seed: Seed, target: Target): Target[] {
    if (!seed.death || !isMended(seed.death, seed.url, this.#isWanted)) return []
    const { cause, at } = seed.death
    this.#end(seed, undefined)
    // A page that is known is asked again because it changed: here it is we who read it otherwise.
    if (cause !== 'moved_outside' || at === undefined) return [{ ...target, modifiedAt: this.#parts.now() }]
    this.#follow(seed, at)
    const { asked: _, ...moved } = target
    return [{ ...moved, url: at }]
  }

  #follow(seed: Seed, to: string | undefined): void {
    const followers = this.#followed.get(seed.leadsTo ?? '')
    followers?.delete(seed)
    if (followers?.size === 0) this.#followed.delete(seed.leadsTo ?? '')
    seed.leadsTo = to
    if (to !== undefined) this.#followed.set(to, (this.#followed.get(to) ?? new Set()).add(seed))
  }

  #end(seed: Seed, death: Death | undefined): void {
    const { death: before } = seed
    seed.death = death
    if (before?.cause !== death?.cause || before?.at !== death?.at) this.#tell(seed)
  }

  #tell({ url, label, death }: Seed): void {
    const { hotkey, telemetry } = this.#parts
    telemetry.event('crawl.seed', { hotkey, url, label, ...(death ? { state: 'dead', ...told(url, death) } : { state: 'reached' }) })
  }
}

const deathOf = (former: FormerDeath | undefined): Death | undefined => former && { cause: former.cause, at: former.at, isRead: former.isRead }
const told = (url: string, { cause, at }: Death) => ({ cause, says: seedCause(cause, url, at) })
const isFruitless = (stats: LabelStats | undefined): boolean => stats !== undefined && stats.stored + stats.unchanged === 0 && stats.rejected + stats.failed > 0
const nothingKept = (reasons: readonly string[]): string =>
  `no page of its source was kept${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}; "orrery scraper rejects" says why`

const FormerDeath = z.object({ url: z.string(), label: z.string(), cause: z.string(), at: z.string().optional(), isRead: z.boolean() })
type FormerDeath = z.infer<typeof FormerDeath>

const fileOf = (dataDir: string, name: string): string => join(dataDir, 'seeds', `${name}.json`)

/** Opens what the last run of the miner knew of its seeds; a file that is torn or missing means nothing. */
export async function openSeedBook(dataDir: string, name: string, parts: Omit<SeedBookParts, 'former'>): Promise<SeedBook> {
  return new SeedBook({ ...parts, former: new Map((await readDeaths(fileOf(dataDir, name))).map((death) => [death.url, death])) })
}

async function readDeaths(path: string): Promise<FormerDeath[]> {
  try {
    return z.array(FormerDeath).parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return []
  }
}

/** Keeps what is known for the next start. */
export const saveSeedBook = (dataDir: string, name: string, book: SeedBook): Promise<void> => replaceFile(fileOf(dataDir, name), JSON.stringify(book.deaths()))
