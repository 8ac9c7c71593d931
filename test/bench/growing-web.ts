import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareText } from '#schemas/compare-text.ts'
import type { Document } from '#schemas/document.ts'
import { normalizeText } from '#schemas/identity/content-id.ts'
import { testJob } from '../adversary/subnet.ts'
import { testDocument } from '../golden/documents.ts'
import { seededRandom } from '../seeded-random.ts'
import { zipfProse, zipfWords } from './zipf-documents.ts'

const hosts = 2000
export const growingJobs = Array.from({ length: 10 }, (_, job) => testJob(`label-${job}`, [`https://*.job-${job}.example/*`]))
/** Of a thousand pages: those that were there before with another text, nearly the text of another page, and taken back. */
const [changedMille, copiedMille, withdrawnMille] = [30, 20, 3]
/** Bytes of a text: 1 to 5 KB, and words of about 5. */
const [wordsMin, wordsMore] = [180, 600]

export interface Growth {
  documents: Document[]
  withdrawn: { uri: string; version: number; at: Date }[]
}

/**
 * What a crawl brings, a thousand pages after the other: documents of 1 to 5 KB of ten jobs and 2,000 hosts, one in five with a paragraph that its host repeats, some of
 * them changed pages, near-copies, and pages taken back. The same pages are the same each time.
 */
export function growingWeb(hotkey: string) {
  const vocabulary = englishWords()
  const textOf = (page: number, version: number): string => {
    const random = seededRandom(page * 31 + version)
    const pick = zipfWords(vocabulary, random)
    return zipfProse(pick, wordsMin + Math.floor(random() * wordsMore))
  }
  const document = (page: number, version: number, text: string): Document => {
    const host = page % hosts
    const job = host % growingJobs.length
    const domain = `www.${vocabulary[host]}.job-${job}.example`
    const footer = `\n\nAll that stands here on ${domain} was written by those who keep it, and may be read by anybody at any time.`
    return testDocument(page, {
      uri: `https://${domain}/${vocabulary[page % 977]}/${page}`,
      text: normalizeText(host % 5 === 0 ? `${text}${footer}` : text),
      version,
      hotkey,
      job_id: growingJobs[job]?.id ?? '',
      label: growingJobs[job]?.params.label ?? '',
      fetched_at: new Date(Date.UTC(2026, 1, 1) + page + version * 1e9),
    })
  }
  const at = new Date(Date.UTC(2026, 2, 1))
  return (first: number, count: number): Growth => {
    const random = seededRandom(first + 7)
    const growth: Growth = { documents: [], withdrawn: [] }
    for (let page = first; page < first + count; page++) {
      growth.documents.push(document(page, 1, textOf(page, 1)))
      if (first === 0) continue
      const other = Math.floor(random() * first)
      const chance = random() * 1000
      if (chance < changedMille) growth.documents.push(document(other, 2, textOf(other, 2)))
      else if (chance < changedMille + copiedMille) growth.documents[growth.documents.length - 1] = document(page, 1, `${textOf(other, 1)} Again.`)
      else if (chance < changedMille + copiedMille + withdrawnMille) growth.withdrawn.push({ uri: document(other, 1, textOf(other, 1)).uri, version: 2, at })
    }
    return growth
  }
}

/** Words of the documentation of the packages that are installed, the frequent ones first: a tokenizer splits them as it does English. */
function englishWords(): string[] {
  const root = join(import.meta.dirname, '../../node_modules')
  const counts = new Map<string, number>()
  for (const path of globSync(['*/*.md', '@*/*/*.md'], { cwd: root })) {
    for (const [word] of readFileSync(join(root, path), 'utf8').matchAll(/\b[a-z]{2,14}\b/g)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || compareText(a, b)).map(([word]) => word)
}
