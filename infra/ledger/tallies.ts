import type { BatchResult } from '#schemas/ledger.ts'
import type { Database } from '../sqlite/database.ts'

interface TallyRow {
  settled: number
  tokens: number
  loss: number
  /** JSON: the losses of the last few. */
  last: string
}

interface Tally extends Omit<TallyRow, 'last'> {
  last: number[]
}

/** What the nodes and the labels of an epoch came to, as the calls of one commit count it. */
export interface Tallies {
  /** A batch was settled. @param node its number; it has a row */
  count(node: number, label: string, result: BatchResult): void
  write(): void
}

const lastKept = 8

export function openTallies(db: Database, epoch: number): Tallies {
  const nodes = new Map<number, Tally>()
  const labels = new Map<string, Tally>()
  return {
    count(node, label, result) {
      let ofNode = nodes.get(node)
      if (!ofNode)
        nodes.set(node, (ofNode = tallyOf(db.get<TallyRow>('select settled, tokens, loss, last from nodes where epoch = ? and node = ?', epoch, node))))
      let ofLabel = labels.get(label)
      if (!ofLabel)
        labels.set(label, (ofLabel = tallyOf(db.get<TallyRow>('select settled, tokens, loss, last from labels where epoch = ? and name = ?', epoch, label))))
      add(ofNode, result)
      add(ofLabel, result)
    },
    write() {
      for (const [node, { settled, tokens, loss, last }] of nodes)
        db.run(
          'update nodes set settled = ?, tokens = ?, loss = ?, last = ? where epoch = ? and node = ?',
          settled,
          tokens,
          loss,
          JSON.stringify(last),
          epoch,
          node,
        )
      for (const [label, { settled, tokens, loss, last }] of labels)
        db.run(
          'insert or replace into labels (epoch, name, settled, tokens, loss, last) values (?, ?, ?, ?, ?, ?)',
          epoch,
          label,
          settled,
          tokens,
          loss,
          JSON.stringify(last),
        )
      nodes.clear()
      labels.clear()
    },
  }
}

const tallyOf = (row: TallyRow | undefined): Tally => (row ? { ...row, last: lossesOf(row.last) } : { settled: 0, tokens: 0, loss: 0, last: [] })

function add(tally: Tally, { loss, tokens }: BatchResult): void {
  tally.settled++
  tally.tokens += tokens
  tally.loss += loss
  tally.last.push(loss)
  if (tally.last.length > lastKept) tally.last.shift()
}

/** The losses of a row of `nodes` or `labels`, the newest at the end. */
export const lossesOf = (last: string): number[] => JSON.parse(last) as number[]
