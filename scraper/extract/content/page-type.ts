import { compareText } from '#schemas/compare-text.ts'
import { PageType } from '#schemas/document.ts'
import type { Prose } from './block-prose.ts'
import type { PageBlocks } from './page-blocks.ts'
import { pageTypeSigns, readSigns } from './page-type-signs.ts'
import weights from './page-type-weights.json' with { type: 'json' }

/** One observation and what it added to the type's log-odds, against the mean of all types. */
export interface PageTypeReason {
  sign: string
  value: number
  logOdds: number
}

export interface PageTypeDecision {
  pageType: PageType
  /** How sure, 0..1. */
  score: number
  /** How likely it is one text, an article or documentation, and not made of many parts, 0..1. */
  textShare: number
  /** What spoke for it most, strongest first. */
  why(): PageTypeReason[]
}

const reasonsMax = 8
const texts = ['article', 'documentation'].map((type) => weights.types.indexOf(type))
const signIndex = weights.signs.map((sign) => pageTypeSigns.indexOf(sign))

/** The kind of page, by a linear model over signs in its address, its metadata and what its blocks look like. */
export function decidePageType(page: PageBlocks, url: string, prose?: Prose): PageTypeDecision {
  const signs = readSigns(page, url, prose)
  // Beyond what is usual (fit_types in test/extraction/train.py) a sign says no more.
  const values = signIndex.map((index, i) => Math.min(weights.most[i]!, Math.max(weights.least[i]!, signs[index] ?? 0)))
  const logits = weights.weights.map((row, type) => row.reduce((sum, weight, i) => sum + weight * values[i]!, weights.bias[type]!))
  const best = logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit), -Infinity))
  const whole = logits.reduce((sum, logit) => sum + Math.exp(logit - logits[best]!), 0)
  return {
    pageType: PageType.parse(weights.types[best]),
    score: 1 / whole,
    textShare: texts.reduce((sum, type) => sum + Math.exp(logits[type]! - logits[best]!), 0) / whole,
    why: () =>
      values
        .map((value, i) => ({ sign: weights.signs[i]!, value, logOdds: value * weights.weights[best]![i]! }))
        .filter(({ logOdds }) => logOdds > 0)
        .toSorted((a, b) => b.logOdds - a.logOdds || compareText(a.sign, b.sign))
        .slice(0, reasonsMax),
  }
}
