import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { artefactsOf } from './artefacts.ts'
import { anyPorts, runProgram } from './program.ts'

test('a whole turn makes the same bytes the second time', async () => {
  const made: Record<string, string>[] = []
  for (let time = 0; time < 2; time++) {
    const data = await temporaryFolder()
    const { code, stderr } = await runProgram(['up', '--once', '--data', data, '--frozen-at', '2026-01-15T12:00:00Z', ...anyPorts])
    expect(code, stderr).toBe(0)
    made.push(await artefactsOf(data))
  }
  expect(made[1]).toEqual(made[0])
  const names = Object.keys(made[0] ?? {})
  expect(names.filter((name) => name.startsWith('plan/'))).toHaveLength(1)
  expect(names.filter((name) => name.startsWith('data/')).length).toBeGreaterThan(3)
})
