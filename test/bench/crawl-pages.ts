import { seededRandom } from '../seeded-random.ts'

/** Name and port of each host. */
export const crawlHosts = (hosts: number, port: number): string[] => Array.from({ length: hosts }, (_, i) => `127.0.1.${i + 1}:${port}`)

export const pagePath = (page: number): string => (page === 0 ? '/' : `/articles/${2000 + (page % 25)}/story-${page}.html`)

interface PageOptions {
  host: number
  page: number
  /** Names of all hosts. */
  hosts: readonly string[]
  /** Of each host. */
  pages: number
}

const linksPerPage = 100
const paragraphs = 60
const words =
  'the of a river to market in that it was for on with as station they at be this from have or one had by word but what some we can out other'.split(' ')

/** A page of about 45 KB with 100 links, as news sites have them: navigation, cards, scripts, text; the same for the same numbers. */
export function renderPage({ host, page, hosts, pages }: PageOptions): string {
  const random = numbers(host * 100_003 + page)
  // Two links make a tree of the host, so that all of it is found; of the others a seventh leads to other hosts.
  const tree = [2 * page + 1, 2 * page + 2].filter((n) => n < pages).map(pagePath)
  if (page === 0 && host + 1 < hosts.length) tree.push(`http://${hosts[host + 1]}/`)
  const far = () => `http://${hosts[random(hosts.length)]}${pagePath(random(pages))}`
  const near = () => pagePath(random(pages)) + (random(8) === 0 ? '#comments' : '')
  const links = [...tree, ...Array.from({ length: linksPerPage - tree.length }, () => (random(7) === 0 ? far() : near()))]
  const text = (length: number) => Array.from({ length }, () => words[random(words.length)]).join(' ')
  const card = (href: string) =>
    `<li class="card card--wide" data-track='{"slot":${random(99)}}'><a class="card__link" href="${href}" title="${text(3)}"><img src="/i/${random(999)}.jpg" alt="" loading="lazy" width="120" height="80"><span class="card__title">${text(6)}</span></a></li>`
  const body = Array.from({ length: paragraphs }, (_, i) => `<p class="body__text" id="p${i}">${text(70)} <em>${text(4)}</em> ${text(20)}</p>`)
  const script = `<script>window.__state = ${JSON.stringify({ host, page, items: Array.from({ length: 60 }, () => ({ id: random(1e6), html: '<a href="/no">x</a>' })) })}</script>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text(5)}</title><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/s.css">${script}</head><body><nav><ul>${links.slice(0, 40).map(card).join('\n')}</ul></nav><main><article><h1>${text(8)}</h1>${body.join('\n')}</article><aside><ul>${links.slice(40).map(card).join('\n')}</ul></aside></main><!-- ${text(30)} --></body></html>`
}

/** Whole numbers below a bound that follow from the seed. */
function numbers(seed: number): (below: number) => number {
  const random = seededRandom(seed)
  return (below) => (random() * 2 ** 32) % below
}
