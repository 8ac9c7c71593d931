import { expect, test } from 'vitest'
import type { TurnSummary } from '#infra/telemetry/summary.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { artefactsOf } from './artefacts.ts'
import { anyPorts, runProgram } from './program.ts'
import { readTurnFacts, shortfalls } from './turn-facts.ts'

test('a whole turn goes from pages to new weights, and makes the same bytes the second time', async () => {
  const made: Record<string, string>[] = []
  for (let time = 0; time < 2; time++) {
    const data = await temporaryFolder()
    const { code, stderr, events } = await runProgram(['up', '--once', '--data', data, '--frozen-at', '2026-01-15T12:00:00Z', ...anyPorts])
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('documents in shards')
    const summary = events.findLast(({ event }) => event === 'turn.summary') as unknown as TurnSummary
    expect(shortfalls(await readTurnFacts(data, summary))).toEqual([])
    made.push(await artefactsOf(data))
  }
  expect(made[1]).toEqual(made[0])
  const names = Object.keys(made[0] ?? {})
  expect(names.filter((name) => name.startsWith('plan/'))).toHaveLength(1)
  expect(names.filter((name) => name.startsWith('data/')).length).toBeGreaterThan(3)
})
