import type { Command } from 'commander'
import { isAgreed } from '#infra/cli/agreed.ts'
import { timeOfFlag } from '#infra/cli/time-flag.ts'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import { OrreryError } from '#schemas/errors.ts'
import { licenceByValue } from '#schemas/licence-names.ts'
import type { DatasetBackends } from '#dataset/commands.ts'
import { IcebergTables } from '#dataset/iceberg/tables.ts'
import { datasetName } from '#dataset/dataset-name.ts'
import { datasetScope } from '#dataset/sweep-scope.ts'
import { build, planBuild, rootOf, type BuildRequest, type PlannedBuild } from './build.ts'
import { hostName, type Criteria } from './criteria.ts'

interface BuildFlags {
  from?: string
  job?: string[]
  label?: string[]
  lang?: string[]
  host?: string[]
  licence?: string[]
  since?: string
  until?: string
  minQuality?: string
  maxRows?: string
  sample: boolean
  seed?: string
  dryRun: boolean
  yes: boolean
}

/** Adds `dataset build`. */
export function buildCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  dataset
    .command('build <name>')
    .description('Make a named dataset of some documents of another: nothing is copied. Says first what it would have; with a name alone, builds it anew.')
    .option('--from <dataset[@version]>', 'what to choose from (default: dataset.name, its newest version)')
    .option('--job <job...>', 'of these jobs')
    .option('--label <label...>', 'with one of these labels')
    .option('--lang <code...>', 'in one of these languages, like en')
    .option('--host <host...>', 'of one of these hosts')
    .option('--licence <licence...>', 'with one of these licences, like CC-BY-4.0')
    .option('--since <time>', 'with a date from then on: 2026-01-15, or 30d')
    .option('--until <time>', 'with a date before then')
    .option('--min-quality <share>', 'that keep to at least this share of the published quality rules, 0..1')
    .option('--max-rows <count>', 'at most so many')
    .option('--sample', 'draw those at random, instead of taking the first', false)
    .option('--seed <number>', 'of the drawing (default: run.seed)')
    .option('--dry-run', 'only say what it would have', false)
    .option('--yes', 'do not ask', false)
    .action((name: string, flags: BuildFlags, command: Command) => {
      const named = datasetName(name)
      return interruptible(async (signal) => {
        await using backends = await open(command, { isBegun: true })
        const { config } = backends
        const criteria = criteriaOf(flags, backends.pace.now(), config.run.seed)
        const request = { ...backends, name: named, from: sourceOf(flags.from ?? config.dataset.name), criteria, signal }
        const planned = await planBuild(request)
        print(preview(named, planned))
        if (flags.dryRun || !(flags.yes || (await isAgreed({ ...asking, signal })))) return
        await make(request, planned, backends)
      })
    })
}

async function make(request: BuildRequest, planned: PlannedBuild, backends: DatasetBackends): Promise<void> {
  const { name } = request
  const { changed, entry } = await build(request, planned)
  print({ changed, name, version: entry?.version, sha256: entry?.sha256, root: entry && rootOf(entry.manifest) })
  const keepMs = backends.config.dataset.keep_seconds * 1000
  const scope = datasetScope({ ...backends, name, keepMs, pending: () => Promise.resolve(undefined) })
  await sweepWhenDue(backends.sweep(`dataset-${name}`), scope, { ...request, owner: `dataset ${name}` })
  await new IcebergTables(request).follow(name, { mayHaveExpired: true, signal: request.signal })
}

function preview(name: string, { recipe: { source, ...criteria }, selection, parent }: PlannedBuild) {
  const { documents, textBytes, labels, langs, groups } = selection
  const files = groups.flatMap((group) => group.files)
  return {
    name,
    from: source,
    criteria,
    follows: parent?.version ?? null,
    documents,
    text_bytes: textBytes,
    files: files.length,
    file_bytes: files.reduce((sum, { listed }) => sum + listed.file.bytes, 0),
    labels: labels.counts(),
    langs: langs.counts(),
  }
}

const asking = { question: 'Build it?', unasked: 'Nobody can be asked whether to build this; say --yes, or --dry-run to look only.' }

/** undefined: no flag asks for anything, so that the dataset is built by its recipe. */
function criteriaOf(flags: BuildFlags, now: number, seed: number): Criteria | undefined {
  const { job, label, lang, host, licence, since, until, minQuality, maxRows, sample } = flags
  if (sample && maxRows === undefined) throw new OrreryError('invalid_argument', '--sample draws so many as --max-rows says; give both.')
  if (flags.seed !== undefined && !sample) throw new OrreryError('invalid_argument', '--seed is of --sample; give both.')
  const asked = [job, label, lang, host, licence, since, until, minQuality, maxRows]
  if (asked.every((value) => value === undefined)) return undefined
  const time = (flag: string, text: string | undefined) => (text === undefined ? null : new Date(timeOfFlag(flag, text, now)).toISOString())
  const span = { since: time('--since', since), until: time('--until', until) }
  if (span.since !== null && span.until !== null && span.since >= span.until)
    throw new OrreryError('invalid_argument', `--since ${span.since} is not before --until ${span.until}; no date is between them.`, span)
  return {
    jobs: sorted(job),
    labels: sorted(label?.map((text) => text.toLowerCase())),
    langs: sorted(lang?.map((text) => text.toLowerCase())),
    hosts: sorted(host?.map(hostName)),
    // By any name; pages may have others, which are addresses.
    licences: sorted(licence?.map((text) => (licenceByValue(text, 'https://build.invalid/') ?? text).toLowerCase())),
    ...span,
    min_quality: minQuality === undefined ? null : numberOf('--min-quality', minQuality, { pattern: /^(?:0|1|0?\.\d{1,6}|1\.0+|0\.\d{1,6})$/, like: '0.9' }),
    max_rows: maxRows === undefined ? null : numberOf('--max-rows', maxRows, { pattern: /^[1-9]\d{0,9}$/, like: '1000000' }),
    sample_seed: sample ? (flags.seed === undefined ? seed : numberOf('--seed', flags.seed, { pattern: /^\d{1,10}$/, like: '1' })) : null,
  }
}

const sorted = (values: readonly string[] = []): string[] => [...new Set(values)].toSorted()

function numberOf(flag: string, text: string, { pattern, like }: { pattern: RegExp; like: string }): number {
  if (pattern.test(text)) return Number(text)
  throw new OrreryError('invalid_argument', `${flag} "${text}" is none that it takes; write one like ${like}.`, { text })
}

function sourceOf(text: string): BuildRequest['from'] {
  const [, dataset = '', version] = /^([^@]*)(?:@([1-9]\d{0,14}))?$/.exec(text) ?? []
  if (dataset !== '') return { dataset: datasetName(dataset), version: version === undefined ? undefined : Number(version) }
  throw new OrreryError('invalid_argument', `--from "${text}" is no dataset; write its name, or a version of it like web@12.`, { text })
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
