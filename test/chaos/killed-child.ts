import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Runs a program of this folder, which sends a message once it begins, to its end, or kills it.
 * @param afterMs after its message; undefined: it is left alone
 * @returns its exit code; null when it was killed
 */
export async function runAndKill(program: string, args: readonly string[], afterMs: number | undefined): Promise<number | null> {
  const child = fork(join(import.meta.dirname, program), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  if (afterMs !== undefined) {
    await Promise.race([new Promise((resolve) => void child.once('message', resolve)), exited])
    await delay(afterMs)
    child.kill('SIGKILL')
  }
  return exited
}
