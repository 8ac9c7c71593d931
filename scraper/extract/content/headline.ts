import type { Block, PageBlocks } from './page-blocks.ts'

/** The headline may follow so many blocks of the text that is kept: a date, a name, a line above it. */
const keptBeforeMax = 3
const titleChars = 300

/**
 * The headline: the heading before the kept text that the page's title names at most length, the last of equals. It is part of the text, as its first heading, however likely its block is: news, handbooks and shops hold it to be so, some collections
 * of articles do not, and a text without it may not say what it is about. @returns its index among the blocks; undefined where the page has none, or
 * nothing is kept
 */
export function headlineOf({ blocks, title }: Pick<PageBlocks, 'blocks' | 'title'>, kept: Uint8Array): number | undefined {
  const named = ` ${lettersOf(title.slice(0, titleChars))} `
  let found: number | undefined
  let [length, keptBefore] = [0, 0]
  for (const [i, block] of blocks.entries()) {
    if (isHeading(block)) {
      const words = lettersOf(block.text)
      if (words.length >= Math.max(2, length) && named.includes(` ${words} `)) {
        found = i
        length = words.length
      }
    } else if (kept[i] === 1 && ++keptBefore > keptBeforeMax) break
  }
  return kept.includes(1) ? found : undefined
}

const isHeading = ({ name }: Block): boolean => name === 'h1' || name === 'h2' || name === 'h3'

/** Words in small letters, one space between them. */
const lettersOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
