import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CommandLine, Ended } from './program-child.ts'
import { ownEnvironment } from './program.ts'

/** Command lines that are over at once, run one after the other in one process: to begin a process costs ten times as much as to refuse one. */
export interface OneProcess extends AsyncDisposable {
  run(args: readonly string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<Ended>
}

/** Disposing waits until the process ends by itself: what a command left open would hold it. */
export function oneProcess(): OneProcess {
  const child = fork(join(import.meta.dirname, 'program-child.ts'), [], { execArgv: [], env: ownEnvironment() })
  const exited = once(child, 'exit')
  return {
    async run(args, { cwd = import.meta.dirname, env = {} } = {}) {
      child.send({ args, cwd, env } satisfies CommandLine)
      const [ended] = (await Promise.race([once(child, 'message'), exited.then(([code]) => Promise.reject(new Error(`the process ended with ${code}`)))])) as [
        Ended,
      ]
      return ended
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      const [code] = await exited
      if (code !== 0) throw new Error(`The process ended with ${code}.`)
    },
  }
}
