import { parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** As S3 has it. */
const pageKeys = 1_000
/** Above every character of a key. */
const last = '\u{10ffff}'

export interface ListWish {
  prefix: string
  /** `/`: what stands below the next `/` behind the prefix is one entry. */
  delimiter: string | undefined
  /** NextContinuationToken of the page before. */
  token: string | undefined
}

/**
 * One page of keys as S3's ListObjectsV2 answers it (ListBucketResult), 1,000 entries. LastModified is what the name of a shard says; a store's clock says nothing
 * that counts. @throws OrreryError `invalid_argument` for a token that is none
 */
export async function listPage(store: Pick<ObjectStore, 'list'>, bucket: string, { prefix, delimiter, token }: ListWish): Promise<string> {
  const entries: string[] = []
  let count = 0
  let next: string | undefined
  let after = token === undefined ? undefined : keyOf(token, prefix)
  walk: for (;;) {
    let skipTo: string | undefined
    for await (const { key, bytes } of store.list(prefix, after === undefined ? {} : { after })) {
      if (count === pageKeys) {
        next = after
        break walk
      }
      count++
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
      if (end >= 0) {
        const folder = key.slice(0, end + 1)
        entries.push(`<CommonPrefixes><Prefix>${escaped(folder)}</Prefix></CommonPrefixes>`)
        skipTo = after = `${folder}${last}`
        break
      }
      entries.push(`<Contents><Key>${escaped(key)}</Key>${modified(key)}<Size>${bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`)
      after = key
    }
    if (skipTo === undefined) break
  }
  const more = next === undefined ? '' : `<NextContinuationToken>${Buffer.from(next).toString('base64url')}</NextContinuationToken>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${escaped(bucket)}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${count}</KeyCount><MaxKeys>${pageKeys}</MaxKeys>${entries.join('')}<IsTruncated>${next !== undefined}</IsTruncated>${more}</ListBucketResult>`
}

function keyOf(token: string, prefix: string): string {
  const key = Buffer.from(token, 'base64url').toString()
  if (/^[\w-]{1,2000}$/.test(token) && key.startsWith(prefix) && Buffer.from(key).toString('base64url') === token) return key
  throw new OrreryError('invalid_argument', 'The continuation token is none that this listing gave; send NextContinuationToken as it came.')
}

function modified(key: string): string {
  const written = parseShardName(parseShardKey(key)?.name ?? '')?.writtenAt
  return written ? `<LastModified>${written.toISOString()}</LastModified>` : ''
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
