import type { ObjectStore } from '#schemas/object-store.ts'

/** Of a list of files, which is an object itself. */
const isList = (key: string): boolean => key.endsWith('.json')

/**
 * Keys of the objects that a manifest names, and those that its lists name in turn: every `key` of an object in it, whatever else that says, so that a kind
 * of manifest that comes later is understood too. Some come more than once. A text is a key itself, of an object that names no other.
 * @param isNews false for a list that was named before
 * @throws OrreryError `not_found` for a list that is not there: what it names cannot be told
 */
export async function* namedObjects(manifest: unknown, store: ObjectStore, isNews: (key: string) => boolean, signal: AbortSignal): AsyncGenerator<string> {
  if (typeof manifest === 'string') {
    isNews(manifest)
    yield manifest
    return
  }
  const unread: string[] = []
  for (let value = manifest; ;) {
    for (const key of keysIn(value)) {
      yield key
      if (isList(key) && isNews(key)) unread.push(key)
    }
    const list = unread.pop()
    if (list === undefined) return
    signal.throwIfAborted()
    value = JSON.parse(new TextDecoder().decode(await store.get(list)))
  }
}

function* keysIn(manifest: unknown): Generator<string> {
  const left: unknown[] = [manifest]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [name, part] of Object.entries(value)) {
      if (name === 'key' && typeof part === 'string') yield part
      else if (typeof part === 'object') left.push(part)
    }
  }
}
