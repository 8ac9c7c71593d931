/** A string, or what is between strings. */
const token = /"(?:[^"\\]|\\.)*"|[^"]+/y

/** JSON as Python's `json.dumps` writes it: NaN and infinities, which JSON does not have, become null. @throws SyntaxError */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
    return JSON.parse(withoutOddNumbers(text))
  }
}

function withoutOddNumbers(text: string): string {
  let plain = ''
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at
    const [found] = token.exec(text) ?? []
    if (found === undefined) throw new SyntaxError('a string has no end')
    plain += found.startsWith('"') ? found : found.replaceAll(/-?\b(?:NaN|Infinity)\b/g, 'null')
  }
  return plain
}
