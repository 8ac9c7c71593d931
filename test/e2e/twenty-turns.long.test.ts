import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TurnSummary } from '#infra/telemetry/summary.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { writeSmallWeb } from '../upgrade/small-web.ts'
import { anyPorts, runProgram } from './program.ts'

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

test('after twenty turns of new pages a turn writes what its pages and the merging of small files take, not what is there', { timeout: 900_000 }, async () => {
  const folder = await temporaryFolder()
  const [data, root] = [join(folder, 'data'), join(folder, 'web')]
  await writeSmallWeb(root, 100)
  const settings = [`site.root=${root}`, 'miner.pages_per_cycle=8', 'bridge.rows=2', 'bridge.sequence_tokens=64', 'chain.block_seconds=0.2']
  const turns: TurnSummary[] = []
  for (let turn = 1; turn <= 20; turn++) {
    const { code, stderr, events } = await runProgram(['up', '--once', '--data', data, ...settings.flatMap((set) => ['--set', set]), ...anyPorts])
    expect(code, stderr).toBe(0)
    turns.push(events.findLast(({ event }) => event === 'turn.summary') as unknown as TurnSummary)
  }
  for (const { new: fresh } of turns.slice(1)) expect(fresh.documents).toBeGreaterThan(8)
  // Merging may write six times what comes in (scraper/shard/compaction.ts); small files are merged most.
  const perDocument = turns.map(({ cost, new: fresh }) => Object.values(cost.bytes_written).reduce((a, b) => a + b, 0) / fresh.documents)
  expect(mean(perDocument.slice(10))).toBeLessThan(6 * mean(perDocument.slice(1, 5)))
  expect(turns.at(-1)?.documents.in_dataset).toBeGreaterThan(200)
})
