import { isTag, type Element } from 'domhandler'
import { collapse, walk } from '../extract/html/dom.ts'
import type { BlockDecision } from '../extract/content/main-content.ts'

/** One block of the page: whether it was kept, and what spoke for and against. */
export interface BlockReport {
  kept: boolean
  reason: string
  score: number
  /** Its element and those around it, the outermost first. */
  path: string
  /** The first words. */
  text: string
  /** What moved the likelihood of a first reading most, then what moved the score: names of the context begin with `likel…` or `share_…`. */
  because: { feature: string; value: number; log_odds: number }[]
}

const blocksMax = 2000
const becauseMax = 4
const previewChars = 80
const previewNodes = 50
const pathLength = 4

export const blockReports = (decisions: readonly BlockDecision[]): BlockReport[] => decisions.slice(0, blocksMax).map(reportOf)

function reportOf({ element, kept, reason, score, contributions, firstReading }: BlockDecision): BlockReport {
  const because = [...firstReading.slice(0, becauseMax), ...contributions.slice(0, becauseMax)].map(({ feature, value, logOdds }) => ({
    feature,
    value: round(value),
    log_odds: round(logOdds),
  }))
  return { kept, reason, score: round(score), path: pathOf(element), text: previewOf(element), because }
}

function pathOf(element: Element): string {
  const names: string[] = []
  for (let at: Element | undefined = element; at && names.length < pathLength; at = at.parent && isTag(at.parent) ? at.parent : undefined)
    names.unshift(nameOf(at))
  return names.join(' > ')
}

const nameOf = ({ name, attribs }: Element): string => {
  const first = (attribs['class'] ?? '').trim().slice(0, 100).split(/\s+/)[0]
  return `${name}${attribs['id'] ? `#${attribs['id'].slice(0, 40)}` : ''}${first ? `.${first.slice(0, 40)}` : ''}`
}

function previewOf(element: Element): string {
  let text = ''
  let nodes = 0
  walk(element, {
    enter: ({ name }) => ++nodes <= previewNodes && text.length < 2 * previewChars && name !== 'script' && name !== 'style',
    text(data) {
      if (text.length < 2 * previewChars) text += ` ${data.slice(0, 4 * previewChars)}`
    },
  })
  const words = collapse(text)
  return words.length > previewChars ? `${words.slice(0, previewChars).toWellFormed()}…` : words
}

/** To three decimals. */
export const round = (value: number): number => Math.round(value * 1000) / 1000
