import { createHash } from 'node:crypto'
import type { Document } from '#schemas/document.ts'

/** Shorter ones are no loss, and too often the same by chance. UTF-16 code units. */
const charsMin = 40
const fence = /^ {0,3}(?:```|~~~)/

/** The paragraphs of a normalized text: what stands between blank lines; code between fences is one, whatever stands in it. Joined they are the text. */
export function paragraphsOf(text: string): string[] {
  const paragraphs: string[] = []
  let isCode = false
  for (const part of text.split('\n\n')) {
    if (isCode) paragraphs[paragraphs.length - 1] += `\n\n${part}`
    else paragraphs.push(part)
    for (const line of part.split('\n')) if (fence.test(line)) isCode = !isCode
  }
  return paragraphs
}

export const joinParagraphs = (paragraphs: readonly string[]): string => paragraphs.join('\n\n')

/** The rows among which repeated paragraphs are sought: those of one host in one job. */
export const placeOf = ({ job_id, host }: Pick<Document, 'job_id' | 'host'>): string => `${job_id} ${host}`

/** What a paragraph is known by: 64 bits of sha256 over its place and itself, in hex. Undefined for what is never cut: short ones, headings, code. */
export function paragraphName(place: string, paragraph: string): string | undefined {
  if (paragraph.length < charsMin || paragraph.startsWith('#') || fence.test(paragraph)) return undefined
  return createHash('sha256').update(`${place}\n`).update(paragraph).digest('hex').slice(0, 16)
}

export interface NamedParagraph {
  text: string
  name: string | undefined
}

export function namedParagraphs(document: Pick<Document, 'job_id' | 'host' | 'text'>): NamedParagraph[] {
  const place = placeOf(document)
  return paragraphsOf(document.text).map((text) => ({ text, name: paragraphName(place, text) }))
}
