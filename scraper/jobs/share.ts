import { createHash } from 'node:crypto'
import { OrreryError } from '#schemas/errors.ts'
import { originOf } from './jobs.ts'

/** Which hosts a miner crawls. */
export type Share = (url: string) => boolean

const originsMax = 10_000

/** @param share "1/2" = the first of two parts, by hash of the host name and port. @throws OrreryError `invalid_config` for a part beyond the whole */
export function shareOf(share: string): Share {
  const [part = 1, parts = 1] = share.split('/').map(Number)
  if (!(part >= 1 && part <= parts)) {
    throw new OrreryError('invalid_config', `miner.share "${share}" names a part that is not there; write one from 1/${parts} to ${parts}/${parts}.`, { share })
  }
  if (parts === 1) return () => true
  const known = new Map<string, boolean>()
  return (url) => {
    const origin = originOf(url)
    let isOurs = known.get(origin)
    if (isOurs === undefined) {
      if (known.size >= originsMax) known.clear()
      isOurs = createHash('sha256').update(new URL(url).host).digest().readUInt32BE(0) % parts === part - 1
      known.set(origin, isOurs)
    }
    return isOurs
  }
}
