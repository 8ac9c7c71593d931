import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

interface Wanted {
  /** Names of packages, which are those of their modules too. */
  packages: readonly string[]
  /** Whether to make a virtual environment with them, in the system's temporary folder, where no Python has them. */
  install: boolean
}

/**
 * A Python with these packages: the one named by `PYARROW_PYTHON`, else `python3`, else one in a virtual environment.
 * @returns its path; undefined where there is none
 */
export async function findPython({ packages, install }: Wanted): Promise<string | undefined> {
  const environment = join(tmpdir(), `orrery-bench-${packages[0]}`)
  const own = join(environment, 'bin', 'python')
  for (const python of [process.env['PYARROW_PYTHON'], 'python3', own]) if (python && (await hasPackages(python, packages))) return python
  if (!install) return undefined
  try {
    await execute('python3', ['-m', 'venv', environment])
    await execute(own, ['-m', 'pip', 'install', '--quiet', ...packages])
  } catch (error) {
    console.error(`There is no Python with ${packages.join(' and ')}, and they could not be installed: ${String(error)}`)
  }
  if (await hasPackages(own, packages)) return own
  console.error(`What was installed of ${packages.join(' and ')} in ${environment} cannot be imported.`)
  return undefined
}

/** Runs a script; its arguments are those in `sys.argv[1:]`. @returns its last line of output, parsed as JSON */
export async function runPython(python: string, script: string, args: readonly string[]): Promise<unknown> {
  // A file: some libraries read the source of what they call.
  const folder = await mkdtemp(join(tmpdir(), 'orrery-python-'))
  try {
    await writeFile(join(folder, 'script.py'), script)
    const { stdout } = await execute(python, [join(folder, 'script.py'), ...args], { maxBuffer: 2 ** 28 })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  } finally {
    await rm(folder, { recursive: true })
  }
}

export const hasPackages = (python: string, packages: readonly string[]): Promise<boolean> =>
  execute(python, ['-c', `import ${packages.map((name) => (name === 'pyarrow' ? 'pyarrow.parquet' : name)).join(', ')}`]).then(
    () => true,
    () => false,
  )
