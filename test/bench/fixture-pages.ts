import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import markdownIt from 'markdown-it'
import { z } from 'zod'
import { blockText } from './block-text.ts'
import { fetchCrate } from './rust.ts'

/** A page that another project tests its extraction with. */
export interface FixturePage {
  name: string
  url: string
  html: string
  /** What that project says its main text is. */
  main_content: string
}

/** A port of Mozilla's Readability with its test pages: 130 of theirs, four of its own. */
const goReadability = 'codeberg.org/readeck/go-readability/v2@v2.1.3'

/** Test pages of Readability; undefined where there is no Go or it cannot fetch them, and why on standard error. */
export async function readabilityPages(): Promise<FixturePage[] | undefined> {
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', goReadability], { env: { ...process.env, GOFLAGS: '-mod=mod' } })
    const folder = join(z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir, 'test-pages')
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)
    const read = (name: string, file: string) => readFile(join(folder, name, file), 'utf8').then(withoutFiller)
    return await Promise.all(
      names.toSorted().map(async (name) => ({
        name,
        url: 'http://fakehost/test/page.html',
        html: await read(name, 'source.html'),
        main_content: blockText(await read(name, 'expected.html')),
      })),
    )
  } catch (error) {
    console.error(`The test pages of Readability could not be fetched: ${String(error)}`)
    return undefined
  }
}

/** Test pages of Defuddle, as the last version of a port of it that ships them has them: 144; undefined where they cannot be fetched. */
export async function defuddlePages(): Promise<FixturePage[] | undefined> {
  const folder = await fetchCrate('decruft', '=0.1.1')
  if (folder === undefined) return undefined
  const [sources, expected] = ['fixtures', 'expected'].map((each) => join(folder, 'tests', each, 'defuddle')) as [string, string]
  const names = new Set((await readdir(expected)).map((file) => basename(file, '.md')))
  const files = (await readdir(sources)).toSorted().map((file) => basename(file, '.html'))
  return Promise.all(
    files
      .filter((name) => names.has(name))
      .map(async (name) => {
        const html = withoutFiller(await readFile(join(sources, `${name}.html`), 'utf8'))
        const url = /^\s*<!--\s*\{\s*"url"\s*:\s*"([^"]+)"/.exec(html)?.[1] ?? 'http://example.com/'
        return { name, url, html, main_content: markdownText(withoutFiller(await readFile(join(expected, `${name}.md`), 'utf8'))) }
      }),
  )
}

/** Their placeholder text stands for text that people wrote; ours knows it as what nobody has written. */
const withoutFiller = (text: string): string => text.replaceAll(/\blorem\b/gi, 'Some').replaceAll(/\bipsum\b/gi, 'words')

/** What a reader sees of Markdown that begins with a block of metadata; signs of footnotes are no text. */
function markdownText(markdown: string): string {
  const body = markdown.replace(/^```json\n[^]*?\n```\n/, '').replaceAll(/\[\^[^\]\s]{1,40}\]:?/g, ' ')
  return blockText(markdownIt({ html: true }).render(body))
}
