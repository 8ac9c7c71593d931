import { writeList } from '#infra/corpus/list-object.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { EpochManifest, Stratum } from '#schemas/epoch-manifest.ts'
import { leafHash, merkleRoot } from '#schemas/merkle.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Merkle root of the strata of an epoch, lower-case hex: a leaf is the canonical JSON of one. */
export const strataRoot = (strata: readonly Stratum[]): string => Buffer.from(merkleRoot(strata.map(leafOf))).toString('hex')

const leafOf = (stratum: Stratum): Uint8Array => leafHash(Buffer.from(canonicalJson(stratum)))

/** @param prefix of the key */
export async function writeStrata(store: Pick<ObjectStore, 'put'>, prefix: string, strata: readonly Stratum[]): Promise<EpochManifest['strata']> {
  return { list: await writeList(store, prefix, strata), count: strata.length, root: strataRoot(strata) }
}
