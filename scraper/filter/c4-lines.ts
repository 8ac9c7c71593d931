import type { QualitySettings } from '#schemas/quality.ts'
import { isUnspaced } from '../extract/text/words.ts'
import { endsInPunctuation, isUnmarked } from './line-end.ts'

export type LineRules = QualitySettings['c4']

/** What is left when the lines that C4 does not want are cut. */
export interface LinesCut {
  text: string
  /** Lines left that are not blank. */
  lines: readonly string[]
}

const policies = ['terms of use', 'privacy policy', 'cookie policy', 'uses cookies', 'use of cookies', 'use cookies']
const citations = /\[(?:\d{0,4}|edit|citation needed)\]/g

/**
 * C4's line rules (arXiv 1910.10683 §2.2, and its code): a line stays when it ends in terminal punctuation but no ellipsis, has three words, none of more than
 * 1000 characters, and speaks neither of JavaScript nor of cookies and terms. Paragraphs stay apart. Marks of citations go.
 */
export function cutLines(text: string, rules: LineRules): LinesCut {
  const blocks: string[] = []
  const lines: string[] = []
  for (const block of text.split(/\n\s*\n/)) {
    const kept = block.split('\n').flatMap((line) => cleanLine(line, rules) ?? [])
    if (kept.length === 0) continue
    for (const line of kept) lines.push(line)
    blocks.push(kept.join('\n'))
  }
  return { text: blocks.join('\n\n'), lines }
}

function cleanLine(line: string, rules: LineRules): string | undefined {
  const clean = (rules.cut_citations && line.includes('[') ? line.replace(citations, '') : line).trimEnd()
  if (clean === '') return undefined
  if (rules.lines_end_in_punctuation && !isUnmarked(clean) && (!endsInPunctuation(clean) || clean.endsWith('...'))) return undefined
  const found = clean.trimStart().split(/\s+/)
  // Where words are not apart, two characters are about one.
  const count = isUnspaced(clean) ? Math.max(found.length, Math.floor(clean.length / 2)) : found.length
  if (rules.line_words_min !== false && count < rules.line_words_min) return undefined
  const longest = rules.line_word_chars_max
  if (longest !== false && clean.length > longest && found.some((word) => word.length > longest)) return undefined
  const small = clean.toLowerCase()
  if (rules.cut_javascript_lines && small.includes('javascript')) return undefined
  if (rules.cut_policy_lines && policies.some((policy) => small.includes(policy))) return undefined
  return clean
}
