import type { StoredObject } from '#schemas/data-file.ts'
import { Stratum, type EpochManifest, type FormerEpochManifest } from '#schemas/epoch-manifest.ts'
import type { ReadLists } from './lists.ts'

/** A generation as a run has it between two epochs. */
export interface OpenGeneration {
  list: StoredObject
  seed: number
  windows: number
  /** Places of its order that are done with. */
  taken: number
  /** Places that were left out in the epoch before, those that are done with among them. */
  skipped: StoredObject | null
}

interface OpenStratum {
  /** Turns its weight owes it. */
  owed: number
  /** The oldest first. */
  generations: OpenGeneration[]
}

/** What is left of a pass, by label. Of a label of which nothing is left there is no entry. */
export type Standing = Map<string, OpenStratum>

/** Generations of a label that are drawn from at a time. The one after them waits, and takes in what comes until one is done. */
export const generationsAtOnce = 8
/** Labels of a run: those with the most tokens of what joins. A miner may invent as many as it likes. */
export const strataMax = 1024

/** How a pass stands after an epoch. */
export async function standingAfter(readList: ReadLists, before: EpochManifest | FormerEpochManifest): Promise<Standing> {
  const strata = before.algorithm === 2 ? formerStrata(before) : await readList(before.strata.list, Stratum)
  const standing: Standing = new Map()
  for (const { label, owed, generations } of strata) {
    // One without windows waits for more shards.
    const left = generations.filter(({ windows, to }) => to < windows || windows === 0)
    if (left.length > 0)
      standing.set(label, { owed, generations: left.map(({ to, list, seed, windows, skipped }) => ({ list, seed, windows, taken: to, skipped })) })
  }
  return standing
}

/** Generations had the same order before their sources stood beside the epoch, so nothing is taken twice. */
const formerStrata = ({ strata, seed }: FormerEpochManifest) =>
  strata.map(({ label, generations }) => ({ label, owed: 0, generations: generations.map((generation) => ({ ...generation, seed, skipped: null })) }))
