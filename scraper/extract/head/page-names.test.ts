import { describe, expect, test } from 'vitest'
import type { PageType } from '#schemas/document.ts'
import { parseHtml } from '../html/dom.ts'
import { explainPage } from '../extract-page.ts'
import { readHead } from './page-head.ts'
import { authorOf } from './authors.ts'
import { siteNameOf } from './page-names.ts'

const url = 'https://www.daily-planet.example/2025/story'
const read = (html: string) => explainPage(html, url)
const author = (html: string, pageType: PageType = 'article') => {
  const head = readHead(parseHtml(html).root, url)
  return authorOf(head, pageType, siteNameOf(head, url, pageType)?.value)?.value
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
    [
      'not the name of the site, though it is a heading and in the title',
      '<title>Coast Notes: Plans</title><meta property="og:title" content="Plans"><h1><a href="https://coast.example/">Coast Notes</a></h1><h3>Plans</h3>',
      'Plans',
    ],
    [
      'not the name of the book, though it stands first',
      '<title>Tuple types - The Reference</title><nav><h1 class="menu-title">The Reference</h1></nav><main><h1>Tuple types</h1></main>',
      'Tuple types',
    ],
    [
      'not what stands beside the stated title in the other one',
      '<title>Coast Notes: A story</title><meta property="og:title" content="A story"><h1>Coast Notes</h1>',
      'A story',
    ],
    ['rather not a stated one that is the site', '<title>A story | Planet</title><meta property="og:title" content="Daily Planet">', 'A story | Planet'],
    ['the heading that is all of a title before one that is a part', '<title>A story - Local news</title><h1>Local news</h1><h1>A story</h1>', 'A story'],
    [
      'not what the end of a title names in another order',
      '<title>A long story of two - Sports - Planet</title><h1>Planet Sports</h1>',
      'A long story of two - Sports - Planet',
    ],
    ['without its date and its label', '<title>A story</title><h1><span class="label">News</span> A story <time>3 May</time></h1>', 'A story'],
    ['with a space for a line break', '<title>A story of two</title><h1>A story<br>of two</h1>', 'A story of two'],
    ['of a picture alone what it says', '<h1><img src=x alt="A story"></h1>', 'A story'],
    ['one of several terms of RDFa', '<title>b</title><meta property="x:title dc:title" content="a">', 'a'],
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
    ['JSON-LD, names in parts', article({ '@type': 'Person', givenName: 'Ann', additionalName: 'M.', familyName: 'Lee' }), 'Ann M. Lee'],
    ['JSON-LD, with a mail address', article({ name: 'Ann Lee <ann@planet.example>' }), 'Ann Lee'],
    ['meta with a mail address', '<meta name="author" content="Ann Lee &lt;ann@planet.example&gt;">', 'Ann Lee'],
    ['meta with a mail address first', '<meta name="author" content="ann@planet.example (Ann Lee)">', 'Ann Lee'],
    ['meta with an address', '<meta name="author" content="Ann Lee (http://planet.example/ann/)">', 'Ann Lee'],
    ['meta with an address bare', '<meta name="author" content="Ann Lee, https://planet.example">', 'Ann Lee'],
    ['several meta', '<meta name="author" content="Ann Lee"><meta name="author" content="Bo Wu">', 'Ann Lee, Bo Wu'],
    ['meta of scholars', '<meta name="citation_author" content="Lee, Ann"><meta name="citation_author" content="Wu, Bo">', 'Ann Lee, Bo Wu'],
    ['a name and a date side by side', '<p class="byline"><span><span>by</span> <a>Ann Lee</a></span><span>22 Dec 2016</span></p>', 'Ann Lee'],
    ['given name and family name side by side', '<p class="author"><span>Ann</span><span>Lee</span></p>', 'Ann Lee'],
    ['a date and a name side by side', '<p class="byline"><time>May 3, 2020</time><span>Ann Lee</span></p>', 'Ann Lee'],
    ['a date before by', '<p class="byline">May 3, 2020 by Ann Lee</p>', 'Ann Lee'],
    ['a name and a number of comments', '<p class="byline">by <a>Ann Lee</a> <a>3 Comments</a></p>', 'Ann Lee'],
    ['not what a template left', '<meta name="author" content="{{ page.author }}"><p class="byline">Ann Lee</p>', 'Ann Lee'],
    ['not the time it takes to read', '<p class="byline"><span>5 min read</span></p>', undefined],
    ['a name and a German date', '<p class="byline">Von Ann Lee, 3. Mai 2020</p>', 'Ann Lee'],
    ['a label before it', '<p class="author">Autor: Ann Lee</p>', 'Ann Lee'],
    ['what is called a name before what is called an author', '<div class="author-title">Editor</div><div class="author-name">Ann Lee</div>', 'Ann Lee'],
    ['a kind of text before it', '<p class="byline"><span>Guide</span> <div>by</div> <a>Ann Lee</a></p>', 'Ann Lee'],
    ['several that stand together', '<p><span itemprop="author">Ann Lee</span>, <span itemprop="author">Bo Wu</span></p>', 'Ann Lee, Bo Wu'],
    ['by and a link to one word', '<p>by <a href="/u/ann">ann_7</a></p>', 'ann_7'],
    ['posted by, with a time', '<p>Posted by Ann at 11:15</p>', 'Ann'],
    ['a link to the author', '<a href="/authors/ann">Ann Lee</a>', 'Ann Lee'],
    ['not a sentence of somebody', '<div class="author">Ann lives and works by the sea and keeps bees.</div>', undefined],
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
    expect(author('<p class="byline">By Ann Lee</p>', 'listing')).toBe('Ann Lee')
    expect(author('<p class="byline">By Ann Lee</p><p class="byline">By Bo Wu</p>', 'listing')).toBeUndefined()
    expect(author('<div class="author"><span class="firstname">Ann</span> <span class="surname">Lee</span></div>', 'documentation')).toBe('Ann Lee')
  })
})

describe('the site and the language', () => {
  test.each([
    ['og:site_name', '<meta property="og:site_name" content="Planet"><meta name="application-name" content="App">', 'Planet'],
    ['JSON-LD publisher', jsonLd({ '@type': 'Article', publisher: { name: 'Planet' } }), 'Planet'],
    ['application-name', '<meta name="application-name" content="App">', 'App'],
    ['the part of the title that is the host', '<title>A story - The Daily Planet</title>', 'The Daily Planet'],
    ['the part of the title that the masthead names', '<title>A story - Coast Notes</title><a rel=home href="/">Coast Notes</a>', 'Coast Notes'],
    ['what stands behind the heading in the title', '<title>A story | Coast Notes</title><h1>A story</h1>', 'Coast Notes'],
    ['not the second half of a heading', '<title>A story | Of two</title><h1>A story | Of two</h1>', undefined],
    ['what is searched', '<link rel=search title="Search within The Manual" href=x><title>A story</title>', 'The Manual'],
    ['without a mail address', '<meta name="dc.publisher" content="The Project <list@project.example>">', 'The Project'],
    ['none', '<title>A story</title>', undefined],
  ])('name: %s', (_, html, expected) => expect(read(html).page.siteName).toBe(expected))

  test.each([
    ['its first page', '<link rel=home title="The Manual" href=index.html><title>2. Tables</title>', 'The Manual'],
    ['not a first page without a name', '<link rel=start title="Top" href=index.html><title>2. Tables</title>', undefined],
    ['the end of its title', '<title>Tables — The Manual 2.1</title><h1>2. Tables</h1>', 'The Manual 2.1'],
    ['brackets of Texinfo', '<meta name=generator content="makeinfo 6.8"><title>Tables (The Manual)</title>', 'The Manual'],
    ['its logo', '<img class="logo" alt="Manual" src=x><title>Tables</title><h1>Tables</h1>', 'Manual'],
    ['nothing', '<title>Tables — rows and columns</title><h1>Tables — rows and columns</h1>', undefined],
  ])('name of a manual: %s', (_, html, expected) => {
    expect(siteNameOf(readHead(parseHtml(html).root, url), url, 'documentation')?.value).toBe(expected)
  })

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
