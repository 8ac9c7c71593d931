import { posix } from 'node:path'
import type { SitePackage } from './packages.ts'

export interface SitePage {
  /** `/readme.html`, `/docs/guide.html` */
  path: string
  title: string
  /** The Markdown file it is made of. */
  file: string
  /** Its path inside the package, for links between pages. */
  source: string
}

export interface SiteHost {
  /** `fastify.localhost`, `basic.crawlee.localhost` */
  name: string
  package: SitePackage
  /** By path. */
  pages: Map<string, SitePage>
}

/** Every package is a host, every document a page of it. Hosts in byte order of the package name; the first of two that would share a name keeps it. */
export function siteHosts(packages: readonly SitePackage[]): Map<string, SiteHost> {
  const hosts = new Map<string, SiteHost>()
  for (const found of packages) {
    const name = hostName(found.name)
    if (!hosts.has(name)) hosts.set(name, { name, package: found, pages: pagesOf(found) })
  }
  return hosts
}

/** `@scope/name` → `name.scope.localhost`; characters no host name has become `-`. */
export function hostName(packageName: string): string {
  const [scope, name] = packageName.startsWith('@') ? packageName.slice(1).split('/') : [undefined, packageName]
  return [name, scope, 'localhost']
    .filter((part) => part !== undefined)
    .map(
      (part) =>
        part
          .toLowerCase()
          .replace(/[^a-z0-9.-]+/g, '-')
          .replace(/^[.-]+|[.-]+$/g, '') || 'x',
    )
    .join('.')
}

function pagesOf(found: SitePackage): Map<string, SitePage> {
  const pages = new Map<string, SitePage>()
  for (const { path, file } of found.files) {
    const page = { path: pagePath(path), title: pageTitle(found.name, path), file, source: path }
    if (!pages.has(page.path)) pages.set(page.path, page)
  }
  return pages
}

/** Root files of the well-known kinds get the kind's path, the rest lies under /docs/. */
function pagePath(source: string): string {
  const stem = source.replace(/\.(md|markdown|txt)$/i, '')
  const slug = stem.toLowerCase().replace(/[^a-z0-9/_.-]+/g, '-')
  if (!slug.includes('/')) {
    if (/^readme$/.test(slug)) return '/readme.html'
    if (/^(licen[sc]e|copying|notice)/.test(slug)) return slug.startsWith('licen') ? `/license${slug.slice(7)}.html` : `/license-${slug}.html`
    if (/^(changelog|history|changes)/.test(slug)) return `/changelog${slug === 'changelog' ? '' : `-${slug}`}.html`
  }
  return `/docs/${slug.replace(/^docs?\//, '')}.html`
}

const pageTitle = (packageName: string, source: string): string => `${packageName}: ${posix.basename(source).replace(/\.(md|markdown|txt)$/i, '')}`
