import type { Home, Homes } from './homes.ts'
import type { Looked } from './near-search.ts'

/** Places of a batch that belong together, with what they are linked to. */
export interface Group {
  members: number[]
  homes: Home[]
}

/** Brings a batch and the rows there are together. @param joins rows that a place is linked to whatever is near */
export function groupsOf({ kin, first, links }: Looked, homes: Homes, joins?: (at: number) => readonly number[]): Group[] {
  const placeOf = new Map<Home, number>()
  const meet = (at: number, ordinal: number): void => {
    const home = homes.of(ordinal)
    if (!home) return
    const place = placeOf.get(home)
    if (place === undefined) placeOf.set(home, at)
    else links.join(place, at)
  }
  for (const [at, { rows }] of kin.entries()) {
    if (first[at] === at) for (const ordinal of rows) meet(at, ordinal)
    for (const ordinal of joins?.(at) ?? []) meet(at, ordinal)
  }
  const groups = new Map<number, Group>()
  for (const at of kin.keys()) {
    const root = links.root(at)
    const group = groups.get(root) ?? { members: [], homes: [] }
    group.members.push(at)
    groups.set(root, group)
  }
  for (const [home, at] of placeOf) groups.get(links.root(at))?.homes.push(home)
  return [...groups.values()]
}
