import type { Chain } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Queue } from '#schemas/queue.ts'
import type { Reject } from '#schemas/stage.ts'
import { addCounts, noDuplicates, type DuplicateCounts } from '../dedup/copies.ts'
import { claimArrivals, waitForOthers, type PortionLimits } from './arrivals.ts'
import type { ShardLayout } from './compaction.ts'
import { Corpus, type CorpusParts } from './corpus.ts'
import { acknowledge, flush } from './flush.ts'
import { publishIndex, type PublishedIndex } from './index-manifest.ts'
import { compact } from './merge.ts'
import { rowsOf } from './snapshot-heads.ts'
import type { ShardParts } from './write-rows.ts'

export interface WriterParts extends CorpusParts, ShardParts {
  /** Documents and withdrawals (arrival.ts), one per message. */
  documents: Queue
  /** How much of the queue is taken in at once: the most that is in memory. */
  portion: PortionLimits
  layout: ShardLayout
  chain: Chain
  /** Runs the leases of `documents`. */
  pace: Clock
}

/** What a writer has done since it was asked last. */
export interface SnapshotReport extends PublishedIndex {
  /** Documents taken off the queue. */
  arrived: number
  /** Documents in the current snapshots. */
  kept: number
  /** Documents that left, or never came in, because their pages took them back. */
  withdrawn: number
  /** Shards written, in order. */
  written: { job_id: string; key: string; rows: number; bytes: number }[]
  duplicates: DuplicateCounts
}

export interface FlushOptions {
  /** The desirability list in force: what belongs to none of its jobs is refused. */
  jobs: readonly DesirabilityJob[]
  rejects(reject: Reject): void | Promise<void>
  signal: AbortSignal
}

/** Shards told of in one report. */
const writtenMax = 1000

/**
 * Turns what is queued into shards: each flush writes new files of what is new, tells what is gone from older ones by deletion vectors, and commits the snapshots of
 * the jobs that changed; compaction merges small files. One call at a time.
 *
 * The order of work makes a crash harmless: files, deletion vectors and manifests, which nobody knows of; the index (the point of commit); the heads; and only
 * then the acknowledgement. What was not acknowledged comes again and finds itself already there. What nobody came to know of is swept in its time.
 */
export class ShardWriter {
  readonly #parts: WriterParts
  readonly #corpus: Corpus
  #report = { arrived: 0, withdrawn: 0, written: [] as SnapshotReport['written'], duplicates: noDuplicates }

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#corpus = new Corpus(parts)
  }

  /** Until no other process holds anything of the queue, as long as a lease may last. */
  async waitForOthers(signal: AbortSignal): Promise<void> {
    await waitForOthers({ queue: this.#parts.documents, pace: this.#parts.pace, signal })
  }

  /** Takes in what is ready now, portion by portion; what comes meanwhile is for the next, or a flush beside a crawl would have no end. @throws OrreryError `conflict` when another process works with the same hotkey; the signal's reason */
  async flush({ jobs, rejects, signal }: FlushOptions): Promise<void> {
    const { documents: queue, pace, portion: limits, telemetry } = this.#parts
    const { waiting } = await queue.stats()
    for (let left = waiting; left > 0;) {
      const arrivals = await claimArrivals({ queue, pace, limits: { ...limits, messages: Math.min(limits.messages, left) }, signal })
      if (!arrivals) return
      left -= arrivals.messages
      const { taken, written, counts } = await flush({ ...this.#parts, jobs, rejects }, this.#corpus, arrivals, signal)
      await acknowledge(arrivals, telemetry)
      const report = this.#report
      report.arrived += arrivals.documents.length
      report.withdrawn += taken
      report.duplicates = [...counts.values()].reduce(addCounts, report.duplicates)
      for (const { jobId, file } of written)
        if (report.written.length < writtenMax) report.written.push({ job_id: jobId, key: file.key, rows: file.rows, bytes: file.bytes })
    }
  }

  /** Merges what is worth it. @throws the signal's reason when aborted: the merge that was under way has not happened */
  async compact(rejects: FlushOptions['rejects'], signal: AbortSignal): Promise<void> {
    await compact({ ...this.#parts, rejects }, this.#corpus, signal)
  }

  /** Shows the snapshots on chain. */
  async publish(signal: AbortSignal): Promise<PublishedIndex> {
    return await publishIndex(this.#parts, await this.#corpus.heads(signal))
  }

  /** What was done since the last report. */
  async report(signal: AbortSignal): Promise<SnapshotReport> {
    const report = this.#report
    this.#report = { arrived: 0, withdrawn: 0, written: [], duplicates: noDuplicates }
    return { ...report, kept: rowsOf(await this.#corpus.heads(signal)), ...(await this.publish(signal)) }
  }
}
