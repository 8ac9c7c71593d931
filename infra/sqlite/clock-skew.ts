/**
 * Clocks of processes that share a file may differ by so much, ms. What was lent later than that from now was lent by a clock that was ahead and has gone back:
 * such a lease is over.
 */
export const clockSkewMs = 60_000
