import { median, type Bench, type Sample, type Size } from './bench.ts'
import { runLoop, type Arm, type LoopSize } from './loop-run.ts'

/** Does the loop help? The same budget of visits and of trained batches, weighed by the loss, evenly, and by who knows which sources are worth it. */
const sizes: Record<Size, LoopSize> = {
  quick: { rounds: 4, pages: 60, batches: 50 },
  usual: { rounds: 10, pages: 100, batches: 90 },
  full: { rounds: 16, pages: 150, batches: 140 },
}
const seeds: Record<Size, readonly number[]> = { quick: [1], usual: [1, 2, 3], full: [1, 2, 3, 4, 5] }

const arm = (name: Arm) => ({
  async run(_quick: boolean, size: Size) {
    const counts: Record<string, number> = {}
    for (const seed of seeds[size]) {
      const { heldOut, tokens, valuableShare } = await runLoop(name, seed, sizes[size])
      counts[`held_out_${seed}`] = heldOut
      counts[`tokens_${seed}`] = tokens
      counts[`valuable_share_${seed}`] = valuableShare
    }
    return counts
  },
})

export const bench: Bench = {
  rounds: 1,
  contestants: { uniform: arm('uniform'), steered: arm('steered'), oracle: arm('oracle') },
  summarize({ uniform = [], steered = [], oracle = [] }) {
    const held = { uniform: each(uniform, 'held_out'), steered: each(steered, 'held_out'), oracle: each(oracle, 'held_out') }
    const gains = held.uniform.map((loss, seed) => loss - (held.steered[seed] ?? Number.NaN))
    const possible = held.uniform.map((loss, seed) => loss - (held.oracle[seed] ?? Number.NaN))
    return {
      figures: {
        loop_held_out_uniform: median(held.uniform),
        loop_held_out_steered: median(held.steered),
        loop_held_out_oracle: median(held.oracle),
        loop_gain_nats: median(gains),
        loop_gain_nats_min: Math.min(...gains),
        loop_gain_nats_max: Math.max(...gains),
        loop_gain_of_possible: median(gains.map((gain, seed) => gain / (possible[seed] ?? Number.NaN))),
        loop_valuable_share_uniform: median(each(uniform, 'valuable_share')),
        loop_valuable_share_steered: median(each(steered, 'valuable_share')),
        loop_valuable_share_oracle: median(each(oracle, 'valuable_share')),
        loop_tokens_uniform: median(each(uniform, 'tokens')),
        loop_tokens_steered: median(each(steered, 'tokens')),
        loop_tokens_oracle: median(each(oracle, 'tokens')),
      },
    }
  },
}

/** A count of all seeds, in their order. */
const each = ([sample]: readonly Sample[], name: string): number[] =>
  Object.entries(sample?.counts ?? {}).flatMap(([key, value]) => (key.startsWith(`${name}_`) ? [value] : []))
