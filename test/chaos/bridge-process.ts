import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Config } from '#infra/config/schema.ts'

const program = fileURLToPath(new URL('serve-bridge.ts', import.meta.url))

/** Name of a file in the folder: while it is there, the process does not reach the store. */
export const storeAway = 'store-away'

interface Line {
  name: string
  origin?: string
}

/** A serving process: its lines as they come, and the end of it. */
export interface BridgeProcess {
  pid: number
  /** Resolves with the next line of that name. */
  line(name: string): Promise<Line>
  /** SIGKILL. */
  kill(): Promise<void>
}

/** Serves the feed of a folder in a process of its own (serve-bridge.ts). */
export function bridgeProcess(folder: string, port: number, settings: Partial<Config['bridge']>): BridgeProcess {
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, folder, String(port), JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // As the program's starter says it (./orrery).
    env: { ...process.env, MALLOC_ARENA_MAX: '2' },
  })
  const seen = new Map<string, Line>()
  const waiting: { name: string; resolve: (line: Line) => void }[] = []
  const exited = once(child, 'exit')
  createInterface({ input: child.stdout! }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    seen.set(line.name, line)
    for (const each of waiting.filter(({ name }) => name === line.name)) each.resolve(line)
  })
  return {
    pid: child.pid ?? 0,
    line: (name) => {
      const known = seen.get(name)
      return known ? Promise.resolve(known) : new Promise((resolve) => waiting.push({ name, resolve }))
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
