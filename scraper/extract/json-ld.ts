export interface JsonLdFacts {
  licence: string | undefined
}

const valuesMax = 5000

/** The licence in a JSON-LD block, in document order, wherever they are nested. Empty for what is no JSON. */
export function jsonLdFacts(text: string): JsonLdFacts {
  const facts: JsonLdFacts = { licence: undefined }
  const queue: unknown[] = [parse(text)]
  for (let at = 0; at < queue.length && at < valuesMax; at++) {
    const value = queue[at]
    if (Array.isArray(value)) for (const item of value) queue.push(item)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        if (typeof member === 'string') note(facts, key, member)
        else queue.push(member)
      }
    }
  }
  return facts
}

function note(facts: JsonLdFacts, key: string, value: string): void {
  if (key === 'license') facts.licence ??= value.slice(0, 500)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
