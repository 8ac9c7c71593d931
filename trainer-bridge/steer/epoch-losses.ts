import { compareText } from '#schemas/compare-text.ts'
import { fmix32 } from '#schemas/fmix32.ts'
import type { Settlement } from '#schemas/ledger.ts'
import type { LossWindow } from '#schemas/steering.ts'
import { medianOf, mediansOf } from './slope.ts'

/** The part of a settlement that is judged. `operator`: who answers for the node; absent: the node for itself. */
export type Reported = Pick<Settlement, 'batch' | 'node' | 'loss'> & { label: string; operator?: string }

/** What an epoch said of one label. */
export interface LabelLosses {
  /** Settled batches. */
  batches: number
  /** Operators that were heard, counted up to `voicesCounted`. */
  voices: number
  windows: LossWindow[]
}

interface EpochShape {
  /** Batches of the epoch. */
  batches: number
  batchTokens: number
  /** Which batches are kept of a window that has too many follows from this: the address of the plan, which no node chooses. */
  planId: string
}

/** An epoch is looked at in so many parts, by the places of its batches in the plan: when a batch is answered is up to nodes, where it stands is not. */
const partsPerEpoch = 8
/** Losses that are kept of all windows together, some 80 bytes each; of one window between these, the fewer the more labels there are. */
const keptMax = 2 ** 18
const keptOfWindow = { min: 32, max: 512 }
/** Windows are merged until they have as many voices, or all there are of the label: a median of a few is a liar's as soon as chance deals him two. */
const voicesWanted = 12
/** With fewer than this a window counts only in an epoch that had no more: nobody steers a label by keeping it to himself. */
const voicesNeeded = 3
const voicesCounted = 1024

/**
 * The losses of an epoch, by label and window, as they are read page by page. Of a window that has more batches than are kept, those are that a hash draws:
 * the same in any order of reading. Memory is bounded by the labels, whatever was settled.
 */
export class EpochLosses {
  readonly #shape: EpochShape
  readonly #salt: number
  readonly #labels = new Map<string, Sample[]>()
  readonly #voices = new Voices(voicesNeeded)

  constructor(shape: EpochShape) {
    this.#shape = shape
    this.#salt = Number.parseInt(shape.planId.slice(0, 8), 16) >>> 0
  }

  add(reported: Reported): void {
    const { batch, label, node, operator, loss } = reported
    const part = Math.min(partsPerEpoch - 1, Math.floor((batch * partsPerEpoch) / this.#shape.batches))
    const samples = this.#labels.get(label) ?? Array.from({ length: partsPerEpoch }, () => new Sample())
    this.#labels.set(label, samples)
    // No node has the name of an operator.
    const who = operator === undefined ? `node ${node}` : `operator ${operator}`
    this.#voices.add(who)
    samples[part]?.add({ draw: fmix32((batch ^ this.#salt) >>> 0), node, operator: who, loss }, this.#keptOfWindow())
  }

  #keptOfWindow(): number {
    return Math.max(keptOfWindow.min, Math.min(keptOfWindow.max, Math.floor(keptMax / (partsPerEpoch * this.#labels.size))))
  }

  labels(): string[] {
    return [...this.#labels.keys()]
  }

  /** @param tokensBefore of the label, trained in the epochs before */
  of(label: string, tokensBefore: number): LabelLosses {
    const { batchTokens } = this.#shape
    const parts = (this.#labels.get(label) ?? []).map((sample) => sample.part(this.#keptOfWindow())).filter(({ settled }) => settled > 0)
    const voices = voicesOf(parts, voicesCounted)
    const wanted = Math.min(voicesWanted, voices)
    const needed = Math.min(voicesNeeded, this.#voices.size)
    const windows: LossWindow[] = []
    let batches = 0
    for (const group of grouped(parts, wanted)) {
      const settled = group.reduce((sum, part) => sum + part.settled, 0)
      const tokens = tokensBefore + Math.round((batches + settled / 2) * batchTokens)
      batches += settled
      if (voicesOf(group, needed) >= needed) windows.push({ tokens, medians: mediansOver(group) })
    }
    return { batches, voices, windows }
  }
}

interface Kept {
  /** Place in the draw, another for each batch. */
  draw: number
  node: string
  operator: string
  loss: number
}

/** One label in one part of an epoch: how many batches, and what was said of those that are kept. */
interface Part {
  settled: number
  kept: readonly Kept[]
}

class Sample {
  #settled = 0
  #kept: Kept[] = []

  add(kept: Kept, limit: number): void {
    this.#settled++
    this.#kept.push(kept)
    if (this.#kept.length >= 2 * limit) this.#kept = this.#drawn(limit)
  }

  part(limit: number): Part {
    return { settled: this.#settled, kept: this.#drawn(limit) }
  }

  #drawn(limit: number): Kept[] {
    return this.#kept.length <= limit ? this.#kept : this.#kept.toSorted((a, b) => a.draw - b.draw).slice(0, limit)
  }
}

/** Who was heard, as far as anybody wants to know how many. */
class Voices {
  readonly #most: number
  readonly #names = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#names.size
  }

  add(name: string): void {
    if (this.#names.size < this.#most) this.#names.add(name)
  }
}

function voicesOf(parts: readonly Part[], most: number): number {
  const voices = new Voices(most)
  for (const { kept } of parts) for (const { operator } of kept) voices.add(operator)
  return voices.size
}

/** Neighbours together until each group has so many voices; what is left at the end joins the last. */
function grouped(parts: readonly Part[], wanted: number): Part[][] {
  const groups: Part[][] = []
  let open: Part[] = []
  for (const part of parts) {
    open.push(part)
    if (voicesOf(open, wanted) < wanted) continue
    groups.push(open)
    open = []
  }
  const last = groups.at(-1)
  // oxlint-disable-next-line orrery/no-spread-call -- at most partsPerEpoch
  if (last) last.push(...open)
  else if (open.length > 0) groups.push(open)
  return groups
}

/** Of each node the median of its batches, of each operator that of its nodes, and then over the operators: one voice each, however many machines and names it has. */
function mediansOver(group: readonly Part[]): LossWindow['medians'] {
  const operators = Map.groupBy(
    group.flatMap(({ kept }) => kept),
    ({ operator }) => operator,
  )
  const voices = [...operators].toSorted(([a], [b]) => compareText(a, b)).map(([, said]) => micro(voiceOf(said)))
  const [one = 0, other = 0] = voices
  return voices.length === 2 ? [one, other] : mediansOf(voices)
}

function voiceOf(said: readonly Kept[]): number {
  const nodes = Map.groupBy(said, ({ node }) => node)
  return medianOf([...nodes.values()].map((own) => medianOf(own.map(({ loss }) => loss))))
}

export const micro = (nats: number): number => Math.round(nats * 1e6) / 1e6
