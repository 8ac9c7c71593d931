/** Of a layer, in the words of IOTA. */
export const layerPhases = ['training', 'weights_uploading', 'merging_partitions'] as const
export type LayerPhase = (typeof layerPhases)[number]

export interface PhaseTimes {
  /** A training phase ends after so long; 0: with its epoch. */
  trainingMs: number
  /** Before it ends nothing new is given out for so long, and what is finished still settles. */
  graceMs: number
  uploadingMs: number
  mergingMs: number
}

/** How the phases stand. */
export interface Standing {
  phase: LayerPhase
  /** Samples are given out; not in the grace, nor outside of training. */
  isOpen: boolean
  /** The grace is over: the epoch is to be closed. */
  isOver: boolean
}

export interface Phases {
  /** @param epoch number of the epoch that is open; undefined: none is */
  at(epoch: number | undefined): Standing
}

/**
 * The phases of a run: training as long as an epoch is open, then uploading and merging of weights, then the next epoch. They begin anew with the process: one
 * that is started in the middle trains on, and nobody waits for a phase that nobody remembers. @param now monotonic, ms
 */
export function openPhases({ trainingMs, graceMs, uploadingMs, mergingMs }: PhaseTimes, now: () => number): Phases {
  /** The epoch that is trained, or was trained last. */
  let trained: { epoch: number; since: number } | undefined
  /** When its training was over. */
  let ended: number | undefined

  function betweenEpochs(since: number): LayerPhase | undefined {
    const passedMs = now() - since
    if (passedMs < uploadingMs) return 'weights_uploading'
    return passedMs < uploadingMs + mergingMs ? 'merging_partitions' : undefined
  }

  return {
    at(epoch) {
      if (trained && epoch !== trained.epoch) ended ??= now()
      const between = ended === undefined ? undefined : betweenEpochs(ended)
      if (between) return { phase: between, isOpen: false, isOver: false }
      if (epoch === undefined) return { phase: 'training', isOpen: false, isOver: false }
      if (trained?.epoch !== epoch) {
        trained = { epoch, since: now() }
        ended = undefined
      }
      const leftMs = trainingMs === 0 ? Infinity : trained.since + trainingMs - now()
      return { phase: 'training', isOpen: leftMs > graceMs, isOver: leftMs <= 0 }
    },
  }
}
