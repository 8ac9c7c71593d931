/** Where a trainer stands, in its own words. */
export interface ConsumerState {
  /** JSON text, as it was given. */
  state: string
  /** 1 for the first, and so on. */
  version: number
  /** ms since epoch */
  updatedAt: number
}

/** Of one state, in UTF-8. */
export const stateBytesMax = 64 * 2 ** 10
/** States that one owner keeps, at most: of those not changed for `staleMs` the one that is oldest makes room. */
export const statesMax = 1_000
export const staleMs = 90 * 86_400_000

/** States of trainers, by job and name. One is of whoever was first to keep it, and nobody else's to change. Shared by processes; acknowledged means durable (kill -9). */
export interface Consumers {
  get(job: string, name: string): Promise<ConsumerState | undefined>
  /**
   * @param expected the version that it takes the place of, 0 for none; absent: whichever
   * @throws `precondition_failed` when it is another, `forbidden` when it is another owner's, `too_large`, `rate_limited` when the owner has as many as it may
   */
  put(job: string, name: string, state: string, by: { owner: string; expected?: number }): Promise<ConsumerState>
}
