import { timeBucketOf } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'

/** The order of rows in a shard: time bucket, then host, then uri (UTF-16 code units). Total, as a uri stands in a shard once. */
export function compareDocuments(a: Document, b: Document): number {
  return timeBucketOf(a.datetime.getTime()) - timeBucketOf(b.datetime.getTime()) || compareText(a.host, b.host) || compareText(a.uri, b.uri)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
