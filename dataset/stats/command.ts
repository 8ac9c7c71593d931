import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { versionOfFlag } from '#infra/cli/version-flag.ts'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { DatasetBackends } from '#dataset/commands.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { describedStatistics } from './described.ts'
import { htmlReport } from './report.ts'
import { statisticsOf } from './statistics.ts'
import { textReport } from './text-report.ts'

interface StatsFlags {
  at?: string
  json: boolean
  html?: string
}

/** Adds `dataset stats`. */
export function statsCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  dataset
    .command('stats <name>')
    .description('Say what a version is made of: labels, languages, hosts, licences, ages, sizes, quality, and what was left out.')
    .option('--at <version>', 'an earlier version, by its number')
    .option('--json', 'as one line of JSON', false)
    .option('--html <file>', 'also as a page with plots, which needs no script and nothing from elsewhere')
    .action((name: string, { at, json, html }: StatsFlags, command: Command) =>
      interruptible(async (signal) => {
        const version = at === undefined ? undefined : versionOfFlag('--at', at)
        await using backends = await open(command, { isBegun: true })
        await using query = openDatasetQuery({ ...backends, folder: backends.queryFolder, clock: backends.pace })
        if (!(await backends.catalog.head(lineage.dataset(name))))
          throw new OrreryError('not_found', `There is no dataset "${name}" yet; make one with \`orrery dataset ingest\`, import or build.`, { name })
        const entry = await requireDataset(backends.catalog, name, version)
        const { summary } = await statisticsOf({ ...backends, query }, entry, signal)
        const described = await describedStatistics(backends.catalog, entry, summary)
        if (html !== undefined) await writeReport(html, htmlReport(described))
        process.stdout.write(json ? `${JSON.stringify(described)}\n` : textReport(described))
      }),
    )
}

async function writeReport(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OrreryError('invalid_argument', `--html ${file} cannot be written: ${why}. Name a file in a folder that is there.`, { file }, cause)
  })
}
