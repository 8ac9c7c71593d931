import { describe, expect, test } from 'vitest'
import type { Found } from './found.ts'
import { webSource } from './web.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const at = { url: 'http://h.example/maps/sitemap.xml', status: 200, headers: {} }

describe('pages', () => {
  test.each([
    ['text/html', '<p>x', true],
    ['application/xhtml+xml; charset=utf-8', '<p>x', true],
    [undefined, '\n <!DOCTYPE html><p>x', true],
    [undefined, '%PDF-1.7', false],
    ['application/pdf', '<p>x', false],
    ['text/plain', '<p>x', false],
  ])('%s %j is HTML: %s', (type, body, isHtml) => {
    const read = webSource.read({ ...at, headers: type === undefined ? {} : { 'content-type': type }, body: bytes(body) })
    expect(read === 'not_html').toBe(!isHtml)
  })
  test.each([
    ['application/rss+xml', '<rss><channel><item><link>/a</link></item></channel></rss>'],
    ['text/xml', '<?xml version="1.0"?><feed><entry><link href="/a"/></entry></feed>'],
    ['application/xml', '<urlset><url><loc>/a</loc></url></urlset>'],
  ])('that turn out to be a list (%s) are read for what it lists', (type, body) => {
    expect(webSource.read({ ...at, headers: { 'content-type': type }, body: bytes(body) })).toMatchObject({
      found: { pages: [{ url: 'http://h.example/a' }] },
      isPage: false,
    })
  })
  test('are read in the charset they are in', () => {
    const read = webSource.read({
      ...at,
      headers: { 'content-type': 'text/html' },
      body: Buffer.from('<meta charset=iso-8859-2><a href="/\xb3\xf3d\xbc">x', 'latin1'),
    })
    expect(read).toMatchObject({ found: { pages: [{ url: `http://h.example/${encodeURI('łódź')}` }] }, isPage: true })
  })
  test('lead where a browser would go: their queries in the charset of the page, in the order of the link', () => {
    const body = Buffer.from('<meta charset=windows-1251><a href="/find?q=\xd0\xee\xf1\xf1\xe8\xff&amp;a=%u011f">x', 'latin1')
    const link = 'http://h.example/find?q=%D0%EE%F1%F1%E8%FF&a=%u011f'
    expect(webSource.read({ ...at, headers: { 'content-type': 'text/html' }, body })).toMatchObject({ found: { pages: [{ asked: link }] } })
  })
  test('are found once, in the first spelling they are linked by', () => {
    const body = bytes('<link rel=canonical href="/a?y&x"><a href="/a?x&y#1"><a href="/a?y&x"><a href="/b?"><link rel=next href="/b">')
    const { found } = webSource.read({ ...at, headers: { 'content-type': 'text/html' }, body }) as { found: Found }
    expect(found.pages).toEqual([{ url: 'http://h.example/a?x&y' }, { url: 'http://h.example/b', asked: 'http://h.example/b?' }])
  })
  test.each([
    ['0; url=/real/', ['http://h.example/real/']],
    [['5', "0;URL='b\xe9?c'"], ['http://h.example/maps/b%E9?c']],
    ['300', []],
  ])('lead where their Refresh header says: %j', (refresh, links) => {
    const read = (robots: string) => webSource.read({ ...at, headers: { 'content-type': 'text/html', refresh, 'x-robots-tag': robots }, body: bytes('') })
    expect(read('all')).toMatchObject({ found: { pages: links.map((url) => ({ url })) }, isPage: true })
    expect(read('nofollow')).toMatchObject({ found: { pages: [] } })
  })
})
