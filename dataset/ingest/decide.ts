import type { AddedRow, CorpusIndex, IndexChange, KnownRow, RowFacts, RowPlace, RowState } from '#schemas/corpus-index.ts'
import { compareRows } from '#schemas/row-facts.ts'

/** A document that the index does not know. */
export interface Arrival {
  facts: RowFacts
  signature: Uint8Array
  place: RowPlace
}

/** What happened to the rows of miners, as far as a dataset looks at it in one go. */
export interface Portion {
  arrivals: readonly Arrival[]
  /** Rows that stand elsewhere now. */
  moves: readonly { row: KnownRow; place: RowPlace }[]
  /** Rows that are no more. None of them moves. */
  removals: readonly KnownRow[]
}

/** A row that is in the dataset, and where. */
export interface LiveRow {
  facts: RowFacts
  place: RowPlace
}

export interface Decision {
  change: Required<Pick<IndexChange, 'add' | 'change' | 'forget'>>
  /** Rows that are live from now on: new ones, better copies, copies whose better one left, and those that moved. */
  came: LiveRow[]
  /** Rows that were, at their former place. */
  went: LiveRow[]
  /** How many more rows are shadowed than before. */
  shadowed: number
}

/**
 * Which rows of a dataset are live after a portion: those that are near to none seen before them (`compareRows`); the others are shadowed. What comes changes
 * nothing of what is there, whatever it says of itself and whomever it is like. What leaves may let several take its place.
 */
export async function decide(index: Pick<CorpusIndex, 'near'>, { arrivals, moves, removals }: Portion): Promise<Decision> {
  const forget = removals.map(({ ordinal }) => ordinal)
  const after = new Map<number, { row: KnownRow; state: RowState; place: RowPlace | null }>()
  for (const { row, place } of moves) after.set(row.ordinal, { row, state: row.state, place })
  const add: AddedRow[] = arrivals.map((arrival): AddedRow => ({ ...arrival, state: 'shadowed' })).toSorted((a, b) => compareRows(a.facts, b.facts))

  const groups = await index.near(
    add.map(({ signature }) => signature),
    forget,
  )
  for (const { firsts } of groups) {
    for (const at of firsts.members) (add[at] as AddedRow).state = 'live'
    for (const row of firsts.rows) if (row.state !== 'live') after.set(row.ordinal, { row, state: 'live', place: after.get(row.ordinal)?.place ?? row.place })
  }
  return { change: { add, change: [...after].map(([ordinal, { state, place }]) => ({ ordinal, state, place })), forget }, ...effects(add, after, removals) }
}

function effects(
  add: readonly AddedRow[],
  after: ReadonlyMap<number, { row: KnownRow; state: RowState; place: RowPlace | null }>,
  removals: readonly KnownRow[],
): Pick<Decision, 'came' | 'went' | 'shadowed'> {
  const came: LiveRow[] = []
  const went: LiveRow[] = []
  let shadowed = 0
  const put = (into: LiveRow[], facts: RowFacts, state: RowState, place: RowPlace | null): void => {
    if (state === 'live' && place !== null) into.push({ facts, place })
    if (state === 'shadowed') shadowed += into === came ? 1 : -1
  }
  for (const { facts, state, place } of add) put(came, facts, state, place)
  for (const { row, state, place } of after.values()) {
    put(went, row, row.state, row.place)
    put(came, row, state, place)
  }
  for (const row of removals) put(went, row, row.state, row.place)
  return { came, went, shadowed }
}
