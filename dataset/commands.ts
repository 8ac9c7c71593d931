import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { tokenTotals } from '#infra/corpus/groups.ts'
import { versionOfFlag } from '#infra/cli/version-flag.ts'
import { interruptible } from '#infra/interrupt.ts'
import { repeat } from '#infra/repeat.ts'
import { listen } from '#infra/net/server.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import type { OpenWish } from '#infra/preflight.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import { keyCommand } from './api/key-command.ts'
import { buildCommand } from './build/command.ts'
import { exportCommand } from './export/command.ts'
import { listFiles } from './file-listing.ts'
import { icebergCommand } from './iceberg/command.ts'
import { importCommand } from './import/command.ts'
import { check } from './ingest/rebuild.ts'
import { importTrust, trustOf } from './ingest/trust.ts'
import { mcpCommand } from './mcp/command.ts'
import { publishCommand } from './publish/command.ts'
import { openDataset, type DatasetParts, type DatasetService } from './service.ts'
import { statsCommand } from './stats/command.ts'
import { encodersOf, type Encoders } from '#infra/tokenizer/encoders.ts'

/** The backends of a data folder, as far as the dataset service uses them. */
export interface DatasetBackends extends Omit<DatasetParts, 'settings' | 'index' | 'sweep' | 'trust' | 'encoders'>, AsyncDisposable {
  dataDir: string
  config: Pick<Config, 'dataset' | 'run' | 'validator'>
  chain: Pick<Chain, 'metagraph' | 'block'>
  /** Hotkeys of the wallet folder by the names of their wallets. */
  hotkeys(): Promise<ReadonlyMap<string, string>>
  pace: Clock
  /** Stamps what is imported. */
  facts: Clock
  /** A hotkey of the wallet folder, made when missing. */
  wallet(name: string): Promise<{ signer: Signer }>
  corpusIndex(name: string): CorpusIndex
  sweep(name: string): Sweep
  /** Signed URLs of the store begin with this origin from now on. */
  serveObjectsAt(origin: string): void
}

/**
 * Adds the commands of `dataset` to the program.
 * @param open opens the backends by the settings and flags of the command that runs
 * @param openReader reads what is imported as pages of miners are read, on those backends; `name` of what is dropped
 */
export function datasetCommands(
  program: Command,
  open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>,
  openReader: (command: Command, backends: DatasetBackends, name: string) => Promise<ImportReader>,
): void {
  const dataset = program.command('dataset').description('Clean, deduplicate, tokenize, serve and publish what the miners brought.')
  dataset
    .command('serve')
    .description('Serve the query API, ingesting and tokenizing every dataset.every_seconds, until it is interrupted.')
    .action((_flags: unknown, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command, { serves: ['query'] })
        await serve(backends, signal)
      }),
    )
  dataset
    .command('ingest')
    .description('Ingest and tokenize without an API, every dataset.every_seconds until it is interrupted.')
    .option('--once', 'stop after the first', false)
    .action(({ once }: { once: boolean }, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command)
        await using encoders = encodersOf(backends)
        await using service = await serviceOf(backends, encoders)
        if (once) print(await refreshOnce(service, signal))
        else await refreshForever(service, backends, signal)
      }),
    )
  dataset
    .command('files')
    .description('Say which files of the object store a version is, one a line: key, rows, those of them that count, bytes, deletion vector.')
    .option('--at <version>', 'an earlier version, by its number')
    .action(({ at }: { at?: string }, command: Command) =>
      interruptible(async () => {
        const version = at === undefined ? undefined : versionOfFlag('--at', at)
        await using backends = await open(command, { isBegun: true })
        for await (const file of listFiles({ ...backends, name: backends.config.dataset.name, version })) print(file)
      }),
    )
  dataset
    .command('check')
    .description('Compare the newest version with one made anew of the current snapshots of all miners, all at once; for when nobody mines.')
    .action((_flags: unknown, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command, { isBegun: true })
        print(await check({ ...backends, name: backends.config.dataset.name, trust: trustIn(backends), signal }))
      }),
    )
  keyCommand(dataset, open)
  importCommand(dataset, open, openReader)
  buildCommand(dataset, open)
  statsCommand(dataset, open)
  mcpCommand(dataset, open)
  icebergCommand(dataset, open)
  exportCommand(dataset, open)
  publishCommand(dataset, open)
}

/** Beside a chain, where strangers mine too. */
const trustIn = (backends: DatasetBackends) => trustOf(backends, 'verified')

/** The service of a dataset; one that is not that of the settings takes in what was imported for it alone. */
export const serviceOf = (backends: DatasetBackends, encoders: Encoders, name = backends.config.dataset.name): Promise<DatasetService> => {
  const settings = { ...backends.config.dataset, name }
  const named = `dataset-${name}`
  const trust = name === backends.config.dataset.name ? trustIn(backends) : () => importTrust(backends)
  return openDataset({ ...backends, encoders, index: backends.corpusIndex(named), sweep: backends.sweep(named), trust, settings })
}

async function serve(backends: DatasetBackends, signal: AbortSignal): Promise<void> {
  const { host, port } = backends.config.dataset
  await using encoders = encodersOf(backends)
  await using service = await serviceOf(backends, encoders)
  const { origin } = await listen(service.app, { host, port, setting: 'dataset.port' })
  backends.serveObjectsAt(origin)
  backends.telemetry.event('dataset.listening', { origin })
  await refreshForever(service, backends, signal)
}

async function refreshOnce(service: DatasetService, signal: AbortSignal) {
  const { dataset, tokens } = await service.refresh(signal)
  return {
    dataset: { changed: dataset.changed, version: dataset.entry?.version ?? null, documents: dataset.entry?.manifest.documents ?? 0 },
    tokens: {
      changed: tokens.changed,
      version: tokens.entry?.version ?? null,
      shards: tokens.entry ? tokenTotals(tokens.entry.manifest).shards : 0,
    },
  }
}

const refreshForever = (service: DatasetService, { config, pace, telemetry }: DatasetBackends, signal: AbortSignal): Promise<void> =>
  repeat({ work: service.refresh, restMs: () => config.dataset.every_seconds * 1000, failed: 'dataset.refresh_failed', pace, telemetry }, signal)

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
