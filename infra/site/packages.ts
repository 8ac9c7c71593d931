import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { z } from 'zod'

/** A documentation file of an installed npm package. */
interface SiteFile {
  /** Path inside the package, `/`-separated. */
  path: string
  /** Path on disk. */
  file: string
}

export interface SitePackage {
  name: string
  version: string
  description: string
  licence: string
  dependencies: string[]
  /** In byte order of `path`. */
  files: SiteFile[]
}

const PackageJson = z.object({
  version: z.string().catch('0.0.0'),
  description: z.string().catch(''),
  license: z.string().catch(''),
  // oxlint-disable-next-line orrery/no-open-record -- names of packages that are installed
  dependencies: z.record(z.string(), z.unknown()).catch({}),
})

const depthMax = 4
const markdown = /\.(md|markdown)$/i
const plain = /^(licen[sc]e|copying|notice|changelog|history|changes)(\.txt)?$/i

/** The packages under `root` (a node_modules folder) that bring documentation, by name, with at most `documentsMax` files in all. */
export async function readPackages(root: string, documentsMax: number): Promise<SitePackage[]> {
  const packages: SitePackage[] = []
  let left = documentsMax
  for (const name of await packageNames(root)) {
    if (left <= 0) break
    const found = await readPackage(root, name)
    if (!found || found.files.length === 0) continue
    packages.push({ ...found, files: found.files.slice(0, left) })
    left -= found.files.length
  }
  return packages
}

async function packageNames(root: string): Promise<string[]> {
  const names: string[] = []
  for (const entry of await folders(root)) {
    if (entry.startsWith('@')) for (const inner of await folders(join(root, entry))) names.push(`${entry}/${inner}`)
    else names.push(entry)
  }
  return names.toSorted(byteOrder)
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name)
}

async function readPackage(root: string, name: string): Promise<SitePackage | undefined> {
  const text = await readFile(join(root, name, 'package.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { version, description, license, dependencies } = PackageJson.parse(jsonOrEmpty(text))
  const files = await documents(join(root, name), '', 0)
  return { name, version, description, licence: license, dependencies: Object.keys(dependencies).toSorted(byteOrder), files }
}

async function documents(base: string, path: string, depth: number): Promise<SiteFile[]> {
  const entries = await readdir(join(base, path), { withFileTypes: true }).catch(() => [])
  const found: SiteFile[] = []
  for (const entry of entries.toSorted((a, b) => byteOrder(a.name, b.name))) {
    const inner = posix.join(path, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    if (entry.isDirectory() && depth < depthMax) for (const file of await documents(base, inner, depth + 1)) found.push(file)
    else if (entry.isFile() && (markdown.test(entry.name) || (depth === 0 && plain.test(entry.name)))) found.push({ path: inner, file: join(base, inner) })
  }
  return found
}

function jsonOrEmpty(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
