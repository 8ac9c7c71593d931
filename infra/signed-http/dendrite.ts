import type { IncomingHttpHeaders } from 'node:http'
import type { Signer } from '#schemas/chain.ts'
import { addressIn, headerOf, signatureOf } from './header-values.ts'
import type { SchemeRules } from './signed-request.ts'

/**
 * The wire of SDK 10 and before (opentensor/bittensor, core/axon.py and core/dendrite.py): `nonce.dendriteHotkey.axonHotkey.uuid.bodyHash`. It binds neither
 * method, target nor body, as long as the synapse names no fields to hash, and those of Data Universe name none.
 */
const names = {
  nonce: 'bt_header_dendrite_nonce',
  uuid: 'bt_header_dendrite_uuid',
  hotkey: 'bt_header_dendrite_hotkey',
  signature: 'bt_header_dendrite_signature',
  receiver: 'bt_header_axon_hotkey',
  timeout: 'timeout',
} as const

/** SHA3-256 of nothing. */
const emptyBodyHash = 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'
/** What the first request of a dendrite may be late, beside the time that it says it waits. */
const deltaMs = 4_000
/** That time is not signed: whoever overheard a request could say that they wait for ever. */
const timeoutMsMax = 150_000
const timeoutMsUsual = 12_000

/** Nonces of one dendrite (hotkey and uuid) grow; the first comes within 4 s and its timeout. What is not signed is refused, which the SDK lets pass. */
export const dendrite: SchemeRules = {
  name: 'dendrite',
  isUsed: (headers) => headers[names.signature] !== undefined || headers[names.hotkey] !== undefined,
  pastMs: deltaMs + timeoutMsMax,
  aheadMs: 10_000,
  mayBeUnbound: false,
  mayRepeat: false,
  read({ headers }) {
    const fields = dendriteFields(headers)
    if (typeof fields === 'string') return fields
    const signature = signatureOf(headers, names.signature)
    if (signature === undefined) return `${names.signature} is not 0x and 128 hex digits`
    const { hotkey, receiver, nonce, uuid, timeoutMs } = fields
    return {
      hotkey,
      signature,
      signedAtNs: BigInt(nonce),
      receiver,
      nonce: uuid,
      order: BigInt(nonce),
      pastMs: deltaMs + timeoutMs,
      messages: () => [Buffer.from([nonce, hotkey, receiver, uuid, emptyBodyHash].join('.'))],
    }
  },
}

/** What the headers of a dendrite say, whether or not it is signed. */
export interface DendriteFields {
  hotkey: string
  /** Hotkey of the axon it is for. */
  receiver: string
  /** ns since the Unix epoch, decimal. */
  nonce: string
  uuid: string
  /** How long it waits for the answer. */
  timeoutMs: number
}

/** @returns a sentence's end that says what is wrong, where they cannot be read */
export function dendriteFields(headers: IncomingHttpHeaders): DendriteFields | string {
  const [hotkey, receiver] = [addressIn(headers, names.hotkey), addressIn(headers, names.receiver)]
  if (hotkey === undefined) return `${names.hotkey} is no SS58 address`
  if (receiver === undefined) return `${names.receiver} is no SS58 address`
  const nonce = headerOf(headers, names.nonce) ?? ''
  if (!/^[1-9]\d{0,18}$/.test(nonce) || BigInt(nonce) >= 2n ** 63n) return `${names.nonce} is no time in nanoseconds`
  const uuid = headerOf(headers, names.uuid) ?? ''
  if (!/^[0-9A-Za-z-]{1,64}$/.test(uuid)) return `${names.uuid} is no UUID`
  const hash = headerOf(headers, 'computed_body_hash') ?? emptyBodyHash
  if (hash !== emptyBodyHash) return 'computed_body_hash is not that of a synapse without fields to hash'
  const timeout = headerOf(headers, names.timeout) ?? String(timeoutMsUsual / 1000)
  if (!/^\d{1,9}(\.\d{1,20})?$/.test(timeout)) return `${names.timeout} is no number of seconds`
  return { hotkey, receiver, nonce, uuid, timeoutMs: Math.min(Number(timeout) * 1000, timeoutMsMax) }
}

/** The headers of a request as a dendrite sends it. @param nonceNs of the signer's clock, more than the last of this uuid */
export function signDendrite(
  signer: Signer,
  { receiver, nonceNs, uuid, timeoutSeconds }: { receiver: string; nonceNs: bigint; uuid: string; timeoutSeconds: number },
): Record<string, string> {
  const message = [nonceNs, signer.address, receiver, uuid, emptyBodyHash].join('.')
  return {
    [names.nonce]: String(nonceNs),
    [names.uuid]: uuid,
    [names.hotkey]: signer.address,
    [names.signature]: `0x${Buffer.from(signer.sign(Buffer.from(message))).toString('hex')}`,
    [names.receiver]: receiver,
    [names.timeout]: String(timeoutSeconds),
    computed_body_hash: emptyBodyHash,
  }
}

/** What an axon says of itself in an answer, signed: `nonce.dendriteHotkey.axonHotkey.uuid`. */
export function axonHeaders(
  signer: Signer,
  { to, uuid, nonceNs, status, message, processMs }: { to: string; uuid: string; nonceNs: bigint; status: number; message: string; processMs: number },
): Record<string, string> {
  const signed = [nonceNs, to, signer.address, uuid].join('.')
  return {
    bt_header_axon_version: axonVersion,
    bt_header_axon_uuid: uuid,
    bt_header_axon_nonce: String(nonceNs),
    bt_header_axon_status_code: String(status),
    bt_header_axon_status_message: message.replaceAll(/[^\x20-\x7e]/g, '?'),
    bt_header_axon_process_time: String(processMs / 1000),
    bt_header_axon_hotkey: signer.address,
    bt_header_axon_signature: `0x${Buffer.from(signer.sign(Buffer.from(signed))).toString('hex')}`,
  }
}

/** The last SDK that has axons, as it writes its version. */
const axonVersion = '10002000'
