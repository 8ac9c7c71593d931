import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { good } from '#scraper/miner/pages.fixture.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { openSite } from '../site/site.ts'
import { anyPorts, complaintsOf, startProgram } from './program.ts'

const quick = ['miner.host_delay_ms=0', 'miner.host_delay_factor=0', 'browser.enabled=off', 'up.pause_seconds=0.1'].flatMap((setting) => ['--set', setting])

test('a part that fails is told and tried again while the others go on', async () => {
  const paths = Array.from({ length: 40 }, (_, n) => `/p/${n}`)
  await using site = await openSite({ '127.0.0.1': { '/': good(999, paths), ...Object.fromEntries(paths.map((path, n) => [path, good(n)])) } })
  const data = await temporaryFolder()
  // Where the dataset would keep its files there is something else.
  const obstacle = join(data, 'store', 'datasets')
  await mkdir(join(data, 'store'))
  await writeFile(obstacle, '')
  // Its own nodes are let in where a name alone is not.
  const program = startProgram(['up', '--data', data, '--seed', `${site.origin}/`, '--set', 'bridge.admission=invitation', ...quick, ...anyPorts])
  await program.event('part.failed')
  const told = program.events.find(({ event }) => event === 'part.failed')
  expect(told).toMatchObject({ part: 'dataset', failures: 1 })
  await program.event('validator.weights')
  expect(program.events.filter(({ event, part }) => event === 'part.failed' && part !== 'dataset')).toEqual([])
  await rm(obstacle)
  // What it brought is trained on while it still writes its tables.
  await Promise.all([program.event('bridge.steered'), program.event('part.recovered')])
  expect(program.events.find(({ event }) => event === 'part.recovered')).toMatchObject({ part: 'dataset' })
  program.child.kill('SIGINT')
  expect([await program.ended, complaintsOf(program.stderr())]).toEqual([0, []])
})
