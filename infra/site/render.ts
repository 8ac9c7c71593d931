import MarkdownIt from 'markdown-it'
import { posix } from 'node:path'
import { hostName, type SiteHost, type SitePage } from './pages.ts'

const markdown = new MarkdownIt({ html: false, linkify: false })

export interface Rendering {
  host: SiteHost
  page: SitePage
  text: string
  modifiedAt: Date
  /** Hosts that exist, so that a link to a dependency is written only where it leads somewhere. */
  hosts: ReadonlyMap<string, SiteHost>
}

/** A whole HTML page of one Markdown document: its own navigation, its text, when it was published. */
export function renderPage({ host, page, text, modifiedAt, hosts }: Rendering): string {
  const date = modifiedAt.toISOString()
  const body = rewriteLinks(markdown.render(text), host, page)
  const siblings = [...host.pages.values()].filter((other) => other !== page).map((other) => link(other.path, other.title))
  const related = host.package.dependencies
    .map(hostName)
    .filter((name) => hosts.get(name)?.pages.has('/readme.html'))
    .map((name) => link(`http://${name}/readme.html`, name.replace(/\.localhost$/, '')))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(page.title)}</title>
<link rel="canonical" href="http://${host.name}${page.path}">
<meta property="article:published_time" content="${date}"></head>
<body><header>${escape(host.package.name)} ${escape(host.package.version)}</header>
<nav>${list(siblings)}</nav>
<main><article>${body}</article></main>
<aside><h2>Depends on</h2>${list(related)}</aside>
<footer><p>Published <time datetime="${date}">${date.slice(0, 10)}</time> under ${escape(host.package.licence || 'its own terms')}.</p></footer>
</body></html>
`
}

/** The front page of a host: what it holds. Not for an index of the web: it says noindex. */
export function renderIndex(host: SiteHost): string {
  const pages = [...host.pages.values()].map((page) => link(page.path, page.title))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>${escape(host.package.name)}</title></head>
<body><h1>${escape(host.package.name)} ${escape(host.package.version)}</h1><p>${escape(host.package.description)}</p><nav>${list(pages)}</nav></body></html>
`
}

export function renderSitemap(host: SiteHost, modifiedAt: (page: SitePage) => Date): string {
  const urls = [...host.pages.values()].map(
    (page) => `<url><loc>http://${host.name}${encodeURI(page.path)}</loc><lastmod>${modifiedAt(page).toISOString()}</lastmod></url>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls.join('\n')}</urlset>\n`
}

/** Links to other documents of the package lead to their pages; those to files that are no page become text. Whole addresses stay. */
function rewriteLinks(html: string, host: SiteHost, page: SitePage): string {
  return html.replace(/<a href="([^"]*)"([^>]*)>([^]*?)<\/a>/g, (whole, href: string, rest: string, text: string) => {
    const [, target = '', fragment = ''] = /^([^#]*)(#.*)?$/.exec(href) ?? []
    if (target === '' || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return whole
    const source = posix.normalize(posix.join(posix.dirname(page.source), decode(target))).replace(/^\//, '')
    const found = [...host.pages.values()].find((other) => other.source === source)
    return found ? `<a href="${escape(found.path + fragment)}"${rest}>${text}</a>` : text
  })
}

function decode(target: string): string {
  try {
    return decodeURI(target)
  } catch {
    return target
  }
}

const link = (href: string, text: string): string => `<a href="${escape(href)}">${escape(text)}</a>`
const list = (items: string[]): string => `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`
const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
