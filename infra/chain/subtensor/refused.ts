import { OrreryError } from '#schemas/errors.ts'
import { RpcError } from './rpc.ts'
import { isRefusalReason, reasonOfPoolCode, refusal } from '../refusal.ts'

/** A block took the call and it failed, or the pool refused it by name. @param hint the pallet's own words */
export function refusedFor(call: string, reason: string, hint = ''): OrreryError {
  if (isRefusalReason(reason)) return refusal(call, reason)
  const said = hint === '' ? '' : `: ${hint.slice(0, 300)}`
  return new OrreryError('chain_refused', `The chain refused ${call} (${reason})${said}. The documentation of subtensor says what that is.`, { reason, call })
}

/** sp_runtime's InvalidTransaction, by the words in which nodes tell it. */
const invalid = [
  [/outdated|stale/i, 'Stale'],
  [/future/i, 'Future'],
  [/bad signature|bad ?proof/i, 'BadProof'],
  [/inability to pay|payment/i, 'Payment'],
  [/ancient birth/i, 'AncientBirthBlock'],
] as const

/** What the codes of a pool mean that no call of ours is known to be refused with (CustomTransactionError at spec 459, by its own names). */
const otherCodes: Readonly<Record<number, string>> = {
  0: 'ColdkeyInSwapSchedule',
  2: 'BalanceTooLow',
  4: 'HotkeyAccountDoesntExist',
  5: 'NotEnoughStakeToWithdraw',
  7: 'InsufficientLiquidity',
  8: 'SlippageTooHigh',
  9: 'TransferDisallowed',
  14: 'ZeroMaxAmount',
  15: 'InvalidRevealRound',
  20: 'EvmKeyAssociateRateLimitExceeded',
  21: 'ColdkeySwapDisputed',
  22: 'InvalidRealAccount',
  23: 'FailedShieldedTxParsing',
  24: 'InvalidShieldedTxPubKeyHash',
  25: 'NonAssociatedColdKey',
  26: 'DelegateTakeTooLow',
  27: 'DelegateTakeTooHigh',
  255: 'BadRequest',
}

/** Codes of the author RPC (sc_rpc_api::author::error). */
const invalidTransaction = 1010
const poolFull = new Set([1011, 1014, 1015, 1016])
const alreadyKnown = new Set([1012, 1013])

/**
 * What a node said to a call before any block, `1010 {"invalid":{"custom":N}}` or `Custom error: N`, as the error of that name; undefined where it is no such answer.
 * A full pool, and another call with the same nonce in it, are `upstream_failed` and retryable.
 */
export function poolRefusal(call: string, error: unknown): OrreryError | undefined {
  if (!(error instanceof RpcError)) return undefined
  const { code, message: said } = error
  const custom = /custom(?: error)?["':\s(]+(\d{1,3})/i.exec(said)?.[1]
  if (custom !== undefined) {
    const reason = reasonOfPoolCode(Number(custom), call) ?? otherCodes[Number(custom)] ?? `Custom${custom}`
    const refused = refusedFor(call, reason)
    return new OrreryError(refused.code, refused.message, { ...refused.details, pool: Number(custom) })
  }
  if (code === invalidTransaction) return refusedFor(call, invalid.find(([words]) => words.test(said))?.[1] ?? 'InvalidTransaction', said)
  if (poolFull.has(code) || alreadyKnown.has(code))
    return new OrreryError(
      'upstream_failed',
      `The node has no room for ${call} in its pool, or another call of this hotkey in it: ${said.slice(0, 200)}. Send it again.`,
      {
        call,
        rpc: code,
      },
    )
  return undefined
}

/** A call of the hotkey came first: the same call with the next nonce may pass. */
export const isNonceTaken = (error: unknown): boolean =>
  error instanceof OrreryError && (error.details['reason'] === 'Stale' || error.details['rpc'] === 1013 || error.details['rpc'] === 1014)
