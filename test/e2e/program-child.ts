import { main } from '../../main.ts'

/**
 * Runs the program's command lines one after the other, each in a folder and an environment of its own, as refused-lines.ts asks for them: what a process of its
 * own would have said and ended with. It ends when nobody asks any more and nothing holds it.
 */
export interface CommandLine {
  args: readonly string[]
  cwd: string
  env: Record<string, string>
}

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

const own = { ...process.env }
const written = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const)
  process[name].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    written[name] += Buffer.from(chunk as Uint8Array).toString()
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined
    done?.()
    return true
  }) as typeof process.stdout.write

async function run({ args, cwd, env }: CommandLine): Promise<Ended> {
  process.chdir(cwd)
  process.env = { ...own, ...env }
  process.exitCode = undefined
  Object.assign(written, { stdout: '', stderr: '' })
  await main(args)
  const code = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  process.stdout.removeAllListeners('error')
  return { code, ...written }
}

process.on('message', (line: CommandLine) => void run(line).then((ended) => process.send?.(ended)))
