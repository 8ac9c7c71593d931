import { expect, test } from 'vitest'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { openTextEncoder } from '#infra/tokenizer/text-encoder.ts'
import { hostOf } from '#infra/frontier/arguments.ts'
import { shapesOf } from '#scraper/discovery/url-shape.ts'
import { openTaskReader } from '#scraper/document/page-document.ts'
import { extractPage } from '#scraper/extract/extract-page.ts'
import { scanLinks } from '#scraper/extract/html/link-scanner.ts'
import { aliveBytes } from '#test/alive-bytes.ts'
import { seededRandom } from '#test/seeded-random.ts'

/** A part of a string holds on to the whole: what is kept of a page must be a copy, or each page that was ever read stays in memory. */

const pages = 50
const pageChars = 400_000
const mebibyte = 2 ** 20

/** What is alive of pages that were read one after the other, as long as what was kept of them is. */
async function growth(read: (n: number) => unknown): Promise<number> {
  // What is loaded and compiled once is no part of it.
  for (let n = 0; n < 5; n++) read(pages + n)
  const before = await aliveBytes()
  const kept = Array.from({ length: pages }, (_, n) => read(n))
  const grown = (await aliveBytes()) - before
  expect(kept).not.toContain(undefined)
  return grown
}

const random = seededRandom(1)
const words =
  'the of a river to market in that it was for on with as station they at be this from have or one had by word but what some we can out garden house stone water letter morning people money winter bridge road teacher doctor kitchen window mountain'.split(
    ' ',
  )
const sentence = (): string => `The ${Array.from({ length: 12 }, () => words[Math.floor(random() * words.length)]).join(' ')}.`
const prose = Array.from({ length: 12 }, () => `<p>${Array.from({ length: 4 }, sentence).join(' ')}</p>`).join('')

interface Parts {
  head?: string
  start?: string
  body?: string
}

/** A page of 400,000 characters, most of them a comment. */
const pageOf = ({ head = '', start = '', body = prose }: Parts): string =>
  `<!doctype html><html lang="en-latn-x-something"><head>${head}</head><body><article>${start}${body}</article><!--${'x'.repeat(pageChars)}--></body></html>`

const kinds: Record<string, (name: string) => Parts> = {
  'a title of one word': (name) => ({ head: `<title>A-long-title-of-the-page-${name}</title>` }),
  'a title of words': (name) => ({
    head: `<title>A long title of the page ${name} | The Site ${name}</title>`,
    start: `<h1>A long title of the page ${name}</h1>`,
  }),
  'names for other sites': (name) => ({
    head: `<meta property="og:title" content="A-long-title-of-the-page-${name}"><meta property="og:site_name" content="TheSiteWithTheLongName${name}">`,
  }),
  'an author': (name) => ({ head: `<meta name=author content="Jane-${name}-Roe-Miller">` }),
  'a byline': () => ({ start: '<h1>A-long-title-of-the-page</h1><p class=byline>By <a rel=author href=/a>Jane Roe-Smith-Miller</a></p>' }),
  'a licence': (name) => ({ start: `<a rel=license href="https://licences.example/of/some/length/${name}">licence</a>` }),
  'an address': (name) => ({ head: `<link rel=canonical href="/an/address/of/some/length/${name}.html">` }),
  'a policy': (name) => ({
    head: `<meta name=tdm-policy content="https://h.example/policies/of-some-length-${name}.json"><meta name=robots content="noarchive-${name}">`,
  }),
  'a date': (name) => ({
    head: `<meta property="article:published_time" content="2024-01-02T03:04:05.000000+00:00"><meta name="date-published-${name}" content="2024-01-02">`,
  }),
  'a text of one paragraph': (name) => ({ body: `<p>${prose.replaceAll(/<\/?p>/g, ' ')}${name}</p>` }),
  'code alone': (name) => ({ body: `<pre>${prose.replaceAll(/<\/?p>/g, ' ')}${name}</pre>` }),
}

test.each(Object.entries(kinds))('what is kept of pages with %s is not the pages', async (_, partsOf) => {
  const grown = await growth((n) => {
    const { markdown, ...page } = extractPage(pageOf(partsOf(`n${n}x`)), `http://h${n}.example/`)
    return { ...page, markdown: markdown() }
  })
  expect(grown).toBeLessThan(4 * mebibyte)
})

test.each(Object.entries(kinds))('nor is a document of a page with %s', async (_, partsOf) => {
  const readTask = await openTaskReader()
  const grown = await growth((n) => {
    const body = Buffer.from(pageOf(partsOf(`n${n}x`)))
    const fetched = { url: `http://h${n}.example/`, status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
    const task = { rendered: undefined, robotsTxt: 'found', host: undefined, nowMs: Date.UTC(2026, 0, 15), obeyRights: false, keepsMarkdown: true } as const
    return readTask({ fetched, ...task })
  })
  expect(grown).toBeLessThan(4 * mebibyte)
})

test('nor is what is remembered of names, links and words', async () => {
  const { encode } = await openTextEncoder('cl100k_base', goldenTokenizers)
  const grown = await growth((n) => {
    const name = `n${n}x`
    const body = Array.from(
      { length: 40 },
      (_, k) =>
        `<div class="class-${name}-${k} other-${name}" id="id-of-${name}-${k}"><p>A wordofsomelength${name}${k}. <a href="https://sub-${name}-${k}.example/path/${k}.html">a</a> <a href="/rel/of/some/length/${name}/${k}">b</a></p><x-${name}-${k} data-${name}-${k}=1></x-${name}-${k}></div>`,
    ).join('')
    const html = pageOf({ body, head: `<meta itemprop="date-published-${name}" content="2024-01-02">` })
    const { text } = extractPage(html, `http://h${n}.example/`)
    for (const { url } of scanLinks(html, `http://h${n}.example/`).links) {
      hostOf(url)
      shapesOf(url)
    }
    encode(text)
    return text.length
  })
  expect(grown).toBeLessThan(4 * mebibyte)
})

test('nor is the host of an address the address', async () => {
  const grown = await growth((n) => {
    for (let k = 0; k < 100; k++) hostOf(`http://sub-${n}-${k}.a-name.example/${'x'.repeat(1900)}`)
    return n
  })
  expect(grown).toBeLessThan(4 * mebibyte)
})
