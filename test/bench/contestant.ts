import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import type { Bench, Sample } from './bench.ts'

/** One measured run: `node contestant.ts BENCH CONTESTANT quick|full`. Its sample is the last line of standard output. */
const [benchName = '', contestantName = '', size] = process.argv.slice(2)
// As the program is started (infra/launch.mjs).
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'orrery'))
const quick = size === 'quick'
const { bench } = (await import(`./${benchName}.bench.ts`)) as { bench: Bench }
const contestant = bench.contestants[contestantName]
if (!contestant) throw new Error(`The bench "${benchName}" has no contestant "${contestantName}".`)

await contestant.setUp?.(quick)
const before = { cpu: cpuSeconds(), wall: performance.now() }
const counts = await contestant.run(quick)
const sample: Sample = {
  cpuSeconds: cpuSeconds() - before.cpu,
  wallSeconds: (performance.now() - before.wall) / 1000,
  rssBytes: process.resourceUsage().maxRSS * 1024,
  counts,
}
await contestant.tearDown?.()
process.stdout.write(`\n${JSON.stringify(sample)}\n`)

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6 + childrenCpuSeconds()
}

/** CPU of the children that were waited for, and of theirs: fields 16 and 17 of /proc/self/stat (proc(5)), in ticks of 10 ms; 0 where there is no /proc. */
function childrenCpuSeconds(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[13]) + Number(fields[14])) / 100
  } catch {
    return 0
  }
}
