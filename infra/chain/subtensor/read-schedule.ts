import type { Node } from './node.ts'
import { runtimeAt, type RuntimeAt } from './runtime-at.ts'
import { fixedSchedule, statefulSchedule, type Schedule } from './schedule.ts'

/** By what the runtime counts epochs. */
export async function readSchedule(runtime: RuntimeAt, netuid: number, block: number): Promise<Schedule> {
  const number = async (item: string) => Number((await runtime.value('subtensorModule', item, netuid))?.toString() ?? 0)
  const tempo = await number('tempo')
  if (!runtime.has('subtensorModule', 'subnetEpochIndex')) return fixedSchedule({ block, tempo, netuid })
  const [epoch, lastEpochBlock, pendingEpochBlock, next] = await Promise.all([
    number('subnetEpochIndex'),
    number('lastEpochBlock'),
    number('pendingEpochAt'),
    runtime.call('SubnetInfoRuntimeApi', 'get_next_epoch_start_block', netuid),
  ])
  // An Option: a subnet without a tempo runs no epochs.
  const nextEpochBlock = Number(next?.toString() ?? '')
  return statefulSchedule({
    block,
    tempoBlocks: tempo,
    epoch,
    lastEpochBlock,
    pendingEpochBlock,
    nextEpochBlock: nextEpochBlock > 0 ? nextEpochBlock : undefined,
  })
}

/** At the best block, the one before that which a call may come in: the final one is two or three behind, and an epoch may lie between. */
export async function scheduleNow(node: Node, netuid: number): Promise<{ schedule: Schedule; atMs: number }> {
  const hash = await node.send<string>('chain_getBlockHash', [])
  const [{ number }, runtime] = await Promise.all([node.send<{ number: string }>('chain_getHeader', [hash]), runtimeAt(node, hash)])
  const [schedule, moment] = await Promise.all([readSchedule(runtime, netuid, Number(number)), runtime.value('timestamp', 'now')])
  return { schedule, atMs: Number(moment?.toString() ?? 0) }
}
