import { recentValues } from '#infra/recent-values.ts'
import { hostOf, pathOf } from '#schemas/identity/url-parts.ts'
import { doubleHash } from './double-hash.ts'

/** One of the forms of a URL that others of its host share. */
export interface UrlShape {
  form: 'template' | 'queries' | 'folder' | 'place'
  /** Of the host and the form. */
  mark: number
}

const namesMax = 16

/**
 * What a URL is like, from the narrowest to the widest, apart from which one it is:
 *
 * - its template: numbers are `#`, what looks drawn is `~`, with the names of its parameters (`/post-#?sort`). One without any of these is a page of its own;
 * - the template with any query (`/post-#?`);
 * - its folder: any name of the same ending there (`/tag/*`, `/2026/#/*.html?page`);
 * - its place: all that lies under the first segment (`/calendar/`), for folders may have folders without end.
 */
export function shapesOf(url: string): readonly UrlShape[] {
  const known = recent.get(url)
  if (known) return known
  const shapes = read(url)
  recent.keep(url, shapes)
  return shapes
}

/** A URL is asked about as a link, as a claim and as a visit, in short order. */
const recent = recentValues<string, readonly UrlShape[]>({ bytesMax: 2 ** 20, bytesOf: () => 400 })

function read(url: string): UrlShape[] {
  const [path = '', query] = pathOf(url).split('?', 2)
  const segments = path.split('/').filter((segment) => segment !== '')
  const folded = segments.map(fold)
  const template = `/${folded.join('/')}${path.endsWith('/') ? '/' : ''}`
  const names = query === undefined ? '' : `?${namesOf(query)}`
  const last = segments.at(-1) ?? ''
  const ending = path.endsWith('/') ? '/' : (/\.[a-z][a-z0-9]{0,4}$/i.exec(last)?.[0] ?? '')
  const forms: [UrlShape['form'], string][] = [['folder', `/${folded.slice(0, -1).join('/')}/*${ending}${names}`]]
  if (names !== '') forms.unshift(['queries', `${template}?`])
  if (names !== '' || /[#~]/.test(template)) forms.unshift(['template', template + names])
  if (segments.length > 1) forms.push(['place', `/${folded[0]}/`])
  const host = hostOf(url)
  return forms.map(([form, text]) => ({ form, mark: doubleHash(`${host} ${form} ${text}`) }))
}

const drawn = /^(?=[^\d]*\d)(?:[\da-f]{8,}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=[^a-z]*[a-z])[a-z0-9_=]{16,})$/i

function fold(segment: string): string {
  return drawn.test(segment) && !/^\d+$/.test(segment) ? '~' : segment.replace(/\d+/g, '#')
}

function namesOf(query: string): string {
  const names = query.split('&').map((pair) => pair.split('=', 1)[0] ?? '')
  return [...new Set(names)].slice(0, namesMax).join('&')
}
