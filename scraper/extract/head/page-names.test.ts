import { describe, expect, test } from 'vitest'
import type { PageType } from '#schemas/document.ts'
import { parseHtml } from '../html/dom.ts'
import { explainPage } from '../extract-page.ts'
import { readHead } from './page-head.ts'
import { authorOf, siteNameOf } from './page-names.ts'

const url = 'https://www.daily-planet.example/2025/story'
const read = (html: string) => explainPage(html, url)
const author = (html: string, pageType: PageType = 'article') => {
  const head = readHead(parseHtml(html).root, url)
  return authorOf(head, pageType, siteNameOf(head, url)?.value)?.value
}
const jsonLd = (value: unknown) => `<script type="application/ld+json">${typeof value === 'string' ? value : JSON.stringify(value)}</script>`

describe('the title', () => {
  test.each([
    ['without the name of the site', '<title>A story | Daily Planet</title><meta property="og:site_name" content="Daily Planet">', 'A story'],
    ['without the name of the host', '<title>Daily Planet: A story - of two</title>', 'A story - of two'],
    ['without what the site calls its forum', '<title>A question - Daily Planet Forums</title>', 'A question'],
    ['the heading that the title has in it', '<title>Section | A story – Some Paper</title><h1>Some Paper</h1><h1>A story ¶</h1>', 'A story'],
    ['og:title before title', '<title>b</title><meta property="og:title" content="a"><h1>other</h1>', 'a'],
    ['JSON-LD before og:title', `<meta property="og:title" content="b">${jsonLd({ '@type': 'NewsArticle', headline: 'a' })}`, 'a'],
    ['a heading when there is nothing else', '<h1>A <b>story</b></h1>', 'A story'],
    ['a title that is the name of the site', '<title>Daily Planet</title>', 'Daily Planet'],
    ['nothing', '<h1> </h1><title></title>', ''],
    ['of many headings, some of them long', `${'<h1>x</h1>'.repeat(50)}<title>x</title>`, 'x'],
  ])('%s', (_, html, expected) => expect(read(html).page.title).toBe(expected))
})

describe('the author', () => {
  const article = (author: unknown) =>
    jsonLd({
      '@context': 'https://schema.org',
      '@graph': [
        { '@type': ['Article'], author },
        { '@id': '#p', name: 'P. Q.' },
      ],
    })
  test.each([
    ['JSON-LD, a name', article('Ann Lee'), 'Ann Lee'],
    ['JSON-LD, people', article([{ '@type': 'Person', name: 'Ann Lee' }, { name: 'Bo Wu' }]), 'Ann Lee, Bo Wu'],
    ['JSON-LD, a reference', article({ '@id': '#p' }), 'P. Q.'],
    ['broken JSON-LD', jsonLd('<!-- {"@type":"Article","author":"Ann\n Lee",} -->;'), 'Ann Lee'],
    ['meta', '<meta name="author" content="By Ann Lee">', 'Ann Lee'],
    ['meta of social networks', '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ann Lee">', 'Ann Lee'],
    ['itemprop', '<span itemprop="author" itemscope><span itemprop="name">Ann Lee</span>, reporter</span>', 'Ann Lee'],
    ['rel', '<a rel="author" href="/ann">Ann Lee</a>', 'Ann Lee'],
    ['a class', '<div class="post-author"><p>Written by</p><a>Ann Lee</a></div>', 'Ann Lee'],
    ['by and a name', '<p>by <a href="/ann">Ann Lee</a></p>', 'Ann Lee'],
    ['an attribute of a post', '<article data-author="ann_7"><p>x</p></article>', 'ann_7'],
    ['no name at all', '<p>By default, it is off.</p><div class="author">https://x.example/</div><meta name="author" content="admin">', undefined],
    ['not that of a comment', '<div class="comment-author">Ann Lee</div>', undefined],
    [
      'rather not the site',
      '<meta property="og:site_name" content="Daily Planet"><meta name=author content="Daily Planet"><a rel=author>Ann Lee</a>',
      'Ann Lee',
    ],
  ])('%s', (_, html, expected) => expect(author(html)).toBe(expected))

  test('of a thread is who began it; of a list nobody', () => {
    const html = '<a class="username">ann_7</a><div itemprop="author">bo</div>'
    expect(author(html, 'forum')).toBe('ann_7')
    expect(author(html, 'listing')).toBeUndefined()
  })
})

describe('the site and the language', () => {
  test.each([
    ['og:site_name', '<meta property="og:site_name" content="Planet"><meta name="application-name" content="App">', 'Planet'],
    ['JSON-LD publisher', jsonLd({ '@type': 'Article', publisher: { name: 'Planet' } }), 'Planet'],
    ['application-name', '<meta name="application-name" content="App">', 'App'],
    ['the part of the title that is the host', '<title>A story - The Daily Planet</title>', 'The Daily Planet'],
    ['none', '<title>A story</title>', undefined],
  ])('name: %s', (_, html, expected) => expect(read(html).page.siteName).toBe(expected))

  test.each([
    ['<html lang="de">', 'de'],
    ['<meta http-equiv="content-language" content="fr">', 'fr'],
    ['<meta property="og:locale" content="pt_BR">', 'pt_BR'],
    [`<link rel="alternate" hreflang="nl" href="${url}"><link rel="alternate" hreflang="en" href="/en">`, 'nl'],
    ['<p>x', undefined],
  ])('language: %s', (html, expected) => expect(read(html).page.lang).toBe(expected))

  test('JSON-LD without end is read in part', () => {
    const many = jsonLd({ '@graph': Array.from({ length: 20_000 }, () => ({ '@type': 'Thing', author: [[[['x']]]] })) })
    expect(read(many + jsonLd(`${'['.repeat(50_000)}1${']'.repeat(50_000)}`) + jsonLd({ '@type': 'Article', headline: 'a' })).page.title).toBe('a')
  })
})
