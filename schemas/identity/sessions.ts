/** Names that say session, and names of what is drawn for each answer so that nothing is cached or forged: their value decides. */
const nameOfSession = /^(?:s|ssid|\w*sid|\w*sess(?:ion|id)?[_-]?(?:id|key|token|hash)?|zenid|cfsid|stoken|force_sid)$/i
const nameOfNonce = /^(?:_?(?:wp)?nonce|_?token|csrf\w*|xsrf\w*|__requestverificationtoken|rand(?:om)?|rnd|cb|cachebust(?:er)?|nocache|_)$/i
/** A long word with digits in it, a UUID, or one of small and capital letters and digits; `autumn-conference-2026` is none. */
const drawnSession =
  /^(?:(?=[^\d]*\d)[A-Za-z0-9]{16,}|[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}|(?=[^\d]*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9_,-]{16,})$/
/** One of letters and digits, a time, or a fraction. */
const drawnNonce = /^(?:(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9_-]{8,}|\d{10,}|0?\.\d{6,})$/i

/** Whether a parameter of a canonical query, `name=value`, looks drawn by the host for whoever asks: it says nothing of the page. */
export function isDrawn(parameter: string): boolean {
  const equals = parameter.indexOf('=')
  if (equals < 0) return false
  const [name, value] = [parameter.slice(0, equals), parameter.slice(equals + 1)]
  return (nameOfSession.test(name) && drawnSession.test(value)) || (nameOfNonce.test(name) && drawnNonce.test(value))
}

const parameterOfSession = /;(?:sid|session|sessionid|phpsessid|jsessionid)=[^/;]*/gi
/** ASP.NET's cookieless sessions (`/(S(…))/`, `/(X(1)S(…))/` after a try whether cookies are taken), and a segment that says session of what looks drawn. */
const segmentOfSession =
  /\/(?:\((?:X\(\d\)|[A-Z]\([A-Za-z0-9_-]{16,}\))+\)|(?:s|sid|sess|session|session_?id|phpsessid|jsessionid)[=,:.-]([A-Za-z0-9_-]{16,}))(?=\/|$)/gi
const mayHold = /[;(]|\/(?:s|sid|sess\w*|phpsessid|jsessionid)[=,:.-]/i

/** Whether a path may hold a session; most cannot. */
export const mayHoldSession = (path: string): boolean => mayHold.test(path)

/** A path of a canonical URL without its sessions. */
export function withoutSession(path: string): string {
  if (!mayHoldSession(path)) return path
  const shown = path
    .replace(parameterOfSession, '')
    .replace(segmentOfSession, (segment: string, value: string | undefined) => (value === undefined || drawnSession.test(value) ? '' : segment))
  return shown === '' ? '/' : shown
}
