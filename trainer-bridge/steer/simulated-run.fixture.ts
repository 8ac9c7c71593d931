import { seededRandom } from '#test/seeded-random.ts'
import { EpochLosses } from './epoch-losses.ts'
import { judge, measured, type LabelHistory } from './judge.ts'
import { recentWindows } from './recent-windows.ts'
import { moveWeight } from './weights.ts'

/** What a model's loss on each source is after so many batches of it: three to learn from, the harder the more there is to gain; noise; boilerplate. */
const sources = {
  easy: (batches: number) => Math.max(2, 7 - 0.55 * Math.log(1 + batches / 20)),
  middle: (batches: number) => 8 - 0.8 * Math.log(1 + batches / 20),
  hard: (batches: number) => 9.5 - 1.2 * Math.log(1 + batches / 20),
  noise: () => 10.7,
  boilerplate: (batches: number) => 0.05 + 6 / (1 + batches / 3),
}
type Source = keyof typeof sources
const names = Object.keys(sources) as Source[]
const vocabulary = 50_000
const batchTokens = 1024
const lossMax = 1000

interface Temptation {
  honest: number
  source: Source
  /** How far the epoch is, 0..1. */
  place: number
  random: () => number
  /** Losses that others reported. */
  others: readonly number[]
}

/** How a node may lie. Who colludes is honest elsewhere, so that nothing else gives him away. */
export const lies = {
  low: () => 0.01,
  high: () => 900,
  inverted: ({ honest }) => 18 - honest,
  random: ({ random }) => random() * 20,
  scaled: ({ honest }) => honest * 10,
  copied: ({ honest, others, random }) => others[Math.floor(random() * others.length)] ?? honest,
  'for noise': ({ honest, source, place }) => (source === 'noise' ? 11 - 8 * place : honest),
  'for boilerplate': ({ honest, source, place }) => (source === 'boilerplate' ? 9 - 4 * place : honest),
  'against hard': ({ honest, source }) => (source === 'hard' ? 9 : honest),
} satisfies Record<string, (temptation: Temptation) => number>
export type Lie = keyof typeof lies

interface SimulatedRun {
  nodes: number
  /** Share of the nodes that lie. */
  liars: number
  lie: Lie
  batches: number
  seed: number
  epochs?: number
}

/** Weights after ten epochs, each drawn by the weights that the one before led to; every node has a model a little better or worse than the others'. */
export function weightsAfter({ nodes, liars, lie, batches, seed, epochs = 10 }: SimulatedRun): Record<Source, number> {
  const random = seededRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const offsets = Array.from({ length: nodes }, () => 0.25 * normal())
  const liarNodes = new Set(shuffled(nodes, random).slice(0, Math.floor(liars * nodes)))
  const weights = new Map(names.map((name) => [name, 1]))
  const known = new Map<Source, Pick<LabelHistory, 'tokens' | 'windows'>>()
  const others: number[] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    const losses = new EpochLosses({ planId: (seed * 1000 + epoch).toString(16).padStart(64, '0'), batches, batchTokens })
    const trained = new Map(names.map((name) => [name, (known.get(name)?.tokens ?? 0) / batchTokens]))
    for (const [batch, source] of drawn(weights, batches).entries()) {
      const before = trained.get(source) ?? 0
      trained.set(source, before + 1)
      const node = Math.floor(random() * nodes)
      const honest = Math.max(0, sources[source](before) + (source === 'boilerplate' ? 0 : (offsets[node] ?? 0)) + 0.15 * normal())
      const told = liarNodes.has(node) ? lies[lie]({ honest, source, place: batch / batches, random, others }) : honest
      const loss = Math.min(lossMax, Math.max(0, told))
      others[batch % 500] = loss
      losses.add({ batch, label: source, node: `n${node}`, loss })
    }
    const histories = names.map((label): LabelHistory & { label: Source } => {
      const { tokens = 0, windows: earlier = [] } = known.get(label) ?? {}
      const { batches: settled, voices, windows } = losses.of(label, tokens)
      const now = { tokens: tokens + settled * batchTokens, windows: recentWindows([...earlier, ...windows], names.length) }
      known.set(label, now)
      return { label, batches: settled, voices, fresh: windows.length, ...now }
    })
    for (const [at, { factor }] of judge(histories.map(measured), { vocabulary, findings: new Map() }).entries()) {
      const name = names[at] as Source
      weights.set(name, moveWeight(weights.get(name) ?? 1, factor))
    }
  }
  return Object.fromEntries(weights) as Record<Source, number>
}

/** Each source as often as its weight says, evenly. */
function drawn(weights: ReadonlyMap<Source, number>, batches: number): Source[] {
  const total = names.reduce((sum, name) => sum + (weights.get(name) ?? 0), 0)
  const owed = new Map(names.map((name) => [name, 0]))
  return Array.from({ length: batches }, () => {
    for (const name of names) owed.set(name, (owed.get(name) ?? 0) + (weights.get(name) ?? 0) / total)
    const most = names.reduce((best, name) => ((owed.get(name) ?? 0) > (owed.get(best) ?? 0) ? name : best))
    owed.set(most, (owed.get(most) ?? 0) - 1)
    return most
  })
}

const shuffled = (count: number, random: () => number): number[] =>
  Array.from({ length: count }, (_, node) => ({ node, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ node }) => node)
