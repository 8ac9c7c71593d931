/** The epochs of a subnet as they stand at one block. */
export interface Schedule {
  block: number
  tempoBlocks: number
  /** The running one. */
  epoch: number
  /** Block at which the next one begins. */
  nextEpochBlock: number
}

interface StatefulEpochs {
  block: number
  tempoBlocks: number
  epoch: number
  lastEpochBlock: number
  /** Asked for by the owner; 0 = none. */
  pendingEpochBlock: number
  /** What the runtime says itself, where it does. */
  nextEpochBlock: number | undefined
}

/** Epochs at spec 425: counted, begun by tempo or by the owner, each in a block of its own. One that is overdue begins in the next block. */
export function statefulSchedule({ block, tempoBlocks, epoch, lastEpochBlock, pendingEpochBlock, nextEpochBlock }: StatefulEpochs): Schedule {
  const byTempo = lastEpochBlock + tempoBlocks
  const due = nextEpochBlock ?? (pendingEpochBlock > 0 ? Math.min(byTempo, pendingEpochBlock) : byTempo)
  return { block, tempoBlocks, epoch, nextEpochBlock: Math.max(due, block + 1) }
}

/** Epochs before that: one every tempo + 1 blocks, shifted by the netuid (get_epoch_index, at spec 219..293). */
export function fixedSchedule({ block, tempo, netuid }: { block: number; tempo: number; netuid: number }): Schedule {
  const tempoBlocks = tempo + 1
  const epoch = Math.floor((block + netuid + 1) / tempoBlocks)
  return { block, tempoBlocks, epoch, nextEpochBlock: (epoch + 1) * tempoBlocks - netuid - 1 }
}

/** First block of an epoch that has not begun; the block itself for one that has. */
export const epochStart = ({ block, tempoBlocks, epoch, nextEpochBlock }: Schedule, wanted: number): number =>
  wanted <= epoch ? block : nextEpochBlock + (wanted - epoch - 1) * tempoBlocks

/** First block at which weights that are committed in the next block are revealed: the first of the epoch that is `periodEpochs` after theirs. */
export function firstRevealBlock(schedule: Schedule, periodEpochs: number): number {
  const included = schedule.block + 1
  const epoch = included >= schedule.nextEpochBlock ? schedule.epoch + 1 : schedule.epoch
  return epochStart(schedule, epoch + periodEpochs)
}
