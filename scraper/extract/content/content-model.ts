import { compareText } from '#schemas/compare-text.ts'

/**
 * A sum of small decision trees. Each node is written as numbers, parents before children, the left child right after its parent:
 * an inner node is `feature, threshold, right child's index, value`, a leaf `-1, 0, 0, value`. Values are log-odds × 1000: of the leaf, or, for
 * explaining, what was expected at an inner node.
 */
export interface TreesJson {
  /** Names, in the order the nodes count them. */
  features: string[]
  /** For each feature, ascending; at most this goes left. */
  thresholds: number[][]
  trees: number[][]
}

export interface Contribution {
  feature: string
  value: number
  logOdds: number
}

/** Bounded to ±13.8, so that certainty is a number too. */
export const logOddsOf = (likelihood: number): number => {
  const bounded = Math.min(Math.max(likelihood, 1e-6), 1 - 1e-6)
  return Math.log(bounded / (1 - bounded))
}

export interface TreeModel {
  readonly features: readonly string[]
  /** @param values rows of values by `features`. @returns the log-odds of each row */
  scores(values: Float32Array): Float64Array
  /** What each feature added, strongest first: along every path, the change of the expected value is the split feature's. */
  explain(values: Float32Array, offset: number): Contribution[]
}

const nodeWidth = 4
const scale = 1000

/** @param features what the rows of values hold: the trees may look at some of them only */
export function treeModel({ features: own, thresholds, trees }: TreesJson, features: readonly string[] = own): TreeModel {
  const { roots, feature, threshold, right, value } = compile(
    trees,
    thresholds,
    own.map((name) => features.indexOf(name)),
  )
  return {
    features,
    // Tree by tree, as rows that follow each other mostly take the same path.
    scores(values) {
      const width = features.length
      const rows = values.length / width
      const sums = new Float64Array(rows)
      for (const root of roots) {
        for (let row = 0, offset = 0; row < rows; row++, offset += width) {
          let at = root
          for (let split = feature[at]!; split >= 0; split = feature[at]!) at = values[offset + split]! <= threshold[at]! ? at + 1 : right[at]!
          sums[row]! += value[at]!
        }
      }
      return sums
    },
    explain(values, offset) {
      const sums = new Map<number, number>()
      for (let at of roots) {
        for (let split = feature[at]!; split >= 0; split = feature[at]!) {
          const next = values[offset + split]! <= threshold[at]! ? at + 1 : right[at]!
          sums.set(split, (sums.get(split) ?? 0) + value[next]! - value[at]!)
          at = next
        }
      }
      return [...sums]
        .map(([split, logOdds]) => ({ feature: features[split] ?? '', value: values[offset + split]!, logOdds }))
        .toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds) || compareText(a.feature, b.feature))
    },
  }
}

/** All trees one behind the other, in arrays small enough for the innermost cache. */
function compile(trees: number[][], thresholds: number[][], columns: readonly number[]) {
  const count = trees.reduce((sum, tree) => sum + tree.length / nodeWidth, 0)
  const roots = new Int32Array(trees.length)
  const feature = new Int16Array(count)
  const threshold = new Float32Array(count)
  const right = new Uint16Array(count)
  const value = new Float64Array(count)
  let at = 0
  for (const [i, tree] of trees.entries()) {
    const root = (roots[i] = at)
    for (let n = 0; n < tree.length; n += nodeWidth, at++) {
      const [split = -1, index = 0, rightChild = 0, scaled = 0] = tree.slice(n, n + nodeWidth)
      feature[at] = split < 0 ? -1 : columns[split]!
      threshold[at] = split < 0 ? 0 : roundDown(thresholds[split]![index]!)
      right[at] = root + rightChild
      value[at] = scaled / scale
    }
  }
  return { roots, feature, threshold, right, value }
}

/** The largest 32-bit number that is not above: 32-bit values fall on the same side of it. */
function roundDown(value: number): number {
  const near = Math.fround(value)
  if (near <= value) return near
  const bits = new Int32Array(Float32Array.of(near).buffer)
  bits[0]! += near > 0 ? -1 : 1
  return new Float32Array(bits.buffer)[0]!
}
