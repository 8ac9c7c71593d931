interface JsonLdDates {
  published: string[]
  modified: string[]
}

const valuesMax = 5000

/** The dates in a JSON-LD block, in document order, wherever they are nested. Empty for what is no JSON. */
export function jsonLdDates(text: string): JsonLdDates {
  const dates: JsonLdDates = { published: [], modified: [] }
  const queue: unknown[] = [parse(text)]
  for (let at = 0; at < queue.length && at < valuesMax; at++) {
    const value = queue[at]
    if (Array.isArray(value)) for (const item of value) queue.push(item)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        if (typeof member !== 'string') queue.push(member)
        else if (key === 'datePublished') dates.published.push(member)
        else if (key === 'dateModified') dates.modified.push(member)
      }
    }
  }
  return dates
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
