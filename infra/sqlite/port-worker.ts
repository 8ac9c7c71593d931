import { parentPort } from 'node:worker_threads'
import type { Clock } from '#schemas/clock.ts'
import { closing, opening, writeFailure, type Answer, type Batch, type Call, type PortPlace } from './port-call.ts'

/** The thread of port-thread.ts. */
type Port = Record<string, (...args: readonly unknown[]) => Promise<unknown>> & AsyncDisposable

let now = 0
/** The caller's, as it was when its last calls left. Nobody sleeps here. */
const clock: Pick<Clock, 'now'> = { now: () => now }
const ports = new Map<number, Promise<Port>>()
let answers: Answer[] = []

async function open({ module, factory, args, options }: PortPlace): Promise<Port> {
  const { [factory]: make } = (await import(module)) as Record<string, (...args: readonly unknown[]) => Port>
  if (!make) throw new Error(`${module} has no ${factory}`)
  return make(...args, { ...options, clock })
}

/** Once the port is open a call reaches it in the same turn as the others of its batch, so that they share a commit. */
const opened = new Map<number, Port>()

function run({ port, method, args }: Call): Promise<unknown> {
  if (method === opening) {
    const opens = open(args[0] as PortPlace)
    ports.set(port, opens)
    return opens.then((made) => void opened.set(port, made))
  }
  const made = opened.get(port)
  return made ? Promise.resolve(invoke(made, method, args)) : (ports.get(port) as Promise<Port>).then((late) => invoke(late, method, args))
}

const invoke = (port: Port, method: string, args: readonly unknown[]): PromiseLike<unknown> | undefined =>
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
