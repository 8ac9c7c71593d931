import type { OrreryError } from '#schemas/errors.ts'
import type { Node } from './node.ts'
import { refusedFor } from './refused.ts'
import { runtimeAt } from './runtime-at.ts'
import type { Runtime } from './runtime.ts'

/** What an event tells that we look for. */
interface EventRecord {
  phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } }
  event: { section: string; method: string; data: [DispatchError, ...unknown[]] }
}
interface DispatchError {
  type: string
  isModule: boolean
  asModule: Parameters<Runtime['registry']['findMetaError']>[0]
  isToken: boolean
  asToken: { type: string }
}

/**
 * Whether that block, a final one, has the call.
 * @param call `signed` as it was sent
 * @throws OrreryError `chain_refused`, `rate_limited` where the call failed in it
 */
export async function outcomeIn(node: Node, number: number, { name, signed }: { name: string; signed: string }): Promise<boolean> {
  const hash = await node.send<string>('chain_getBlockHash', [number])
  const { block } = await node.send<{ block: { extrinsics: string[] } }>('chain_getBlock', [hash])
  const at = block.extrinsics.indexOf(signed)
  if (at < 0) return false
  const runtime = await runtimeAt(node, hash)
  const events = (await runtime.value('system', 'events')) as unknown as Iterable<EventRecord> | undefined
  for (const { phase, event } of events ?? [])
    if (phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === at && event.section === 'system' && event.method === 'ExtrinsicFailed')
      throw failure(runtime.runtime, name, event.data[0])
  return true
}

function failure({ registry }: Runtime, name: string, error: DispatchError): OrreryError {
  if (!error.isModule) return refusedFor(name, error.isToken ? error.asToken.type : error.type)
  try {
    const known = registry.findMetaError(error.asModule)
    return refusedFor(name, known.name, known.docs.join(' '))
  } catch {
    return refusedFor(name, 'ModuleError', 'the metadata does not name it')
  }
}
