import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * A Python with pyarrow: the one named by `PYARROW_PYTHON`, else `python3`, else one in a virtual environment in the system's temporary folder, which is
 * made when `install` says so.
 * @returns its path; undefined where there is none
 */
export async function findPyarrow({ install }: { install: boolean }): Promise<string | undefined> {
  const environment = join(tmpdir(), 'orrery-pyarrow')
  const own = join(environment, 'bin', 'python')
  for (const python of [process.env['PYARROW_PYTHON'], 'python3', own]) if (python && (await hasPyarrow(python))) return python
  if (!install) return undefined
  try {
    await execute('python3', ['-m', 'venv', environment])
    await execute(own, ['-m', 'pip', 'install', '--quiet', 'pyarrow'])
  } catch (error) {
    console.error(`There is no pyarrow, and none could be installed: ${String(error)}`)
  }
  return (await hasPyarrow(own)) ? own : undefined
}

/** Runs a script; its arguments are those in `sys.argv[1:]`. @returns its last line of output, parsed as JSON */
export async function runPython(python: string, script: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await execute(python, ['-c', script, ...args], { maxBuffer: 2 ** 28 })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

const hasPyarrow = (python: string): Promise<boolean> =>
  execute(python, ['-c', 'import pyarrow.parquet']).then(
    () => true,
    () => false,
  )
