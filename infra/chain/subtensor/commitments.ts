import type { Codec } from '@polkadot/types/types'
import { addressOf } from '../ss58.ts'
import type { RuntimeAt } from './runtime-at.ts'

interface Commitment {
  data: Uint8Array
  block: number
}

interface Registration {
  block: { toString(): string }
  info: { fields: Iterable<{ type: string; value: Codec }> }
}

const keyBytes = 32
const commitmentBytesMax = 128

/**
 * What each of these hotkeys committed, by address: the first field that is plain bytes. Other kinds (hashes, timelocked ones, also such as no reveal opened), and
 * entries that are none of the type the metadata names, are no commitment of ours and are passed over. Of other hotkeys the chain keeps what they committed when
 * they were registered, for ever: nobody asks for that.
 */
export async function readCommitments(runtime: RuntimeAt, netuid: number, hotkeys: readonly Uint8Array[]): Promise<Map<string, Commitment>> {
  const found = new Map<string, Commitment>()
  const keys = hotkeys.map((hotkey) => [netuid, hotkey])
  for (const { key, decode } of await runtime.values('commitments', 'commitmentOf', keys)) {
    const commitment = commitmentOf(decode)
    if (commitment) found.set(addressOf(key.subarray(key.length - keyBytes)), commitment)
  }
  return found
}

function commitmentOf(decode: () => Codec): Commitment | undefined {
  try {
    const { block, info } = decode() as unknown as Registration
    for (const { type, value } of info.fields) {
      if (!/^Raw\d+$/.test(type)) continue
      const data = new Uint8Array(value.toU8a(true))
      if (data.length > 0 && data.length <= commitmentBytesMax) return { data, block: Number(block) }
    }
  } catch {
    // Bytes that the metadata does not describe.
  }
  return undefined
}
