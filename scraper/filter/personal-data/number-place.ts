/** So far back is looked for where a number stands; more is never needed, and a page without spaces costs no more. */
const lookBackChars = 256

/** Ends what may be a URL on its left. */
const breaks = /[\s"'<>|`]/

/** What stands before `at` without white space or quotes. */
function tokenBefore(text: string, at: number): string {
  let start = at
  const first = Math.max(0, at - lookBackChars)
  while (start > first && !breaks.test(text[start - 1] as string)) start--
  return text.slice(start, at)
}

/** `https://…/`, `www.…`, `host.org/path/`, `/path/`, `?id=`, DOIs. */
const urlPart = /:\/\/|\bwww\.|[a-z0-9-]\.[a-z]{2,24}(?::\d{1,5})?[/?]|^\(?\/|[?&][\w.-]{1,40}=$|\b10\.\d{4,9}\//i
/** Links that carry a telephone number. */
const phoneLink = /(?:tel:|sms:|wa\.me\/|whatsapp[^ ]{0,40}phone=)\+?$/i

/** Whether a number there is a part of a URL, and no telephone number in one. */
export function isInUrl(text: string, at: number): boolean {
  const token = tokenBefore(text, at)
  return urlPart.test(token) && !phoneLink.test(token)
}

/** Words behind which a number names a thing, and keys like `user_id`, `itemId`, `pid`. */
const thing =
  /\b(?:id|ids|uid|guid|oid|isbn|issn|ean|upc|gtin|asin|doi|pmid|arxiv|imei|imsi|iccid|sku|vin|ref|reference|order|invoice|ticket|case|tracking|shipment|serial|item|article|part|model|product|patent|docket|zip|cep|plz|postcode|commit|tweet|status|(?:bestell|auftrags?|rechnungs|artikel|sendungs|kunden|serien)nummer|(?:art|best|inv|kd|mat|rg|ser)\.?-?(?=n[ro]))["'`]?(?:[ .-]{0,2}(?:no|nr|num|number|code|13|10))?\.?["'`]?[ \t]?[:=#]?[ \t]?["'`]?$/i
const key = /(?:_id|[a-z]I[dD]|\b(?!paid|said)[a-z]{1,12}id)["'`]?\s?[:=]\s?["'`]?$/

/** Whether a number there is the number of a thing: in a URL, or behind a word like "id" or "order number". */
export function isIdentifier(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 48), at)
  return thing.test(before) || key.test(before) || isInUrl(text, at)
}
