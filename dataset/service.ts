import type { Config } from '#infra/config/schema.ts'
import type { Server } from '#infra/net/server.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Sql } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { datasetServer } from './api/server.ts'
import { ingest } from './ingest/ingest.ts'
import { IngestMemory } from './ingest/memory.ts'
import { datasetScope } from './sweep-scope.ts'
import { tokenize, type TokensEntry } from './tokenize/tokenize.ts'
import type { DatasetEntry, Outcome } from './versions.ts'

export interface DatasetParts {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  /** Of this dataset alone. */
  index: CorpusIndex
  /** Of its objects. */
  sweep: Sweep
  telemetry: Telemetry
  /** Stamped into what is made. */
  origin: VersionManifest['origin']
  settings: Pick<Config['dataset'], 'name' | 'tokenizer' | 'keep_seconds'>
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
  const app = await datasetServer(parts)
  const closing = new AbortController()
  const memory = new IngestMemory()
  const { name, keep_seconds } = parts.settings
  const scope = datasetScope({ ...parts, name, keepMs: keep_seconds * 1000, pending: () => parts.index.pending() })
  let last: Promise<unknown> = Promise.resolve()

  const refresh = async (signal: AbortSignal) => {
    const { tokenizer } = parts.settings
    const run = { ...parts, memory, name, tokenizer, signal: AbortSignal.any([signal, closing.signal]) }
    run.signal.throwIfAborted()
    const dataset = await ingest(run)
    const tokens = await tokenize(run)
    await sweepWhenDue(parts.sweep, scope, { ...run, owner: `dataset ${name}` })
    return { dataset, tokens }
  }
  const close = async (): Promise<void> => {
    closing.abort(new DOMException('The dataset service was closed.', 'AbortError'))
    await last.catch(() => undefined)
    await app.close()
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
