import type { PortThread } from '#infra/sqlite/port-thread.ts'
import type { NamedCounts, RowGroup } from '#schemas/data-file.ts'
import type { RowIdentity } from '#schemas/row-identity.ts'
import { BookTables } from './book-tables.ts'

/** A file as its snapshot lists it, with the list of its rows. */
export interface ListedRows {
  sha256: string
  key: string
  jobId: string
  bytes: number
  rows: number
  textBytes: number
  labels: NamedCounts
  groups: readonly RowGroup[]
  /** First and last hour of its rows. */
  hours: { first: number; last: number } | null
  /** ISO 8601 */
  writtenAt: string
  list: Uint8Array
  /** Its deletion vector. */
  deletes: { sha256: string; blob: Uint8Array } | null
}

/** A file that is known, as far as it is needed to read a row of it. */
export interface KnownFile {
  sha256: string
  key: string
  jobId: string
  bytes: number
  rows: number
  writtenAt: string
  deletes: string | null
}

export interface FileProofs {
  digests: Uint8Array
  groups: RowGroup[]
}

/** What a claim that was taken in was. */
export interface TakenClaim {
  index: string
  block: number
  /** ms, of that block */
  committedAt: number
  snapshots: { job_id: string; sha256: string }[]
}

/** Over all files of a miner, of the rows that are left. */
export interface BookTotals {
  rows: number
  textBytes: number
  /** Without a word. */
  wordless: number
  /** That say what another row of the miner says, or nearly. */
  repeats: number
  /** That others showed first. */
  foreign: number
  /** That are paid for. */
  counted: number
}

/** Text of one hour and label that a miner was the first to show. */
export interface EarnedBucket {
  jobId: string
  hour: number
  label: string
  rows: number
  bytes: number
}

export interface DrawnPlace {
  file: string
  /** Position in the file. */
  row: number
  /** The block in which its miner showed it first. */
  block: number
}

/**
 * What a validator knows of all rows that miners claim, without their texts: which of them are paid for. It holds what is claimed now, 27 bytes a row, and for two months
 * who was the first to show what (sights.ts, showings.ts). On disk; in memory is one file, and what finding repeats takes (repeats.ts).
 */
export interface RowBook extends AsyncDisposable {
  files(hotkey: string): Promise<KnownFile[]>
  /** Takes a file in, of a claim that was committed in that block. @returns why it cannot be */
  add(hotkey: string, file: ListedRows, block: number): Promise<string | undefined>
  /** Another deletion vector of a known file. @returns false when rows came back: it must be dropped, and added anew */
  setDeletes(hotkey: string, sha256: string, deletes: ListedRows['deletes']): Promise<boolean>
  drop(hotkey: string, files: readonly string[]): Promise<void>
  /** What was taken in wholly, and the claim that is. */
  taken(hotkey: string): Promise<TakenClaim | undefined>
  take(hotkey: string, claim: TakenClaim): Promise<void>
  /**
   * The miners whose totals are not up to what was taken in, and how many rows they show. What was first seen too long ago is forgotten here (showings.ts).
   * @param block of the look
   */
  unsettled(block: number): Promise<{ hotkey: string; rows: number }[]>
  /** Brings the totals up to what was taken in. */
  settle(hotkey: string): Promise<BookTotals>
  /** The largest of them, as many as an index may have: `count` from a place on, fewer at the end. What they are is found at place 0. */
  earned(hotkey: string, from: number, count: number): Promise<EarnedBucket[]>
  /** Different rows that are paid for, in the order of a draw; all of them when there are fewer. */
  draw(hotkey: string, seed: string, rows: number): Promise<DrawnPlace[]>
  /** What the bytes of a known file are held against: the digests of its blocks, and its row groups. */
  proofs(hotkey: string, sha256: string): Promise<FileProofs>
  /** What the list of a file says of some of its rows; an earlier hour where the page was shown before. */
  identities(hotkey: string, sha256: string, rows: readonly number[]): Promise<(RowIdentity & { label: string })[]>
  /** Deletion vectors, by file, of the rows that are left and not paid for. */
  unpaid(hotkey: string): Promise<{ file: string; rows: Uint8Array }[]>
  hotkeys(): Promise<string[]>
  /** Forgets what a miner shows: what it was the first for is free. */
  forget(hotkey: string): Promise<void>
  /** Forgets it, as it lied of its rows: until it has passed it keeps nobody from anything. */
  disown(hotkey: string): Promise<void>
  /** It was judged, and nothing was said against it. */
  passed(hotkey: string): Promise<void>
  /** Block of the last look that all miners' claims were taken in at; 0 = none. */
  lastLook(): Promise<number>
  setLook(block: number): Promise<void>
}

const methods = {
  files: true,
  add: true,
  setDeletes: true,
  drop: true,
  taken: true,
  take: true,
  unsettled: true,
  settle: true,
  earned: true,
  draw: true,
  proofs: true,
  identities: true,
  unpaid: true,
  hotkeys: true,
  forget: true,
  disown: true,
  passed: true,
  lastLook: true,
  setLook: true,
} as const

/** In a thread of its own: a file of a million rows takes seconds. @param path of its database; the sights lie beside it */
export const threadedRowBook = (path: string, thread: PortThread): RowBook =>
  thread.open<RowBook>({ module: import.meta.url, factory: 'openRowBook', args: [path] }, methods)

export function openRowBook(path: string): RowBook {
  const book = new BookTables(path)
  return {
    files: async (hotkey) => book.files(hotkey),
    add: async (hotkey, file, block) => book.add(hotkey, file, block),
    setDeletes: async (hotkey, sha256, deletes) => book.setDeletes(hotkey, sha256, deletes),
    drop: async (hotkey, files) => book.drop(hotkey, files),
    taken: async (hotkey) => book.taken(hotkey),
    take: async (hotkey, claim) => book.take(hotkey, claim),
    unsettled: async (block) => book.unsettled(block),
    settle: async (hotkey) => book.settle(hotkey),
    earned: async (hotkey, from, count) => book.earned(hotkey, from, count),
    draw: async (hotkey, seed, rows) => book.draw(hotkey, seed, rows),
    proofs: async (hotkey, sha256) => book.proofs(hotkey, sha256),
    identities: async (hotkey, sha256, rows) => book.identities(hotkey, sha256, rows),
    unpaid: async (hotkey) => book.unpaid(hotkey),
    hotkeys: async () => book.hotkeys(),
    forget: async (hotkey) => book.forget(hotkey, false),
    disown: async (hotkey) => book.forget(hotkey, true),
    passed: async (hotkey) => book.passed(hotkey),
    lastLook: async () => book.lastLook(),
    setLook: async (block) => book.setLook(block),
    [Symbol.asyncDispose]: async () => book[Symbol.dispose](),
  }
}
