import { openPagePool } from './page-pool.ts'

/** A process that reads pages takes most of a second to start: the tests of a process share one. It ends with that process, or a while after the last page. */
export const sharedPages = openPagePool({ threads: 1 })
