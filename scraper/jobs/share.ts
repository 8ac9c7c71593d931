import { createHash } from 'node:crypto'
import { recentValues } from '#infra/recent-values.ts'
import { OrreryError } from '#schemas/errors.ts'
import { hostOf } from '#schemas/identity/url-parts.ts'

/** Which hosts a miner crawls. */
export type Share = (url: string) => boolean

const bytesMax = 4 * 2 ** 20

/** @param share "1/2" = the first of two parts, by hash of the host name and port. @throws OrreryError `invalid_config` for a part beyond the whole */
export function shareOf(share: string): Share {
  const [part = 1, parts = 1] = share.split('/').map(Number)
  if (!(part >= 1 && part <= parts)) {
    throw new OrreryError('invalid_config', `miner.share "${share}" names a part that is not there; write one from 1/${parts} to ${parts}/${parts}.`, { share })
  }
  if (parts === 1) return () => true
  const known = recentValues<string, boolean>({ bytesMax })
  return (url) => {
    const host = hostOf(url)
    let isOurs = known.get(host)
    if (isOurs === undefined) {
      isOurs = createHash('sha256').update(host).digest().readUInt32BE(0) % parts === part - 1
      known.keep(host, isOurs)
    }
    return isOurs
  }
}
