import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { threadedCatalog } from '../catalog/threaded.ts'
import { threadedFrontier } from '../frontier/threaded.ts'
import { threadedLedger } from '../ledger/threaded.ts'
import { threadedQueue } from '../queue/threaded.ts'
import { portThread } from './port-thread.ts'
import { testPortMethods, type TestPort } from './port-thread.fixture.ts'

const module = new URL('port-thread.fixture.ts', import.meta.url).href
const clock = manualClock()
const open = (path = 'readable', thread = portThread('the test', clock)) =>
  thread.open<TestPort>({ module, factory: 'testPort', args: [path] }, testPortMethods)

test('calls are made in their order, and each batch brings the time of the caller', async () => {
  await using port = open()
  const first = await Promise.all([1, 2, 3].map((value) => port.echo(value)))
  expect(first).toEqual([1, 2, 3].map((value, before) => ({ value, now: clock.now(), before })))
  clock.advance(5000)
  expect(await port.echo({ list: [new Uint8Array([7])] })).toEqual({ value: { list: [new Uint8Array([7])] }, now: clock.now(), before: 3 })
})

test('an error comes as it was thrown', async () => {
  await using port = open()
  await expect(port.refuse()).rejects.toMatchObject({
    name: 'OrreryError',
    code: 'lease_lost',
    exitCode: 1,
    message: 'The lease is over.',
    details: { url: 'http://h.example/', n: [1] },
  })
  await expect(port.fail()).rejects.toThrow('This should not be.')
})

test('what cannot go over costs the call that wanted it alone', async () => {
  await using port = open()
  const [good, bad, other] = await Promise.allSettled([port.echo(1), port.echo(() => 1), port.echo(2)])
  expect([good.status, other.status]).toEqual(['fulfilled', 'fulfilled'])
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'invalid_argument', message: expect.stringContaining('echo of the test') } })
  await expect(port.leak()).rejects.toThrow('could not be cloned')
  expect(await port.echo(3)).toMatchObject({ before: 2 })
})

test('a port that cannot be opened tells it with each call, and the others of its thread go on', async () => {
  const thread = portThread('the test', clock)
  await using bad = open('unreadable', thread)
  await using good = open('readable', thread)
  const refused = { code: 'newer_version', exitCode: 2, details: { path: 'unreadable' } }
  await expect(bad.echo(1)).rejects.toMatchObject(refused)
  await expect(bad.echo(1)).rejects.toMatchObject(refused)
  expect(await good.echo(1)).toMatchObject({ value: 1 })
})

test('a thread that is gone ends what waits and all that comes, with one clear error', async () => {
  await using port = open()
  const gone = { code: 'store_unavailable', message: expect.stringMatching(/^The thread of the test is gone \(.+\): .+; start the program again\.$/) }
  const [died, waiting] = await Promise.allSettled([port.die(), port.echo(1)])
  expect([died, waiting]).toMatchObject([{ reason: gone }, { reason: gone }])
  await expect(port.echo(1)).rejects.toMatchObject(gone)
})

test('closing waits for what was asked, once, and nothing works afterwards', async () => {
  const port = open()
  const asked = port.echo(1)
  await Promise.all([port[Symbol.asyncDispose](), port[Symbol.asyncDispose]()])
  expect(await asked).toMatchObject({ value: 1 })
  await expect(port.echo(1)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('closed') })
  await port[Symbol.asyncDispose]()
})

async function threadOf(path: string): Promise<{ thread: number; before: number }> {
  await using port = open(path)
  return { thread: await port.thread(), before: (await port.echo(1)).before }
}

test('a thread whose ports are closed goes on to the next port of their module, which knows nothing of them', async () => {
  // It waits a second: on a busy machine the next may come later.
  await expect.poll(async () => isDeepStrictEqual(await threadOf('first'), await threadOf('second'))).toBe(true)
})

test.each<[string, string, (port: TestPort) => Promise<unknown>]>([
  ['that has died', 'readable', (port) => port.die()],
  ['of a port that could not be closed', 'stuck', (port) => port.echo(1)],
])('a thread %s goes on to nobody', async (_, path, end) => {
  const port = open(path)
  const thread = await port.thread()
  await end(port).catch(() => undefined)
  await port[Symbol.asyncDispose]()
  await using next = open()
  expect(await next.thread()).not.toBe(thread)
})

test('ports that are open at once have threads of their own', async () => {
  await using one = open()
  await using other = open()
  expect(await one.thread()).not.toBe(await other.thread())
})

test.each([
  ['whose ports are closed', 'await port[Symbol.asyncDispose]()'],
  ['that is asked nothing more', ''],
])('a process ends by itself with a thread %s', async (_name, last) => {
  const program = `
    const { portThread } = await import(${JSON.stringify(new URL('port-thread.ts', import.meta.url).href)})
    const port = portThread('x', { now: Date.now }).open({ module: ${JSON.stringify(module)}, factory: 'testPort', args: [''] }, { echo: true })
    await port.echo(1)
    ${last}`
  const path = join(await temporaryFolder(), 'program.mjs')
  await writeFile(path, program)
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'ignore', 'inherit'] })
  expect(await once(child, 'exit')).toEqual([0, null])
})

const page = { url: 'http://h.example/', kind: 'page', label: 'a', priority: 0 } as const
const manifest = { kind: 'turn', parent: null, turn: 1, step: 'started' } as const

test.each<[string, (path: string) => AsyncDisposable & { write(n: number): Promise<unknown> }]>([
  ['frontier', (path) => withWrite(threadedFrontier(path, { clock }), (it, n) => it.add([{ ...page, url: `${page.url}${n}` }]))],
  ['queue', (path) => withWrite(threadedQueue(path, 'work', { clock }), (it, n) => it.add([{ key: `${n}`, body: 1 }]))],
  [
    'catalog',
    (path) => withWrite(threadedCatalog(path, { clock }), (it, n) => it.commit({ name: `line/${n}`, kind: 'turn', former: [] }, undefined, manifest)),
  ],
  ['ledger', (path) => withWrite(threadedLedger(path, { clock }), (it, n) => it.open('plan', n, 1))],
])('while another process writes to the file of a %s, the event loop turns, and what waited is done after it', async (_name, make) => {
  const path = join(await temporaryFolder(), 'shared.sqlite')
  await using port = make(path)
  await port.write(1)
  using other = new DatabaseSync(path)
  other.exec('begin immediate')
  let isDone = false
  const waiting = port.write(2).then(() => (isDone = true))
  // The lock is kept until the loop has turned so often: who waited for it here would wait for ever, or fail.
  for (let turns = 0; turns < 10_000; turns++) await turn()
  expect(isDone).toBe(false)
  other.exec('rollback')
  await waiting
})

function withWrite<Port extends AsyncDisposable>(port: Port, write: (port: Port, n: number) => Promise<unknown>) {
  return { write: (n: number) => write(port, n), [Symbol.asyncDispose]: () => port[Symbol.asyncDispose]() }
}
