import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, complaintsOf, startProgram, type RunningProgram } from './program.ts'

/** A web that answers with robots.txt and then with nothing; `asked` resolves with the first page that somebody waits for. */
async function silentWeb() {
  const asked = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    if (request.url === '/robots.txt') response.writeHead(404).end()
    else asked.resolve()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seed: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked: asked.promise }
}

/** As npm passes a Ctrl-C on: twice. */
function pressCtrlC({ child }: RunningProgram): void {
  child.kill('SIGINT')
  child.kill('SIGINT')
}

test.each([[['miner', 'run', '--once']], [['up', '--once']]])('work that was to be finished ends with 130 and no complaint: %j', async (args) => {
  const { seed, asked } = await silentWeb()
  const program = startProgram([...args, '--seed', seed, '--data', await temporaryFolder(), ...anyPorts])
  await Promise.race([asked, program.ended])
  pressCtrlC(program)
  expect([await program.ended, complaintsOf(program.stderr())]).toEqual([130, []])
})

test.each([
  [['dataset', 'serve'], 'dataset.listening'],
  [['bridge', 'serve'], 'bridge.listening'],
  [['up'], 'listening'],
])('a service that runs until it is interrupted has then done its work: %j', async (args, event) => {
  const { seed } = await silentWeb()
  const program = startProgram([
    ...args,
    '--data',
    await temporaryFolder(),
    '--set',
    `sources=[{"label":"x","seeds":["${seed}"],"include":["${seed}*"]}]`,
    ...anyPorts,
  ])
  await program.event(event)
  pressCtrlC(program)
  expect([await program.ended, complaintsOf(program.stderr())]).toEqual([0, []])
})

test('a reader that leaves ends what writes to it', async () => {
  const { seed, asked } = await silentWeb()
  const program = startProgram(['up', '--seed', seed, '--data', await temporaryFolder(), ...anyPorts])
  await Promise.race([program.event('listening'), program.ended])
  program.child.stdout?.destroy()
  await Promise.race([asked, program.ended])
  expect([await program.ended, complaintsOf(program.stderr())]).toEqual([0, []])
})
