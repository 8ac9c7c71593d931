import { cellTex, type Inline, type TextBlock } from '../text/text-blocks.ts'
import { layOut } from '../text/text-layout.ts'

/**
 * The text to train on: Markdown's marks for headings, lists, quotes, tables and code, whose contents stand as they are; no links, images, emphasis or escapes.
 */
export const mainText = (blocks: readonly TextBlock[]): string => layOut(blocks, { line, math: (tex) => `$$${tex}$$`, rule: undefined })

function line(inline: readonly Inline[], place: 'paragraph' | 'heading' | 'cell'): string {
  const parts: string[] = []
  for (const part of inline) {
    if (part.kind === 'text') parts.push(place === 'cell' ? part.text.replaceAll('|', '\\|') : part.text)
    else if (part.kind === 'math') parts.push(`$${place === 'cell' ? cellTex(part.tex) : part.tex}$`)
    else if (part.kind === 'break') parts.push('\n')
  }
  // Images leave nothing but the white space on both sides.
  const joined = parts.join('').replace(/ {2,}/g, ' ')
  return (joined.includes('\n') ? joined.replace(/ *\n */g, '\n') : joined).trim()
}
