import type { z } from 'zod'
import { readList } from '#infra/corpus/list-object.ts'
import { recentValues } from '#infra/recent-values.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Reads lists beside manifests (list-object.ts): those of a run are the same from epoch to epoch, but for what is new. */
export type ReadLists = <Item>(object: StoredObject, item: z.ZodType<Item>) => Promise<readonly Item[]>

const listsBytesMax = 16 * 2 ** 20
/** What a list takes in memory for each of its bytes as JSON. */
const bytesPerByte = 2

export function recentLists(store: Pick<ObjectStore, 'get'>): ReadLists {
  const recent = recentValues<string, { list: readonly unknown[]; bytes: number }>({ bytesMax: listsBytesMax, bytesOf: ({ bytes }) => bytes })
  return async <Item>(object: StoredObject, item: z.ZodType<Item>) => {
    const known = recent.get(object.sha256)
    if (known) return known.list as readonly Item[]
    const list = await readList(store, object, item)
    recent.keep(object.sha256, { list, bytes: object.bytes * bytesPerByte })
    return list
  }
}
