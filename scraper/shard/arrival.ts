import { z } from 'zod'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { decodeDocument, encodeDocument, type Document } from '#schemas/document.ts'
import { columnShape } from '#schemas/document-columns.ts'
import type { Message } from '#schemas/queue.ts'

/** A page that its owner took back: every row of it up to that version leaves the next snapshot. */
export interface Withdrawal {
  uri: string
  /** The version that was kept last. */
  version: number
  /** A stable code: `http_404`, `http_410`, `noindex`, `robots_disallowed`, … */
  reason: string
  at: Date
}

const Withdrawn = z.object({
  withdrawn: z.object({ uri: columnShape.uri, version: z.int().nonnegative(), reason: z.string(), at: z.iso.datetime().pipe(z.coerce.date()) }),
})

/** URLs are longer than keys may be. */
const keyOf = (...parts: readonly (string | number)[]): string => sha256Hex(parts.join('\n'))

/** A document on its way into a shard. The same fetch of the same version is one message, however often it is added. */
export const documentMessage = (document: Document): Message => ({
  key: keyOf(document.uri, document.version, document.html_sha256),
  body: encodeDocument(document),
})

/** A withdrawal on its way into the next snapshot. */
export const withdrawalMessage = ({ uri, version, reason, at }: Withdrawal): Message => ({
  key: keyOf(uri, version, 'withdrawn'),
  body: { withdrawn: { uri, version, reason, at: at.toISOString() } },
})

/** What a message says. @throws Error when it is neither */
export function readArrival(body: unknown): { document: Document } | { withdrawal: Withdrawal } {
  const { data } = Withdrawn.safeParse(body)
  return data ? { withdrawal: data.withdrawn } : { document: decodeDocument(body) }
}
