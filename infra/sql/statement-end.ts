const openers = /(?<![\p{L}\p{N}_$])[eE]'|'|"|\$\w*\$|--|\/\*|;/gu
const escapedText = /(?:[^'\\]|\\[^])*'/y

/**
 * A statement without the semicolons at its end and the comments behind them, to stand in parentheses. Nothing is promised of what is no SQL: what is run must be
 * what was checked, so it is asked for before both.
 */
export function withoutEnd(script: string): string {
  let end: number | undefined
  let behind = 0
  for (;;) {
    openers.lastIndex = behind
    const found = openers.exec(script)
    const isBlank = script.slice(behind, found?.index).trim() === ''
    if (!isBlank) end = undefined
    if (!found) return end === undefined ? script : script.slice(0, end)
    const [opener] = found
    if (opener === ';') end ??= found.index
    else if (opener !== '--' && opener !== '/*') end = undefined
    const closed = closedAt(script, opener, found.index + opener.length)
    if (closed < 0) return script
    behind = closed
  }
}

/** Where the text behind it goes on; −1 where it is never closed. */
function closedAt(script: string, opener: string, from: number): number {
  if (opener === ';') return from
  if (opener === '--') return (script.indexOf('\n', from) + 1 || script.length + 1) - 1
  if (opener.length === 2 && opener.endsWith("'")) {
    escapedText.lastIndex = from
    return escapedText.test(script) ? escapedText.lastIndex : -1
  }
  const closer = opener === '/*' ? '*/' : opener
  const at = script.indexOf(closer, from)
  return at < 0 ? -1 : at + closer.length
}
