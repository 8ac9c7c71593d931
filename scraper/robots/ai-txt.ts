import { parseRobots } from './robots-txt.ts'

/** What an `ai.txt` (Spawning, https://spawning.ai/ai-txt) says of the text of a page. */
export interface AiTxt {
  /** undefined when it says nothing of it. @param path path and query of a URL */
  allowsText(path: string): boolean | undefined
}

export const noAiTxt: AiTxt = { allowsText: () => undefined }
const extension = /\.[A-Za-z][A-Za-z0-9]{0,9}$/

/**
 * The grammar is that of robots.txt, with patterns of file types: `Disallow: *.txt`. A page without such an ending is text of the types .html and .txt, so a
 * rule for one of these speaks of it.
 */
export function parseAiTxt(text: string, agent: string, base: string): AiTxt {
  // A site of one page answers everything with that page.
  if (/^\s*</.test(text)) return noAiTxt
  const { verdict } = parseRobots(text, agent, base)
  return {
    allowsText(path) {
      const [name = ''] = path.split('?', 1)
      return (extension.test(name) ? undefined : (verdict(`${name}.html`) ?? verdict(`${name}.txt`))) ?? verdict(path)
    },
  }
}
