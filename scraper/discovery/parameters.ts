/** Longer ones are texts or tokens. */
const valueCharsMax = 128
/** Parameters that name a thing by themselves, whatever their value looks like: id, topic_id, uuid, p, t, v, title … */
const nameOfItem = /^(?:(?:[a-z]+[_-]?)?(?:id|uuid|guid|nr)|[ptv]|item|doc|document|article|product|post|topic|thread|story|entry|title|node|isbn|sku)$/i
/** Parameters of which any value may be asked for: searches, and where to go back to. */
const nameOfQuestion =
  /^(?:q|s|qs|query|search|find|keywords?|terms?|text|words?|filter|hili(?:t|ght)|highlight|hl|return\w*|redirect\w*|next|back|from|ref|referr?er|to|url|continue|destination|goto)$/i
/** Parameters that show one thing in another way, order or part, or an older version of it. */
const nameOfManner =
  /^(?:sort\w*|order\w*|(?:sort|order)[_-]\w+|dir|direction|asc|desc|view\w*|display|layout|mode|style|theme|skin|tab|lang|locale|limit|per_?page|page_?size|max-results|num|count|results|rev|revision|version|ver|variant|_pos|_sid|_ss|_psq|_fid)$/i
/** What a shop or a calendar narrows its list by. */
const nameOfFilter =
  /^(?:filter(?:[\W_]\S*)?|\w+_filter|f(?=\[|%5B)|facet\w*|refine\w*|fq|rh|pf_\w+|(?:attribute_)?pa_\w+|super_attribute|(?:min|max)?_?price(?:[_-]?(?:from|to|min|max))?|colou?r|size|brand(?:_?id)?|manufacturer|vendor|material|rating|condition|availability|in_?stock|discount)(?:\[.*|%5B.*)?$/i
const nameOfDate = /^(?:date|year|month|day|week|yr|mo|ymd?|time|timestamp|(?:start|end|from|to|min|max|cal|event|tribe-bar)[_-]?date|updated-(?:min|max))$/i
/** An address of another page, or a part of one. */
const address = /^(?:https?(?::|%3a)|\.{0,2}(?:\/|%2f))|(?::|%3a)(?:\/|%2f){2}/i
/** Of several parts, as wikis, Drupal and DokuWiki name their pages: Help:Start, 2026/story, node/7. */
const inParts = /\/|:|%2f|%3a/i
const nameOfPath = /^(?:|page|path|file|name|slug)$/i
const drupalPage = /^(?:node|taxonomy\/term|taxonomy%2fterm|user)(?:\/|%2f)\d+$/i
/** One post of many that a topic shows together. */
const nameOfPost = /^(?:comment|comment_?id|reply_?id|msg|message_?id|quote|reply|reply_?to)$/i
const valueOfPost = /^\d+\.(?:msg\d+|new)$/i
const nameOfTopicPost = /^(?:p|pid|post|post_?id)$/i
const pathOfTopic = /\/(?:viewtopic|showthread|thread|topic)(?:\.\w+)?$/i
/** 2026, 202611, 20261122, 2026-11, 2026/11/22, 22.11.2026, and seconds or milliseconds since 1970. */
const date = /^(?:(?:19|20|21)\d\d(?:[-./_]?\d{1,2}){0,2}(?:[T_ +-]?\d\d(?::?\d\d){1,2}\w*)?|\d{1,2}[-./]\d{1,2}[-./](?:19|20|21)\d\d|1\d{9}(?:\d{3})?)$/i
const nameOfToken = /^(?:s|sid|sess|session|session_?id|sessid|token|csrf\w*|nonce|cb|cache_?bust(?:er)?|rnd|rand|random|_|hash|key|sig|signature)$/i
/** Of a token elsewhere, of a story in PHP-Nuke and Slash. */
const nameOfStory = /^(?:sid|key)$/i
/** Looks drawn: 16 characters or more, digits and letters in one. */
const opaque = /^(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9_=-]{16,}$/i

/** Whether a query shows a topic by one of its posts, and names nothing else. */
export const isPost = (path: string, query: string): boolean =>
  pairsOf(query).some((pair) => {
    const [name, value] = parameterOf(pair)
    return nameOfPost.test(name) || valueOfPost.test(value) || (nameOfTopicPost.test(name) && pathOfTopic.test(path))
  })

/**
 * The parameters of a canonical query, as `name=value`, that name one thing of many: a number, a slug, a title. What selects, sorts or passes by is none:
 * dates, searches, filters, orders, versions, addresses of other pages, posts of a topic, tokens that look drawn (where the parameter does not say that it is an identity).
 * @param path of the URL
 */
export function itemValues(path: string, query: string): string[] {
  const isTopic = pathOfTopic.test(path)
  return pairsOf(query).filter((pair) => {
    // A query without names is a name itself: showthread.php?12-title, read.php?2,77, index.php?/topic/12.
    const [name, value] = pair.includes('=') ? parameterOf(pair) : ['', pair]
    if (name === 'q' && drupalPage.test(value)) return true
    if (value === '' || value.length > valueCharsMax || nameOfQuestion.test(name) || (name !== '' && address.test(value))) return false
    if (nameOfToken.test(name) && !(nameOfStory.test(name) && /^\d{1,9}$/.test(value))) return false
    if (inParts.test(value) && !nameOfItem.test(name) && !nameOfPath.test(name)) return false
    if (nameOfManner.test(name) || nameOfFilter.test(name) || nameOfDate.test(name)) return false
    if (nameOfPost.test(name) || valueOfPost.test(value) || (isTopic && nameOfTopicPost.test(name))) return false
    return nameOfItem.test(name) || !(date.test(value) || opaque.test(value))
  })
}

/** The `name=value` of a query; SMF and gitweb write `;` between them. */
export const pairsOf = (query: string): string[] => query.split(/[&;]/)

/** Name and value of one `name=value` of a query. */
export function parameterOf(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
