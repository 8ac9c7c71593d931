import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extractPage } from './extract-page.ts'

const read = (body: string, head = '') => extractPage(`<html lang="en"><head>${head}</head><body>${body}</body></html>`, 'http://h.example/dir/page')
/** So many words, in sentences of ten. */
const words = (count: number) => Array.from({ length: count }, (_, i) => (i % 10 === 9 || i === count - 1 ? `word${i}.` : `word${i}`)).join(' ')

describe('main text', () => {
  test('keeps headings, paragraphs, lists, tables and code, each in its form', () => {
    const { text } = read(
      '<main><h1>Title</h1><p>Some <b>bold</b>\n  text.<br>Next line.</p><ul><li>one<li><p>two</p></ul><pre>\n  a\n    b\n</pre><table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table></main>',
    )
    expect(text).toBe('# Title\n\nSome bold text.\nNext line.\n\n- one\n- two\n\n```\n  a\n    b\n```\n\n| A | B |\n| --- | --- |\n| 1 | 2 |')
  })

  test.each(['nav', 'footer', 'aside', 'script', 'style', 'form', 'noscript', 'template'])('leaves out <%s>', (tag) => {
    expect(read(`<${tag}>away</${tag}><p>${words(60)}</p>`).text).toBe(words(60))
  })

  test.each(['role="navigation"', 'hidden', 'aria-hidden="true"', 'style="display: none"', 'class="cookie-banner"', 'id="sidebar"'])(
    'leaves out <div %s>',
    (attribute) => {
      expect(read(`<div ${attribute}>away with this</div><p>${words(80)}</p><p>${words(80)}</p>`).text).not.toContain('away')
    },
  )

  test('leaves out the header of the page and keeps that of an article', () => {
    const { text } = read(`<header>Site name</header><article><header><h1>Story</h1></header><p>${words(60)}</p></article>`)
    expect(text).toBe(`# Story\n\n${words(60)}`)
  })

  test('finds the text without any semantic element', () => {
    const menu = `<div><ul>${'<li><a href="/x">A menu entry of some length</a></li>'.repeat(20)}</ul></div>`
    expect(read(`<div>${menu}<div><div><p>${words(100)}</p><p>${words(50)}</p></div></div></div>`).text).toBe(`${words(100)}\n\n${words(50)}`)
  })

  test('reads tables that only lay out the page as blocks', () => {
    expect(read(`<table><tr><td><div>${words(20)}</div></td><td><div>${words(30)}</div></td></tr></table>`).text).toBe(`${words(20)}\n\n${words(30)}`)
  })
})

describe('what a page says of itself', () => {
  test('title, canonical, language, robots, licence', () => {
    const head = `<title> A  title </title><link rel="canonical" href="/dir/page?utm_source=x"><meta name="robots" content="noarchive">
      <link rel="license" href="https://creativecommons.org/licenses/by/4.0/">`
    expect(read('<p>x</p>', head)).toMatchObject({
      title: 'A title',
      canonical: 'http://h.example/dir/page',
      lang: 'en',
      metaRobots: ['noarchive'],
      licence: 'CC-BY-4.0',
    })
  })
})

test('each reservation in its markup counts, and the first policy', () => {
  const { tdmReservation, tdmPolicy } = read(
    '<meta http-equiv=tdm-reservation content=" 1 "><meta name=tdm-policy content=/b>',
    '<meta name=TDM-Reservation content=0><meta name=tdm-policy content=/a>',
  )
  expect([tdmReservation, tdmPolicy]).toEqual(['0,1', '/a'])
  expect(read('').tdmReservation).toBeUndefined()
})

describe('hostile pages end, without a crash', () => {
  test.each([
    ['nested elements', '<div>'.repeat(200_000), 'too_deep'],
    ['closing tags for a deep stack', '<div>'.repeat(200_000) + '</b>'.repeat(200_000), 'too_deep'],
    ['open list items', `<ul>${'<li>x'.repeat(30_000)}`, undefined],
    ['open cells', `<table><tr>${'<td>x'.repeat(30_000)}`, undefined],
    ['inline elements', `<p>${'<b>x</b> '.repeat(30_000)}`, undefined],
    ['attributes', `<p ${Array.from({ length: 100_000 }, (_, i) => `a${i}=1`).join(' ')}>x`, undefined],
    ['one long line', `<p>${'x'.repeat(5_000_000)}`, undefined],
    ['unfinished links', '<a href="/a b'.repeat(100_000), undefined],
    ['null bytes and lone surrogates', '<p>\0\ud800 text</p>', undefined],
    ['an empty page', '', undefined],
  ])('%s', (_, html, cut) => expect(extractPage(html, 'http://h.example/').cut).toBe(cut))

  test('any text at all', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('<div>', '</div>', '<table>', '<td>', '<li>', '</p>', '<pre>', '<!--', '<![CDATA[', '<a href="', '&#x0;', '<script>', '<time datetime='),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const html = pieces.join('')
        const [one, other] = [extractPage(html, 'http://h.example/'), extractPage(html, 'http://h.example/')]
        expect({ ...one, markdown: one.markdown() }).toEqual({ ...other, markdown: other.markdown() })
      }),
    )
  })
})
