import type { Config } from '#infra/config/schema.ts'
import type { CastVotes } from '#infra/desirability/cast-votes.ts'
import type { ApiAccess } from '#infra/net/api-access.ts'
import type { Server } from '#infra/net/server.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import type { Vote } from '#schemas/preferences.ts'
import type { Sql } from '#schemas/sql.ts'
import { datasetServer } from './api/server.ts'
import { forgetDatasets } from './gravity/forget-datasets.ts'
import { listJobs } from './gravity/task-line.ts'
import { ingest } from './ingest/ingest.ts'
import { IcebergTables } from './iceberg/tables.ts'
import { IngestMemory } from './ingest/memory.ts'
import type { Trust } from './ingest/trust.ts'
import { openDatasetQuery } from './query/open-dataset-query.ts'
import { datasetScope } from './sweep-scope.ts'
import type { Encoders } from '#infra/tokenizer/encoders.ts'
import { tokenize, type TokensEntry } from './tokenize/tokenize.ts'
import { isBuilt, type DatasetEntry, type Outcome } from './versions.ts'

export interface DatasetParts {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of this dataset alone. */
  index: CorpusIndex
  /** Of its objects. */
  sweep: Sweep
  /** Of the tokenizer of its tokens. */
  encoders: Encoders
  telemetry: TelemetryHub
  /** Who may ask. */
  access: ApiAccess
  /** Miners say who they are, and may be sent to the public web. */
  hasContact: boolean
  /** Makes a list the one that the validator of this data folder votes with. */
  castVotes(votes: readonly Vote[]): Promise<CastVotes>
  /** On-demand jobs of the data folder; undefined: nobody takes any. */
  onDemand(): OnDemandJobs | undefined
  /** Whom the dataset believes; asked at each ingest. */
  trust(): Promise<Trust>
  pace: Clock
  /** Folder of the indexes that are asked. */
  queryFolder: string
  /** Stamped into what is made. */
  origin: VersionManifest['origin']
  settings: Pick<Config['dataset'], 'name' | 'keep_seconds'>
}

export interface DatasetService extends AsyncDisposable {
  /** Ingests what is new, then tokenizes it, and now and then deletes what nothing names any more; one at a time. @throws OrreryError `conflict` while another process has the index of the dataset (retryable) */
  refresh(signal: AbortSignal): Promise<{ dataset: Outcome<DatasetEntry>; tokens: Outcome<TokensEntry> }>
  /** The query API, not yet listening. */
  app: Server
  /** Ends the running refresh and the API. */
  close(): Promise<void>
}

/** The dataset service, on backends that stay the caller's. */
export async function openDataset(parts: DatasetParts): Promise<DatasetService> {
  const query = openDatasetQuery({ ...parts, folder: parts.queryFolder, clock: parts.pace })
  const app = await datasetServer({ ...parts, query, datasetName: parts.settings.name })
  const closing = new AbortController()
  const memory = new IngestMemory()
  const tables = new IcebergTables(parts)
  const { name, keep_seconds } = parts.settings
  const scope = datasetScope({ ...parts, name, keepMs: keep_seconds * 1000, pending: () => parts.index.pending() })
  let last: Promise<unknown> = Promise.resolve()

  const refresh = async (signal: AbortSignal) => {
    const run = { ...parts, memory, name, signal: AbortSignal.any([signal, closing.signal]) }
    run.signal.throwIfAborted()
    const head = await parts.catalog.head(lineage.dataset(name))
    const dataset = isBuilt(head) ? { changed: false, entry: head } : await ingest(run)
    const tokens = await tokenize(run)
    // Those whose time is over are sought no more.
    await listJobs(parts.catalog, parts.pace.now())
    await forgetDatasets(parts, run.signal)
    if (dataset.entry) await query.follow(dataset.entry, run.signal).catch(unlessTaken)
    const isSweeping = parts.sweep.isDue()
    await sweepWhenDue(parts.sweep, scope, { ...run, owner: `dataset ${name}` })
    // At the end: a snapshot names what was forgotten no longer than its objects are there, and none of its own come while it is swept.
    await tables.followAll({ mayHaveExpired: isSweeping, signal: run.signal })
    return { dataset, tokens }
  }
  const close = async (): Promise<void> => {
    closing.abort(new DOMException('The dataset service was closed.', 'AbortError'))
    await last.catch(() => undefined)
    await app.close()
    await query[Symbol.asyncDispose]()
  }
  return {
    refresh(signal) {
      const next = last.catch(() => undefined).then(() => refresh(signal))
      last = next
      return next
    },
    app,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Another process brings the index on. */
function unlessTaken(error: unknown): void {
  if (!(error instanceof OrreryError && error.code === 'conflict')) throw error
}
