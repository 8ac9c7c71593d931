import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareUtf8 } from '#schemas/compare-text.ts'
import type { ObjectInfo } from '#schemas/object-store.ts'
import { guarded } from './folder-errors.ts'
import { describeObject, isAbsence } from './object-file.ts'
import { reservedPrefix } from './object-key.ts'

/** Names that are sorted in one step. */
const namesPerStep = 4_096

interface Listing {
  /** The store's folder. */
  top: string
  prefix: string
  after: string | undefined
}

/**
 * Depth first, the names of one folder in memory at a time and those above it: entries sorted as their keys are, a folder as `name/`. A file system gives names
 * in no order, so those of a folder are read whole; a folder that lies before `after` is not read, and no object before it is looked at.
 */
export async function* listObjects(listing: Listing): AsyncIterable<ObjectInfo> {
  const folder = listing.prefix.slice(0, listing.prefix.lastIndexOf('/') + 1)
  const segments = folder.split('/').slice(0, -1)
  if (segments.some((s) => s === '' || s === '.' || s === '..' || s.includes('\0') || s.startsWith(reservedPrefix))) return
  yield* walk(listing, folder)
}

async function* walk(listing: Listing, folder: string): AsyncIterable<ObjectInfo> {
  const { top } = listing
  for (const key of merged(await guarded(folder, top, () => keysIn(listing, folder)))) {
    if (key.endsWith('/')) yield* walk(listing, key)
    else {
      const info = await guarded(key, top, () => describeObject(key, join(top, key)))
      if (info) yield info
    }
  }
}

/** Keys of objects, and of folders with a `/` at the end, that may be listed: some thousand at a time, each time in byte order. */
async function keysIn({ top, prefix, after }: Listing, folder: string): Promise<string[][]> {
  const steps: string[][] = []
  let keys: string[] = []
  const sort = () => {
    if (keys.length > 0) steps.push(keys.sort(compareUtf8))
    keys = []
  }
  try {
    for await (const entry of await opendir(join(top, folder), { bufferSize: 256 })) {
      if (entry.name.startsWith(reservedPrefix) || !(entry.isFile() || entry.isDirectory())) continue
      const key = `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`
      if (key.startsWith(prefix) && (after === undefined || isBehind(key, after))) keys.push(key)
      if (keys.length === namesPerStep) sort()
    }
  } catch (cause) {
    if (!isAbsence(cause)) throw cause
  }
  sort()
  return steps
}

/** Whether the object, or one in the folder, may come behind `after`. */
const isBehind = (key: string, after: string): boolean => compareUtf8(key, after) > 0 || (key.endsWith('/') && after.startsWith(key))

/** Of lists that are sorted each: the least first. */
function* merged(lists: string[][]): Generator<string> {
  const heads = lists.map((list) => ({ list, at: 0 }))
  while (heads.length > 0) {
    let least = 0
    for (let n = 1; n < heads.length; n++) if (compareUtf8(keyAt(heads[n]), keyAt(heads[least])) < 0) least = n
    const head = heads[least] as (typeof heads)[number]
    yield keyAt(head)
    if (++head.at === head.list.length) heads.splice(least, 1)
  }
}

const keyAt = (head: { list: readonly string[]; at: number } | undefined): string => head?.list[head.at] ?? ''
