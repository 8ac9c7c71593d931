import type { PageType } from '#schemas/document.ts'
import type { Byline } from './byline.ts'
import { clean, keyOf, nameChars, type Found } from './page-names.ts'
import type { PageHead } from './page-head.ts'

/** What is looked at on which kind of page, in order: on lists a byline is that of an entry; in a thread who began it stands first. */
const bylinesOf: Partial<Record<PageType, Byline['by'][]>> = {
  article: ['attribute', 'itemprop', 'rel', 'byline', 'text', 'username'],
  forum: ['attribute', 'username', 'itemprop', 'rel', 'byline', 'text'],
}

/** The authors, by how plainly they are named. */
export function authorOf(head: PageHead, pageType: PageType, siteName: string | undefined): Found | undefined {
  const { meta, jsonLd, bylines } = head
  const site = keyOf(siteName ?? '')
  const byKind = (kind: string): Found[] => bylines.filter(({ by }) => by === kind).map(({ text, by }) => ({ value: text, by }))
  const candidates: Found[] = [
    ...(jsonLd.authors.length > 0 ? [{ value: jsonLd.authors.join(', '), by: 'json-ld' }] : []),
    ...metaAuthors(meta),
    ...(bylinesOf[pageType] ?? []).flatMap(byKind),
  ]
  let fallback: Found | undefined
  for (const { value, by } of candidates) {
    const name = authorName(value)
    if (name === undefined) continue
    if (keyOf(name) !== site) return { value: name, by }
    fallback ??= { value: name, by }
  }
  return fallback
}

function metaAuthors(meta: ReadonlyMap<string, string>): Found[] {
  const names = [
    'author',
    'article:author',
    'parsely-author',
    'sailthru.author',
    'dc.creator',
    'dcterms.creator',
    'citation_author',
    'byl',
    'og:article:author',
    'book:author',
  ]
  const found = names.flatMap((name) => {
    const value = meta.get(name)
    return value === undefined ? [] : [{ value, by: name }]
  })
  // What social networks show below a link, label and value.
  for (const n of [1, 2]) {
    const value = meta.get(`twitter:data${n}`)
    if (value !== undefined && /^(?:written by|author|by|verfasst von|écrit par|escrito por|scritto da)$/i.test(meta.get(`twitter:label${n}`) ?? ''))
      found.push({ value, by: `twitter:data${n}` })
  }
  return found
}

const authorWordsMax = 25
const notNames =
  /^(?:by|author|authors|admin|administrator|anonymous|guest|editor|editorial team|staff|unknown|null|undefined|none|view all posts|profile|follow|share|comments?|member|members|posts?|via|topic|home|default|user|reply|thread starter|op|author'?s? profile|\S*@\S*)$/i

/** A name out of what stands where names stand; undefined for what is none. */
function authorName(text: string): string | undefined {
  const line = clean(text.split('\n').find((part) => !/^(?:written |posted |published )?by:?$/i.test(part.trim())) ?? '')
  const name = line
    .replace(/^by(?=\p{Lu})/iu, '')
    .replace(/^view all posts by\s+/i, '')
    .replace(
      /^(?:(?:written|posted|published|created|reviewed|started|asked|article|story|words|text)\s+)?(?:by|author|authors|von|par|por|door|di)\b\s*:?\s+/i,
      '',
    )
    .replace(
      /\s*(?:[|•·–—»]\s|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+\w|\bon\s+\d|\b(?:updated|published|posted|last|reviewed)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s+\d).*$/i,
      '',
    )
    .replace(/^[@\s,;:-]+|[\s,;:-]+$/g, '')
  if (!/\p{L}/u.test(name) || name.length > nameChars || /^https?:|\/\/|@\S+\./.test(name)) return undefined
  return notNames.test(name) || name.split(' ').length > authorWordsMax ? undefined : name
}
