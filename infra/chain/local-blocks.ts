import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '#infra/sqlite/database.ts'
import { whenFree } from '#infra/sqlite/when-free.ts'
import type { Block } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { advanceTo } from './local-epochs.ts'
import type { LocalParameters } from './local-parameters.ts'
import { callBlocks, readHead, type Genesis } from './local-tables.ts'

/** The blocks of a local chain: block n begins at genesis + n × blockMs on the clock. */
export interface LocalBlocks {
  /** Brings the head up to the clock and returns it. Once it is there, no call can come into an earlier block any more. */
  head(): number
  /** @throws OrreryError `not_found`, `invalid_argument` */
  at(number: number): Block
  /** Each block once, in order, from the next one on, until the signal is aborted. */
  follow(signal: AbortSignal): AsyncIterable<Block>
}

interface BlockTraits {
  /** Whether hashes are drawn when blocks are made, or follow from a seed. */
  salts: 'drawn' | 'seeded'
  /** ms that all of them say they are of; undefined: each its own. */
  saidAt: number | undefined
}

export function localBlocks(db: Database, genesis: Genesis, parameters: LocalParameters, clock: Clock, { salts, saidAt }: BlockTraits): LocalBlocks {
  const timeOf = (number: number) => genesis.genesisMs + number * parameters.blockMs

  /** The block that has begun, whether the chain was brought up to it or not. */
  const begun = () => Math.max(Math.floor((clock.now() - genesis.genesisMs) / parameters.blockMs), readHead(db).head)

  function head(): number {
    const now = begun()
    if (now === readHead(db).head) return now
    return db.transaction(() => {
      const { head: made } = readHead(db)
      if (made < now && salts === 'drawn') drawSalt(db, made + 1)
      return advanceTo(db, now, parameters)
    })
  }

  function at(number: number): Block {
    if (!Number.isSafeInteger(number) || number < 0)
      throw new OrreryError('invalid_argument', `There is no block ${number}; blocks are counted from 0.`, { number })
    const now = head()
    if (number > now) throw new OrreryError('not_found', `Block ${number} is not there yet; the chain is at ${now}.`, { number, head: now })
    const hash = blockHash(db, genesis.genesisHash, number)
    if (hash === undefined)
      throw new OrreryError('not_found', `The hash of block ${number} is not known any more; the chain is at ${now}.`, { number, head: now })
    return { number, hash, timestamp: saidAt ?? timeOf(number) }
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

const saltBytes = 32

/** For the block that is made, and those that nobody made before it. To be called inside a transaction. */
function drawSalt(db: Database, block: number): void {
  db.run('insert into salts values (?, ?)', block, randomBytes(saltBytes))
  // The newest of those that are old enough is that of the blocks after it.
  db.run('delete from salts where since < (select max(since) from salts where since <= ?)', block - callBlocks)
}

/** sha256 of genesis, number and salt; undefined when that is forgotten. That of block 0 is the genesis itself. */
function blockHash(db: Database, genesisHash: string, number: number): string | undefined {
  if (number === 0) return genesisHash
  const row = db.get<{ salt: Uint8Array }>('select salt from salts where since <= ? order by since desc limit 1', number)
  return row && `0x${createHash('sha256').update(`${genesisHash}\n${number}\n`).update(row.salt).digest('hex')}`
}
