import { describe, expect, test } from 'vitest'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { hostilePages } from '#test/adversary/hostile-pages.ts'
import { openTaskReader, type PageTask } from '../document/page-document.ts'
import { extractPage } from './extract-page.ts'

const url = 'http://h.example/'
const chars = 12_000
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

describe('hostile pages are read to the end, without a crash', () => {
  test.each(Object.entries(hostilePages))('%s', (_, make) => {
    const html = make(chars)
    const page = extractPage(html, url)
    // No page is made longer than its tables and lists explain.
    expect(page.text.length).toBeLessThan(20 * html.length)
    expect(page.markdown().length).toBeLessThan(20 * html.length)
    expect(contentId(page.text)).toBe(contentId(normalizeText(page.text)))
    for (const text of [page.title, page.author ?? '', page.siteName ?? '']) expect(text.isWellFormed()).toBe(true)
  })
})

describe('hostile bytes have one stable reason each', async () => {
  const read = await openTaskReader()
  const reasonOf = (body: Uint8Array, contentType = 'text/html'): string => {
    const fetched = { url, status: 200, headers: { 'content-type': contentType }, body }
    const task: PageTask = { fetched, rendered: undefined, robotsTxt: undefined, host: undefined, nowMs: 0, obeyRights: true, keepsMarkdown: false }
    const { document } = read(task)
    return typeof document === 'string' ? document : 'kept'
  }

  test.each<[string, Uint8Array, RegExp]>([
    ['elements nested without end', bytes('<div>'.repeat(200_000)), /^too_deep$/],
    ['nothing', new Uint8Array(), /^no_text$/],
    ['invalid UTF-8', new Uint8Array(20_000).fill(0xff), /^doubtful_charset$/],
    ['words of an encoding that nobody reads', Buffer.from('<p>D\x8ej\x88 vu, le fran\x8dais pr\x8ef\x8er\x8e. '.repeat(50), 'latin1'), /^doubtful_charset$/],
    // Read as what it is, and refused for its words.
    [
      'another charset than was declared',
      Buffer.from('<meta charset=utf-8><p>D\xe9j\xe0 vu, pr\xe9f\xe9r\xe9. '.repeat(50), 'latin1'),
      /^gopher_no_stop_words$/,
    ],
    ['null bytes', new Uint8Array(20_000), /^no_text$/],
    ['a script alone', bytes(`<script>${'x '.repeat(20_000)}`), /^no_text$/],
  ])('%s', (_, body, reason) => {
    expect(reasonOf(body)).toMatch(reason)
    expect(reasonOf(body)).toBe(reasonOf(body))
  })

  test('encodings that contradict each other leave a text that can be written down', () => {
    const body = Buffer.concat([
      Buffer.from('<meta charset=utf-16><p>'),
      Buffer.from('Grüße '.repeat(200), 'latin1'),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
    ])
    expect(reasonOf(new Uint8Array(body), 'text/html; charset=shift_jis')).toMatch(/^[a-z_0-9]+$/)
  })
})
