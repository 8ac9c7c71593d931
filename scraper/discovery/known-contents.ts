import type { Claim } from '#schemas/frontier.ts'
import { decodeMemory } from '../revisit/page-memory.ts'
import { doubleHash } from './double-hash.ts'
import type { HostMarks } from './host-marks.ts'
import { mirrorsOf, type Mirrors } from './mirrors.ts'
import { priorities } from './priority.ts'

type Page = Pick<Claim, 'url' | 'priority' | 'previous'>

/**
 * What the pages of a host have sent, and which of them sent it first. Another that sends the same has nothing to say, and leads nowhere new: a host that answers
 * whatever is asked, a topic that is shown for each of its posts, an old version. The page that was first is not affected, nor are other hosts and seeds.
 */
export interface KnownContents extends Pick<Mirrors, 'isElsewhere' | 'isMirrored'> {
  /** Whether another page of the host has sent this answer. @param answer answerDigest */
  isSent(page: Page, answer: string): boolean
  /** Whether another page has this text, and as much is allowed of it. @param content documentDigest */
  isText(page: Page, content: string): boolean
  /** Whether another page has a text that is nearly this. @param minhash of the text, 14 bands × 8 rows of u32 */
  isLike(page: Page, minhash: Uint8Array): boolean
  noteSent(page: Page, answer: string): void
  /** A text that is kept from now on; what the page had before is free for others. */
  noteText(page: Page, content: string, minhash: Uint8Array): void
  /** What a text that is refused is known by. */
  noteRefused(page: Page, contents: readonly string[]): void
  /** The page has nothing any more of what it had: another may have moved there. */
  forget(page: Page): void
}

const topics = { answer: 1, text: 2, band: 3 }
/** Of a signature's 14: two texts that agree in nineteen of twenty shingles share one of four in 98 % of all cases, two that agree in half of them in 2 %. */
const bandsAsked = 4
const bandBytes = 32

export function knownContents(marks: HostMarks): KnownContents {
  const mirrors = mirrorsOf(marks)
  const isOfAnother = ({ url, priority }: Page, topic: number, mark: number): boolean => {
    const owner = priority >= priorities.seed ? undefined : marks.get(url, 'contents', topic, mark)
    return owner !== undefined && owner !== doubleHash(url)
  }
  /** Who was first stays. */
  const note = ({ url }: Page, topic: number, mark: number): void => {
    if (marks.get(url, 'contents', topic, mark) === undefined) marks.put(url, 'contents', topic, mark, doubleHash(url))
  }
  const drop = ({ url }: Page, topic: number, mark: number): void => {
    if (marks.get(url, 'contents', topic, mark) === doubleHash(url)) marks.drop(url, 'contents', topic, mark)
  }
  const forget = (page: Page): void => {
    const life = decodeMemory(page.previous?.memory)?.life
    if (life?.answer !== undefined) drop(page, topics.answer, doubleHash(life.answer))
    for (const content of life?.contents ?? []) {
      drop(page, topics.text, doubleHash(content))
      mirrors.forget(page, content)
    }
  }
  return {
    isElsewhere: mirrors.isElsewhere,
    isMirrored: mirrors.isMirrored,
    isSent: (page, answer) => isOfAnother(page, topics.answer, doubleHash(answer)),
    isText: (page, content) => isOfAnother(page, topics.text, doubleHash(content)),
    isLike: (page, minhash) => bandsOf(minhash).some((band) => isOfAnother(page, topics.band, band)),
    noteSent: (page, answer) => note(page, topics.answer, doubleHash(answer)),
    noteText(page, content, minhash) {
      forget(page)
      mirrors.note(page, content)
      note(page, topics.text, doubleHash(content))
      for (const band of bandsOf(minhash)) note(page, topics.band, band)
    },
    noteRefused(page, contents) {
      for (const content of contents) note(page, topics.text, doubleHash(content))
    },
    forget,
  }
}

function bandsOf(minhash: Uint8Array): number[] {
  const bytes = Buffer.from(minhash.buffer, minhash.byteOffset, minhash.byteLength)
  return Array.from({ length: bandsAsked }, (_, i) => doubleHash(`${i}${bytes.toString('latin1', i * bandBytes, (i + 1) * bandBytes)}`))
}
