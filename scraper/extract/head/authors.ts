import type { PageType } from '#schemas/document.ts'
import { isPersonName, type Byline } from './byline.ts'
import { authorMetas, type PageHead } from './page-head.ts'
import { clean, keyOf, nameChars, withoutAddress, type Found } from './page-names.ts'

/** What is looked at on which kind of page, in order: on lists a byline is that of an entry; in a thread who began it stands first. */
const bylinesOf: Partial<Record<PageType, Byline['by'][]>> = {
  article: ['attribute', 'itemprop', 'rel', 'name', 'byline', 'text', 'link', 'username'],
  documentation: ['itemprop', 'rel', 'name', 'byline'],
  forum: ['attribute', 'username', 'itemprop', 'rel', 'name', 'byline', 'text'],
}

/** The authors, by how plainly they are named. */
export function authorOf(head: PageHead, pageType: PageType, siteName: string | undefined): Found | undefined {
  const site = keyOf(siteName ?? '')
  const candidates: Found[] = [
    { value: namesOf(head.jsonLd.authors), by: 'json-ld' },
    ...metaAuthorsOf(head),
    ...(bylinesOf[pageType]?.flatMap((by) => bylinesBy(head.bylines, by)) ?? onlyByline(head.bylines)),
  ]
  let fallback: Found | undefined
  for (const { value, by } of candidates) {
    if (value === '') continue
    if (keyOf(value) !== site) return { value, by }
    fallback ??= { value, by }
  }
  return fallback
}

/** Those that are names, as one text. */
function namesOf(texts: readonly string[]): string {
  const names = [...new Set(texts.flatMap((text) => authorName(text) ?? []))]
  return names.join(names.some((name) => name.includes(',')) ? '; ' : ', ')
}

/** Each that stands alone, and together those of one sort that stand in one element. */
function bylinesBy(bylines: readonly Byline[], kind: Byline['by']): Found[] {
  const ofKind = bylines.filter(({ by }) => by === kind)
  return ofKind.map(({ text, within }) => {
    const together = kind === 'attribute' || kind === 'username' ? [] : ofKind.filter((other) => other.within !== null && other.within === within)
    return { value: namesOf(together.length > 1 ? together.map((other) => other.text) : [text]), by: kind }
  })
}

/** On lists and on what is sold a byline is that of an entry, unless one person is named and nobody else. */
function onlyByline(bylines: readonly Byline[]): Found[] {
  const plain = bylines.filter(({ by }) => by === 'itemprop' || by === 'rel' || by === 'name' || by === 'byline')
  const names = new Set(plain.map(({ text }) => namesOf([text])))
  const [only = ''] = names
  return names.size === 1 && plain.length <= onlyBylinesMax && isPersonName(only) ? [{ value: only, by: plain[0]!.by }] : []
}

/** A box about the author names them again. */
const onlyBylinesMax = 3

function metaAuthorsOf({ meta, metaAuthors }: PageHead): Found[] {
  const found = authorMetas.map((name) => {
    const values = metaAuthors.get(name) ?? []
    return { value: namesOf(name === 'citation_author' ? values.map(inReadingOrder) : values), by: name }
  })
  // What social networks show below a link, label and value.
  for (const n of [1, 2]) {
    const value = meta.get(`twitter:data${n}`)
    if (value !== undefined && /^(?:written by|author|by|verfasst von|écrit par|escrito por|scritto da)$/i.test(meta.get(`twitter:label${n}`) ?? ''))
      found.push({ value: namesOf([value]), by: `twitter:data${n}` })
  }
  return found
}

/** `Lee, Ann` as Highwire's tags have it. */
const inReadingOrder = (name: string): string => name.replace(/^([^,]{1,60}),\s*([^,]{1,60})$/, '$2 $1')

const authorWordsMax = 25
const notNames =
  /^(?:by|author|authors|the author|admin|administrator|webmaster|anonymous|guest|editor|editorial team|staff|unknown|null|undefined|none|view all posts|profile|your name|article|guide|follow(?: @?\S+)?|share|comments?|member|members|posts?|via|topic|home|default|user|reply|thread starter|op|author'?s? profile|(?:reported|written|posted) by|\S*@\S*|[^{}]*[{}].*|(?:\d+ )?min(?:ute)?s?(?: read)?|on behalf of .*|(?:page|site|post|author|entry)\.\S+)$/i
const onlyBy = /^(?:(?:written|posted|published|authored) )?by:?$/i

/** The first name in what stands where names stand, behind `by` if that stands alone; undefined when there is none. */
function authorName(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim())
  const by = lines.findIndex((line) => onlyBy.test(line))
  for (const line of lines.slice(by + 1)) {
    const name = nameIn(clean(line))
    if (name !== undefined) return name
  }
  return undefined
}

function nameIn(line: string): string | undefined {
  const name = withoutAddress(line.replace(/^\S+@\S+\s+\((.+)\)$/, '$1'))
    .replace(/^[^\n]{0,60}\d\s+by\s+(?=\S)/i, '')
    .replace(/^by(?=\p{Lu})/iu, '')
    .replace(/^(?:view all posts by|author|authors|autor(?:in)?|auteur|autore|автор|作者|記者|记者|文|撰文|著者)\s*[:：/／]\s*/i, '')
    .replace(/^(?:view )?(?:all )?(?:articles|posts|stories) by\s+/i, '')
    .replace(
      /^(?:(?:written|posted|published|created|authored|reported|reviewed|recipe|guide|started|asked|article|story|words|text)\s+)?(?:by|author|authors|von|par|por|door|di)\b\s*:?\s+/i,
      '',
    )
    .replace(
      /\s*(?:[|•·–—»]\s|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+\w|\bon\s+\d|\b(?:updated|published|posted|last|reviewed)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s+\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\s[\d,]{1,9}\s(?:comments?|replies|views|reads|min)(?!\p{L})|,?\s\d{1,2}\.?\s\p{L}{3,12}\.?,?\s\d{4}).*$/iu,
      '',
    )
    .replace(/\s+(?:on|at)$|^[@\s,;:"“„-]+|[\s,;:"”|•·—–-]+$/g, '')
  if (!/\p{L}/u.test(name) || name.length > nameChars || /^https?:|\/\/|@\S+\./.test(name)) return undefined
  return notNames.test(name) || isSentence(name) || name.split(' ').length > authorWordsMax ? undefined : name
}

/** What tells of a person has more small words than names. */
function isSentence(text: string): boolean {
  const words = text.split(' ')
  return words.length > nameWordsMax && words.filter((word) => /^\p{Ll}/u.test(word)).length * 2 > words.length
}
const nameWordsMax = 6
