import { MomentDate } from '#schemas/moment.ts'
import { postColumns, type PostColumnKind, type PostPlatform } from '#schemas/post-columns.ts'

/** What somebody says of a post, by the names of its columns. What it says nothing of is not there. */
export interface ClaimedPost {
  platform: PostPlatform
  /** By which it is looked up. */
  uri: string
  /** ms since epoch. */
  datetimeMs: number
  label: string | null
  cells: ReadonlyMap<string, Cell>
}

/** A time is ms since epoch. */
type Cell = string | number | boolean | readonly string[]

const textsMax = 1000

/**
 * Reads the cells of a row, be it of a file or of the JSON that a miner answers with.
 * @param given own members by the names of the platform's columns; what is beside them is not looked at
 * @returns the column that is not what it should be
 */
export function claimedCells(platform: PostPlatform, given: object): ReadonlyMap<string, Cell> | { wrong: string } {
  const cells = new Map<string, Cell>()
  for (const [name, kind] of Object.entries(postColumns[platform])) {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined
    if (value === undefined || value === null) continue
    const cell = cellOf(kind, value)
    if (cell === undefined) return { wrong: name }
    cells.set(name, cell)
  }
  return cells
}

function cellOf(kind: PostColumnKind, value: unknown): Cell | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value : Number.isSafeInteger(value) || typeof value === 'bigint' ? String(value) : undefined
    case 'texts':
      return Array.isArray(value) && value.length <= textsMax && value.every((each) => typeof each === 'string') ? value : undefined
    case 'time':
      return numberOf(value instanceof Date ? value.getTime() : MomentDate.safeParse(value).data?.getTime())
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'integer':
    case 'double':
      return numberOf(typeof value === 'bigint' ? Number(value) : value)
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
