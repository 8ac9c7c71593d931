import { globSync, readFileSync, statfsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { needsOwnProcess } from '../test/own-process.ts'

// What tests start, processes and threads, loads much the same again and again.
if (!process.argv.includes('--coverage')) process.env['NODE_COMPILE_CACHE'] ??= new URL('../node_modules/.cache/orrery', import.meta.url).pathname

const long = process.env['TEST_LONG'] === '1'
// What tests write goes with them. A commit that waits for a disk takes longer than all else that many of them do: where there is room, their files are in memory.
if (!long && hasRoom('/dev/shm')) process.env['TMPDIR'] ??= '/dev/shm'

const longTests = ['test/**/*.long.test.ts']
const never = ['node_modules/**']
const root = new URL('..', import.meta.url).pathname

const files = globSync('**/*.test.ts', { cwd: root, exclude: never })
/** Most of what a test costs is to load the program and to run it for the first time: all share that but those that change their process or measure it. */
const alone = files.filter((file) => needsOwnProcess(readFileSync(root + file, 'utf8')))

const endMs = 600_000

const shared = {
  // What hangs ends at last; no test may hang on how fast the machine is.
  testTimeout: endMs,
  hookTimeout: endMs,
  expect: { poll: { timeout: endMs } },
  // Whoever shares a process finds it as it was.
  restoreMocks: true,
  unstubEnvs: true,
  pool: 'forks',
  alias: { 'fast-check': new URL('./seeded-fast-check.ts', import.meta.url).pathname },
} as const

const project = (name: string, test: { include: string[]; exclude: string[]; isolate?: boolean }) => ({ test: { ...shared, name, ...test } })

/** Where nothing is known of a file its size decides. Those of `test/` are small and take long, for they start programs: one that came last would run alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rankOf(a).localeCompare(rankOf(b)))
  }
}

const rankOf = ({ project, moduleId }: TestSpecification): string => `${project.name} ${moduleId.startsWith(`${root}test/`) ? 0 : 1}`

export default defineConfig({
  root,
  test: {
    ...shared,
    sequence: { sequencer: LongestFirst },
    // One more than the cores of a small machine: much of a test is waiting for disks, processes and clocks.
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['schemas/**/*.ts', 'infra/**/*.ts', 'scraper/**/*.ts', 'dataset/**/*.ts', 'trainer-bridge/**/*.ts', '*.ts'] },
    projects: long
      ? [project('long', { include: longTests, exclude: never })]
      : [
          project('alone', { include: alone, exclude: [...never, ...longTests] }),
          project('together', { include: ['**/*.test.ts'], exclude: [...never, ...longTests, ...alone], isolate: false }),
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
