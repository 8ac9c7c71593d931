import type { EpochManifest, Stratum } from '#schemas/epoch-manifest.ts'
import type { Drawn } from './draw.ts'
import type { PlanRequest } from './request.ts'
import { strataRoot } from './strata.ts'

/** Commits a root to a chain, and gives the block after the one that it stands in. */
export type Anchor = (root: string) => Promise<{ block: number; hash: string }>

/** The seed of a block's hash: its first six bytes, a whole number below 2^48. @param hash 0x + 64 hex */
const seedOfHash = (hash: string): number => Number.parseInt(hash.slice(2, 14), 16)

/**
 * The generations that nothing was taken of get their seed: the one asked for, or that of the block after the one that their lists were committed in, so that
 * nobody could choose the lists by the order they would have, nor the order by the lists. The root is that of the strata with the seed 0 for all of those.
 */
export async function anchorSeed(
  { seed, anchor }: PlanRequest,
  { strata }: Drawn,
): Promise<{ strata: Stratum[]; seed: number; anchor: EpochManifest['anchor'] }> {
  if (!anchor || !strata.some(begins)) return { strata: seeded(strata, seed), seed, anchor: null }
  const root = strataRoot(seeded(strata, 0))
  const { block, hash } = await anchor(root)
  return { strata: seeded(strata, seedOfHash(hash)), seed: seedOfHash(hash), anchor: { root, block, hash } }
}

/** Whether the strata that begin in a plan have the seed of the block that it names, and stand under the root that was committed before it. */
export function hasAnchoredSeed({ root, hash }: NonNullable<EpochManifest['anchor']>, strata: readonly Stratum[]): boolean {
  const begun = strata.flatMap(({ generations }) => generations.filter(({ from }) => from === 0))
  return begun.every(({ seed }) => seed === seedOfHash(hash)) && strataRoot(seeded(strata, 0)) === root
}

/** Of what it takes its first windows. */
const begins = ({ generations }: Stratum): boolean => generations.some(({ from, each }) => from === 0 && each > 0)

const seeded = (strata: readonly Stratum[], seed: number): Stratum[] =>
  strata.map((stratum) => ({
    ...stratum,
    generations: stratum.generations.map((generation) => (generation.from === 0 ? { ...generation, seed } : generation)),
  }))
