import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { DatasetBackends } from '#dataset/commands.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { datasetName } from '#dataset/dataset-name.ts'
import { exportFormats, exportTokens, type ExportFormat } from './export.ts'

const formats = Object.keys(exportFormats) as ExportFormat[]

/** Adds `dataset export`. */
export function exportCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  dataset
    .command('export [name]')
    .description('Write the tokens of a dataset (default: dataset.name) as files that trainers read.')
    .requiredOption('--format <format>', formats.join(', '))
    .requiredOption('--to <folder>', 'made by this; empty, or not there yet')
    .action((name: string | undefined, flags: { format: string; to: string }, command: Command) => {
      const format = formats.find((known) => known === flags.format)
      if (!format) throw new OrreryError('invalid_argument', `--format "${flags.format}" is none that is known; use ${formats.join(', ')}.`, flags)
      return interruptible(async (signal) => {
        await using backends = await open(command, { isBegun: true })
        await using encoders = encodersOf(backends)
        const request = { ...backends, encoders, name: datasetName(name ?? backends.config.dataset.name), signal }
        // What the version has no more is not to be exported.
        await tokenize(request)
        const exported = await exportTokens({ ...request, format, to: flags.to })
        process.stdout.write(`${JSON.stringify(exported)}\n`)
      })
    })
}
