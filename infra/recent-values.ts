import { detached } from './detached.ts'

/** Values used lately, up to a number of bytes: of those longest there, the first that was not used since goes first. */
export interface RecentValues<Key, Value> {
  get(key: Key): Value | undefined
  /**
   * Takes the place of an earlier value; one that is larger than all there is room for is not kept. A value that grew is to be kept again.
   * @param ttlMs how long it is good from now on; absent: as long as there is room
   */
  keep(key: Key, value: Value, ttlMs?: number): void
  drop(key: Key): void
  /** What is held now, as it is counted: never more than `bytesMax`. */
  readonly bytes: number
}

export interface RecentValuesOptions<Value> {
  bytesMax: number
  /** What a value takes beside its key, bytes; absent: nothing that counts. */
  bytesOf?: (value: Value) => number
  /** Clock of the times to live, ms. */
  now?: () => number
}

/** By `now`, ms. */
interface Life {
  keptAt: number
  ttlMs: number
}

interface Entry<Value> {
  value: Value
  bytes: number
  life: Life | undefined
  /** Since it was kept, or since it was passed over last. */
  isUsed: boolean
}

/** The entry itself, its place in the map, the head of its key. */
const entryBytes = 160
/** What a text takes, bytes. A character takes one or two: the worse is counted. */
export const textBytes = (text: string): number => 24 + 2 * text.length

/**
 * The one cache of the house: whatever is remembered of outsiders is bounded by what it takes, not by how many there are. Keys are detached from what they
 * are a part of; who keeps a text as a value does so itself.
 */
export function recentValues<Key extends string | number, Value>({
  bytesMax,
  bytesOf = () => 0,
  now = () => 0,
}: RecentValuesOptions<Value>): RecentValues<Key, Value> {
  const kept = new Map<Key, Entry<Value>>()
  let held = 0
  const drop = (key: Key): void => {
    held -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  /**
   * Where the oldest is. A new look for it would pass over every gap that those before it have left, which are half of a full map; one that is kept while the
   * map is changed without it would keep what the map has let go.
   */
  let oldestOf: MapIterator<[Key, Entry<Value>]> | undefined
  let keptSince = 0
  const hasRoom = (bytes: number): boolean => held + bytes <= bytesMax
  // Marking what is used costs less than moving it: names are looked up for every element of a page.
  const passOldest = (): void => {
    oldestOf ??= kept.entries()
    const { value: oldest } = oldestOf.next()
    if (!oldest) {
      oldestOf = undefined
      return
    }
    const [key, entry] = oldest
    if (!entry.isUsed) return drop(key)
    entry.isUsed = false
    kept.delete(key)
    kept.set(key, entry)
  }
  const makeRoom = (bytes: number): void => {
    keptSince = hasRoom(bytes) ? keptSince + 1 : 0
    if (keptSince > kept.size / 4) oldestOf = undefined
    while (!hasRoom(bytes)) passOldest()
  }
  return {
    drop,
    get bytes() {
      return held
    },
    get(key) {
      const entry = kept.get(key)
      if (!entry) return undefined
      if (entry.life && isOver(entry.life, now())) {
        drop(key)
        return undefined
      }
      if (!entry.isUsed) entry.isUsed = true
      return entry.value
    },
    keep(key, value, ttlMs) {
      if (kept.has(key)) drop(key)
      const bytes = entryBytes + (typeof key === 'string' ? textBytes(key) : 0) + bytesOf(value)
      if (bytes > bytesMax) return
      makeRoom(bytes)
      kept.set(typeof key === 'string' ? (detached(key) as Key) : key, {
        value,
        bytes,
        life: ttlMs === undefined ? undefined : { keptAt: now(), ttlMs },
        isUsed: false,
      })
      held += bytes
    },
  }
}

/** A clock that was put back would keep a value for as long as it was ahead: what was kept in the future is over, too. */
const isOver = ({ keptAt, ttlMs }: Life, now: number): boolean => now < keptAt || now - keptAt >= ttlMs
