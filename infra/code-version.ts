import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { compareText } from '#schemas/compare-text.ts'

/** Where it is decided what a page's document says, and what tokens become of it. A test holds them against what is imported. */
export const makers = [
  'schemas',
  'scraper/charset',
  'scraper/dedup',
  'scraper/document',
  'scraper/extract',
  'scraper/fetch',
  'scraper/filter',
  'scraper/freshness',
  'scraper/import',
  'scraper/render',
  'scraper/robots',
  'scraper/shard',
  'scraper/source',
  'scraper/warc',
  'dataset/ingest',
  'dataset/tokenize',
  'infra/tokenizer',
]

/**
 * Names the code that makes documents: the version of the package, `+`, and 12 hex digits of the sha256 of those folders, without their tests, and of the
 * libraries that are installed for them. Of any other code the documents are the same.
 * @param root the folder of the project
 */
export function codeVersion(root = resolve(import.meta.dirname, '..')): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const hash = createHash('sha256').update(JSON.stringify(libraries(root)))
  for (const path of filesOf(root)) {
    const bytes = readFileSync(join(root, path))
    hash.update(`\n${path} ${bytes.length}\n`).update(bytes)
  }
  return `${version}+${hash.digest('hex').slice(0, 12)}`
}

function filesOf(root: string): string[] {
  const folders = makers.map((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name.replaceAll(sep, '/')}`),
  )
  return folders.flat().filter(isCode).toSorted(compareText)
}

const isCode = (path: string): boolean => /\.(?:ts|json|wasm)$/.test(path) && !/\.(?:test|fixture|bench)\.ts$/.test(path)

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean }>
}

function libraries(root: string): [string, string | undefined][] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  // The first is the project itself.
  const used = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  return used.map(([path, { version }]): [string, string | undefined] => [path, version]).toSorted(([a], [b]) => compareText(a, b))
}
