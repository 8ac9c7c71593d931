import { z } from 'zod'
import { recentValues } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostNotes } from '#schemas/host-notes.ts'
import { originOf } from '#schemas/identity/url-parts.ts'
import type { FoundUrl } from '../source/found.ts'

/**
 * How far a host's word is believed that a page has changed (lastmod of a sitemap, updated of a feed): by how often it was right. A date that brought a
 * visit is right when the visit found another text, or new links. Below one in four its dates are dropped, but for a sample a day, by which a host that has
 * mended its ways is believed again.
 */
export interface Lastmods {
  /** Has what outlived the process of these pages' hosts at hand for what is asked next; without it a host is as good as any other. */
  recall(urls: Iterable<string>): Promise<void>
  /** Whether the dates of that page's host count. */
  believes(url: string): boolean
  /** The finds of one list without the dates that are not believed. */
  credible(found: readonly FoundUrl[]): FoundUrl[]
  /** A page that was said to have changed was visited, and had or had not. */
  note(url: string, hadChanged: boolean): void
}

/** What became of a host's dates. */
interface TrackRecord {
  right: number
  wrong: number
  /** When a date of the host was last let through for a sample (ms since epoch). */
  sampledAt: number
}

const unknown: TrackRecord = { right: 0, wrong: 0, sampledAt: 0 }
const believedShare = 0.25
/** Before so many dates were tried, a host is believed. */
const triesMin = 4
/** Beyond so many both counts are halved: what a host does now counts for more than what it did. */
const triesMax = 16
const sampleEveryMs = 86_400_000
const notedMs = 90 * 86_400_000
const cacheBytesMax = 4 << 20
const recordBytes = 48

const Note = z.object({ right: z.number().nonnegative(), wrong: z.number().nonnegative(), sampledAt: z.number() })

/** @param notes where what was learnt outlives the process */
export function createLastmods({ notes, pace }: { notes: HostNotes; pace: Clock }): Lastmods {
  const cache = recentValues<string, TrackRecord>({ bytesMax: cacheBytesMax, bytesOf: () => recordBytes })
  const hold = (host: string, record: TrackRecord): TrackRecord => {
    cache.keep(host, record)
    return record
  }
  const recordOf = (host: string): TrackRecord => cache.get(host) ?? unknown
  const keep = (host: string, record: TrackRecord): void => {
    // Who cannot keep it will be told by what it reads.
    notes.put('lastmod', host, JSON.stringify(hold(host, record)), pace.now() + notedMs).catch(() => undefined)
  }
  /** The host's newest date, once a day: of all dates it is the likeliest to tell whether they are right. */
  const sample = (host: string, dated: readonly FoundUrl[]): FoundUrl | undefined => {
    const record = recordOf(host)
    // A clock that was ahead is not waited for.
    if (Math.abs(pace.now() - record.sampledAt) < sampleEveryMs) return undefined
    keep(host, { ...record, sampledAt: pace.now() })
    return dated.reduce((newest, found) => ((found.modifiedAt ?? 0) > (newest.modifiedAt ?? 0) ? found : newest))
  }
  const believes = (url: string): boolean => isBelieved(recordOf(originOf(url)))
  return {
    async recall(urls) {
      for (const host of new Set([...urls].map(originOf))) {
        if (cache.get(host)) continue
        const record = parse(await notes.get('lastmod', host))
        if (!cache.get(host)) hold(host, record)
      }
    },
    believes,
    credible(found) {
      const doubted = Map.groupBy(
        found.filter(({ url, modifiedAt }) => modifiedAt !== undefined && !believes(url)),
        ({ url }) => originOf(url),
      )
      if (doubted.size === 0) return [...found]
      const samples = new Set([...doubted].map(([host, dated]) => sample(host, dated)))
      return found.map((one) => (doubted.has(originOf(one.url)) && !samples.has(one) ? undated(one) : one))
    },
    note(url, hadChanged) {
      const host = originOf(url)
      const { right, wrong, sampledAt } = recordOf(host)
      const share = right + wrong >= triesMax ? 0.5 : 1
      keep(host, { right: right * share + (hadChanged ? 1 : 0), wrong: wrong * share + (hadChanged ? 0 : 1), sampledAt })
    },
  }
}

function undated(found: FoundUrl): FoundUrl {
  const { modifiedAt: _, ...rest } = found
  return rest
}

const isBelieved = ({ right, wrong }: TrackRecord): boolean => right + wrong < triesMin || right / (right + wrong) >= believedShare

function parse(note: string | undefined): TrackRecord {
  try {
    return note === undefined ? unknown : Note.parse(JSON.parse(note))
  } catch {
    return unknown
  }
}
