import { pageTag, paragraphPagesMax, type IndexChange, type KnownRow, type ParagraphFacts } from '#schemas/corpus-index.ts'
import type { RunSet } from '../runs/run-set.ts'
import { paragraphWords } from './hash-sets.ts'

const tagWords = paragraphPagesMax / 2
/** Looks that are kept for the commit that mostly follows. */
const rememberedMax = 50_000

type Known = Uint32Array

/** What is known of paragraphs by 64 bits of their names: pages as 16 bits of a hash of their uri, and which row holds it. */
export class ParagraphTable {
  readonly #set: RunSet
  /** What was looked up for the commit that mostly follows; null: nothing is known. */
  readonly #remembered = new Map<string, Known | null>()

  constructor(set: RunSet) {
    this.#set = set
  }

  /** What was found is no longer what is there. */
  forget(): void {
    this.#remembered.clear()
  }

  facts(names: readonly string[], liveRow: (ordinal: number) => KnownRow | undefined): (ParagraphFacts | undefined)[] {
    const known = this.#find(names)
    /** One row mostly keeps several. */
    const keepers = new Map<number, KnownRow | undefined>()
    const keeperOf = (value: Known): KnownRow | undefined => {
      const ordinal = (value[tagWords] as number) - 1
      if (ordinal >= 0 && !keepers.has(ordinal)) keepers.set(ordinal, liveRow(ordinal))
      return keepers.get(ordinal)
    }
    return names.map((name) => {
      const value = known.get(name)
      return value ? { pages: tagsOf(value), keeper: keeperOf(value) } : undefined
    })
  }

  /** What a change makes of them, as entries. @param first ordinal of the first row that is added */
  changed({ add = [], keepers = [] }: IndexChange, first: number): Uint32Array {
    const names = new Set(keepers.map(({ paragraph }) => paragraph))
    for (const { paragraphs = [] } of add) for (const { name } of paragraphs) names.add(name)
    const former = this.#find([...names])
    const changed = new Map<string, Known>()
    const writable = (name: string): Known => {
      let value = changed.get(name)
      if (!value) changed.set(name, (value = former.get(name)?.slice() ?? new Uint32Array(paragraphWords)))
      return value
    }
    for (const [at, { facts, paragraphs = [] }] of add.entries()) {
      const tag = paragraphs.length > 0 ? pageTag(facts.uri) : 0
      for (const { name, isKept } of paragraphs) {
        if (isNews(changed.get(name) ?? former.get(name), tag)) addTag(writable(name), tag)
        if (isKept) writable(name)[tagWords] = first + at + 1
      }
    }
    for (const { paragraph, keeper } of keepers) writable(paragraph)[tagWords] = ('added' in keeper ? first + keeper.added : keeper.ordinal) + 1
    return entriesOf(changed)
  }

  #find(names: readonly string[]): ReadonlyMap<string, Known | null> {
    const wanted = [...new Set(names)].filter((name) => !this.#remembered.has(name))
    const keys = new Uint32Array(wanted.length * 2)
    for (const [at, name] of wanted.entries()) keys.set(keyOf(name), at * 2)
    const found = new Map<string, Known | null>(wanted.map((name) => [name, null]))
    this.#set.find(keys, (at, value) => {
      found.set(wanted[at] as string, value.slice())
      return true
    })
    for (const name of names) if (!found.has(name)) found.set(name, this.#remembered.get(name) ?? null)
    for (const [name, value] of found) if (this.#remembered.size < rememberedMax) this.#remembered.set(name, value)
    return found
  }
}

function entriesOf(changed: ReadonlyMap<string, Known>): Uint32Array {
  const entries = new Uint32Array(changed.size * (2 + paragraphWords))
  let at = 0
  for (const [name, value] of changed) {
    entries.set(keyOf(name), at)
    entries.set(value, at + 2)
    at += 2 + paragraphWords
  }
  return entries
}

const keyOf = (name: string): [number, number] => [Number.parseInt(name.slice(0, 8), 16), Number.parseInt(name.slice(8), 16)]

const tagAt = (value: Known, at: number): number => ((value[at >> 1] as number) >>> (at % 2 === 0 ? 0 : 16)) & 0xffff

function tagsOf(value: Known): number[] {
  const tags: number[] = []
  for (let at = 0; at < paragraphPagesMax && tagAt(value, at) !== 0; at++) tags.push(tagAt(value, at))
  return tags
}

function isNews(value: Known | null | undefined, tag: number): boolean {
  if (!value) return true
  const tags = tagsOf(value)
  return tags.length < paragraphPagesMax && !tags.includes(tag)
}

function addTag(value: Known, tag: number): void {
  const at = tagsOf(value).length
  value[at >> 1] = ((value[at >> 1] as number) | (tag << (at % 2 === 0 ? 0 : 16))) >>> 0
}
