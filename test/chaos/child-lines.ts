import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process that writes lines of JSON, as they come, and its end. */
export interface ChildLines {
  /** Resolves with the first line, of all so far and to come, that passes. @throws when the process ends before */
  line<Line>(passes: (line: Record<string, unknown>) => boolean): Promise<Line>
  /** Resolves with its exit code; null when it was killed. */
  exited: Promise<number | null>
  /** SIGKILL, and its end. */
  kill(): Promise<void>
}

export function spawnLines(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildLines {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const seen: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const wake = () => [...waiting].forEach((look) => look())
  let isOver = false
  void exited.then(() => {
    isOver = true
    wake()
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('{')) return
    seen.push(JSON.parse(text) as Record<string, unknown>)
    wake()
  })
  return {
    line<Line>(passes: (line: Record<string, unknown>) => boolean): Promise<Line> {
      return new Promise((resolve, reject) => {
        let read = 0
        const look = (): void => {
          const found = seen.slice(read).find(passes)
          read = seen.length
          if (!found && !isOver) return
          waiting.delete(look)
          if (found) resolve(found as Line)
          else reject(new Error(`${program} ${args[0]} ended before it said that`))
        }
        waiting.add(look)
        look()
      })
    },
    exited,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
