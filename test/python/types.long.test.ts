import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findPython } from '#test/bench/python.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const packages = ['mypy', 'httpx', 'numpy']
const python = await findPython({ packages, install: false })
if (!python) console.warn(`nobody checks the types of the Python packages: name a Python with ${packages.join(', ')} in PYARROW_PYTHON`)

test.skipIf(!python).each(['dataset/python', 'trainer-bridge/python'])('the Python package in %s has types that mypy finds no fault with', async (folder) => {
  const cwd = join(import.meta.dirname, '../..', folder)
  const { stdout } = await promisify(execFile)(python!, ['-m', 'mypy', '--cache-dir', await temporaryFolder()], { cwd }).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout).toMatch(/^Success: no issues found in \d+ source files$/m)
})
