/** Values used lately, up to a number of bytes: the one longest out of use goes first. */
interface RecentValues<Key, Value> {
  get(key: Key): Value | undefined
  /** Takes the place of an earlier value; one that is larger than all there is room for is not kept. */
  keep(key: Key, value: Value, bytes: number): void
  drop(key: Key): void
}

export function recentValues<Key, Value>(bytesMax: number): RecentValues<Key, Value> {
  const kept = new Map<Key, { value: Value; bytes: number }>()
  let held = 0
  const drop = (key: Key): void => {
    held -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  return {
    drop,
    get(key) {
      const entry = kept.get(key)
      if (!entry) return undefined
      kept.delete(key)
      kept.set(key, entry)
      return entry.value
    },
    keep(key, value, bytes) {
      drop(key)
      if (bytes > bytesMax) return
      kept.set(key, { value, bytes })
      held += bytes
      for (const oldest of kept.keys()) {
        if (held <= bytesMax) break
        drop(oldest)
      }
    },
  }
}
