import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import type { Bench, Sample, Size } from './bench.ts'
import { cpuSeconds } from './cpu-seconds.ts'

/** One measured run: `node contestant.ts BENCH CONTESTANT quick|usual|full`. Its sample is the last line of standard output. */
const [benchName = '', contestantName = '', size = 'usual'] = process.argv.slice(2)
// As the program is started (infra/launch.mjs).
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'orrery'))
const quick = size === 'quick'
const { bench } = (await import(`./${benchName}.bench.ts`)) as { bench: Bench }
const contestant = bench.contestants[contestantName]
if (!contestant) throw new Error(`The bench "${benchName}" has no contestant "${contestantName}".`)

await contestant.setUp?.(quick)
const before = { cpu: cpuSeconds(), wall: performance.now() }
const counts = await contestant.run(quick, size as Size)
const sample: Sample = {
  cpuSeconds: cpuSeconds() - before.cpu,
  wallSeconds: (performance.now() - before.wall) / 1000,
  rssBytes: process.resourceUsage().maxRSS * 1024,
  counts,
}
await contestant.tearDown?.()
process.stdout.write(`\n${JSON.stringify(sample)}\n`)
