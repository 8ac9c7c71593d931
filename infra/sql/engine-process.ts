import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { writeFailure } from '../sqlite/port-call.ts'
import type { EngineAnswer, EngineLimits, EngineRequest, EngineTask } from './engine-call.ts'
import { OpenTables } from './open-tables.ts'
import { copyScript, runScript } from './run-script.ts'

/** The process of an engine (engine.ts). It ends with its parent, and by itself when it has grown too large. */
const lookMs = 100
const limits: EngineLimits = z
  .strictObject({ memoryBytes: z.number(), processBytes: z.number(), spillBytes: z.number(), threads: z.number() })
  .parse(JSON.parse(process.argv[2] ?? ''))
const tables = new OpenTables(limits)
const running = new Map<number, AbortController>()

function work(task: EngineTask, signal: AbortSignal): Promise<unknown> {
  if (task.kind === 'run') return runScript(task, signal)
  if (task.kind === 'copy') return copyScript(task, signal)
  return task.kind === 'open' ? tables.open(task) : tables.select(task, signal)
}

async function answer(id: number, task: EngineTask): Promise<EngineAnswer> {
  const cancelling = new AbortController()
  running.set(id, cancelling)
  try {
    return { id, value: await work(task, cancelling.signal) }
  } catch (error) {
    return { id, failure: writeFailure(error) }
  } finally {
    running.delete(id)
  }
}

process.on('message', (request: EngineRequest) => {
  if ('cancel' in request) running.get(request.cancel)?.abort(new OrreryError('timed_out', 'The statement was ended.'))
  else void answer(request.id, request.task).then((said) => process.send?.(said))
})
// Whoever asked is gone: what runs in threads of the engine must not outlive it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
setInterval(() => {
  if (running.size > 0 && process.memoryUsage.rss() > limits.processBytes) process.kill(process.pid, 'SIGKILL')
}, lookMs).unref()
