import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { story } from '../site/story.ts'

const packages = ['alder', 'birch', 'elm', 'oak'] as const

/**
 * Writes npm packages for the embedded web (`site.root`): the first `pages` pages of each of four hosts, always the same ones.
 * Page 0 is the readme, the others are docs, below 100 no two alike; page 3 of the last host is page 3 of the first with another ending.
 */
export async function writeSmallWeb(root: string, pages: number): Promise<void> {
  for (const [at, name] of packages.entries()) {
    await write(join(root, name, 'package.json'), JSON.stringify({ name, version: '1.0.0', description: `About ${name}.`, license: 'MIT' }))
    for (let page = 0; page < pages; page++)
      await write(join(root, name, page === 0 ? 'README.md' : `docs/page-${page}.md`), `# ${name} ${page}\n\n${textOf(at, page)}\n`)
  }
}

/** Addresses of the pages that `writeSmallWeb` makes of the first `pages`. */
export const smallWebUris = (pages: number): string[] =>
  packages.flatMap((name) => Array.from({ length: pages }, (_, page) => `http://${name}.localhost/${page === 0 ? 'readme' : `docs/page-${page}`}.html`))

const textOf = (at: number, page: number): string => (page === 3 && at === packages.length - 1 ? `${textOf(0, 3)} ${story(9, 1)}` : story(100 * at + page, 20))

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
