import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findChromium } from './find-chromium.ts'

async function folder(...executables: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'orrery-chromium-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const path of executables) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), '')
    await chmod(join(root, path), 0o755)
  }
  return root
}

test('the one that is named, and no other', async () => {
  const root = await folder('my/chrome', 'bin/chromium')
  expect(findChromium(join(root, 'my/chrome'))).toBe(join(root, 'my/chrome'))
  expect(findChromium(join(root, 'none'), { PATH: join(root, 'bin') })).toBeUndefined()
  expect(findChromium(root)).toBeUndefined()
})

test('the newest whole browser of Playwright’s cache before a shell, and that before the system’s', async () => {
  const shell = 'cache/chromium_headless_shell-1300/chrome-linux/headless_shell'
  const root = await folder(shell, 'cache/chromium-1200/chrome-linux/chrome', 'cache/chromium-1255/chrome-linux64/chrome', 'bin/google-chrome')
  const env = { PLAYWRIGHT_BROWSERS_PATH: join(root, 'cache'), PATH: join(root, 'bin'), HOME: root }
  expect(findChromium('', env)).toBe(join(root, 'cache/chromium-1255/chrome-linux64/chrome'))
  await rm(join(root, 'cache/chromium-1255'), { recursive: true })
  await rm(join(root, 'cache/chromium-1200'), { recursive: true })
  expect(findChromium('', env)).toBe(join(root, shell))
})

test('what the path leads to', async () => {
  const root = await folder('a/google-chrome', 'b/chromium')
  expect(findChromium('', { PLAYWRIGHT_BROWSERS_PATH: join(root, 'none'), PATH: `:${join(root, 'a')}:${join(root, 'b')}`, HOME: root })).toBe(
    join(root, 'a/google-chrome'),
  )
})
