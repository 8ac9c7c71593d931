import type { Inline, TextBlock } from '../text/text-blocks.ts'
import { markdownLine, safeTex } from '../text/markdown-line.ts'
import { layOut } from '../text/text-layout.ts'

/**
 * The content for people: CommonMark with the tables and strike-through of GitHub, escaped so that it reads back as what the page says.
 * @param base what relative links and images start from
 */
export function mainMarkdown(blocks: readonly TextBlock[], base: string): string {
  const resolve = (href: string): string | undefined => destination(href, base)
  return layOut(blocks, { line: (inline: readonly Inline[], place) => markdownLine(inline, place, resolve), math: (tex) => `$$${safeTex(tex)}$$`, rule: '___' })
}

/** Absolute, and without a character that means something to Markdown; undefined for what is no address to go to. */
function destination(href: string, base: string): string | undefined {
  const url = href.length > 4096 ? undefined : URL.parse(href, base)
  if (!url || !/^(?:https?|mailto):$/.test(url.protocol)) return undefined
  return url.href
    .replace(/[()<>\\`|*_~[\] ]/g, (char) => (/[*_~]/.test(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase()}`))
    .replace(/&(?=#?\w+;)/g, '\\&')
}
