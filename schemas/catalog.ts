import type { Manifest } from './manifest.ts'

/** Kinds that say where a process stands and nothing of what was made: a catalog keeps of their lines the head and the one before. */
export const workingKinds = ['cycle', 'turn', 'scores'] as const satisfies readonly Manifest['kind'][]

export interface CatalogEntry {
  name: string
  /** 1, 2, 3 … without gaps. */
  version: number
  /** sha256 of the canonical JSON of the manifest (canonical-json.ts), lower-case hex. */
  sha256: string
  manifest: Manifest
}

/**
 * Named lines of content-addressed manifests: each name has one head, moved only by compare-and-set.
 * A name is `/`-separated, 1..512 characters of [A-Za-z0-9._=@+-] per segment.
 *
 * Contract: a commit that resolved survives kill -9; of several committers with the same `expected`, exactly one wins. What was made is kept for ever; of what
 * only says where a process stands (`workingKinds`) the head is kept and the entry before it, so that a line that moves all day does not grow.
 */
export interface Catalog {
  /**
   * @param expected sha256 of the head this manifest follows; undefined for the first of its name. The manifest's own `parent` must say the same.
   * Committing the manifest that already is the head is a no-op that returns it.
   * @throws OrreryError `conflict` when the head is another; `invalid_argument` for a wrong name or an `expected` that is not the parent;
   * `invalid_record` for a manifest that is not of its kind
   */
  commit(name: string, expected: string | undefined, manifest: Manifest): Promise<CatalogEntry>
  head(name: string): Promise<CatalogEntry | undefined>
  /** What is kept, newest first; all when `limit` (≥ 1) is absent, none for a name without commits. */
  history(name: string, limit?: number): Promise<CatalogEntry[]>
  /** Names that start with `prefix`, in byte order. */
  names(prefix: string): Promise<string[]>
}
