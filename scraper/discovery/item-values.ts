/** Longer ones are texts or tokens. */
const valueCharsMax = 128
/** Parameters that name a thing by themselves, whatever their value looks like: id, topic_id, uuid, p, t, v, title … */
const nameOfItem = /^(?:(?:[a-z]+[_-]?)?(?:id|uuid|guid|nr)|[ptv]|item|doc|document|article|product|post|topic|thread|story|entry|title|node|isbn|sku)$/i
/** Parameters of which any value may be asked for: searches, and where to go back to. */
const nameOfQuestion =
  /^(?:q|s|qs|query|search|find|keywords?|terms?|text|words?|filter|return\w*|redirect\w*|next|back|from|ref|referr?er|url|continue|destination|goto)$/i
/** 2026, 202611, 20261122, 2026-11, 2026/11/22, 22.11.2026, and seconds or milliseconds since 1970. */
const date = /^(?:(?:19|20|21)\d\d(?:[-./_]?\d{1,2}){0,2}(?:[T_ +-]?\d\d(?::?\d\d){1,2}\w*)?|\d{1,2}[-./]\d{1,2}[-./](?:19|20|21)\d\d|1\d{9}(?:\d{3})?)$/i
const sessionName = /^(?:s|sid|sess|session|session_?id|sessid|token|csrf\w*|nonce|hash|key|sig|signature)$/i
/** Looks drawn: 16 characters or more, digits and letters in one. */
const opaque = /^(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9_=-]{16,}$/i

/**
 * The parameters of a canonical query, as `name=value`, that name one thing of many: a number, a slug, a title. What selects, sorts or passes by is none:
 * dates, searches, addresses of other pages, tokens that look drawn (where the parameter does not say that it is an identity).
 */
export function itemValues(query: string): string[] {
  return query.split('&').filter((pair) => {
    const at = pair.indexOf('=')
    const name = at < 0 ? '' : pair.slice(0, at)
    const value = pair.slice(at + 1)
    if (value === '' || value.length > valueCharsMax || nameOfQuestion.test(name) || sessionName.test(name) || /\/|%2f|:/i.test(value)) return false
    return nameOfItem.test(name) || !(date.test(value) || opaque.test(value))
  })
}
