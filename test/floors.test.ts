import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from './conformance/temporary-folder.ts'
import { needsOwnProcess } from './own-process.ts'

/** The house: a file may import its own room and the floors below it. */
const floors: Record<string, readonly string[]> = {
  schemas: ['schemas'],
  infra: ['infra', 'schemas'],
  scraper: ['scraper', 'infra', 'schemas'],
  dataset: ['dataset', 'infra', 'schemas'],
  'trainer-bridge': ['trainer-bridge', 'infra', 'schemas'],
}
const rooms = Object.keys(floors)
/** Plain JavaScript that an old Node can read; it starts the program, and is the one file of a lower floor that may. */
const launcher = 'infra/launch.mjs'
const root = resolve(import.meta.dirname, '..')
const house = await sources()

test('imports point down only', () => {
  const wrong = house
    .filter(({ path }) => path !== launcher)
    .flatMap(({ path, imports }) => {
      const floor = floors[path.split('/')[0] ?? '']
      if (!floor) return []
      const allowed = isTest(path) ? [...floor, 'test'] : floor
      return imports.filter(({ room }) => room !== undefined && !allowed.includes(room)).map(({ text }) => `${path} imports ${text}`)
    })
  expect(wrong).toEqual([])
})

test('nothing imports the program but the launcher', () => {
  const wrong = house.filter(
    ({ path, imports }) => rooms.includes(path.split('/')[0] ?? '') && imports.some(({ room }) => room === 'main.ts' || room === 'flywheel.ts'),
  )
  expect(wrong.map(({ path }) => path)).toEqual([launcher])
})

test('the check sees an upward and a sideways import', () => {
  const text = "import { x } from '#scraper/miner/miner.ts'\nconst y = await import('#dataset/service.ts')\nexport * from '../flywheel.ts'\n"
  expect(importsOf('infra/store/folder.ts', text).map(({ room }) => room)).toEqual(['scraper', 'dataset', 'infra'])
  expect(importsOf('infra/x.ts', "export * from '../flywheel.ts'").map(({ room }) => room)).toEqual(['flywheel.ts'])
})

test('no file or folder has a name that says nothing', () => {
  const paths = house.map(({ path }) => path)
  expect(paths.filter(saysNothing)).toEqual([])
  expect(['infra/utils/x.ts', 'scraper/helpers.ts', 'dataset/common.test.ts', 'infra/queue-manager.ts', 'schemas/misc.ts'].filter(saysNothing)).toHaveLength(5)
})

test('the house has a fixed set of rooms', async () => {
  const folders = (await readdir(root, { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !['node_modules', 'coverage'].includes(entry.name),
  )
  expect(folders.map(({ name }) => name).toSorted()).toEqual([...rooms, 'examples', 'test'].toSorted())
})

test('a test that changes its process, or measures it, is known by its words', () => {
  const own = [
    'process.chdir(folder)',
    'process.memoryUsage().rss',
    'process.exitCode = 0',
    'vi.useFakeTimers()',
    "import { aliveBytes } from '#test/alive-bytes.ts'",
  ]
  const shared = [
    "process.env['PATH']",
    'process.execPath',
    "vi.spyOn(process.stdout, 'write')",
    "vi.stubEnv('A', 'b')",
    "from './one-process.ts'",
    'of a process.',
  ]
  expect([own.filter(needsOwnProcess), shared.filter(needsOwnProcess)]).toEqual([own, []])
})

test('properties try the same cases in every run', () => expect(fc.readConfigureGlobal()).toMatchObject({ seed: expect.any(Number) }))

test('what tests share begins and ends nothing with a file of them', () => {
  const hooked = house.filter(({ path, text }) => !path.endsWith('.test.ts') && /^(?:before|after)(?:All|Each)\(/m.test(text))
  expect(hooked.map(({ path }) => path)).toEqual([])
})

const spread = [
  'list.push(...found)',
  'Math.max(...times)',
  'String.fromCharCode(...bytes)',
  'list.splice(0, 1, ...found)',
  'list.concat(...[[1], ...found])',
  'new Set(...[[...found].map(String)], ...found)',
  'Math.max.apply(null, times)',
  'Reflect.apply(Math.max, null, times)',
]
const bounded = [
  'list.push(1, 2)',
  'new Set([...found, ...times])',
  'list.push(...[found, times])',
  'list.push(...(times ? [found] : []))',
  'const call = (...given) => list.push(...given)',
  '// oxlint-disable-next-line orrery/no-spread-call -- seven at most\n  list.push(...days)',
]

const openRecords = ['z.record(z.string(), z.number())', 'z.record(Name, z.number())']
const closedRecords = [
  'namedValues(z.number())',
  'z.object({ record: z.string() })',
  '// oxlint-disable-next-line orrery/no-open-record -- our states\n  z.record(z.string(), z.number())',
]

test.each([
  ['sees', 'spreads into calls', 'no-spread-call', spread, spread.length],
  ['lets pass', 'spreads into calls', 'no-spread-call', bounded, 0],
  ['sees', 'records with the words of outsiders for keys', 'no-open-record', openRecords, openRecords.length],
  ['lets pass', 'records with the words of outsiders for keys', 'no-open-record', closedRecords, 0],
] as const)('the lint %s %s', async (_does, _what, rule, lines, count) => {
  const file = join(await temporaryFolder(), 'spread.ts')
  await writeFile(file, lines.map((line, n) => `export function f${n}(list, found, times, bytes, days) {\n  ${line}\n}\n`).join(''))
  const lint = [join(root, 'node_modules/oxlint/bin/oxlint'), '-c', join(root, '.oxlintrc.json'), '-A', 'all', '-D', `orrery/${rule}`, '-f', 'unix', file]
  const { stdout } = await promisify(execFile)(process.execPath, lint, { cwd: root }).catch((failed: { stdout: string }) => failed)
  expect(stdout.match(/^.*Error\/orrery/gm) ?? []).toHaveLength(count)
})

interface Import {
  text: string
  /** First folder (or file) of the target inside the project; undefined for packages. */
  room: string | undefined
}

interface Source {
  path: string
  text: string
  imports: Import[]
}

async function sources(): Promise<Source[]> {
  const found: Source[] = []
  for (const folder of [...rooms, 'test', '.']) {
    for (const entry of await readdir(join(root, folder), { recursive: folder !== '.', withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|mjs)$/.test(entry.name)) continue
      const path = relative(root, join(entry.parentPath, entry.name))
      const text = await readFile(join(root, path), 'utf8')
      found.push({ path, text, imports: importsOf(path, text) })
    }
  }
  return found
}

function importsOf(path: string, text: string): Import[] {
  const specifiers = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g)].map(([, specifier = '']) => specifier)
  return specifiers.map((specifier) => ({ text: specifier, room: roomOf(path, specifier) }))
}

function roomOf(path: string, specifier: string): string | undefined {
  if (specifier === '#package') return undefined
  if (specifier.startsWith('#')) return specifier.slice(1).split('/')[0]
  if (!specifier.startsWith('.')) return undefined
  return relative(root, resolve(root, dirname(path), specifier)).split('/')[0]
}

const isTest = (path: string): boolean => /\.(test|fixture)\.ts$/.test(path)
const saysNothing = (path: string): boolean => /(^|[/._-])(utils?|helpers?|common|misc|managers?)([/._-]|$)/.test(path)
