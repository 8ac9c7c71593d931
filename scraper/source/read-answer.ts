import type { TargetKind } from '#schemas/frontier.ts'
import type { PagePool } from '../document/page-pool.ts'
import { sources, type Fetched, type SourceReading } from './source.ts'
import { isGzip } from './url-list.ts'

/** The worst markup of this length is read in 15 ms, a usual page in less than one: a trip to the pool would cost as much. */
const hereBytesMax = 64 * 1024

/**
 * What the source of this kind makes of an answer. What could take long is read in the pool, under its limits, and may be refused as `too_slow` or `too_large`.
 * @param pages undefined: everything is read here, as a command may that does nothing else
 * @throws the signal's reason when aborted; what reading threw
 */
export async function readAnswer(kind: TargetKind, fetched: Fetched, pages: Pick<PagePool, 'find'> | undefined, signal: AbortSignal): Promise<SourceReading> {
  const isShort = fetched.body.length <= hereBytesMax && !isGzip(fetched.body)
  return isShort || !pages ? sources[kind].read(fetched) : await pages.find(kind, fetched, signal)
}
