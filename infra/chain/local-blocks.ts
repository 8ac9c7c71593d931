import { createHash } from 'node:crypto'
import type { Database } from '#infra/sqlite/database.ts'
import { whenFree } from '#infra/sqlite/when-free.ts'
import type { Block } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { advanceTo } from './local-epochs.ts'
import type { LocalParameters } from './local-parameters.ts'
import { readHead, type Genesis } from './local-tables.ts'

/** The blocks of a local chain: block n begins at genesis + n × blockMs on the clock. */
export interface LocalBlocks {
  /** Brings the head up to the clock and returns it. Once it is there, no call can come into an earlier block any more. */
  head(): number
  /** @throws OrreryError `not_found`, `invalid_argument` */
  at(number: number): Block
  /** Each block once, in order, from the next one on, until the signal is aborted. */
  follow(signal: AbortSignal): AsyncIterable<Block>
}

export function localBlocks(db: Database, genesis: Genesis, parameters: LocalParameters, clock: Clock): LocalBlocks {
  const timeOf = (number: number) => genesis.genesisMs + number * parameters.blockMs

  /** The block that has begun, whether the chain was brought up to it or not. */
  const begun = () => Math.max(Math.floor((clock.now() - genesis.genesisMs) / parameters.blockMs), readHead(db).head)

  function head(): number {
    const now = begun()
    if (now === readHead(db).head) return now
    return db.transaction(() => advanceTo(db, now, parameters))
  }

  function at(number: number): Block {
    if (!Number.isSafeInteger(number) || number < 0)
      throw new OrreryError('invalid_argument', `There is no block ${number}; blocks are counted from 0.`, { number })
    const now = head()
    if (number > now) throw new OrreryError('not_found', `Block ${number} is not there yet; the chain is at ${now}.`, { number, head: now })
    const hash = blockHash(db, genesis.genesisHash, number)
    if (hash === undefined)
      throw new OrreryError('not_found', `The hash of block ${number} is not known any more; the chain is at ${now}.`, { number, head: now })
    return { number, hash, timestamp: timeOf(number) }
  }

  const follow = (signal: AbortSignal) => followFrom(begun() + 1, signal)

  async function* followFrom(first: number, signal: AbortSignal): AsyncGenerator<Block> {
    for (let next = first; !signal.aborted; next++) {
      try {
        while (begun() < next) await clock.sleep(Math.max(1, timeOf(next) - clock.now()), signal)
        yield await whenFree(() => at(next))
      } catch (cause) {
        if (signal.aborted) return
        throw cause
      }
    }
  }

  return { head, at, follow }
}

/** sha256 of genesis, number and every call of the earlier blocks: fixed when the block begins, and not to be known before; undefined when they are forgotten. */
function blockHash(db: Database, genesisHash: string, number: number): string | undefined {
  const before = db.get<{ digest: Uint8Array }>('select digest from extrinsics where block < ? order by block desc, id desc limit 1', number)
  if (!before && (db.get<{ first: number | null }>('select min(id) as first from extrinsics')?.first ?? 1) > 1) return undefined
  const hash = createHash('sha256').update(`${genesisHash}\n${number}\n`)
  return `0x${hash.update(before?.digest ?? '').digest('hex')}`
}
