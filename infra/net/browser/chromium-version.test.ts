import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { chromiumVersion } from './chromium-version.ts'

async function executable(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-version-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'chromium')
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

test.skipIf(process.platform === 'win32')('a Chromium says what it is', async () => {
  expect(await chromiumVersion(await executable('[ "$1" = --version ] && echo "Chromium 142.0.1 built on Debian "'))).toBe('Chromium 142.0.1 built on Debian')
})

test.skipIf(process.platform === 'win32')('or it does not', async () => {
  expect(await chromiumVersion(await executable('exit 1'))).toBeUndefined()
  expect(await chromiumVersion(await executable('true'))).toBeUndefined()
  expect(await chromiumVersion('/no/such/chromium')).toBeUndefined()
})
