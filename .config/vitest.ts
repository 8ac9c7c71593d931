import { statfsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// What tests start, processes and threads, loads much the same again and again.
if (!process.argv.includes('--coverage')) process.env['NODE_COMPILE_CACHE'] ??= new URL('../node_modules/.cache/orrery', import.meta.url).pathname

const long = process.env['TEST_LONG'] === '1'
// What tests write goes with them. A commit that waits for a disk takes longer than all else that many of them do: where there is room, their files are in memory.
if (!long && hasRoom('/dev/shm')) process.env['TMPDIR'] ??= '/dev/shm'

const never = ['node_modules/**']
/** Tests of code that touches nothing outside itself, and that measure nothing of their process, share one. */
const pure = [
  'schemas/{,identity/,iceberg/}*.test.ts',
  ...['charset', 'discovery', 'extract', 'freshness', 'jobs', 'revisit', 'source'].map((room) => `scraper/${room}/**/*.test.ts`),
]

/** They load polkadot-js, which takes longer than what they do. */
const subtensor = ['infra/chain/subtensor/*.test.ts']

const shared = {
  // What hangs ends at last; no test may hang on how fast the machine is.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  pool: 'forks',
} as const

const project = (name: string, test: { include: string[]; exclude: string[]; isolate?: boolean }) => ({ test: { ...shared, name, ...test } })

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    ...shared,
    // One more than the cores of a small machine: much of a test is waiting for disks, processes and clocks.
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['schemas/**/*.ts', 'infra/**/*.ts', 'scraper/**/*.ts', 'dataset/**/*.ts', 'trainer-bridge/**/*.ts', '*.ts'] },
    projects: long
      ? [project('long', { include: ['test/**/*.long.test.ts'], exclude: never })]
      : [
          project('pure', { include: pure, exclude: never, isolate: false }),
          project('subtensor', { include: subtensor, exclude: never, isolate: false }),
          project('others', { include: ['**/*.test.ts'], exclude: [...never, ...pure, ...subtensor, '**/*.long.test.ts'] }),
        ],
  },
})

function hasRoom(folder: string): boolean {
  const [folderBytes, memoryBytes] = [4 * 2 ** 30, 8 * 2 ** 30]
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= folderBytes && process.availableMemory() >= memoryBytes
  } catch {
    return false
  }
}
