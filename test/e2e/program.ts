import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const root = resolve(import.meta.dirname, '../..')

export interface RunningProgram {
  child: ChildProcess
  /** JSON lines of standard output, as they come. */
  events: { event: string; [field: string]: unknown }[]
  stdout: () => string
  stderr: () => string
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>
  /** Resolves at the first event of that name; rejects when the program ends before. */
  event(name: string): Promise<void>
}

/** Without ORRERY_ settings of this machine. */
export const ownEnvironment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ORRERY_')))

/** Starts the program as a user would. */
export function startProgram(args: readonly string[], { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string> } = {}): RunningProgram {
  const child = spawn(process.execPath, [`${root}/infra/launch.mjs`, ...args], { cwd, env: { ...ownEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: string[] = []
  const err: string[] = []
  const events: RunningProgram['events'] = []
  const waiting = new Map<string, () => void>()
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    out.push(line)
    const event = parseEvent(line)
    if (!event) return
    events.push(event)
    waiting.get(event.event)?.()
  })
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null)
  return {
    child,
    events,
    ended,
    stdout: () => out.join('\n'),
    stderr: () => err.join(''),
    event: (name) =>
      Promise.race([
        new Promise<void>((done) => (events.some((e) => e.event === name) ? done() : waiting.set(name, done))),
        ended.then((code) => Promise.reject(new Error(`the program ended with ${code} before "${name}":\n${err.join('')}`))),
      ]),
  }
}

/** Runs the program to its end. */
export async function runProgram(args: readonly string[], options: Parameters<typeof startProgram>[1] = {}) {
  const program = startProgram(args, options)
  return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr(), events: program.events }
}

/** What standard error says beside the summary of a run: refusals, stacks and warnings. */
export const complaintsOf = (stderr: string): string[] => stderr.split('\n').filter((line) => /^orrery: |^ +at |Error\b|Warning\b/.test(line))

/** Ports of its own, so that tests may run side by side. */
export const anyPorts = ['--set', 'dataset.port=0', '--set', 'bridge.port=0', '--set', 'access.port=0']

function parseEvent(line: string): RunningProgram['events'][number] | undefined {
  if (!line.startsWith('{"event"')) return undefined
  return JSON.parse(line) as RunningProgram['events'][number]
}
