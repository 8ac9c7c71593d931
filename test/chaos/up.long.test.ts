import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from '../e2e/program.ts'
import { killUp, seeded, sound, standing } from './killed-up.ts'

test.each([1, 2, 3])('up over several turns, killed at twenty random moments, seed %i', { timeout: 600_000 }, async (seed) => {
  const dataDir = await temporaryFolder()
  const small = ['--set', 'miner.pages_per_cycle=80', '--set', 'up.pause_seconds=0']
  const args = ['up', '--data', dataDir, ...small, ...anyPorts]
  const random = seeded(seed)
  for (let kill = 0; kill < 20; kill++) expect(await killUp(args, dataDir, { random, withinMs: 8000 })).toEqual(sound)
  const { code, stderr } = await runProgram([...args, '--once'])
  expect(code, stderr).toBe(0)
  expect(await standing(dataDir)).toEqual(sound)
})
