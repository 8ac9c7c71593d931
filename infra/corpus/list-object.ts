import { z } from 'zod'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** A list that is too large for a manifest, as an object beside it: canonical JSON, named by its content (`{prefix}{sha256}.json`). */
export async function writeList(store: Pick<ObjectStore, 'put'>, prefix: string, list: readonly unknown[]): Promise<StoredObject> {
  const bytes = Buffer.from(canonicalJson(list))
  const sha256 = sha256Hex(bytes)
  const key = `${prefix}${sha256}.json`
  await store.put(key, bytes)
  return { key, sha256, bytes: bytes.length }
}

/** @throws OrreryError `data_unreadable` when the object is not what its manifest says */
export async function readList<Item>(
  store: Pick<ObjectStore, 'get'>,
  { key, sha256 }: Pick<StoredObject, 'key' | 'sha256'>,
  item: z.ZodType<Item>,
): Promise<Item[]> {
  const bytes = await store.get(key)
  const list = sha256Hex(bytes) === sha256 ? z.array(item).safeParse(JSON.parse(Buffer.from(bytes).toString())) : undefined
  if (list?.success) return list.data
  throw new OrreryError('data_unreadable', `The list ${key} is not what its manifest says; restore it from a backup.`, { key })
}
