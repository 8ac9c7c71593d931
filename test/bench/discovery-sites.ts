import { randomBytes } from 'node:crypto'
import { story } from '../site/story.ts'

/** What a site gives for a path with its query; undefined = nothing is there. */
export type Site = (path: string, origin: string) => Answer | undefined

interface Answer {
  body: string
  /** Which of the site's texts it is; undefined: none of its own (an old version, a list in another order, an error that says 200). */
  text?: string
  type?: string
}

/** Where the texts of one site lie, and how the web leads astray from them. */
export interface SiteKind {
  /** Texts of its own, the first page included. */
  texts: number
  make(salt: number): Site
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const links = (hrefs: readonly string[]): string => hrefs.map((href) => `<li><a href="${href.replaceAll('&', '&amp;')}">${href.slice(-12)}</a></li>`).join('')
const html = (title: string, main: string, hrefs: readonly string[]): string =>
  `<!doctype html><html lang="en"><head><title>${title}</title></head><body><main><h1>${title}</h1>${main}</main><nav><ul>${links(hrefs)}</ul></nav></body></html>`
const text = (seed: number): string => `<p>${story(seed, 7)}</p><p>${story(seed + 500_000, 7)}</p>`
const drawn = (): string => randomBytes(16).toString('hex')

/** Article `n` of a site: a text of its own. */
const article = (salt: number, n: number, hrefs: readonly string[]): Answer => ({
  body: html(`Article ${n} of ${salt}`, text(salt * 1000 + n), hrefs),
  text: `article ${n}`,
})
const first = (salt: number, hrefs: readonly string[]): Answer => ({ body: html(`Site ${salt}`, text(salt * 1000 + 999), hrefs), text: 'first' })
const numberIn = (path: string, pattern: RegExp, limit: number): number | undefined => {
  const n = Number(pattern.exec(path)?.[1] ?? Number.NaN)
  return n < limit ? n : undefined
}

/** Articles under `/article-N`, the first of them linked from the first page and the others from each other, beside whatever leads astray. */
function articles(count: number, astray: (path: string, salt: number) => { hrefs: string[]; answer?: Answer | undefined }): SiteKind {
  return {
    texts: count + 1,
    make: (salt) => (path) => {
      const { hrefs, answer } = astray(path, salt)
      const n = numberIn(path, /^\/article-(\d+)$/, count)
      if (path === '/') return first(salt, [...range(Math.min(20, count)).map((i) => `/article-${i}`), ...hrefs])
      if (n !== undefined) return article(salt, n, [...[2 * n + 20, 2 * n + 21].filter((i) => i < count).map((i) => `/article-${i}`), ...hrefs])
      return answer
    },
  }
}

const soft404 = articles(60, (_, salt) => {
  const hrefs = ['about/', 'help/', 'news/', 'shop/']
  return { hrefs, answer: { body: html('Oops', `<p>${story(salt, 3)}</p>`, hrefs) } }
})

const wikiPages = 40
const wikiTools = (n: number) => [
  `/index.php?title=Page_${n}&action=history`,
  `/index.php?title=Page_${n}&action=edit`,
  `/index.php?title=Special:WhatLinksHere/Page_${n}`,
  `/index.php?title=Page_${n}&printable=yes`,
]
const wikiVersions = (n: number) =>
  range(50).flatMap((v) => [`/index.php?title=Page_${n}&oldid=${n * 100 + v}`, `/index.php?title=Page_${n}&diff=${n * 100 + v + 1}&oldid=${n * 100 + v}`])
/** MediaWiki's addresses. */
const wiki: SiteKind = {
  texts: wikiPages + 1,
  make: (salt) => (path) => {
    const n = numberIn(path, /Page_(\d+)/, wikiPages)
    if (path === '/') return first(salt, [...range(20).map((i) => `/wiki/Page_${i}`), '/index.php?title=Special:RecentChanges&days=30&limit=500'])
    if (/RecentChanges/.test(path))
      return {
        body: html(
          'Recent changes',
          '',
          [1, 3, 7].flatMap((days) => [50, 100, 500].map((limit) => `/index.php?title=Special:RecentChanges&days=${days}&limit=${limit}`)),
        ),
      }
    if (n === undefined) return undefined
    if (path === `/wiki/Page_${n}`)
      return article(salt, n, [...[2 * n + 20, 2 * n + 21].filter((i) => i < wikiPages).map((i) => `/wiki/Page_${i}`), ...wikiTools(n)])
    if (/action=history/.test(path)) return { body: html(`History of ${n}`, '', wikiVersions(n)) }
    if (/action=edit|WhatLinksHere/.test(path)) return { body: html(`Tools of ${n}`, '<form><textarea>text</textarea></form>', [`/wiki/Page_${n}`]) }
    return { body: html(`Article ${n} of ${salt}`, text(salt * 1000 + n), wikiTools(n)) }
  },
}

const versioned = articles(40, (path, salt) => {
  const n = numberIn(path, /article-(\d+)/, 40) ?? 0
  const versions = range(30).map((v) => `/article-${n}/versions/${v + 1}`)
  const isOld = /\/versions/.test(path)
  return {
    hrefs: path === '/' ? [] : [`/article-${n}/versions`],
    answer: isOld ? { body: html(`Article ${n} of ${salt}`, text(salt * 1000 + n), versions) } : undefined,
  }
})

const [forumTopics, forumsOf] = [50, 5]
/** phpBB's addresses: each post of a topic has a link that shows the whole topic. */
const forum: SiteKind = {
  texts: forumTopics + forumsOf + 1,
  make: (salt) => (path) => {
    const topic = (t: number) => [
      ...range(30).map((k) => `/viewtopic.php?p=${t * 100 + k}`),
      `/posting.php?mode=reply&t=${t}`,
      `/viewtopic.php?t=${t}&view=print`,
      `/memberlist.php?mode=viewprofile&u=${t}`,
      `/ucp.php?mode=login&redirect=viewtopic.php%3Ft%3D${t}`,
    ]
    if (path === '/')
      return first(
        salt,
        range(forumsOf).map((f) => `/viewforum.php?f=${f}`),
      )
    const f = numberIn(path, /^\/viewforum\.php\?f=(\d+)$/, forumsOf)
    if (f !== undefined)
      return {
        ...article(
          salt,
          900 + f,
          range(10).map((i) => `/viewtopic.php?t=${f * 10 + i}`),
        ),
        text: `forum ${f}`,
      }
    const t = numberIn(path, /^\/viewtopic\.php\?t=(\d+)/, forumTopics) ?? numberIn(path, /^\/viewtopic\.php\?p=(\d+?)\d\d$/, forumTopics)
    if (t !== undefined) return { ...article(salt, t, topic(t)), text: `topic ${t}` }
    return /posting|memberlist|ucp/.test(path) ? { body: html('You are not logged in', '<p>Log in to see this page.</p>', ['/']) } : undefined
  },
}

const [shopCategories, shopProducts] = [6, 60]
const facets = { colour: ['red', 'blue', 'green', 'black'], size: ['s', 'm', 'l', 'xl'], sort: ['price', 'name', 'new'], page: ['1', '2'] }
const shop: SiteKind = {
  texts: shopCategories + shopProducts + 1,
  make: (salt) => (path) => {
    const url = new URL(path, 'http://shop.example')
    const c = numberIn(url.pathname, /^\/category-(\d+)$/, shopCategories)
    const p = numberIn(url.pathname, /^\/product-(\d+)$/, shopProducts)
    if (path === '/')
      return first(
        salt,
        range(shopCategories).map((i) => `/category-${i}`),
      )
    if (c !== undefined) {
      const combined = Object.entries(facets).flatMap(([name, values]) =>
        values.map((value) => {
          const query = new URLSearchParams(url.searchParams)
          query.set(name, value)
          return `/category-${c}?${query}`
        }),
      )
      const products = range(10).map((i) => `/product-${c * 10 + i}`)
      const listed = url.search === '' ? { ...article(salt, 900 + c, [...products, ...combined]), text: `category ${c}` } : undefined
      return listed ?? { body: html(`Category ${c}`, text(salt * 1000 + 900 + c), [...products, ...combined]) }
    }
    if (p === undefined) return /cart|wishlist/.test(path) ? { body: html('Your basket is empty', '', ['/']) } : undefined
    const shown = article(salt, p, [
      `/cart?add=${p}`,
      `/wishlist?add=${p}`,
      `/product-${p}?ref=${p % 7}`,
      `/product-${p}?variant=${p % 5}`,
      `/product-${(p + 1) % shopProducts}`,
    ])
    return url.search === '' ? { ...shown, text: `product ${p}` } : { body: shown.body }
  },
}

const calendar = articles(40, (path) => {
  const [, year = 2026, month = 11] = /^\/calendar\/(\d+)\/(\d+)/.exec(path)?.map(Number) ?? []
  const step = (by: number) => {
    const at = year * 12 + month - 1 + by
    return `/calendar/${Math.floor(at / 12)}/${(at % 12) + 1}`
  }
  const days = range(28).map((d) => `/calendar/${year}/${month}/${d + 1}`)
  const views = ['day', 'week', 'month'].map((view) => `/calendar/${year}/${month}?view=${view}`)
  const answer = { body: html(`Events of ${month}/${year}`, `<p>There are no events on this day. ${path}</p>`, [step(1), step(-1), ...views, ...days]) }
  return { hrefs: ['/calendar/2026/11'], answer: path.startsWith('/calendar') ? answer : undefined }
})

const slashes = articles(45, (path) => {
  const [own = ''] = path.split('?')
  const isList = /^\/list\/*$/.test(own)
  const n = Number(/page=(\d+)/.exec(path)?.[1] ?? 1)
  return {
    hrefs: isList ? [`${own}/?page=${n + 1}`, `${own}/?page=1`] : ['/list'],
    answer: isList ? { body: html('All articles', '', [`${own}/?page=${n + 1}`, `${own}/?page=1`]) } : undefined,
  }
})

const loopTopics = 40
/** Links that lack their first slash, on a server that looks at the last segment alone. */
const relativeLoop: SiteKind = {
  texts: loopTopics + 1,
  make: (salt) => (path) => {
    const n = numberIn(path, /topic-(\d+)\/$/, loopTopics)
    if (path === '/')
      return first(
        salt,
        range(20).map((i) => `/docs/topic-${i}/`),
      )
    if (n === undefined) return undefined
    const next = [2 * n + 20, 2 * n + 21].filter((i) => i < loopTopics)
    const shown = article(salt, n, [...next.map((i) => `/docs/topic-${i}/`), ...range(5).map((i) => `docs/topic-${(n + i) % loopTopics}/`)])
    return path === `/docs/topic-${n}/` ? { ...shown, text: `topic ${n}` } : { body: shown.body }
  },
}

/** Each link has a parameter that is drawn for each answer, as tokens and sessions are. */
const session = (write: (path: string, id: string) => string, read: (path: string) => string): SiteKind => ({
  texts: 51,
  make: (salt) => (asked, origin) => {
    const path = read(asked)
    const id = drawn()
    const hrefs = (all: readonly string[]) => all.map((href) => write(href, id))
    if (path === '/') return first(salt, hrefs(range(20).map((i) => `/article-${i}`)))
    const n = numberIn(path, /^\/article-(\d+)$/, 50)
    return n === undefined
      ? undefined
      : article(salt, n, [...hrefs([...[2 * n + 20, 2 * n + 21].filter((i) => i < 50), (n * 7) % 50].map((i) => `/article-${i}`)), ...hrefs(['/']), origin])
  },
})
const withoutQuery = (path: string): string => path.split('?')[0] ?? path

const xml = (body: string): Answer => ({ body: `<?xml version="1.0"?>${body}`, type: 'application/xml' })

/** A sitemap index of five sitemaps, each of which says that all changed just now. */
const lyingLastmod: SiteKind = {
  texts: 51,
  make: (salt) => (path, origin) => {
    const now = new Date().toISOString()
    if (path === '/sitemap.xml')
      return xml(
        `<sitemapindex>${range(5)
          .map((i) => `<sitemap><loc>${origin}/sitemap-${i}.xml</loc><lastmod>${now}</lastmod></sitemap>`)
          .join('')}</sitemapindex>`,
      )
    const part = numberIn(path, /^\/sitemap-(\d+)\.xml$/, 5)
    if (part !== undefined)
      return xml(
        `<urlset>${range(10)
          .map((i) => `<url><loc>${origin}/article-${part * 10 + i}</loc><lastmod>${now}</lastmod></url>`)
          .join('')}</urlset>`,
      )
    if (path === '/')
      return first(
        salt,
        range(10).map((i) => `/article-${i}`),
      )
    const n = numberIn(path, /^\/article-(\d+)$/, 50)
    return n === undefined ? undefined : article(salt, n, [`/article-${(n + 1) % 50}`])
  },
}

const plain = (count: number): SiteKind => articles(count - 1, () => ({ hrefs: [] }))

/** By name: each is another way to lead a crawler astray, but for `plain`. `mirror` is one site under several names. */
export const siteKinds = {
  soft404,
  wiki,
  versioned,
  forum,
  shop,
  calendar,
  slashes,
  relativeLoop,
  sessionPhp: session((path, id) => `${path}?PHPSESSID=${id}`, withoutQuery),
  sessionSid: session((path, id) => `${path}?sid=${id}`, withoutQuery),
  sessionPath: session(
    (path, id) => `/(S(${id}))${path}`,
    (path) => path.replace(/^\/\(S\(\w+\)\)/, ''),
  ),
  nonce: session((path, id) => `${path}?nonce=${id.slice(0, 12)}`, withoutQuery),
  lyingLastmod,
  mirror: plain(40),
  plain: plain(15),
} satisfies Record<string, SiteKind>
