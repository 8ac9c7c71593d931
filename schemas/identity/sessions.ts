/** Query names that say who came from where or whose session it is, never which page: compared in lower case. */
const namesOfVisitors = new Set(
  `_ga _gl _hsenc _hsmi __hsfp __hssc __hstc cfid cftoken dclid epik fb_action_ids fb_action_types fb_source fbclid gbraid gclid gclsrc
  hsctatracking igsh igshid jsessionid li_fat_id mc_cid mc_eid mkt_tok msclkid oly_anon_id oly_enc_id phpsessid rb_clickid s_cid srsltid
  ttclid twclid vero_conv vero_id wbraid wickedid yclid`.split(/\s+/),
)
const prefixOfVisitors = /^(?:utm_|aspsessionid)/
/** Names that may say session, and names of what is drawn for each answer so that nothing is cached or forged: their value decides. */
const nameOfSession = /^(?:s|ssid|\w*sid|\w*sess(?:ion|id)?[_-]?(?:id|key|token|hash)?|zenid|cfsid|stoken|force_sid)$/
const nameOfNonce = /^(?:_?nonce|_?token|csrf\w*|xsrf\w*|__requestverificationtoken|rand(?:om)?|rnd|cb|cachebust(?:er)?|nocache|_)$/
/** A long word with digits in it, a UUID, or one of small and capital letters and digits; `autumn-conference-2026` is none. */
const drawnSession =
  /^(?:(?=[^\d]*\d)[A-Za-z0-9]{16,}|[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}|(?=[^\d]*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9_,-]{16,})$/
/** One of letters and digits, a time, or a fraction. */
const drawnNonce = /^(?:(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9_-]{8,}|\d{10,}|0?\.\d{6,})$/i

/** Whether a parameter of a query is drawn for the visitor: it says nothing of the page. */
export function isOfVisitor(name: string, value: string): boolean {
  const lower = name.toLowerCase()
  if (namesOfVisitors.has(lower) || prefixOfVisitors.test(lower)) return true
  return (nameOfSession.test(lower) && drawnSession.test(value)) || (nameOfNonce.test(lower) && drawnNonce.test(value))
}

const parameterOfVisitor = /;(?:jsessionid|phpsessid|sid|session|sessionid)=[^/;]*/gi
/** ASP.NET's cookieless sessions (`/(S(…))/`), and a segment that says session of what looks drawn. */
const segmentOfVisitor =
  /\/(?:\((?:[A-Z]\([A-Za-z0-9_-]{16,}\))+\)|(?:s|sid|sess|session|session_?id|phpsessid|jsessionid)[=,:.-]([A-Za-z0-9_-]{16,}))(?=\/|$)/gi
const mayHold = /[;(]|\/(?:s|sid|sess\w*|phpsessid|jsessionid)[=,:.-]/i

/** Whether a path may hold a session; most do not. */
export const mayHoldSession = (path: string): boolean => mayHold.test(path)

/** A path without its sessions. */
export function withoutSession(path: string): string {
  if (!mayHoldSession(path)) return path
  const shown = path
    .replace(parameterOfVisitor, '')
    .replace(segmentOfVisitor, (segment: string, value: string | undefined) => (value === undefined || drawnSession.test(value) ? '' : segment))
  return shown === '' ? '/' : shown
}
