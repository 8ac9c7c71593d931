import { createHash } from 'node:crypto'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Where a table's metadata are written, and where readers find them. */
export interface TablePlace {
  store: ObjectStore
  /** Where the dataset's own lists and deletion vectors are read. */
  source: Pick<ObjectStore, 'get'>
  /** Key below which all of it stands, with a `/` at its end, or nothing. */
  folder: string
  /** Location of the store's keys for readers, without a `/` at its end: `file:///…`, `s3://…`, `https://…`. */
  root: string
  /** Makes sure that a data file is in that store. @returns its key there */
  bring(file: StoredObject): Promise<string>
}

/** Where readers find a key. As it stands: the characters of our keys need no encoding, and readers of `file:` take the path as it is. */
export const locationOf = ({ root }: Pick<TablePlace, 'root'>, key: string): string => `${root}/${key}`

/** An object named by its content; one of that name with other bytes is damaged, and replaced. */
export async function putNamed(
  { store, folder }: Pick<TablePlace, 'store' | 'folder'>,
  bytes: Uint8Array,
  below: string,
  ending: string,
): Promise<StoredObject> {
  const sha256 = sha256Hex(bytes)
  const key = `${folder}${below}/${sha256}${ending}`
  await putAt({ store }, key, bytes)
  return { key, sha256, bytes: bytes.length }
}

/** The same under the key that its content gives it. */
export async function putAt({ store }: Pick<TablePlace, 'store'>, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(key, bytes)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'already_exists')) throw error
    await store.delete(key)
    await store.put(key, bytes)
  }
}

/** A list as a JSON object of its own (infra/corpus/list-object.ts reads it). */
export const putList = (place: Pick<TablePlace, 'store' | 'folder'>, list: readonly unknown[]): Promise<StoredObject> =>
  putNamed(place, Buffer.from(canonicalJson(list)), 'state', '.json')
/** Where such lists stand. */
export const listFolder = ({ folder }: Pick<TablePlace, 'folder'>): string => `${folder}state/`

/** A UUID (version 8, RFC 9562) that follows from what it names. */
export function uuidOf(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
