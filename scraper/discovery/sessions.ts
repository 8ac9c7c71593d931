import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { parameterOf } from './parameters.ts'

/** ASP.NET's cookieless sessions, and a segment that says session with what looks drawn. */
const sessionSegment =
  /\/(?:\((?:[A-Z]\([A-Za-z0-9_-]{16,}\))+\)|(?:s|sid|sess|session|session_?id|phpsessid|jsessionid)[=,:.-](?=[^/]*\d)[A-Za-z0-9_-]{16,})(?=\/|$)/i
/** Path parameters. */
const sessionParameter = /;(?:sid|session|sessionid|phpsessid|jsessionid)=[^/;?]*/i
/** Names that say session, and names that are drawn for each answer so that nothing is cached; canonicalUrl has taken away the names that mean nothing else. */
const nameOfSession = /^(?:s|ssid|\w*sid|\w*sess(?:ion|id)?[_-]?(?:id|key|token|hash)?|zenid|cfsid|stoken|force_sid)$/i
const nameOfNonce = /^(?:_?nonce|_?token|csrf\w*|xsrf\w*|__requestverificationtoken|rand(?:om)?|rnd|cb|cachebust(?:er)?|nocache|_)$/i
/** Looks drawn: a long word with digits in it, a UUID, or one of small and capital letters and digits; `autumn-conference-2026` is none. */
const drawnSession =
  /^(?:(?=[^\d]*\d)[A-Za-z0-9]{16,}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=[^\d]*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9_,-]{16,})$/
/** One of letters and digits, a time, or a fraction. */
const drawnNonce = /^(?:(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9_-]{8,}|\d{10,}|0?\.\d{6,})$/i

/** Most addresses have none, and need not be taken apart. */
const mayHaveSession = /[?;(]|s(?:id|ess)/i

/** The URL without what its host has drawn for whoever asks, as a canonical one; undefined: there is nothing of that in it. */
export function withoutSession(url: string): string | undefined {
  if (!mayHaveSession.test(url)) return undefined
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const pairs = question < 0 ? [] : url.slice(question + 1).split('&')
  const origin = path.indexOf('/', path.indexOf('//') + 2)
  const shown = path.slice(origin).replace(sessionSegment, '').replace(sessionParameter, '')
  const left = pairs.filter((pair) => !isDrawn(pair))
  if (shown === path.slice(origin) && left.length === pairs.length) return undefined
  return canonicalUrl(`${path.slice(0, origin)}${shown.startsWith('/') ? '' : '/'}${shown}${left.length === 0 ? '' : `?${left.join('&')}`}`)
}

function isDrawn(pair: string): boolean {
  const [name, value] = parameterOf(pair)
  return (nameOfSession.test(name) && drawnSession.test(value)) || (nameOfNonce.test(name) && drawnNonce.test(value))
}
