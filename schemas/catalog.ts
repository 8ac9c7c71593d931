import type { Line, LineFamily, ListedLine, ManifestKind, ManifestOf } from './lineage.ts'

/** Kinds that say where a process stands, or what it thinks now, and nothing of what was made: a catalog keeps of their lines the head and the one before. */
export const workingKinds = ['cycle', 'turn', 'scores', 'verdict', 'refusals', 'gravity'] as const satisfies readonly ManifestKind[]

/** Of a manifest as canonical JSON. Lists that grow with a corpus are objects beside it; what may be long is a list of jobs with 100,000 seeds. */
export const manifestBytesMax = 16 << 20
/** Entries of one page of a history. */
export const historyPageMax = 1000

interface EntryOf<Kind extends ManifestKind> {
  name: string
  kind: Kind
  /** 1, 2, 3 … without gaps. */
  version: number
  /** sha256 of the canonical JSON of the manifest (canonical-json.ts), lower-case hex. */
  sha256: string
  /**
   * ms since epoch, by the clock of who committed it; never before that of the entry it follows. One that lies more than a day ahead of who commits the next is set back
   * to that commit, if the line has an older one that does not.
   */
  committedAt: number
  manifest: ManifestOf<Kind>
}

/** One for each kind, so that `kind` tells which. */
export type CatalogEntry<Kind extends ManifestKind = ManifestKind> = Kind extends ManifestKind ? EntryOf<Kind> : never

/** By its place in the line, or by its address. */
export type EntryName = { version: number } | { sha256: string }

interface HistoryPage {
  /** Versions below this one; from the head on when absent. */
  before?: number
  /** 1..`historyPageMax` */
  limit: number
}

export interface Expiry {
  /** So many of the newest stay, at least 1. */
  keepNewest: number
  /** ms since epoch: what was the head then, or came later, stays. */
  before: number
  /** Addresses that stay all the same, as something else still names them. */
  keep?: readonly string[]
}

/**
 * Lines of content-addressed manifests: each has one head, moved only by compare-and-set. An entry has the kind of its line, or one that the line had formerly.
 *
 * Contract: a commit that resolved survives kill -9; of several committers with the same `expected`, exactly one wins. What was made is kept until it is expired;
 * of what only says where a process stands (`workingKinds`) the head is kept and the entry before it, so that a line that moves all day does not grow.
 * Looking up the head, a version or an address costs the same however long the line is.
 * Each method @throws OrreryError `invalid_argument` for a wrong name; `data_unreadable` for an entry of a kind that the line never had
 */
export interface Catalog {
  /**
   * @param expected sha256 of the head this manifest follows; undefined for the first of its line. The manifest's own `parent` must say the same.
   * Committing the manifest that already is the head is a no-op that returns it.
   * @throws OrreryError `conflict` when the head is another; `invalid_argument` for an `expected` that is not the parent, or a manifest of another kind than
   * its line; `invalid_record` for a manifest that is not of its kind; `too_large`
   */
  commit<Kind extends ManifestKind>(line: Line<Kind, ManifestKind>, expected: string | undefined, manifest: ManifestOf<Kind>): Promise<CatalogEntry<Kind>>
  head<Kind extends ManifestKind, Former extends ManifestKind = never>(line: Line<Kind, Former>): Promise<CatalogEntry<Kind | Former> | undefined>
  /** undefined when the line has no such entry, or no longer. */
  get<Kind extends ManifestKind, Former extends ManifestKind = never>(
    line: Line<Kind, Former>,
    name: EntryName,
  ): Promise<CatalogEntry<Kind | Former> | undefined>
  /** A page of what is kept, newest first; none for a line without commits. */
  history<Kind extends ManifestKind, Former extends ManifestKind = never>(line: Line<Kind, Former>, page: HistoryPage): Promise<CatalogEntry<Kind | Former>[]>
  /** The lines of a family that have commits, by their names in byte order; none of their manifests is read. */
  lines<Kind extends ManifestKind, Former extends ManifestKind = never>(family: LineFamily<Kind, Former>): Promise<ListedLine<Kind, Former>[]>
  /** Forgets what another entry had followed before that time; versions count on, and the head stays. @returns how many went */
  expire(line: Line<ManifestKind, ManifestKind>, expiry: Expiry): Promise<number>
  /** Forgets a line altogether, as if it had never been. One that is not there is no error. @param expected its head @throws OrreryError `conflict` when the head is another */
  remove(line: Line<ManifestKind, ManifestKind>, expected: string): Promise<void>
}
