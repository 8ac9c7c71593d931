import { atOnce, type Steps } from './in-turns.ts'
import { noPatterns } from './path-patterns.ts'
import { allowAll, readRobots, robotsRules, type RobotsRules } from './robots-txt.ts'

/** What an `ai.txt` (Spawning, https://spawning.ai/ai-txt) says of the text of a page. */
export interface AiTxt {
  /** undefined when it says nothing of it. @param path path and query of a URL */
  allowsText(path: string): boolean | undefined
  /** What it takes to remember it. */
  bytes: number
}

const extension = /\.[A-Za-z][A-Za-z0-9]{0,9}$/

/**
 * The grammar is that of robots.txt, with patterns of file types: `Disallow: *.txt`. A page without such an ending is text of the types .html and .txt, so a
 * rule for one of these speaks of it.
 */
export const parseAiTxt = (text: string, agent: string, base: string): AiTxt => atOnce(readAiTxt(text, agent, base))

/** The same in steps. */
export function* readAiTxt(text: string, agent: string, base: string): Steps<AiTxt> {
  // A site of one page answers everything with that page.
  if (/^\s*</.test(text)) return noAiTxt
  const file = yield* readRobots(text, agent, base)
  return file.patterns === noPatterns ? noAiTxt : aiTxtOf(robotsRules(file))
}

const aiTxtOf = ({ verdict, bytes }: RobotsRules): AiTxt => ({
  bytes,
  allowsText(path) {
    const [name = ''] = path.split('?', 1)
    return (extension.test(name) ? undefined : (verdict(`${name}.html`) ?? verdict(`${name}.txt`))) ?? verdict(path)
  },
})

/** Says nothing. */
export const noAiTxt: AiTxt = aiTxtOf(allowAll)
