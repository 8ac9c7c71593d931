import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { codeVersion, makers } from './code-version.ts'

const root = resolve(import.meta.dirname, '..')

/** A project of one line in each folder. */
async function project() {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-code-version-'))
  const write = async (path: string, contents: unknown) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), typeof contents === 'string' ? contents : JSON.stringify(contents))
  }
  await write('package.json', { version: '1.2.3' })
  await write('package-lock.json', { packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0', dev: true } } })
  for (const maker of makers) await write(`${maker}/one.ts`, '1')
  return { write, version: () => codeVersion(folder), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test('is another when what makes documents is: code, weights, a library', async () => {
  await using own = await project()
  const first = own.version()
  expect(first).toMatch(/^1\.2\.3\+[0-9a-f]{12}$/)
  expect(own.version()).toBe(first)
  const seen = [first]
  for (const [path, contents] of [
    ['scraper/extract/one.ts', '2'],
    ['scraper/extract/deep/er/weights.json', '[]'],
    ['schemas/identity/kernel.wasm', 'x'],
    ['package-lock.json', { packages: { 'node_modules/a': { version: '1.0.1' } } }],
    ['package.json', { version: '1.2.4' }],
  ] as const) {
    await own.write(path, contents)
    seen.push(own.version())
  }
  expect(new Set(seen).size).toBe(seen.length)
})

test('is the same when nothing of that changes: tests, other folders, tools', async () => {
  await using own = await project()
  const first = own.version()
  await own.write('scraper/extract/one.test.ts', '2')
  await own.write('scraper/miner/one.ts', '2')
  await own.write('schemas/NOTES.md', '2')
  await own.write('package-lock.json', {
    packages: { '': { version: '9' }, 'node_modules/b': { version: '2.0.0', dev: true }, 'node_modules/a': { version: '1.0.0' } },
  })
  expect(own.version()).toBe(first)
})

/** All files of the project that a file imports, and those they import. */
async function importsOf(path: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(path)) return seen
  seen.add(path)
  const source = await readFile(path, 'utf8')
  for (const [, isType, name = ''] of source.matchAll(/^(?:import|export) (type )?[^'"]*?from '([^']+)'/gm)) {
    if (isType || !/^[.#]/.test(name) || name === '#package') continue
    await importsOf(name.startsWith('#') ? join(root, name.slice(1)) : resolve(dirname(path), name), seen)
  }
  return seen
}

test('covers all that a document passes through, from its bytes to its tokens', async () => {
  const seen = new Set<string>()
  for (const path of [
    'scraper/document/page-document.ts',
    'scraper/shard/write-rows.ts',
    'scraper/dedup/arrivals.ts',
    'dataset/ingest/clean.ts',
    'infra/tokenizer/encoder-thread.ts',
    'scraper/import/import-reader.ts',
  ])
    await importsOf(join(root, path), seen)
  const outside = [...seen].map((path) => relative(root, path)).filter((path) => !makers.some((maker) => path.startsWith(`${maker}/`)))
  // What has no say in what they hold: caches, threads, the store, and where what was refused is written down.
  expect(outside.filter((path) => !/^(?:infra|scraper\/rejects)\//.test(path))).toEqual([])
  expect(seen.size).toBeGreaterThan(100)
})
