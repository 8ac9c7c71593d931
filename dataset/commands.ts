import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { repeat } from '#infra/repeat.ts'
import { listen } from '#infra/net/server.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import type { OpenWish } from '#infra/preflight.ts'
import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { listFiles } from './file-listing.ts'
import { check } from './ingest/rebuild.ts'
import { publish } from './publish/publish.ts'
import { readToken } from './publish/token.ts'
import { openDataset, type DatasetParts, type DatasetService } from './service.ts'

/** The backends of a data folder, as far as the dataset service uses them. */
export interface DatasetBackends extends Omit<DatasetParts, 'settings' | 'index' | 'sweep'>, AsyncDisposable {
  config: Pick<Config, 'dataset'>
  pace: Clock
  corpusIndex(name: string): CorpusIndex
  sweep(name: string): Sweep
  /** Signed URLs of the store begin with this origin from now on. */
  serveObjectsAt(origin: string): void
}

interface PublishFlags {
  repo: string
  hubUrl: string
  tokenFile?: string
  private: boolean
}

/**
 * Adds `dataset serve`, `dataset ingest`, `dataset files`, `dataset check` and `dataset publish` to the program.
 * @param open opens the backends by the settings and flags of the command that runs
 */
export function datasetCommands(program: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
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
        await using service = await serviceOf(backends)
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
        const version = at === undefined ? undefined : versionOf(at)
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
        print(await check({ ...backends, name: backends.config.dataset.name, signal }))
      }),
    )
  dataset
    .command('publish')
    .description('Publish the newest version as a Hugging Face dataset.')
    .requiredOption('--repo <user/name>', 'repository on the hub; made when it is not there')
    .option('--hub-url <url>', 'origin of the hub', 'https://huggingface.co')
    .option('--token-file <file>', 'file with the access token, in place of HF_TOKEN')
    .option('--private', 'make a new repository private', false)
    .action(async (flags: PublishFlags, command: Command) => {
      const hubUrl = originOf(flags.hubUrl)
      const token = await readToken({ tokenFile: flags.tokenFile, env: process.env })
      await interruptible(async (signal) => {
        await using backends = await open(command, { isBegun: true })
        const { name } = backends.config.dataset
        print(await publish({ ...backends, name, repo: flags.repo, hubUrl, token, isPrivate: flags.private, signal }))
      })
    })
}

const serviceOf = (backends: DatasetBackends): Promise<DatasetService> => {
  const settings = backends.config.dataset
  const named = `dataset-${settings.name}`
  return openDataset({ ...backends, index: backends.corpusIndex(named), sweep: backends.sweep(named), settings })
}

async function serve(backends: DatasetBackends, signal: AbortSignal): Promise<void> {
  const { host, port } = backends.config.dataset
  await using service = await serviceOf(backends)
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
      shards: tokens.entry?.manifest.groups.reduce((sum, { shards }) => sum + shards, 0) ?? 0,
    },
  }
}

const refreshForever = (service: DatasetService, { config, pace, telemetry }: DatasetBackends, signal: AbortSignal): Promise<void> =>
  repeat({ work: service.refresh, restMs: () => config.dataset.every_seconds * 1000, failed: 'dataset.refresh_failed', pace, telemetry }, signal)

function versionOf(at: string): number {
  if (/^[1-9]\d{0,14}$/.test(at)) return Number(at)
  throw new OrreryError('invalid_argument', `--at "${at}" is no version; write its number, like 12.`, { at })
}

function originOf(hubUrl: string): string {
  const url = URL.parse(hubUrl)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin
  throw new OrreryError('invalid_argument', `--hub-url "${hubUrl}" is no web address; write it whole, like https://huggingface.co.`, { hubUrl })
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
