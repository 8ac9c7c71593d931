import { OrreryError } from '#schemas/errors.ts'
import type { PlanManifest, TokensManifest } from '#schemas/manifest.ts'
import { mixByDeficit } from './mixing.ts'
import { keyedPermutation, type Permutation } from './permutation.ts'

/** A run of tokens inside one token shard. */
export interface Piece {
  sha256: string
  key: string
  /** First token, counted from the shard's first. */
  start: number
  tokens: number
}

/** One sequence: `sequence_tokens` tokens in a row of its stratum's concatenated shards; two or more pieces where it crosses from shard to shard. */
interface Window {
  /** Place in the stratum: it starts at token index × sequence_tokens. */
  index: number
  pieces: Piece[]
}

export interface PlannedBatch {
  batch: number
  label: string
  /** One for each row. */
  windows: Window[]
}

export interface PlannedBatches {
  readonly length: number
  /** Labels of all batches, in order. */
  labels(): string[]
  /** @throws OrreryError `not_found` */
  batch(batch: number): PlannedBatch
}

interface Stratum {
  label: string
  order: Permutation
  shards: TokensManifest['shards']
}

/**
 * What each batch of a plan is made of. The n-th batch of a stratum (mixing.ts) takes the windows at places n × rows … n × rows + rows − 1 of the
 * stratum's keyed order (permutation.ts; key "{seed}/{tokens sha256}/{label}"). No place is taken twice, so no window is.
 * @throws OrreryError `invalid_record` when the plan is not of these tokens
 */
export function plannedBatches(plan: PlanManifest, tokens: TokensManifest): PlannedBatches {
  const { rows, sequence_tokens } = plan.geometry
  const strata = plan.strata.map((stratum) => openStratum(plan, stratum, tokens))
  const log = plan.weights_log.map((entry) => ({
    fromBatch: entry.from_batch,
    weights: plan.strata.map(({ label }) => entry.weights[label] ?? 0),
  }))
  const mixing = mixByDeficit(
    log,
    plan.strata.map(({ windows }) => Math.floor(windows / rows)),
    `${plan.seed}/${plan.tokens}`,
  )
  const nameOf = (stratum: number): string => strata[stratum]?.label ?? ''
  return {
    length: plan.batches,
    labels() {
      const labels: string[] = []
      for (const { stratum } of mixing.from(0)) {
        if (labels.length === plan.batches) break
        labels.push(nameOf(stratum))
      }
      return labels
    },
    batch(batch) {
      if (!Number.isInteger(batch) || batch < 0 || batch >= plan.batches)
        throw new OrreryError('not_found', `There is no batch ${batch}; the plan has 0..${plan.batches - 1}.`, { batch })
      const draw = mixing.at(batch)
      const { label, order, shards } = strata[draw.stratum] as Stratum
      const windows = Array.from({ length: rows }, (_, row) => {
        const index = order.at(draw.ordinal * rows + row)
        return { index, pieces: piecesOf(shards, index * sequence_tokens, sequence_tokens) }
      })
      return { batch, label, windows }
    },
  }
}

function openStratum(plan: PlanManifest, { label, windows, shards }: PlanManifest['strata'][number], tokens: TokensManifest): Stratum {
  const bySha = new Map(tokens.shards.filter((shard) => shard.label === label).map((shard) => [shard.sha256, shard]))
  const found = shards.flatMap((sha256) => bySha.get(sha256) ?? [])
  const available = found.reduce((sum, shard) => sum + shard.tokens, 0)
  if (found.length !== shards.length || Math.floor(available / plan.geometry.sequence_tokens) !== windows)
    throw new OrreryError(
      'invalid_record',
      `The plan's stratum "${label}" is not that of tokens manifest ${plan.tokens}; open the plan with the tokens it names.`,
      {
        label,
      },
    )
  return { label, shards: found, order: keyedPermutation(windows, `${plan.seed}/${plan.tokens}/${label}`) }
}

function piecesOf(shards: TokensManifest['shards'], start: number, tokens: number): Piece[] {
  const pieces: Piece[] = []
  let shardStart = 0
  for (const shard of shards) {
    const from = Math.max(start, shardStart)
    const to = Math.min(start + tokens, shardStart + shard.tokens)
    if (from < to) pieces.push({ sha256: shard.sha256, key: shard.key, start: from - shardStart, tokens: to - from })
    shardStart += shard.tokens
  }
  return pieces
}
