import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { seededRandom } from '../seeded-random.ts'
import { mixedTexts } from './mixed-texts.ts'
import { zipfDocuments } from './zipf-documents.ts'

const [charsMin, charsMore, paragraphCharsMin, paragraphCharsMax] = [500, 7000, 30, 2000]

/**
 * Documents of paragraphs of real texts (mixed-texts.ts), put together at random to 4 KB on average: words and languages as they are, each document another. The rest of them is generated.
 * The same number gives the same documents.
 */
export async function realDocuments(textBytes: number): Promise<(count: number) => Document[]> {
  const texts = await mixedTexts(textBytes)
  const paragraphs = texts.flatMap((text) =>
    text.split(/\n+/).flatMap((line) => (line.length < paragraphCharsMin ? [] : [line.slice(0, paragraphCharsMax).toWellFormed()])),
  )
  return (count) => {
    const random = seededRandom(count + 1)
    const pick = (): string => paragraphs[Math.floor(random() * paragraphs.length)] ?? ''
    return zipfDocuments(count).map((document): Document => {
      const chars = charsMin + random() * charsMore
      const parts: string[] = []
      for (let length = 0; length < chars; length += parts.at(-1)?.length ?? chars) parts.push(pick())
      const text = parts.join('\n\n')
      return { ...document, id: contentId(text), title: pick().slice(0, 60).toWellFormed(), text, text_bytes: Buffer.byteLength(text) }
    })
  }
}
