import type { Database } from '#infra/sqlite/database.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isSigned, parseCall, signExtrinsic, type Call, type Extrinsic } from './extrinsic.ts'
import type { LocalBlocks } from './local-blocks.ts'
import { dispatch } from './local-calls.ts'
import type { LocalParameters } from './local-parameters.ts'
import { callBlocks, keepPast, readAccount, type Genesis } from './local-tables.ts'
import { refusal } from './refusal.ts'

/** How calls get into the chain. */
export interface LocalInclusion {
  /** Verifies, runs and records a signed call, or changes nothing. @throws OrreryError `chain_refused`, `rate_limited`, `invalid_argument` */
  include(extrinsic: Extrinsic): void
  /** Signs a call with the signer's next nonce and includes it; when another process used that nonce meanwhile, again with the next. */
  call(signer: Signer, call: Call): void
}

/** How often a call is signed anew when other processes of the same signer are faster. */
const noncesTried = 100

export function localInclusion(db: Database, genesis: Genesis, parameters: LocalParameters, blocks: LocalBlocks): LocalInclusion {
  function include(extrinsic: Extrinsic): void {
    const { call, signer, nonce } = extrinsic
    if (extrinsic.genesis !== genesis.genesisHash || !isSigned(extrinsic)) throw refusal(call.name, 'BadProof')
    db.transaction(() => {
      const block = blocks.head()
      const expected = readAccount(db, signer).nonce
      if (nonce !== expected) throw refusal(call.name, nonce < expected ? 'Stale' : 'Future', { nonce, expected })
      keepPast(db, block)
      dispatch(call, { db, parameters, signer, block })
      db.run('insert into accounts (address, nonce) values (?, ?) on conflict do update set nonce = excluded.nonce', signer, nonce + 1)
      record(db, block, extrinsic)
    })
  }

  function call(signer: Signer, call: Call): void {
    const checked = parseCall(call)
    for (let tried = 1; ; tried++) {
      try {
        return include(signExtrinsic(checked, signer, readAccount(db, signer.address).nonce, genesis.genesisHash))
      } catch (cause) {
        if (tried >= noncesTried || !isRefusal(cause, 'Stale')) throw cause
      }
    }
  }

  return { include, call }
}

export const isRefusal = (cause: unknown, reason: string): boolean => cause instanceof OrreryError && cause.details['reason'] === reason

function record(db: Database, block: number, { call, signer, nonce, signature }: Extrinsic): void {
  const insert = 'insert into extrinsics (block, signer, nonce, call, signature) values (?, ?, ?, ?, ?)'
  db.run(insert, block, signer, nonce, canonicalJson(call), Buffer.from(signature.slice(2), 'hex'))
  db.run('delete from extrinsics where block < ?', block - callBlocks)
}
