import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { NearLinks } from '#schemas/identity/clusters.ts'
import type { Links } from '#schemas/identity/links.ts'
import { bucketMax } from '#schemas/identity/posting-table.ts'
import { bandHashes, bandKeys, nearDuplicateMin, similarity } from '#schemas/identity/signature.ts'
import type { RunSet } from '../runs/run-set.ts'
import type { GoneRows } from './gone-rows.ts'
import type { RowTable } from './row-table.ts'

/** What the postings know of a signature. */
export interface Kin {
  /** Ordinals of rows that are near. */
  rows: readonly number[]
  /** The one of them that is the very same. */
  twin: number | undefined
  /** Keys (bits) under which as many rows stand as may. */
  full: number
}

/** Signatures that were looked up, by their places. */
export interface Looked {
  kin: readonly Kin[]
  /** The first place of the very same signature. */
  first: Uint32Array
  /** Sets of places that are near among each other. */
  links: Links
  /** Whether each is near to none before it. */
  isFirst: boolean[]
  /** Keys (bits) under which each is to stand in the postings. */
  keys: Uint32Array
}

/** One turn of the event loop. */
const turnMax = 512
/** Looks that are kept for the commit that mostly follows. */
const rememberedMax = 20_000

const noKin: Kin = { rows: [], twin: undefined, full: 0 }

/** Finds what is near to signatures: among each other, and among the rows in the postings. */
export class NearSearch {
  readonly #bands: RunSet
  readonly #rows: RowTable
  readonly #gone: GoneRows
  readonly #remembered = new Map<string, Kin>()

  constructor(bands: RunSet, rows: RowTable, gone: GoneRows) {
    this.#bands = bands
    this.#rows = rows
    this.#gone = gone
  }

  /** What was found is no longer what is there. */
  forget(): void {
    this.#remembered.clear()
  }

  async look(signatures: readonly Uint8Array[]): Promise<Looked> {
    const { kin, first } = await this.#kin(signatures)
    const keys = new Uint32Array(signatures.length)
    const near = new NearLinks(signatures.length, (at) => signatures[at] as Uint8Array)
    const isFirst: boolean[] = []
    for (const [at, signature] of signatures.entries()) {
      if (at % turnMax === turnMax - 1) await setImmediate()
      if (first[at] === at) keys[at] = near.add(signature)
      else near.addCopy(first[at] as number)
      isFirst.push(near.links.root(at) === at)
    }
    return { kin, first, links: near.links, isFirst, keys }
  }

  async #kin(signatures: readonly Uint8Array[]): Promise<Pick<Looked, 'kin' | 'first'>> {
    const places = new Map<string, number>()
    const first = Uint32Array.from(signatures, (signature, at) => {
      const name = hash('sha256', signature, 'base64')
      const place = places.get(name) ?? at
      places.set(name, place)
      return place
    })
    const kin = signatures.map(() => noKin)
    const wanted: [name: string, place: number][] = []
    for (const [name, place] of places) {
      const known = this.#remembered.get(name)
      if (known) kin[place] = known
      else wanted.push([name, place])
    }
    for (let from = 0; from < wanted.length; from += turnMax) {
      if (from > 0) await setImmediate()
      const turn = wanted.slice(from, from + turnMax)
      const found = this.#find(turn.map(([, place]) => signatures[place] as Uint8Array))
      for (const [at, [name, place]] of turn.entries()) {
        const one = (kin[place] = found[at] as Kin)
        if (this.#remembered.size < rememberedMax) this.#remembered.set(name, one)
      }
    }
    for (const [at, place] of first.entries()) kin[at] = kin[place] as Kin
    return { kin, first }
  }

  #find(signatures: readonly Uint8Array[]): Kin[] {
    const keys = new Uint32Array(signatures.length * bandKeys)
    for (const [at, signature] of signatures.entries()) keys.set(bandHashes(signature), at * bandKeys)
    const candidates: (Set<number> | undefined)[] = signatures.map(() => undefined)
    const counts = new Uint8Array(keys.length)
    this.#bands.find(keys, (key, values) => {
      const ordinal = values[0] as number
      if (this.#gone.has(ordinal)) return false
      ;(candidates[Math.floor(key / bandKeys)] ??= new Set()).add(ordinal)
      return ++(counts[key] as number) >= bucketMax
    })
    return signatures.map((signature, at) => {
      let full = 0
      for (let key = 0; key < bandKeys; key++) if ((counts[at * bandKeys + key] as number) >= bucketMax) full |= 1 << key
      return this.#kinAmong(signature, candidates[at], full)
    })
  }

  #kinAmong(signature: Uint8Array, candidates: Set<number> | undefined, full: number): Kin {
    if (!candidates) return noKin
    const rows: number[] = []
    let twin: number | undefined
    for (const ordinal of candidates) {
      const alike = similarity(signature, this.#rows.signature(ordinal))
      if (alike >= nearDuplicateMin) rows.push(ordinal)
      if (alike === 1) twin = ordinal
    }
    return { rows, twin, full }
  }
}
