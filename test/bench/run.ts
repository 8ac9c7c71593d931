import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { median, type Bench, type Sample } from './bench.ts'

/** `npm run bench -- NAME [--quick | --full]`: the contestants in turn, round after round, each run a process of its own; the last line of standard output is JSON. */
const roundsUsual = 3
const flag = { type: 'boolean', default: false } as const
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: flag, full: flag } })
const SampleJson = z.object({ cpuSeconds: z.number(), wallSeconds: z.number(), rssBytes: z.number(), counts: z.record(z.string(), z.number()) })
const name = positionals[0] ?? ''
const names = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.bench.ts')).map((file) => file.slice(0, -'.bench.ts'.length))
if (!names.includes(name)) {
  console.error(`There is no bench "${name}"; there are: ${names.join(', ')}. Usage: npm run bench -- NAME [--quick | --full]`)
  process.exit(2)
}

const { bench } = (await import(`./${name}.bench.ts`)) as { bench: Bench }
const { rounds = roundsUsual } = bench
const samples = await measure(bench)
for (const [contestant, taken] of Object.entries(samples)) console.log(contestant.padEnd(24), describe(taken))
const { figures, notes = {}, tables = [] } = bench.summarize(samples)
for (const table of tables) console.log(`\n${table}`)
for (const [contestant, taken] of Object.entries(samples))
  if (taken.length < rounds) notes[contestant] = `only ${taken.length} of ${rounds} rounds ended well; its standard error says why`
console.log(JSON.stringify({ bench: name, figures, rounds, machine: machine(), ...(Object.keys(notes).length > 0 ? { notes } : {}) }))

async function measure({ contestants }: Bench): Promise<Record<string, Sample[]>> {
  const taken: Record<string, Sample[]> = Object.fromEntries(Object.keys(contestants).map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of Object.keys(contestants)) {
      const sample = await runOnce(contestant)
      if (sample) taken[contestant]?.push(sample)
    }
  }
  return taken
}

async function runOnce(contestant: string): Promise<Sample | undefined> {
  const child = spawn(process.execPath, [`${import.meta.dirname}/contestant.ts`, name, contestant, values.quick ? 'quick' : values.full ? 'full' : 'usual'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  const [code] = await once(child, 'close')
  const last = Buffer.concat(output).toString().trimEnd().split('\n').at(-1) ?? ''
  if (code === 0) return SampleJson.parse(JSON.parse(last))
  console.error(`${contestant} ended with ${code}; this round has no sample of it.`)
  return undefined
}

function describe(taken: readonly Sample[]): string {
  const spread = (value: (sample: Sample) => number) => {
    const all = taken.map(value)
    return all.length === 0 ? '–' : `${median(all)?.toFixed(3)} (${Math.min(...all).toFixed(3)}–${Math.max(...all).toFixed(3)})`
  }
  return `cpu s ${spread((s) => s.cpuSeconds)}  wall s ${spread((s) => s.wallSeconds)}  rss MB ${spread((s) => s.rssBytes / 1e6)}`
}

function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_bytes: totalmem(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  }
}
