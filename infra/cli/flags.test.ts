import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import type { LoadedConfig } from '../config/load.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { settingsOf, withGlobalFlags } from './flags.ts'

/** The settings of a command line in a folder without any. */
async function settings(...args: string[]): Promise<LoadedConfig> {
  const before = process.cwd()
  process.chdir(await temporaryFolder())
  onTestFinished(() => process.chdir(before))
  const program = withGlobalFlags(new Command()).exitOverride()
  const { promise, resolve, reject } = Promise.withResolvers<LoadedConfig>()
  program
    .command('run')
    .option('--seed <url...>')
    .action((_: unknown, command: Command) => {
      try {
        resolve(settingsOf(command))
      } catch (error) {
        reject(error as Error)
      }
    })
  program.parse(['run', ...args], { from: 'user' })
  return promise
}

test('a setting is the same by its own flag and by --set', async () => {
  expect((await settings('--data', 'here')).config.data.dir).toBe('here')
  expect((await settings('--set', 'data.dir=here')).config.data.dir).toBe('here')
  expect((await settings('--set', 'run.frozen_at=2026-01-15T12:00:00Z')).config.run.frozen_at).toBe('2026-01-15T12:00:00Z')
  const { config, origins } = await settings('--data', 'here', '--set', 'data.dir=here', '--set', 'miner.contact=a=b')
  expect([config.data.dir, config.miner.contact, origins.get('data.dir')]).toEqual(['here', 'a=b', 'flag'])
})

test.each([
  [['--data', 'a', '--set', 'data.dir=b'], /--set and --data give "data.dir" two different values/],
  [['--frozen-at', '2026-01-15', '--set', 'run.frozen_at=2026-01-16'], /--set and --frozen-at give "run.frozen_at" two different values/],
  [['--set', 'run.seed=1', '--set', 'run.seed=2'], /--set gives "run.seed" two different values/],
  [['--seed', 'http://127.0.0.1/', '--set', 'sources=[]'], /--set and --seed give "sources" two different values/],
  [['--set', 'run.seed'], /--set "run.seed" is no setting/],
  [['--set', '=1'], /--set "=1" is no setting/],
  [['--set', '__proto__=1'], /no setting "__proto__"/],
  [['--seed', 'example.org'], /--seed "example.org" is no web address/],
])('%j is refused', async (args, message) => {
  await expect(settings(...args)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) })
})
