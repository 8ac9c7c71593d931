import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { families, lineage } from '#schemas/lineage.ts'
import { good } from '#scraper/miner/pages.fixture.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { openSite } from '../site/site.ts'
import { anyPorts, complaintsOf, runProgram } from './program.ts'

/** What every plain object has by itself. */
const labels = ['__proto__', 'constructor'] as const
const pagesEach = 25

const settings = (origin: string): string => `
[miner]
host_delay_ms = 0
host_delay_factor = 0
[browser]
enabled = "off"
[up]
miners = 1
[bridge]
rows = 1
sequence_tokens = 64
epoch_batches = 40
${labels
  .map(
    (label) => `[[sources]]\nlabel = "${label}"\nseeds = ["${origin}/${label.replaceAll('_', '')}/"]\ninclude = ["${origin}/${label.replaceAll('_', '')}/*"]\n`,
  )
  .join('')}`

test('labels that objects inherit go all the way from a page to its weight, and back to the jobs', async () => {
  const pagesOf = (label: string, at: number) => {
    const root = `/${label.replaceAll('_', '')}/`
    const paths = Array.from({ length: pagesEach }, (_, n) => `${root}${n}`)
    return [[root, good(1000 + at, paths)] as const, ...paths.map((path, n) => [path, good(100 * at + n)] as const)]
  }
  await using site = await openSite({ '127.0.0.1': Object.fromEntries(labels.flatMap(pagesOf)) })
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'orrery.toml'), settings(site.origin))
  const run = await runProgram(['up', '--once', '--data', join(folder, 'data'), ...anyPorts], { cwd: folder })
  expect([run.code, complaintsOf(run.stderr)]).toEqual([0, []])

  await using catalog = sqliteCatalog(join(folder, 'data', 'catalog.sqlite'), { clock: systemClock() })
  const snapshots = await Promise.all((await catalog.lines(families.snapshots)).map((line) => catalog.head(line)))
  expect(new Set(snapshots.flatMap((head) => head?.manifest.files.flatMap(({ file }) => file.labels.map(([label]) => label))))).toEqual(new Set(labels))
  const [scores] = await catalog.lines(families.scores)
  expect(scores && (await catalog.head(scores))?.manifest.miners).toMatchObject([{ passed: true, failures: [] }])
  const dataset = (await catalog.head(lineage.dataset('web')))?.manifest
  expect(dataset?.labels).toEqual(labels.map((label) => [label, expect.any(Number)]))
  expect(dataset?.documents).toBeGreaterThan(pagesEach)
  const lists = await catalog.history(lineage.desirability, { limit: 2 })
  expect(lists[0]?.manifest.evidence.map(({ label }) => label).toSorted()).toEqual(labels)
  expect(lists).toHaveLength(2)

  const summary = run.events.findLast(({ event }) => event === 'turn.summary')
  expect(Object.keys(summary?.['desirability'] as object).toSorted()).toEqual(labels)
  expect(Object.keys(summary?.['loss'] as object).toSorted()).toEqual(labels)
  const steered = run.events.find(({ event }) => event === 'bridge.steered')
  expect(Object.keys(steered?.['weights_after'] as object).toSorted()).toEqual(labels)
  for (const label of labels) expect(run.stderr).toMatch(new RegExp(`^${label} +\\d`, 'm'))
})
