import { readFileSync } from 'node:fs'

/** User + system of this process, its threads, and the children that were waited for. */
export function cpuSeconds(): number {
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
