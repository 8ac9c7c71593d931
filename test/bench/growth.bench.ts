import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median, type Bench, type Sample, type Size } from './bench.ts'

/** What a turn of a thousand new pages costs beside those that are there, and what all of them have cost. */
const goals: Record<Size, number[]> = { quick: [1000, 5000], usual: [20_000, 200_000], full: [20_000, 200_000, 1_000_000] }
const portions: Record<Size, number> = { quick: 1000, usual: 4000, full: 4000 }
const turns = 5
/** Into the turn that is cut off. */
const killAfterMs = 1500
let folder = ''

interface Stand {
  pages: number
  turn_cpu_s: number[]
  rss_bytes: number
  index_memory_bytes: number
  live: number
  arrived_bytes: number
  written_bytes: Record<string, number>
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'growth-process.ts'), folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** All it says; killed in the middle of its last turn. */
async function grow(size: Size): Promise<Stand[]> {
  const child = start(goals[size].join(), String(portions[size]), String(turns))
  const stands: Stand[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(line) as Stand | { last_turn: number }
    console.error(line)
    if ('pages' in said) stands.push(said)
    else setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  }
  if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`It ended with ${child.exitCode}.`)
  return stands
}

async function reopen(): Promise<{ open_s: number }> {
  const child = start()
  const lines: string[] = []
  child.stdout!.on('data', (piece: Buffer) => lines.push(String(piece)))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`What was killed could not be opened again (${code}).`)
  return JSON.parse(lines.join('')) as { open_s: number }
}

const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((total, each) => total + each, 0)

export const bench: Bench = {
  rounds: 1,
  contestants: {
    growth: {
      async setUp() {
        folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
      },
      async run(_quick, size) {
        const stands = await grow(size)
        const [first, last] = [stands[0] as Stand, stands.at(-1) as Stand]
        const { open_s } = await reopen()
        return {
          ...Object.fromEntries(stands.map((stand, at) => [`turn_cpu_s_${goals[size][at]}`, median(stand.turn_cpu_s) ?? 0])),
          turn_growth: (median(last.turn_cpu_s) ?? 0) / (median(first.turn_cpu_s) ?? 1),
          written_per_new_byte: sum(Object.values(last.written_bytes)) / last.arrived_bytes,
          ...Object.fromEntries(Object.entries(last.written_bytes).map(([name, bytes]) => [`written_per_new_byte_${name}`, bytes / last.arrived_bytes])),
          rss_mb: last.rss_bytes / 1e6,
          index_ram_bytes_per_doc: last.index_memory_bytes / last.live,
          open_s,
        }
      },
      tearDown: () => rm(folder, { recursive: true }),
    },
  },
  summarize: ({ growth = [] }) => ({ figures: Object.fromEntries(Object.keys(growth[0]?.counts ?? {}).map((name) => [name, figure(growth, name)])) }),
}

const figure = (samples: readonly Sample[], name: string): number | null => median(samples.map(({ counts }) => counts[name] ?? 0))
