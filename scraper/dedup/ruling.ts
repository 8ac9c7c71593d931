import type { CorpusIndex, KnownRow, RowFacts } from '#schemas/corpus-index.ts'
import { Links } from '#schemas/identity/links.ts'
import { compareNear, compareTwins, compareVersions, isSameFetch, type Drop, type Order } from './copies.ts'

/** What is asked of an index; nothing is changed. */
export type Looks = Pick<CorpusIndex, 'exact' | 'near' | 'paragraphs'>

/** What may come in. */
export interface Candidate {
  facts: RowFacts
  /** Of its text, and of what that was before something was cut from it. */
  signatures: readonly Uint8Array[]
}

/** Finds which of several copies stays: candidates among each other, and against the rows there are. What was decided counts in all that comes after it. */
export class Ruling {
  readonly #index: Looks
  /** Rows that leave, by ordinal. */
  readonly gone = new Map<number, KnownRow>()
  readonly drops: Drop[] = []
  /** The kept copies of the clusters that were met. */
  readonly clusterHeads: RowFacts[] = []

  constructor(index: Looks) {
    this.#index = index
  }

  /** The newest version of each page. @param rowOf the live row of a page */
  onePerPage<Each extends Candidate>(candidates: readonly Each[], rowOf: (candidate: Each) => KnownRow | undefined): Each[] {
    return [...Map.groupBy(candidates, ({ facts }) => facts.uri).values()].flatMap((group) => {
      const row = this.#standing(rowOf(group[0] as Each))
      // What is there already, perhaps cut, is not written again.
      const others = row === undefined ? group : group.filter(({ facts }) => !isSameFetch(facts, row))
      return this.#keepBest(others, row ? [row] : [], compareVersions, 'duplicate_exact')
    })
  }

  /** The best of each text. @param rowOf the live row of a text */
  onePerText<Each extends Candidate>(candidates: readonly Each[], rowOf: (candidate: Each) => KnownRow | undefined): Each[] {
    return [...Map.groupBy(candidates, ({ facts }) => facts.id).values()].flatMap((group) => {
      const row = this.#standing(group.map(rowOf).find((found) => found !== undefined))
      return this.#keepBest(group, row ? [row] : [], compareTwins, 'duplicate_exact')
    })
  }

  /** The best of each cluster. */
  async onePerCluster<Each extends Candidate>(candidates: readonly Each[]): Promise<Each[]> {
    const owners = candidates.flatMap(({ signatures }, at) => signatures.map(() => at))
    const groups = await this.#index.near(candidates.flatMap(({ signatures }) => signatures))
    const links = new Links()
    for (const _ of candidates) links.add()
    for (const { members } of groups) for (const member of members) links.join(owners[members[0] as number] as number, owners[member] as number)
    const rows = new Map<number, Map<number, KnownRow>>()
    for (const { members, live } of groups) {
      const root = links.root(owners[members[0] as number] as number)
      const found = rows.get(root) ?? new Map<number, KnownRow>()
      for (const row of live) if (this.#standing(row)) found.set(row.ordinal, row)
      rows.set(root, found)
    }
    return [...Map.groupBy(candidates.keys(), (at) => links.root(at))].flatMap(([root, members]) => {
      const group = members.map((at) => candidates[at] as Each)
      return this.#keepBest(group, [...(rows.get(root)?.values() ?? [])], compareNear, 'duplicate_near')
    })
  }

  #standing = (row: KnownRow | undefined): KnownRow | undefined => (row && this.gone.has(row.ordinal) ? undefined : row)

  /** @returns the candidate that is kept, when it is one */
  #keepBest<Each extends Candidate>(candidates: readonly Each[], rows: readonly KnownRow[], order: Order, reason: Drop['reason']): Each[] {
    if (candidates.length === 0) return []
    const copies: { facts: RowFacts; candidate?: Each; row?: KnownRow }[] = [
      ...rows.map((row) => ({ facts: row, row })),
      ...candidates.map((candidate) => ({ facts: candidate.facts, candidate })),
    ]
    const [kept, ...others] = copies.toSorted((a, b) => order(a.facts, b.facts)) as [(typeof copies)[number], ...typeof copies]
    for (const { facts, row } of others) {
      if (row) this.gone.set(row.ordinal, row)
      if (!isSameFetch(facts, kept.facts)) this.drops.push({ dropped: facts, kept: kept.facts, reason })
    }
    if (reason === 'duplicate_near' && others.length > 0) this.clusterHeads.push(kept.facts)
    return kept.candidate ? [kept.candidate] : []
  }
}
