import type { TargetKind } from '#schemas/frontier.ts'

/** What was fetched, as a source plug-in sees it. */
export interface Fetched {
  /** Canonical URL of the target. */
  url: string
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  body: Uint8Array
}

/** URLs that a source found. They become targets when a job wants them. Canonical, sorted, without repeats. */
export interface Found {
  pages: readonly string[]
  sitemaps: readonly string[]
}

/** Reads what stands behind one kind of target. To add a kind: name it in TargetKind, write a file like sitemap.ts, list it in sources.ts. */
export interface Source<Content> {
  readonly kind: TargetKind
  /** The media types asked for. */
  readonly accept: string
  /** Largest body, bytes, decoded; undefined = the miner's `page_bytes_max`. */
  readonly bytesMax: number | undefined
  /** Pure and synchronous; a string is the stable code of why there is nothing to read. */
  read(fetched: Fetched): { found: Found; content: Content } | string
}
