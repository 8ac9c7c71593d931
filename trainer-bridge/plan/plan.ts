import type { EpochManifest } from '#schemas/epoch-manifest.ts'
import { anchorSeed } from './anchor.ts'
import { drawEpoch, type Drawn } from './draw.ts'
import { refuseOtherGeometry } from './geometry.ts'
import { join, joinParts } from './join.ts'
import { openGenerations } from './open-generations.ts'
import type { PlanRequest } from './request.ts'
import { standingAfter, type Standing } from './standing.ts'
import { writeStrata } from './strata.ts'

/**
 * The next epoch of a run: it goes on where the last one stopped, with the shards that came since as a new generation. When no label has a whole batch left the
 * pass is over and another begins over all shards there are, if there is to be one. The same request on the same shards gives the same manifest.
 * @returns undefined when there is nothing to train
 * @throws OrreryError `invalid_config` when the geometry is not that of the run
 */
export async function planEpoch(request: PlanRequest): Promise<EpochManifest | undefined> {
  const before = runBefore(request)
  if (before) refuseOtherGeometry(before, request.geometry)
  for await (const { pass, standing } of ways(request, before)) {
    const drawn = await drawEpoch(request, await openGenerations(request, { pass, standing, before }))
    if (drawn) return manifestOf(request, { pass, before, drawn })
  }
  return undefined
}

/** The epoch it goes on from. Another tokenizer makes a run of its own, as another name does; runs of before they had names have any. */
function runBefore({ before, tokens, run }: PlanRequest): PlanRequest['before'] {
  if (before?.tokenizer.fingerprint !== tokens.tokenizer.fingerprint) return undefined
  return before.algorithm === 2 || before.run === run ? before : undefined
}

/** What can be trained, in the order of preference. */
async function* ways(request: PlanRequest, before: PlanRequest['before']): AsyncGenerator<{ pass: number; standing: Standing }> {
  const { readList, tokens, passes } = request
  const parts = joinParts(request)
  if (!before) {
    yield { pass: 1, standing: await join(parts, new Map(), tokens.current) }
    return
  }
  const fresh = tokens.current.filter(({ shard }) => shard.since > before.joined && !shard.moved)
  yield { pass: before.pass, standing: await join(parts, await standingAfter(readList, before), fresh) }
  if (passes === 0 || before.pass < passes) yield { pass: before.pass + 1, standing: await join(parts, new Map(), tokens.current) }
}

async function manifestOf(
  request: PlanRequest,
  { pass, before, drawn }: { pass: number; before: PlanRequest['before']; drawn: Drawn },
): Promise<EpochManifest> {
  const { tokens, parent, geometry, settledBefore, run, store, prefix } = request
  const { strata, seed, anchor } = await anchorSeed(request, drawn)
  return {
    kind: 'run-epoch',
    parent,
    algorithm: 3,
    run,
    first_batch: before?.algorithm === 3 ? before.first_batch + before.batches : 0,
    tokens: tokens.sha256,
    joined: tokens.version,
    tokenizer: tokens.tokenizer,
    end_of_text: drawn.endOfText,
    geometry,
    seed,
    anchor,
    pass,
    periods: drawn.periods,
    batches: drawn.batches,
    settled_before: settledBefore,
    strata: await writeStrata(store, prefix, strata),
  }
}
