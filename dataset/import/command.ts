import { join } from 'node:path'
import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import { DataLabel } from '#schemas/data-universe.ts'
import { licenceByValue } from '#schemas/licence-names.ts'
import { serviceOf, type DatasetBackends } from '#dataset/commands.ts'
import { importerWallet } from '#infra/config/schema.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import { datasetName } from '#dataset/dataset-name.ts'
import { isBuilt, type DatasetEntry, type Outcome } from '#dataset/versions.ts'
import { lineage } from '#schemas/lineage.ts'
import { importSources, type ImportChoice } from './import.ts'
import { schemaNames } from './foreign-schema.ts'

interface ImportFlags {
  dataset?: string
  schema?: string
  label?: string
  licence?: string
  lang?: string
  config?: string
  quality: 'schema' | 'refuse' | 'measure'
}

/** @param openReader reads what is imported @see importSources */
export function importCommand(
  dataset: Command,
  open: (command: Command) => Promise<DatasetBackends>,
  openReader: (command: Command, backends: DatasetBackends, name: string) => Promise<ImportReader>,
): void {
  dataset
    .command('import <source...>')
    .description('Take in Parquet, JSONL, CSV and WARC files, or folders of them: each row by itself, by the rules that pages of miners are held to.')
    .option('--dataset <name>', 'which dataset (default: dataset.name)')
    .option('--schema <name>', `what the rows are, where their columns do not tell: ${schemaNames.join(', ')}`)
    .option('--label <label>', 'label of all rows (default: their own, or the name of their schema)')
    .option('--licence <licence>', 'of rows that name none, like CC-BY-4.0')
    .option('--lang <code>', 'what is believed of rows that name no language, where the text leaves a doubt')
    .option('--config <name>', "of a folder's README.md (default: its default)")
    .option('--quality <how>', 'refuse: by the rules of pages; measure: keep all; schema: measure posts, refuse of the rest', 'schema')
    .action((sources: string[], flags: ImportFlags, command: Command) => {
      const choice = choiceOf(flags)
      return interruptible(async (signal) => {
        await using backends = await open(command)
        const name = datasetName(flags.dataset ?? backends.config.dataset.name)
        if (isBuilt(await backends.catalog.head(lineage.dataset(name))))
          throw new OrreryError('already_exists', `The dataset "${name}" is built of another; give the one that is imported another name.`, { name })
        await using reader = await openReader(command, backends, `import-${name}`)
        await runImport(backends, { name, sources, choice, reader }, signal)
      })
    })
}

interface Run {
  name: string
  sources: readonly string[]
  choice: ImportChoice
  reader: ImportReader
}

async function runImport(backends: DatasetBackends, { name, ...run }: Run, signal: AbortSignal): Promise<void> {
  const { signer } = await backends.wallet(importerWallet)
  const folder = join(backends.dataDir, 'imports')
  const spool = join(backends.dataDir, 'spool')
  for await (const file of importSources({ ...backends, ...run, signer, dataset: name, folder, spool, signal })) {
    print(file)
    // All was done that could be, and something is to be mended.
    if (file.problem !== null) process.exitCode = 1
  }
  const { changed, entry } = await takenIn(backends, name, signal)
  print({ dataset: name, changed, version: entry?.version ?? null, documents: entry?.manifest.documents ?? 0 })
}

async function takenIn(backends: DatasetBackends, name: string, signal: AbortSignal): Promise<Outcome<DatasetEntry>> {
  try {
    await using encoders = encodersOf(backends)
    await using service = await serviceOf(backends, encoders, name)
    return (await service.refresh(signal)).dataset
  } catch (cause) {
    if (!(cause instanceof OrreryError && cause.code === 'conflict')) throw cause
    process.stderr.write(`orrery: Another process works with the dataset "${name}": what was imported is in its next version.\n`)
    return { changed: false, entry: await backends.catalog.head(lineage.dataset(name)) }
  }
}

function choiceOf({ schema, label, licence, lang, config, quality }: ImportFlags): ImportChoice {
  const named = schemaNames.find((name) => name === schema)
  if (schema !== undefined && named === undefined)
    throw new OrreryError('invalid_argument', `--schema "${schema}" is none that is known; use ${schemaNames.join(', ')}.`, { schema })
  if (label !== undefined && !DataLabel.safeParse(label.toLowerCase()).success)
    throw new OrreryError('invalid_argument', `--label "${label.slice(0, 200)}" is no label; write 1 to 140 characters.`)
  if (licence !== undefined && licenceByValue(licence, 'https://import.invalid/') === undefined)
    throw new OrreryError('invalid_argument', `--licence "${licence.slice(0, 200)}" is none that is known; write an SPDX id like CC-BY-4.0.`)
  if (lang !== undefined && !/^[a-z]{2,3}(?:-|$)/i.test(lang))
    throw new OrreryError('invalid_argument', `--lang "${lang.slice(0, 200)}" is no code of a language; write one like en.`)
  if (!/^(?:schema|refuse|measure)$/.test(quality)) throw new OrreryError('invalid_argument', `--quality "${quality}" is none; use refuse, measure or schema.`)
  return { schema: named, label: label?.toLowerCase(), licence, lang, config, isJudged: quality === 'schema' ? undefined : quality === 'refuse' }
}

const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)
