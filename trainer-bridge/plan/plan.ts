import { compareText } from '#schemas/compare-text.ts'
import type { PlanManifest, TokensManifest } from '#schemas/manifest.ts'

/** Weight of a label that no job asks for: the default scale of Data Universe. */
const unlistedWeight = 0.0001

export interface PlanRequest {
  tokens: TokensManifest
  tokensSha256: string
  geometry: PlanManifest['geometry']
  /** label → desirability; a label of the tokens that is not here weighs 0.0001. */
  weights: Readonly<Record<string, number>>
  seed: number
  batchesMax: number
  /** Content address of the plan before it, null for the first. */
  parent: string | null
}

/**
 * The plan of one pass over a tokens manifest. Pure: the same request gives the same manifest, and so the same id.
 * A stratum is a label with at least one whole batch of windows; strata stand in code-unit order of their labels.
 * Its batches are at most all whole batches there are, so that no window is used twice.
 */
export function makePlan({ tokens, tokensSha256, geometry, weights, seed, batchesMax, parent }: PlanRequest): PlanManifest {
  const strata = strataOf(tokens, geometry)
  const possible = strata.reduce((sum, { windows }) => sum + Math.floor(windows / geometry.rows), 0)
  return {
    kind: 'plan',
    parent,
    tokens: tokensSha256,
    tokenizer: tokens.tokenizer.fingerprint,
    geometry,
    seed,
    batches: Math.min(batchesMax, possible),
    weights_log: [
      {
        from_batch: 0,
        weights: Object.fromEntries(strata.map(({ label }) => [label, (Object.hasOwn(weights, label) ? weights[label] : undefined) ?? unlistedWeight])),
      },
    ],
    strata,
  }
}

function strataOf(tokens: TokensManifest, { rows, sequence_tokens }: PlanManifest['geometry']): PlanManifest['strata'] {
  const labels = [...new Set(tokens.shards.map((shard) => shard.label))].toSorted(compareText)
  return labels.flatMap((label) => {
    const shards = tokens.shards.filter((shard) => shard.label === label && shard.tokens > 0)
    const windows = Math.floor(shards.reduce((sum, shard) => sum + shard.tokens, 0) / sequence_tokens)
    return windows < rows ? [] : [{ label, windows, shards: shards.map((shard) => shard.sha256) }]
  })
}
