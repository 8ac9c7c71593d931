import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPython, hasPackages } from '#test/bench/python.ts'
import { servedRun } from './served-run.ts'

export const packageFolder = join(import.meta.dirname, '../../trainer-bridge/python')
export const torchPython = process.env['TORCH_PYTHON']
if (!torchPython) console.warn('nobody tests the Python package orrery-feed with PyTorch: name a Python with pytest, torch and torchdata in TORCH_PYTHON')

/** One with pytest and NumPy at least. */
export const anyPython = torchPython ?? (await findPython({ packages: ['pytest', 'numpy'], install: false }))
if (!anyPython) console.warn('nobody tests the Python package orrery-feed: name a Python with pytest and numpy in PYARROW_PYTHON')

/** Whether the one with PyTorch can sign as a hotkey, too. */
export const hasWallets = torchPython !== undefined && (await hasPackages(torchPython, ['bittensor_wallet']))
if (!hasWallets) console.warn('nobody tests how the Python package orrery-feed signs: name a Python with PyTorch and bittensor-wallet in TORCH_PYTHON')

/** Of what starts Python on the package. */
export const pythonEnv = { ...process.env, PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1' }

export const allPassed = /^\d+ passed(, \d+ deselected)? in [\d.]+s( \(.*\))?$/

/** Runs pytest against a bridge that is served meanwhile. @returns its last line, or all that it said where something failed */
export async function pytest(python: string, args: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-feed-'))
  try {
    await using served = await servedRun()
    const settings = join(folder, 'served.json')
    const { origin, run, rows, sequence_tokens, closed, staked, hotkey, key } = served
    await writeFile(settings, JSON.stringify({ origin, run, rows, sequence_tokens, closed, staked, hotkey, key }))
    // Tokens that the feed gives stay in XDG_STATE_HOME.
    const env = { ...pythonEnv, ORRERY_FEED_TEST: settings, XDG_STATE_HOME: folder }
    const { stdout } = await promisify(execFile)(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...args], { cwd: packageFolder, env })
    return stdout.trimEnd().split('\n').at(-1) ?? ''
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    if (stdout === undefined) throw error
    return stdout + stderr
  } finally {
    await rm(folder, { recursive: true })
  }
}
