import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TurnSummary } from '#infra/telemetry/summary.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { writeSmallWeb } from '../upgrade/small-web.ts'
import { anyPorts, runProgram } from './program.ts'

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

test('after twenty turns of new pages a turn writes what the second wrote, merging apart, and merging little more', { timeout: 900_000 }, async () => {
  const folder = await temporaryFolder()
  const [data, root] = [join(folder, 'data'), join(folder, 'web')]
  await writeSmallWeb(root, 100)
  const settings = [`site.root=${root}`, 'miner.pages_per_cycle=8', 'bridge.rows=2', 'bridge.sequence_tokens=64', 'chain.block_seconds=0.2']
  const turns: { merges: boolean; documents: number; bytesPerDocument: number }[] = []
  let last: TurnSummary | undefined
  for (let turn = 1; turn <= 20; turn++) {
    const { code, stderr, events } = await runProgram(['up', '--once', '--data', data, ...settings.flatMap((set) => ['--set', set]), ...anyPorts])
    expect(code, stderr).toBe(0)
    last = events.findLast(({ event }) => event === 'turn.summary') as unknown as TurnSummary
    const { documents } = last.new
    const bytes = Object.values(last.cost.bytes_written).reduce((a, b) => a + b, 0)
    turns.push({ merges: events.some(({ event }) => event === 'shard.merged'), documents, bytesPerDocument: bytes / documents })
  }
  for (const { documents } of turns.slice(1)) expect(documents).toBeGreaterThan(8)
  const [, second = NaN, ...later] = turns.map(({ bytesPerDocument }) => bytesPerDocument)
  // A list names each file of its job, and these are a few dozen at most.
  for (const { bytesPerDocument } of turns.slice(2).filter(({ merges }) => !merges)) expect(bytesPerDocument).toBeLessThan(1.5 * second)
  expect(turns.filter(({ merges }) => merges).length).toBeGreaterThan(0)
  expect(mean(later)).toBeLessThan(2.5 * second)
  expect(last?.documents.in_dataset).toBeGreaterThan(200)
})
