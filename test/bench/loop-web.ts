import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { seededRandom } from '../seeded-random.ts'

/** The sources of the loop bench: three that a model can learn from, each in its own measure, and two that are worth nothing. */
export const valuable = ['prose', 'types', 'scripts'] as const
export const worthless = ['noise', 'boilerplate'] as const
type Source = (typeof valuable)[number] | (typeof worthless)[number]

export interface LoopWeb extends AsyncDisposable {
  /** Label → sitemap of all of its pages. */
  seeds: ReadonlyMap<string, string>
  /** Label → texts of the same kind that are on no page. */
  heldOut: ReadonlyMap<string, readonly string[]>
}

const packages = join(import.meta.dirname, '../../node_modules')
const endings: Record<(typeof valuable)[number], string> = { prose: '.md', types: '.d.ts', scripts: '.js' }
const pageChars = 4000
const fileCharsMax = 100_000
const heldOutPages = 40
/** No package is most of a source. */
const pagesOfFileMax = 4

/** A host of 127.0.2.0/24 for each source, with so many pages; what is valuable is cut from the files of installed packages. The same seed gives the same web. */
export async function loopWeb(pages: number, seed: number): Promise<LoopWeb> {
  const random = seededRandom(seed)
  const wanted = pages + heldOutPages
  const texts = new Map<Source, string[]>()
  for (const source of valuable) texts.set(source, await packageTexts(endings[source], wanted, random))
  texts.set(
    'noise',
    Array.from({ length: pages }, () => randomLetters(random)),
  )
  texts.set('boilerplate', await licencePages(pages, random))
  const bodies = new Map<string, string>()
  const server = createServer(({ headers, url }, response) => {
    const body = bodies.get(`${headers.host}${url}`)
    if (body === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': url?.endsWith('.xml') ? 'application/xml' : 'text/html; charset=utf-8' }).end(body)
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const seeds = new Map<string, string>()
  for (const [n, [source, all]] of [...texts].entries()) {
    const host = `127.0.2.${n + 1}:${port}`
    const served = all.slice(0, pages)
    for (const [i, text] of served.entries()) bodies.set(`${host}/${i}.html`, pageOf(source, i, text))
    bodies.set(`${host}/sitemap.xml`, `<urlset>${served.map((_, i) => `<url><loc>http://${host}/${i}.html</loc></url>`).join('')}</urlset>`)
    seeds.set(source, `http://${host}/sitemap.xml`)
  }
  return {
    seeds,
    heldOut: new Map(valuable.map((source) => [source, (texts.get(source) ?? []).slice(pages)])),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function pageOf(source: Source, place: number, text: string): string {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
  const body =
    source === 'types' || source === 'scripts'
      ? `<pre><code>${escaped}</code></pre>`
      : escaped
          .split(/\n\n+/)
          .map((paragraph) => `<p>${paragraph}</p>`)
          .join('')
  return `<!doctype html><html lang="en"><head><title>${source} ${place}</title></head><body><main><article><h1>${source} ${place}</h1>${body}</article></main></body></html>`
}

/** Pieces of the files with that ending, a few of each, in an order of the seed. */
async function packageTexts(ending: string, wanted: number, random: () => number): Promise<string[]> {
  const names = (await readdir(packages, { recursive: true })).filter((name) => name.endsWith(ending) && !name.includes('typescript')).toSorted()
  const order = names.map((name) => ({ name, at: random() })).toSorted((a, b) => a.at - b.at)
  const texts: string[] = []
  for (const { name } of order) {
    if (texts.length >= wanted) break
    const text = await readFile(join(packages, name), 'utf8').catch(() => '')
    if (text.length > fileCharsMax) continue
    for (let at = 0, taken = 0; at + pageChars / 4 <= text.length && taken < pagesOfFileMax; at += pageChars, taken++)
      texts.push(text.slice(at, at + pageChars).toWellFormed())
  }
  if (texts.length < wanted) throw new Error(`The installed packages have ${texts.length} pages of ${ending} only; ${wanted} are wanted.`)
  return texts.slice(0, wanted)
}

/** Words that nobody has written before. */
function randomLetters(random: () => number): string {
  let text = ''
  while (text.length < pageChars) {
    const length = 2 + Math.floor(random() * 10)
    for (let i = 0; i < length; i++) text += String.fromCodePoint(97 + Math.floor(random() * 26))
    text += random() < 0.02 ? '.\n\n' : ' '
  }
  return text
}

/** Sentences of a few licences, in ever another order: no two pages are near, and there is soon nothing new in them. */
async function licencePages(count: number, random: () => number): Promise<string[]> {
  const texts = await Promise.all(
    ['typescript/LICENSE.txt', 'vitest/LICENSE.md', 'undici/LICENSE'].map((name) => readFile(join(packages, name), 'utf8').catch(() => '')),
  )
  const sentences = [...new Set(texts.flatMap((text) => text.replace(/\s+/g, ' ').split(/(?<=[.;:]) /)))].filter(({ length }) => length > 60).slice(0, 80)
  return Array.from({ length: count }, () => {
    const chosen = sentences.map((sentence) => ({ sentence, at: random() })).toSorted((a, b) => a.at - b.at)
    let text = ''
    for (const { sentence } of chosen) if (text.length < pageChars) text += `${sentence} `
    return text
  })
}
