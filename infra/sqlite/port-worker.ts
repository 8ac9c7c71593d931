import { parentPort } from 'node:worker_threads'
import type { Clock } from '#schemas/clock.ts'
import { closing, opening, writeFailure, type Answer, type Batch, type Call, type PortPlace } from './port-call.ts'

/** The thread of port-thread.ts. */
type Port = Record<string, (...args: readonly unknown[]) => Promise<unknown>> & AsyncDisposable

let now = 0
/** The caller's, as it was when its last calls left. Nobody sleeps here. */
const clock: Pick<Clock, 'now'> = { now: () => now }
const places = new Map<number, PortPlace>()
/** Those that are open, or just opened. */
const ports = new Map<number, Promise<Port>>()
let answers: Answer[] = []

async function open({ module, factory, args, options }: PortPlace): Promise<Port> {
  const { [factory]: make } = (await import(module)) as Record<string, (...args: readonly unknown[]) => Port>
  if (!make) throw new Error(`${module} has no ${factory}`)
  // oxlint-disable-next-line orrery/no-spread-call -- the few that its caller wrote out
  return make(...args, { ...options, clock })
}

/** Once the port is open a call reaches it in the same turn as the others of its batch, so that they share a commit. */
const opened = new Map<number, Port>()

function run({ port, method, args }: Call): Promise<unknown> {
  if (method === opening) {
    places.set(port, args[0] as PortPlace)
    return openPort(port).then(() => undefined)
  }
  const made = opened.get(port)
  const opens = ports.get(port)
  if (method === closing) forget(port)
  if (made) return Promise.resolve(invoke(made, method, args))
  if (!opens && method === closing) return Promise.resolve()
  return (opens ?? openPort(port)).then((late) => invoke(late, method, args))
}

/** Nobody asks a port again that was closed. */
function forget(port: number): void {
  for (const known of [places, ports, opened]) known.delete(port)
}

/** What could not be opened is tried again with the next call: another process may have had it. */
function openPort(port: number): Promise<Port> {
  const opens = open(places.get(port) as PortPlace)
  ports.set(port, opens)
  opens.then(
    (made) => ports.get(port) === opens && opened.set(port, made),
    () => ports.delete(port),
  )
  return opens
}

const invoke = (port: Port, method: string, args: readonly unknown[]): PromiseLike<unknown> | undefined =>
  // oxlint-disable-next-line orrery/no-spread-call -- the few that its caller wrote out
  method === closing ? port[Symbol.asyncDispose]() : port[method]?.(...args)

/** When all promises that were settled together have been heard. */
function answer(answered: Answer): void {
  if (answers.push(answered) === 1) process.nextTick(post)
}

function post(): void {
  const said = answers
  answers = []
  try {
    parentPort?.postMessage(said, [])
  } catch (cause) {
    // Only data can go over: whoever answered with more is at fault, and nobody can tell which of them it was.
    parentPort?.postMessage(
      said.map(({ id }) => ({ id, failure: writeFailure(cause) })),
      [],
    )
  }
}

parentPort?.on('message', ({ now: told, calls }: Batch) => {
  now = told
  for (const call of calls) {
    run(call).then(
      (value) => answer({ id: call.id, value }),
      (error: unknown) => answer({ id: call.id, failure: writeFailure(error) }),
    )
  }
})
