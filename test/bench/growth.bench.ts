import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median, type Bench, type Sample, type Size } from './bench.ts'
import { docsPerCpuSecond, filled } from './corpus-index.bench.ts'

/** Pages of the small corpus and of the large one. */
const goals: Record<Size, [small: number, large: number]> = { quick: [2000, 20_000], usual: [20_000, 200_000], full: [20_000, 1_000_000] }
const portions: Record<Size, number> = { quick: 1000, usual: 4000, full: 4000 }
/** Of each corpus, in turn with the other: files of a job are merged every so many turns, which is part of what a turn costs. */
const turns: Record<Size, number> = { quick: 4, usual: 12, full: 12 }
/** Into the turn that is cut off. */
const killAfterMs = 1500
let folder = ''

interface Stand {
  pages: number
  rss_bytes: number
  index_memory_bytes: number
  live: number
  arrived_bytes: number
  written_bytes: Record<string, number>
}

/** A process of growth-process.ts. */
class Corpus {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(name: string) {
    const program = join(import.meta.dirname, 'growth-process.ts')
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, join(folder, name)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // As `orrery` starts the program.
      env: { MALLOC_ARENA_MAX: '2', ...process.env },
    })
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]()
  }

  async ask<Answer>(command: string): Promise<Answer> {
    this.child.stdin!.write(`${command}\n`)
    const { value, done } = (await this.#lines.next()) as { value: string; done?: boolean }
    if (done) throw new Error(`It ended instead of "${command}".`)
    return JSON.parse(value) as Answer
  }

  async end(): Promise<void> {
    this.child.stdin!.end()
    if (this.child.exitCode === null) await once(this.child, 'close')
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await once(this.child, 'close')
  }
}

async function fill(name: string, pages: number, portion: number): Promise<Corpus> {
  const corpus = new Corpus(name)
  await corpus.ask(`fill ${pages} ${portion}`)
  return corpus
}

/** Killed in the middle of a turn, and opened again. */
async function reopen(corpus: Corpus, name: string): Promise<number> {
  corpus.child.stdin!.write('turn\n')
  await new Promise((resolve) => setTimeout(resolve, killAfterMs))
  await corpus.kill()
  const again = new Corpus(name)
  const { open_s } = await again.ask<{ open_s: number }>('open')
  await again.end()
  return open_s
}

const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((total, each) => total + each, 0)
const rounded = (numbers: readonly number[]): string => numbers.map((number) => number.toFixed(2)).join(' ')

async function measure(size: Size): Promise<Record<string, number>> {
  const [small, large] = [await fill('small', goals[size][0], portions[size]), await fill('large', goals[size][1], portions[size])]
  const cpu: [small: number[], large: number[]] = [[], []]
  for (let turn = 0; turn < turns[size]; turn++)
    for (const [at, corpus] of [small, large].entries()) cpu[at]!.push((await corpus.ask<{ cpu_s: number }>('turn')).cpu_s)
  console.error(`turns beside ${goals[size][0]}: ${rounded(cpu[0])}; beside ${goals[size][1]}: ${rounded(cpu[1])}`)
  const stand = await large.ask<Stand>('tell')
  await small.end()
  return {
    turn_growth: sum(cpu[1]) / sum(cpu[0]),
    turn_growth_median: (median(cpu[1]) ?? 0) / (median(cpu[0]) ?? 1),
    turn_cpu_s_small: sum(cpu[0]) / turns[size],
    turn_cpu_s_large: sum(cpu[1]) / turns[size],
    written_per_new_byte: sum(Object.values(stand.written_bytes)) / stand.arrived_bytes,
    ...Object.fromEntries(Object.entries(stand.written_bytes).map(([name, bytes]) => [`written_per_new_byte_${name}`, bytes / stand.arrived_bytes])),
    rss_mb: stand.rss_bytes / 1e6,
    index_ram_bytes_per_doc: stand.index_memory_bytes / stand.live,
    open_s: await reopen(large, 'large'),
  }
}

export const bench: Bench = {
  rounds: 1,
  contestants: {
    growth: {
      async setUp() {
        folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
      },
      run: (_quick, size) => measure(size),
      tearDown: () => rm(folder, { recursive: true }),
    },
    index: filled('large'),
  },
  summarize: ({ growth = [], index = [] }) => ({
    figures: {
      ...Object.fromEntries(Object.keys(growth[0]?.counts ?? {}).map((name) => [name, figure(growth, name)])),
      index_docs_per_cpu_s: median(index.map(docsPerCpuSecond)),
    },
  }),
}

const figure = (samples: readonly Sample[], name: string): number | null => median(samples.map(({ counts }) => counts[name] ?? 0))
