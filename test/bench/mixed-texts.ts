import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractionPages, hasExtractionPages } from './development-set.ts'

const packages = join(import.meta.dirname, '../../node_modules')
const kept = join(tmpdir(), 'orrery-bench-texts')
const textCharsMax = 200_000
const kinds = ['.md', '.ts', '.js', '.json', '.py', '.html']

/** Real texts of so many bytes at least: main texts of the development set where it is at hand, in eleven languages, else documentation, code and messages of installed packages. */
export async function mixedTexts(bytesMin: number): Promise<string[]> {
  const all = hasExtractionPages ? await pageTexts() : await packageTexts(bytesMin)
  const texts: string[] = []
  for (let bytes = 0; bytes < bytesMin;) {
    const text = all[texts.length % all.length] ?? ''
    texts.push(text)
    bytes += Buffer.byteLength(text) + 1
  }
  return texts
}

/** Unpacked once: the pages are 444 million characters. */
async function pageTexts(): Promise<string[]> {
  const path = join(kept, 'pages.json')
  try {
    return JSON.parse(await readFile(path, 'utf8')) as string[]
  } catch {
    const texts: string[] = []
    for await (const { main_content } of extractionPages()) if (main_content) texts.push(main_content)
    await mkdir(kept, { recursive: true })
    await writeFile(`${path}.${process.pid}`, JSON.stringify(texts))
    await rename(`${path}.${process.pid}`, path)
    return texts
  }
}

async function packageTexts(bytesMin: number): Promise<string[]> {
  const texts: string[] = []
  let bytes = 0
  // Messages in forty languages come first.
  const paths = [join(packages, 'zod/v4/locales'), packages]
  for (const path of paths)
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !kinds.some((kind) => entry.name.endsWith(kind))) continue
      const text = (await readFile(join(entry.parentPath, entry.name), 'utf8')).slice(0, textCharsMax)
      texts.push(text)
      bytes += text.length
      if (bytes > bytesMin) return texts
    }
  return texts
}
