import type { Element } from 'domhandler'
import type { LicenceClaim } from './licence.ts'

const claimsMax = 50
const addressChars = 500
const metaNames = [
  'dc.rights',
  'dcterms.rights',
  'dc.rights.license',
  'dcterms.license',
  'dc.license',
  'license',
  'licence',
  'rights',
  'copyright',
  'og:license',
]
const footerNames = /(?:^|[\s_-])(?:footer|colophon|copyright|site-info|legal)(?:$|[\s_-])/i
/** Where a licence is that of one thing shown on the page. */
const exhibits = new Set(['figure', 'figcaption', 'table', 'code', 'pre'])
const licenceAddress =
  /^https?:\/\/(?:www\.)?(?:creativecommons\.org\/(?:licenses|publicdomain)\/|gnu\.org\/(?:licenses|copyleft)\/|apache\.org\/licenses\/LICENSE|opensource\.org\/licen[sc]es?\/|spdx\.org\/licenses\/|opendatacommons\.org\/licenses\/|nationalarchives\.gov\.uk\/doc\/open-government-licence|unlicense\.org)/i
const spdxTag = /SPDX-License-Identifier:\s*([A-Za-z0-9][A-Za-z0-9.+-]{1,60})/
const namedInText = /\bCC[ -](?:BY(?:[ -](?:NC[ -]SA|NC[ -]ND|NC|ND|SA))?[ -]\d(?:\.\d)?|0)\b/
/** `CC0 license` is the shortest. */
const textCharsMin = 11
const textCharsMax = 2000

/** Collects what a page says of its licence while it is walked. */
export class LicenceReader {
  readonly #links: LicenceClaim[] = []
  readonly #texts: LicenceClaim[] = []
  /** The outermost footer that is open. */
  #footer: Element | undefined
  #exhibits = 0

  enter(element: Element): void {
    const { name, attribs } = element
    if (!this.#footer && isFooter(name, attribs)) this.#footer = element
    if (exhibits.has(name)) this.#exhibits++
    if (name !== 'a' && name !== 'link' && name !== 'area') return
    const address = attribs['href']?.trim()
    if (!address || this.#links.length >= claimsMax) return
    const isRelated = /(?:^|\s)licen[sc]e(?:$|\s)/i.test((attribs['rel'] ?? '').slice(0, 200)) || /(?:^|\s)license(?:$|\s)/.test(attribs['itemprop'] ?? '')
    // `rel=license` inside a figure speaks of the figure.
    if (this.#exhibits > 0 || !(isRelated || licenceAddress.test(address.slice(0, addressChars)))) return
    this.#links.push({ value: address.slice(0, addressChars), by: isRelated ? 'rel' : 'link', isSiteWide: this.#footer !== undefined })
  }

  leave(element: Element): void {
    if (element === this.#footer) this.#footer = undefined
    if (exhibits.has(element.name)) this.#exhibits--
  }

  text(data: string): void {
    if (data.length < textCharsMin || data.length > textCharsMax || this.#texts.length >= claimsMax) return
    const tag = data.includes('SPDX-') ? spdxTag.exec(data)?.[1] : undefined
    const named = tag ?? (this.#exhibits === 0 && /licen[sc]e/i.test(data) ? namedInText.exec(data)?.[0] : undefined)
    if (named !== undefined) this.#texts.push({ value: named, by: 'text', isSiteWide: this.#footer !== undefined })
  }

  claims(meta: ReadonlyMap<string, string>): LicenceClaim[] {
    const named = metaNames.flatMap((name) => {
      const value = meta.get(name)
      return value === undefined ? [] : [{ value: value.slice(0, addressChars), by: 'meta' as const, isSiteWide: false }]
    })
    return [...named, ...this.#links, ...this.#texts]
  }
}

const isFooter = (name: string, { class: names = '', id = '', role }: Record<string, string>): boolean =>
  name === 'footer' || role === 'contentinfo' || (names !== '' && footerNames.test(names.slice(0, 300))) || (id !== '' && footerNames.test(id.slice(0, 300)))
