import { canonicalJson } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

const digits = 10

/**
 * Where somebody who has the store alone finds what counts now: of a folder of such keys the last is the current one. Keys are written once, so a version that
 * follows comes behind the one before it; those that are no longer the last go with the sweep.
 * @param folder ends with `/`
 */
export const currentKey = (folder: string, { version, sha256 }: { version: number; sha256: string }): string =>
  `${folder}current/${String(version).padStart(digits, '0')}-${sha256}.json`

/** Says that a version is current, once it is committed: until then readers find the one before it. Doing it again changes nothing. */
export async function tellCurrent(
  store: Pick<ObjectStore, 'put'>,
  folder: string,
  entry: { version: number; sha256: string },
  content: unknown,
): Promise<void> {
  await store.put(currentKey(folder, entry), new TextEncoder().encode(canonicalJson(content)))
}
