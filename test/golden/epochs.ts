import type { StoredObject } from '#schemas/data-file.ts'
import type { EpochManifest } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { writeStrata } from '#trainer-bridge/plan/strata.ts'
import { goldenGeometry } from './run.ts'

/** An epoch for who reads the line of a run: it has one source with a list of shards, nine windows of which `taken` are trained. */
export async function testEpoch(
  store: Pick<ObjectStore, 'put'>,
  { list, taken = 0, ...rest }: Pick<EpochManifest, 'tokens' | 'joined' | 'tokenizer'> & { parent?: string | null; list: StoredObject; taken?: number },
): Promise<EpochManifest> {
  const generation = { list, seed: 0, windows: 9, from: taken, to: taken, each: 0, skipped: null }
  return {
    kind: 'run-epoch',
    parent: null,
    algorithm: 3,
    run: 'main',
    first_batch: 0,
    end_of_text: 0,
    geometry: goldenGeometry,
    seed: 0,
    anchor: null,
    pass: 1,
    periods: 1,
    batches: 1,
    settled_before: 0,
    ...rest,
    strata: await writeStrata(store, 'plans/web/', [{ label: 'example', weight: 1, each: 1, owed: 0, generations: [generation] }]),
  }
}
