import { compareText } from '#schemas/compare-text.ts'
import { timeBucketOf } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'

/** The order of rows in a shard: time bucket, host, uri (both by UTF-16 code units), then version and id, which make it total: one page may have many versions. */
export function compareDocuments(a: Document, b: Document): number {
  return (
    timeBucketOf(a.datetime.getTime()) - timeBucketOf(b.datetime.getTime()) ||
    compareText(a.host, b.host) ||
    compareText(a.uri, b.uri) ||
    a.version - b.version ||
    compareText(a.id, b.id)
  )
}
