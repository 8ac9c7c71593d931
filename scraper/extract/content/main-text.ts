import type { Inline, TextBlock } from '../text/text-blocks.ts'
import { layOut } from '../text/text-layout.ts'

/**
 * The text to train on: Markdown's marks for headings, lists, quotes, tables and code, whose contents stand as they are; no links, images, emphasis or escapes.
 */
export const mainText = (blocks: readonly TextBlock[]): string => layOut(blocks, { line, math: (tex) => `$$${tex}$$`, rule: undefined })

function line(inline: readonly Inline[], place: 'paragraph' | 'heading' | 'cell'): string {
  const parts: string[] = []
  for (const part of inline) {
    if (part.kind === 'text') parts.push(part.text)
    else if (part.kind === 'math') parts.push(`$${part.tex}$`)
    else if (part.kind === 'break') parts.push('\n')
  }
  const joined = parts.join('')
  const text = (joined.includes('\n') ? joined.replace(/ *\n */g, '\n') : joined).trim()
  return place === 'cell' ? text.replaceAll('|', '\\|') : text
}
