import type { Block } from './page-blocks.ts'

/** Adds what is in a run of text. Words are runs without white space; sentences end in `.`, `!`, `?` or `…` before white space or the end. */
export function countText(block: Block, data: string): void {
  let inWord = false
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code <= 32 || code === 160) {
      inWord = false
      continue
    }
    block.chars++
    if (!inWord) {
      inWord = true
      block.words++
      if (code >= 65 && code <= 90) block.capitals++
    }
    if (code >= 48 && code <= 57) block.digits++
    else if (code === 34 || (code >= 59 && code <= 62) || (code >= 91 && code <= 95) || code === 123 || code === 125) block.symbols++
    else if (code === 44 || code === 0xff0c || code === 0x3001) block.commas++
    else if (code === 46 || code === 33 || code === 63 || code === 0x3002 || code === 0x2026) {
      const next = i + 1 < data.length ? data.charCodeAt(i + 1) : 32
      if (next <= 34 || next === 0x201d || next === 160 || code === 0x3002) block.sentences++
    }
  }
}

/** Whether there is only white space. */
export function isBlank(data: string): boolean {
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code === 32 || (code >= 9 && code <= 13)) continue
    return code >= 160 && !/\S/.test(data)
  }
  return true
}
