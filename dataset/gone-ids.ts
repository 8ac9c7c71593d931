import { sha256Hex } from '#schemas/canonical-json.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Writes ids of documents that a version has no more (`VersionManifest.gone`). @param ids none twice @returns null for none */
export async function writeGoneIds(store: Pick<ObjectStore, 'put'>, name: string, ids: Iterable<string>): Promise<StoredObject | null> {
  const bytes = Buffer.from([...ids].toSorted(compareText).join(''), 'hex')
  if (bytes.length === 0) return null
  const sha256 = sha256Hex(bytes)
  const key = `datasets/${name}/gone/${sha256}.ids`
  await store.put(key, bytes)
  return { key, sha256, bytes: bytes.length }
}
