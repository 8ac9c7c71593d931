import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge']
/** Where the executable lies below a folder of Playwright's cache, newest layout first. */
const layouts = [
  'chrome-linux64/chrome',
  'chrome-linux/chrome',
  'chrome-headless-shell-linux64/chrome-headless-shell',
  'chrome-linux/headless_shell',
  'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
  'chrome-win64/chrome.exe',
  'chrome-win/chrome.exe',
]
const applications = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']

type Environment = Readonly<Record<string, string | undefined>>

/**
 * A Chromium on this machine: the one that is named, else the newest in Playwright's caches, else the system's.
 * @param named `browser.path`; empty = look for one
 * @returns its path, or undefined when there is none (a named one that cannot be run counts as none)
 */
export function findChromium(named: string, env: Environment = process.env): string | undefined {
  if (named !== '') return isExecutable(named) ? named : undefined
  return candidates(env).find(isExecutable)
}

function* candidates(env: Environment): Generator<string> {
  for (const cache of playwrightCaches(env)) yield* cachedBrowsers(cache)
  for (const folder of (env['PATH'] ?? '').split(delimiter)) if (folder !== '') for (const name of systemNames) yield join(folder, name)
  yield '/usr/bin/chromium'
  yield* applications
}

function playwrightCaches(env: Environment): string[] {
  const named = env['PLAYWRIGHT_BROWSERS_PATH']
  const home = env['HOME'] ?? homedir()
  const usual = [join(home, '.cache/ms-playwright'), join(home, 'Library/Caches/ms-playwright'), join(env['LOCALAPPDATA'] ?? home, 'ms-playwright')]
  return named === undefined || named === '' || named === '0' ? usual : [named, ...usual]
}

/** `chromium-1200/chrome-linux64/chrome` and the like, whole browsers before headless shells, newest first. */
function* cachedBrowsers(cache: string): Generator<string> {
  const folders = foldersOf(cache).filter((name) => /^chromium(_headless_shell)?-\d+$/.test(name))
  folders.sort((a, b) => shellLast(a) - shellLast(b) || revision(b) - revision(a))
  for (const folder of folders) for (const layout of layouts) yield join(cache, folder, layout)
}

const revision = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1] ?? 0)
const shellLast = (name: string): number => Number(name.includes('headless'))

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
