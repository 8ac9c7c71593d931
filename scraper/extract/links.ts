import type { ParentNode } from 'domhandler'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { walk } from './dom.ts'

const linksMax = 5000

/** Canonical URLs that a page links to, sorted by UTF-16 code unit, without repeats; `rel=nofollow` ones are left out. At most 5000, in document order. */
export function pageLinks(root: ParentNode, base: string): string[] {
  const found = new Set<string>()
  walk(root, {
    enter({ name, attribs }) {
      const href = name === 'a' || name === 'area' ? attribs['href'] : undefined
      if (href === undefined || found.size >= linksMax || /\bnofollow\b/i.test(attribs['rel'] ?? '')) return
      const url = canonicalUrl(href.trim(), base)
      if (url !== undefined) found.add(url)
    },
  })
  return [...found].sort()
}
