import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateClaims } from './date-claims.ts'
import { pageDates } from './dates.ts'
import { mainContent } from '../content/main-content.ts'
import { parseHtml } from '../html/dom.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const datesOf = (html: string, { url = 'https://site.example/', ...page }: { url?: string; lang?: string; lastModified?: string } = {}) => {
  const { root } = parseHtml(html)
  return pageDates(dateClaims(root, mainContent(root, url)), { url, lang: undefined, lastModified: undefined, nowMs, ...page })
}

describe('the publication of a page', () => {
  test.each([
    ['json-ld', '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2025-03-04"}</script>'],
    ['meta', '<meta property="article:published_time" content="2025-03-04T10:00:00Z">'],
    ['microdata', '<span itemprop="datePublished" content="2025-03-04">then</span>'],
    ['time', '<h1>A title</h1><time datetime="2025-03-04">4 March</time>'],
    ['text', '<h1>A title</h1><p>Published on 4 March 2025</p>'],
    ['text', '<h1>A title</h1><p>Posted by Ann Marie Lee Roe on 4 March 2025 in News</p>'],
  ])('is found by %s', (by, html) => {
    expect(datesOf(html)).toMatchObject({ publishedDay: '2025-03-04', publishedBy: by })
  })

  test('is found in the address', () => {
    expect(datesOf('<p>Nothing', { url: 'https://site.example/2025/03/04/title' })).toMatchObject({ publishedDay: '2025-03-04', publishedBy: 'url' })
  })

  test('is Last-Modified as a last resort, and then it is not sure', () => {
    const { publishedAt, publishedBy, publishedScore } = datesOf('<p>Nothing', { lastModified: 'Wed, 01 Jan 2025 00:00:00 GMT' })
    expect([publishedAt, publishedBy]).toEqual([new Date('2025-01-01'), 'last-modified'])
    expect(publishedScore).toBeLessThan(0.3)
  })

  test('is the year of a copyright at last, unless it is this one', () => {
    expect(datesOf('<p>Text<footer>© 2003–2019 Site')).toMatchObject({ publishedDay: '2019-01-01', publishedBy: 'copyright', publishedScore: 0.15 })
    expect(datesOf('<p>Text<footer>© 2003–2026 Site').publishedAt).toBeNull()
  })

  test('is not a month that is told of', () => {
    const told = 'In the long and rainy autumn of that year, as far as anybody knows, it was in March 2015 that all of this began for the people of the town.'
    expect(datesOf(`<p>${told}</p>`).publishedAt).toBeNull()
  })

  test('is nothing when nothing is said, or only what cannot be', () => {
    const none = { publishedAt: null, publishedDay: null, publishedBy: 'none', publishedScore: 0, modifiedAt: null, candidates: [] }
    expect(datesOf('<p>Nothing')).toEqual(none)
    expect(datesOf('<time datetime="2026-02-01"></time><meta name="date" content="1889-01-01"><meta name="date" content="2025-02-31">')).toEqual(none)
  })
})

const article = (date: string) => `<script type="application/ld+json">{"@type":"Article","datePublished":"${date}"}</script>`

describe('of several dates', () => {
  test.each([
    ['what machines are told comes before what is shown', `${article('2025-03-04')}<h1>A</h1><p>Published on 1 May 2025</p>`],
    ['a byline comes before a comment', '<div class="comments"><time datetime="2025-05-01"></time></div><h1>A</h1><p class="byline">4 March 2025</p>'],
    [
      'the text comes before what is related',
      '<aside><ul><li><time datetime="2025-05-01"></time></ul></aside><h1>A</h1><span class="date">4 March 2025</span>',
    ],
    [
      'a label comes before a date that is told of',
      '<h1>A</h1><p>Posted on 4 March 2025</p><p>It was on 1 May 2025 that it all began, as everybody in the town will tell you.</p>',
    ],
    ['the wrapper of a title is no side bar', '<div class="sidebar"><h1>A</h1><p class="date">4 March 2025</p></div><p class="date">1 May 2025</p>'],
    [
      'a date of its own comes before those of a list',
      `<h1>A</h1>${['01', '02', '03', '05'].map((day) => `<span itemprop="datePublished" content="2025-06-${day}"></span>`).join('')}${article('2025-03-04')}`,
    ],
    ['a day comes before its month', '<h1>A</h1><p>May 2025</p><p>4 March 2025</p>'],
  ])('%s', (_, html) => expect(datesOf(html).publishedDay).toBe('2025-03-04'))

  test('the last change is told apart, by its element or by its label', () => {
    const html = '<h1>A</h1><p>Published: <span>4 March 2025</span></p><p>Last updated: 9 April 2025</p><time class="updated" datetime="2025-04-09"></time>'
    expect(datesOf(html)).toMatchObject({ publishedDay: '2025-03-04', modifiedAt: new Date('2025-04-09') })
  })

  test('a change alone is a weaker publication', () => {
    const changed = datesOf('<meta property="article:modified_time" content="2025-03-04">')
    expect(changed).toMatchObject({ publishedDay: '2025-03-04', modifiedAt: new Date('2025-03-04') })
    expect(changed.publishedScore).toBeLessThan(0.5)
  })

  test('those that agree are surer, and those that cannot be make the rest less sure', () => {
    const alone = datesOf(article('2025-03-04')).publishedScore
    expect(datesOf(article('2025-03-04'), { url: 'https://site.example/2025/03/04/a' }).publishedScore).toBeGreaterThan(alone)
    expect(datesOf(`${article('2026-03-04')}${article('2025-03-04')}`).publishedScore).toBeLessThan(alone)
    expect(datesOf(`${article('2025-03-04')}<meta name="last-modified" content="2020-01-01">`).publishedScore).toBeLessThan(alone)
  })
})

const story =
  `<p>${'The tide mill grinds with the water of the sea, and twice a day its pond is filled through a gate that opens by itself. '.repeat(4)}</p>`.repeat(3)

describe('a date that a page tells of is not its own', () => {
  test.each([
    ['a mail header', '<pre>From: ann@site.example\nDate: Tue, 4 Mar 2025 13:02:06 +0100\nSubject: tides</pre>'],
    ['a log', '<pre><code>2025-03-04 11:41:42,612 the gate opened</code></pre>'],
    ['a command', '<p>To see the tides of a day, type <code>tide --date 2025-03-04</code> and wait.</p>'],
    ['an example', '<p>If you write the date 04.03.2025 into the cell and add a month to it, then you get the date of a day in April.</p>'],
    ['a history', '<p>After a great storm the dam was closed again on 4 March 2025, and it has never been broken by the sea since then.</p>'],
  ])('%s', (_, html) => expect(datesOf(`<h1>The tide mill</h1>${story}${html}${story}`).publishedDay).toBeNull())

  test.each([
    ['of the visit', '<div>Today is Tuesday, 4 March 2025</div>'],
    ['of the copy', '<p>Page generated on 2025-03-04 11:41:42 in 0.05 s</p>'],
    ['of a source', '<p>Retrieved 4 March 2025</p>'],
    ['of an example', '<p>Example: 2025-03-04</p>'],
    ['of a result', '<p>=EOMONTH("2025-01-14";6) returns 2025-03-04.</p>'],
    ['in quotes', '<p>The command prints “2025-03-04”</p>'],
    ['of a release', '<p>Added in 3.8.3 (2025-03-04)</p>'],
    ['in a table of values', '<table><tr><th>Format</th><th>Example</th></tr><tr><td>ISO 8601</td><td>2025-03-04</td></tr></table>'],
    ['in a box of code', '<div class="highlight"><div>Date: Tue, 04 Mar 2025 10:00:00 GMT</div></div>'],
    ['in what another wrote', '<blockquote><p>On Tuesday, 4 March 2025, Ann Lee said that the dam was closed and that all of them were glad.</p></blockquote>'],
  ])('%s', (_, html) => expect(datesOf(`<h1>The tide mill</h1>${story}${html}`).publishedDay).toBeNull())

  test('its own last change comes before it', () => {
    const told = '<p>The release of 3.8.3 (2014-02-03) began what became, on 2014-03-10, the release that all of them use, as far as is known.</p>'
    const { publishedDay, modifiedAt } = datesOf(`<h1>Tides</h1>${story}${told}${story}<div><i>This page was last updated on 2025-03-04 20:11:33Z</i></div>`)
    expect([publishedDay, modifiedAt?.toISOString()]).toEqual(['2025-03-04', '2025-03-04T20:11:33.000Z'])
  })

  test('a text that is nothing but lines as they were typed has its date among them', () => {
    expect(datesOf(`<pre>The tide mill\n4 March 2025\n\n${'It grinds with the water of the sea.\n'.repeat(40)}</pre>`).publishedDay).toBe('2025-03-04')
  })
})

describe('a date of another page is not its own', () => {
  const rail = ['2025-06-01', '2025-05-20', '2025-05-11'].map(
    (day) => `<div class="box"><a href="/${day}">Another story</a><span class="date">${day}</span></div>`,
  )

  test('those of a rail, which all look the same, come after it', () => {
    expect(datesOf(`<h1>Tides</h1><p>4 March 2025</p>${story}<div>${rail.join('')}</div>`).publishedDay).toBe('2025-03-04')
    expect(datesOf(`<div>${rail.join('')}</div><h1>Tides</h1><p>4 March 2025</p>${story}`).publishedDay).toBe('2025-03-04')
  })

  test('of the articles that a page names, the one with its title is the page', () => {
    const block = [
      ['Another mill', '2025-06-01'],
      ['The tide mill', '2025-03-04'],
    ].map(([headline, datePublished]) => ({ '@type': 'NewsArticle', headline, datePublished }))
    expect(datesOf(`<title>The tide mill | Coast</title><script type="application/ld+json">${JSON.stringify(block)}</script>`).publishedDay).toBe('2025-03-04')
  })

  test('nor is that of a comment, which says of itself that it is one', () => {
    const comment = '<div itemscope itemtype="https://schema.org/Comment"><meta itemprop="dateCreated" content="2025-06-01">So true</div>'
    expect(datesOf(`<h1>Tides</h1><p>4 March 2025</p>${story}${comment}`).publishedDay).toBe('2025-03-04')
  })

  test('of the posts of a thread, which come in order, the first is its own', () => {
    const posts = ['2025-03-04', '2025-03-05', '2025-04-01'].map((day) => `<div class="post">${story}<time datetime="${day}">then</time></div>`)
    expect(datesOf(`<h1>Tides</h1>${posts.join('')}`).publishedDay).toBe('2025-03-04')
  })

  test('the day of the visit, above the title, comes after it', () => {
    const links = 'News Sport Culture Weather Traffic Letters '.split(' ').map((name) => `<a href="/${name}">${name} of the coast and the islands</a>`)
    const head = `<div class="top"><b>Tuesday, 30 December 2025, 22:32:26</b></div><nav>${links.join(' ')}</nav>`
    expect(datesOf(`<title>The tide mill</title>${head}<h1>The tide mill</h1><p>4 March 2025</p>${story}`).publishedDay).toBe('2025-03-04')
  })

  test('nor is that of a logo that is a heading: the title says which heading it is', () => {
    const html =
      '<title>The tide mill</title><h1><a href="/">Radio</a></h1><span class="site-date">30.12.2025</span><h1>The tide mill</h1><p class="date">04.03.2025</p>'
    expect(datesOf(`${html}${story}`, { lang: 'de' }).publishedDay).toBe('2025-03-04')
  })
})

describe('what programs read', () => {
  test.each([
    ['an attribute', '<article data-published="2025-03-04T05:06:07Z"><p>Text</article>'],
    ['an attribute', '<story-meta data-publish-date="2025-03-04"></story-meta>'],
    ['data', '<script type="application/json">{"props":{"article":{"datePublished":"2025-03-04T05:06:07Z"}}}</script>'],
    ['a variable', "<script>window.page = { publishDate: '2025-03-04' }</script>"],
  ])('dates a page: %s', (_, html) => expect(datesOf(html).publishedDay).toBe('2025-03-04'))

  test('but not where it is a list, or says something else than the page', () => {
    expect(datesOf('<script>[{"publishDate":"2025-03-04"},{"publishDate":"2025-03-05"}]</script>').publishedDay).toBeNull()
    expect(datesOf(`<script>{"publishDate":"2025-05-01"}</script><h1>Tides</h1><p>4 March 2025</p>`).publishedDay).toBe('2025-03-04')
  })
})

describe('an address', () => {
  test('that the page gives itself dates it when its own is silent', () => {
    expect(datesOf('<link rel="canonical" href="https://site.example/2025/03/04/mill">')).toMatchObject({ publishedDay: '2025-03-04', publishedBy: 'url' })
    expect(datesOf('<meta property="og:url" content="https://site.example/2025/03/04/mill">').publishedDay).toBe('2025-03-04')
    expect(datesOf('<meta name="twitter:url" content="https://site.example/2025/03/04/mill">').publishedDay).toBe('2025-03-04')
    expect(datesOf('<link rel="canonical" href="/2025/03/04/mill">').publishedDay).toBe('2025-03-04')
    const other = '<link rel="canonical" href="https://site.example/2025/05/01/mill">'
    expect(datesOf(other, { url: 'https://site.example/2025/03/04/mill' }).publishedDay).toBe('2025-03-04')
  })

  test('of a month gives way to a day of that month, and speaks against the others', () => {
    const html = `<h1>Books of the month</h1><p>Released: June 17, 2024</p>${story}<p>Mar 4, 2025 at 3:00 am</p>`
    expect(datesOf(html, { url: 'https://site.example/2025/03/books' }).publishedDay).toBe('2025-03-04')
    expect(datesOf(story, { url: 'https://site.example/2025/03/books' }).publishedDay).toBe('2025-03-01')
  })
})

describe('before there was a web', () => {
  test('there was what archives publish', () => {
    expect(datesOf(article('1985-05-01'))).toMatchObject({ publishedDay: '1985-05-01', publishedScore: 0.95 })
    expect(datesOf('<h1>Tides</h1><p>Published: 1 May 1985</p>').publishedDay).toBe('1985-05-01')
    expect(datesOf(article('1900-02-01')).publishedDay).toBe('1900-02-01')
  })

  test('a date that is only shown is likelier told of', () => {
    expect(datesOf('<h1>Tides</h1><p>1 September 1939</p><p class="date">4 March 2025</p>').publishedDay).toBe('2025-03-04')
  })

  test.each(['1970-01-01T00:00:00Z', '1900-01-01', '1899-12-30', '0001-01-01'])('nor is the beginning of a clock a date: %s', (zero) => {
    expect(datesOf(article(zero)).publishedAt).toBeNull()
  })

  test('no file was changed', () => expect(datesOf('<p>A', { lastModified: 'Sat, 26 Oct 1985 08:15:00 GMT' }).modifiedAt).toBeNull())
})

describe('a year of two digits is read', () => {
  test.each([
    ['behind a label', '<p>Veröffentlicht am 4.3.25</p>'],
    ['behind a label', '<p>Stand: 04.03.25</p>'],
    ['where a date is to be expected', '<font class="createdate">04/03/25-11:06</font>'],
    ['behind the title', '<h1>Die Mühle</h1><p>04.03.25, 11:06 Uhr</p>'],
  ])('%s', (_, html) => expect(datesOf(html, { lang: 'de' }).publishedDay).toBe('2025-03-04'))

  test('but not anywhere', () => expect(datesOf(`<h1>A</h1>${story}<p>Version 4.3.25 of the gate</p>`).publishedDay).toBeNull())
})

describe('the order of day and month', () => {
  const html = '<h1>A</h1><p class="date">3/4/2025</p>'
  test.each([
    ['en-US', '2025-03-04'],
    ['en-GB', '2025-04-03'],
    ['de', '2025-04-03'],
  ])('is that of the language: %s', (lang, day) => expect(datesOf(html, { lang }).publishedDay).toBe(day))

  test('is that of another date of the page', () => {
    expect(datesOf(`${html}<p>25/12/2024</p>`, { lang: 'en-US' }).publishedDay).toBe('2025-04-03')
    expect(datesOf(`${html}<p>April 3, 2025</p>`, { lang: 'en-US' }).publishedDay).toBe('2025-04-03')
  })

  test('is the one that does not lie ahead', () => {
    expect(datesOf('<h1>A</h1><p class="date">2/1/2026</p>', { lang: 'en-GB' }).publishedDay).toBe('2026-01-02')
  })
})

describe('the printed day', () => {
  test('is the local one where a page shows it beside an instant in UTC', () => {
    const instant = '<meta property="article:published_time" content="2025-03-05T02:18:11Z"><h1>A</h1>'
    expect(datesOf(`${instant}<p class="date">4 March 2025</p>`)).toMatchObject({ publishedDay: '2025-03-04', publishedAt: new Date('2025-03-05T02:18:11Z') })
    expect(datesOf(instant).publishedDay).toBe('2025-03-05')
    expect(datesOf(`${instant}<p class="date">2 March 2025</p>`).publishedDay).toBe('2025-03-05')
    expect(datesOf(`${instant}<p class="date">4 March 2025</p>`, { lang: 'de' }).publishedDay).toBe('2025-03-05')
  })

  test('may have begun in the east before now: its instant is now', () => {
    const { publishedDay, publishedAt } = datesOf('<meta name="date" content="2026-01-02">')
    expect([publishedDay, publishedAt]).toEqual(['2026-01-02', new Date(nowMs)])
  })
})

test('a head that is never closed is read on', () => {
  expect(datesOf('<html><head><title>1 May 2024</title><body><h1>A</h1><p>Posted 4 March 2025').publishedDay).toBe('2025-03-04')
})

test('a Last-Modified of this moment says nothing', () => {
  expect(datesOf('<p>A', { lastModified: new Date(nowMs - 1000).toUTCString() }).publishedAt).toBeNull()
})

describe('whatever the page', () => {
  const dates = fc.constantFrom(
    '2025-03-04',
    '4 March 2025',
    '3/4/25',
    '1741064767',
    '2031-01-01',
    '1989-01-01',
    '2025-03-04T23:00:00-09:00',
    '2025年3月4日',
    '0',
    '',
  )
  const pieces = fc.constantFrom(
    '<p>',
    '</p>',
    '<time datetime="',
    '">',
    '<div class="date updated">',
    '</div>',
    '<h1>',
    '<meta name="date" content="',
    'Updated: ',
    '<a href="',
    '<script type="application/ld+json">',
    '{"datePublished":"',
    '"}',
    '</script>',
    '\ud800',
    '\0',
  )
  const html = fc.array(fc.oneof(dates, pieces), { maxLength: 60 }).map((parts) => parts.join(''))

  test('its dates are between 1900 and now, its scores between 0 and 1, and it says the same again', () => {
    fc.assert(
      fc.property(html, fc.webUrl(), fc.option(dates, { nil: undefined }), (text, url, lastModified) => {
        const page = datesOf(text, { url, ...(lastModified === undefined ? {} : { lastModified }) })
        const times = [page.publishedAt, page.modifiedAt, ...page.candidates.map(({ atMs }) => new Date(atMs))].filter((at) => at !== null)
        expect(times.every((at) => at.getTime() <= nowMs && at.getTime() >= Date.UTC(1899, 11, 31))).toBe(true)
        expect([page.publishedScore, ...page.candidates.map(({ score }) => score)].every((score) => score >= 0 && score <= 1)).toBe(true)
        expect(page.publishedAt === null).toBe(page.publishedBy === 'none')
        expect(datesOf(text, { url, ...(lastModified === undefined ? {} : { lastModified }) })).toEqual(page)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['many years', '2020 '.repeat(200_000)],
    ['many dates', '<p class="date">5 May 2020</p>'.repeat(50_000)],
    ['deep elements that say they hold dates', '<div class="date published byline">'.repeat(1900) + '5 May 2020 '.repeat(20_000)],
    ['one endless name', `<p class="${'date '.repeat(200_000)}">5 May 2020`],
    ['endless JSON-LD', `<script type="application/ld+json">${'{"date":['.repeat(100_000)}</script>`],
    ['many titles', '<div><h1>5 May 2020</h1></div>'.repeat(50_000)],
  ])('it is read in a time that grows no faster than the page: %s', (_, text) => {
    expect(datesOf(text).candidates.length).toBeLessThanOrEqual(400)
  })
})
