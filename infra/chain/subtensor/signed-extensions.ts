import type { ExtDef } from '@polkadot/types/extrinsic/signedExtensions/types'

const none = { extrinsic: {}, payload: {} }

/**
 * What subtensor adds to a signed call beyond what polkadot-js knows by itself. The fee wrapper carries the tip: without this entry its byte is dropped and
 * every call is malformed. The others are checks of the chain that add no byte; named here, they are not warned of.
 */
export const signedExtensions: ExtDef = {
  ChargeTransactionPaymentWrapper: { extrinsic: { tip: 'Compact<Balance>' }, payload: {} },
  SudoTransactionExtension: none,
  CheckShieldedTxValidity: none,
  SubtensorTransactionExtension: none,
  SubtensorSignedExtension: none,
  CommitmentsSignedExtension: none,
  DrandPriority: none,
}
