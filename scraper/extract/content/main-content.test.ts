import { isTag } from 'domhandler'
import { describe, expect, test } from 'vitest'
import { parseHtml, textOf } from '../html/dom.ts'
import { extractPage } from '../extract-page.ts'
import { mainContent } from './main-content.ts'

const sentence = (topic: string, i: number) =>
  `In the ${['first', 'second', 'third', 'fourth', 'fifth', 'sixth'][i % 6]} year the ${topic} changed again, and those who had looked after it, year after year, wrote down what they saw. `
const paragraph = (topic: string, sentences = 4) => `<p>${Array.from({ length: sentences }, (_, i) => sentence(topic, i)).join('')}</p>`

const menu = `<header class="site-header"><a href="/">The Harbour Post</a><nav class="main-nav"><ul>${[
  'News',
  'Tides',
  'Boats',
  'Weather',
  'People',
  'About us',
]
  .map((name) => `<li><a href="/${name}">${name} of the harbour</a></li>`)
  .join('')}</ul></nav></header>`
const footer = `<footer class="site-footer"><div class="links"><a href="/terms">Terms of use</a> <a href="/privacy">Privacy policy</a></div>
  <p class="copyright">© 2025 Harbour Post. All rights reserved.</p><form class="newsletter"><label>Get our newsletter</label><input type="email"><button>Subscribe</button></form></footer>`
const page = (title: string, body: string, head = '') =>
  `<!doctype html><html lang="en"><head><title>${title}</title>${head}</head><body>${menu}${body}${footer}</body></html>`

const article = page(
  'Why the lighthouse moved - The Harbour Post',
  `<main><article class="post"><h1>Why the lighthouse moved</h1><div class="entry-content">${paragraph('lighthouse', 5)}<h2>The second tower</h2>${paragraph('tower', 5)}${paragraph('lamp', 6)}</div></article>
  <aside class="sidebar"><h3>Most read</h3><ul>${'<li><a href="/x">Ferry late once more on Monday</a></li>'.repeat(8)}</ul></aside>
  <section class="related-posts"><h3>Related stories</h3>${'<div class="card"><h4><a href="/y">A bridge nobody asked for</a></h4></div>'.repeat(4)}</section></main>`,
  '<meta property="og:type" content="article"><script type="application/ld+json">{"@type":"NewsArticle"}</script>',
)

const documentation = page(
  'open_gate — Gatekit 2.1 documentation',
  `<div class="sidebar toc"><ul>${Array.from({ length: 12 }, (_, i) => `<li><a href="/docs/${i}">Chapter ${i}</a></li>`).join('')}</ul></div>
  <main class="document"><h1>open_gate</h1><p>Opens the gate with the given name. It waits until the gate stands open, or fails when the motor reports an error.</p>
  <pre><code>gate = open_gate("north", wait=True)\nprint(gate.state)</code></pre><h2>Parameters</h2><dl><dt>name</dt><dd>The name of the gate, as it stands in the plan of the site.</dd>
  <dt>wait</dt><dd>Whether to return only when the gate stands open. It is true by default.</dd></dl><p>See the chapter on motors for what can go wrong, and for how the state is reported.</p></main>`,
  '<meta name="generator" content="Sphinx 7.2">',
)

const post = (user: string, topic: string) =>
  `<article class="message message--post"><div class="message-user"><a class="username" href="/u/${user}">${user}</a><span class="userTitle">Member</span></div>
  <div class="message-content"><div class="bbWrapper">${sentence(topic, 1)}${sentence(topic, 3)}I would be glad to hear how others do it.</div></div><div class="message-actions"><a href="#">Reply</a> <a href="#">Quote</a> <a href="#">Report</a></div></article>`
const forum = page(
  'Oil for old clocks? | Clock keepers forum',
  `<div class="p-body"><h1>Oil for old clocks?</h1>${['anna', 'bert', 'cleo', 'dora', 'emil'].map((user) => post(user, `clock of ${user}`)).join('')}</div>`,
)

const noscriptForum = `<!doctype html><html><head><title>Which rope? - Sailing talk</title><meta name="generator" content="Discourse 3.1"></head><body><div id="main"></div><noscript data-path="/t/1"><div id="main-outlet">
  <h1>Which rope?</h1>${['anna', 'bert', 'cleo'].map((user) => `<div itemprop="comment" class="topic-body crawler-post"><span class="creator"><a href="/u/${user}">${user}</a></span><div class="post" itemprop="text">${paragraph(`rope of ${user}`, 3)}</div></div>`).join('')}</div></noscript></body></html>`

const product = page(
  'Oak stool, three legs | Stools and more',
  `<main class="product-page"><div class="product-info"><h1 class="product-title">Oak stool, three legs</h1><div class="price">€ 89.00</div><button class="add-to-cart">Add to cart</button>
  <div class="product-description">${paragraph('oak', 4)}<ul><li>Height 45 cm, seat 32 cm across</li><li>Oiled oak from one forest</li><li>Carries up to 140 kg</li></ul></div></div>
  <section class="related-products"><h3>You may also like</h3>${'<div class="product-card"><a href="/p">Pine stool</a><span class="price">€ 39.00</span></div>'.repeat(5)}</section></main>`,
  '<meta property="og:type" content="product"><script type="application/ld+json">{"@type":"Product"}</script>',
)

const items = (names: string[]) =>
  names
    .map(
      (name, i) =>
        `<div class="product-card"><a href="/p/${i}"><img src="${i}.jpg"><h3>${name}</h3></a><p>A ${name.toLowerCase()} for every day, made by hand.</p><span class="price">€ ${20 + i}.00</span><button>Add to cart</button></div>`,
    )
    .join('')
const collection = page(
  'Lamps | Stools and more',
  `<main><h1>Lamps</h1><p class="category-description">${sentence('lamp', 0)}${sentence('shade', 1)}</p><div class="product-grid">${items(['Table', 'Floor', 'Desk', 'Wall', 'Night', 'Reading', 'Garden', 'Kitchen', 'Travel', 'Paper'].map((kind) => `${kind} lamp`))}</div></main>`,
)
const listing = page(
  'All talks of the winter school',
  `<main><h1>All talks of the winter school</h1><ul class="listing">${Array.from({ length: 9 }, (_, i) => `<li class="listing-item"><h3><a href="/talks/${i}">How glass number ${i} is blown</a></h3><p>A talk of ${20 + i} minutes on glass, with questions after it.</p></li>`).join('')}</ul></main>`,
)
const service = page(
  'Roof repair in Newtown - Miller Roofing',
  `<main><section class="hero"><h1>Roof repair in Newtown</h1><p>We mend roofs of slate, tile and thatch, and we come within two days.</p><a class="btn" href="/contact">Get a free quote</a></section>
  <section class="services"><h2>What we do</h2>${['Slate', 'Tile', 'Thatch'].map((kind) => `<div class="service"><h3>${kind} roofs</h3>${paragraph(`${kind} roof`, 2)}</div>`).join('')}</section></main>`,
)

const textOfPage = (html: string, url = 'https://www.harbour.example/x') => extractPage(html, url).text

describe('what is kept and cut', () => {
  test.each([
    [
      'article',
      article,
      ['In the fifth year the lighthouse', 'In the first year the tower', 'In the sixth year the lamp'],
      ['Ferry late', 'A bridge nobody', 'Tides of the harbour', 'rights reserved'],
    ],
    [
      'documentation',
      documentation,
      ['Opens the gate with the given name', 'open_gate("north", wait=True)', 'as it stands in the plan'],
      ['Chapter 7', 'Privacy policy'],
    ],
    ['forum', forum, ['the clock of anna', 'the clock of emil'], ['Terms of use', 'Boats of the harbour']],
    ['forum in noscript', noscriptForum, ['the rope of anna', 'the rope of cleo'], []],
    ['product', product, ['the oak changed', 'Oiled oak from one forest'], ['Privacy policy', 'Weather of the harbour']],
    ['collection', collection, ['the lamp changed'], ['Privacy policy', 'Weather of the harbour']],
    ['listing', listing, ['How glass number 3 is blown'], ['Privacy policy', 'Weather of the harbour']],
    ['service', service, ['We mend roofs of slate', 'the Thatch roof changed'], ['Privacy policy', 'Weather of the harbour']],
  ])('%s', (_, html, kept, cut) => {
    const text = textOfPage(html)
    for (const part of kept) expect(text).toContain(part)
    for (const part of cut) expect(text).not.toContain(part)
  })

  test('text beside elements that are cut stays, and the other way round', () => {
    const content = mainContent(parseHtml(article).root, 'https://www.harbour.example/x')
    const [kept, cut] = [true, false].map((fate) => content.decisions().filter((decision) => decision.kept === fate))
    expect(kept?.map(({ element }) => content.isDropped(element))).toEqual(Array.from({ length: kept?.length ?? 0 }, () => false))
    expect(cut?.map(({ element }) => content.isDropped(element) || content.isTextDropped(element))).toEqual(
      Array.from({ length: cut?.length ?? 0 }, () => true),
    )
  })

  test('a page of a few words keeps what stands in main', () => {
    expect(textOfPage('<header>Site</header><main><h1>Gone</h1><p>This harbour is closed for good.</p></main>')).toBe(
      '# Gone\n\nThis harbour is closed for good.',
    )
  })

  const data = '{"layoutMobile":2,"buttonText":"Buy now","colours":["red","green"]}'
  test('placeholders, data and templates are cut from the middle of a text', () => {
    const lorem = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. '
    const filler = `<p>${lorem.repeat(3)}</p><p>${data}</p><p>[${data}]</p><p>{{ post.teaser | safe }}</p>`
    const html = article.replace('<h2>The second tower</h2>', `${filler}<h2>The second tower</h2>`)
    const text = textOfPage(html)
    for (const part of ['Lorem', 'post.teaser', 'layoutMobile']) expect(text).not.toContain(part)
    for (const part of ['In the fifth year the lighthouse', 'In the first year the tower']) expect(text).toContain(part)
    const cut = mainContent(parseHtml(html).root, '')
      .decisions()
      .filter(({ reason }) => reason === 'filler')
    expect(cut.map(({ kept }) => kept)).toEqual([false, false, false, false])
  })

  test.each([
    ['in code', `<p><code><span>${data}</span></code></p>`],
    ['in code', `<dl><dt><code>{{ post.teaser }}</code></dt></dl>`],
    ['preformatted', `<pre>${data}</pre>`],
    ['with words before', `<p>The string ${data} is what it sends.</p>`],
    ['with words behind', `<p>{{ post.teaser }} stands for its first lines.</p>`],
  ])('what looks like it %s is judged as any text: %s', (_, body) => {
    const html = article.replace('<h2>The second tower</h2>', body)
    const reasons = mainContent(parseHtml(html).root, '')
      .decisions()
      .map(({ reason }) => reason)
    expect(reasons).not.toContain('filler')
  })

  test('an unfinished CDATA section does not swallow the page', () => {
    expect(textOfPage(article.replace('<main>', '<![CDATA[ <b></b><main>'))).toContain('In the fifth year the lighthouse')
  })
})

describe('every decision can be explained', () => {
  const content = mainContent(parseHtml(article).root, 'https://www.harbour.example/news/lighthouse')
  const decisions = content.decisions()

  test('the parts of a score add up to it, but for what is the same for every block', () => {
    const bases = decisions.map(({ score, contributions }) => Math.log(score / (1 - score)) - contributions.reduce((sum, { logOdds }) => sum + logOdds, 0))
    for (const base of bases) expect(base).toBeCloseTo(bases[0]!, 6)
  })

  test('each block of text is decided on once, in document order', () => {
    const texts = decisions.map(({ element }) => textOf(element).trim())
    expect(texts.indexOf('Why the lighthouse moved')).toBeLessThan(texts.indexOf('The second tower'))
    expect(decisions.every(({ element }) => isTag(element))).toBe(true)
  })

  test('the reasons of the type are named, strongest first', () => {
    expect(content.pageType).toBe('article')
    const why = content.pageTypeWhy()
    expect(why.length).toBeGreaterThan(0)
    expect(why.map(({ logOdds }) => logOdds)).toEqual(why.map(({ logOdds }) => logOdds).toSorted((a, b) => b - a))
  })
})

describe('page types', () => {
  test.each([
    ['article', article, 'https://www.harbour.example/news/why-the-lighthouse-moved'],
    ['documentation', documentation, 'https://docs.gatekit.example/en/latest/open_gate.html'],
    ['forum', forum, 'https://forum.clocks.example/threads/oil-for-old-clocks.12345/'],
    ['forum', noscriptForum, 'https://talk.sailing.example/t/which-rope/12345'],
    ['product', product, 'https://stools.example/products/oak-stool-three-legs'],
    ['collection', collection, 'https://stools.example/collections/lamps'],
    ['service', service, 'https://miller-roofing.example/services/roof-repair'],
  ])('%s', (type, html, url) => expect(extractPage(html, url).pageType).toBe(type))

  test('a page without text and address has a type all the same', () => expect(extractPage('', 'about:blank').pageType).toBeTypeOf('string'))
})
