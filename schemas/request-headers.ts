import { z } from 'zod'

const namesMax = 20

/** What a request says for itself, its connection or its answer: the crawler's own to say. */
const ownNames = new Set(
  `accept accept-encoding connection content-encoding content-length content-type expect host http2-settings if-match if-modified-since if-none-match if-range
  if-unmodified-since keep-alive range te trailer transfer-encoding upgrade user-agent via`.split(/\s+/),
)
/** What lets one in. A job is public, and so is what it asks for. */
const secretNames = new Set(['authorization', 'cookie', 'proxy-authorization'])

/** A token of RFC 9110 §5.6.2 that begins with a letter or digit. */
const Name = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9!#$%&'*+.^_`|~-]*$/, 'no name of a header')
  .refine((name) => !ownNames.has(name.toLowerCase()) && !name.toLowerCase().startsWith('proxy-'), 'the crawler sets this header itself')
  .refine((name) => !secretNames.has(name.toLowerCase()), 'a job is public: no header that lets one in')

/** Headers that every request for the pages of a job carries, beside the crawler's own: `{"accept-language": "de"}`. */
export const RequestHeaders = z
  .record(
    // oxlint-disable-next-line orrery/no-open-record -- a name begins with a letter or digit
    Name,
    z
      .string()
      .max(1024)
      .regex(/^[\x20-\x7e]*$/, 'printable ASCII only'),
  )
  .refine((headers) => Object.keys(headers).length <= namesMax, `at most ${namesMax} headers`)
  .refine((headers) => new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length, 'one header twice')
export type RequestHeaders = z.infer<typeof RequestHeaders>
