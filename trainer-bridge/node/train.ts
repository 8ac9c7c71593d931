import type { Clock } from '#schemas/clock.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { alwaysActive, type ActiveWindow } from './active-window.ts'
import { feedClient } from './feed-client.ts'
import { identityOf, type Credentials } from './identity.ts'
import { workShift, type Shift } from './shift.ts'
import { untilDate } from './waking-time.ts'

export interface TrainingNode {
  /** Origin of the feed, like http://127.0.0.1:8720. */
  origin: string
  /** 1..64 of [A-Za-z0-9._-]; one model and one voice each. */
  node: string
  /** What it shows when it joins; absent: its name alone. */
  credentials?: Credentials
  /** When it may work; absent: always. */
  active?: ActiveWindow
  fetch: typeof globalThis.fetch
  pace: Clock
  /** The date as the machine has it, ms since the Unix epoch: what windows go by, and what shows that the machine has slept. Absent: that of `pace`. */
  date?: () => number
  telemetry: Telemetry
  /** Aborted: the batch at hand is given back and the node ends. */
  signal: AbortSignal
}

export interface NodeReport {
  node: string
  batches: number
  tokens: number
  /** Batches given back, or lost to another node. */
  returned: number
}

/**
 * A training node: joins, leases a batch, fetches its tokens, scores them with its model as it stands, learns them, answers with the mean loss; until the signal.
 * Outside of its window it rests, and before the end of one it says that it leaves: no lease outlives it. The model lives as long as the node and its tokenizer.
 * @throws only what says that the feed will never take this node (`invalid_argument`, `unauthorized`, `forbidden`)
 */
export async function trainNode(settings: TrainingNode): Promise<NodeReport> {
  const { node, pace, telemetry, signal, credentials = {}, active = alwaysActive, date = () => pace.now() } = settings
  const client = feedClient({ ...settings, identity: identityOf(credentials, date) })
  const report: NodeReport = { node, batches: 0, tokens: 0, returned: 0 }
  const shift: Shift = { client, node, report, telemetry, pace, date, learner: undefined }
  try {
    while (!signal.aborted) {
      const { beginsAt, endsAt } = active.around(date())
      if (beginsAt > date()) {
        telemetry.event('node.rests', { node, until_ms: beginsAt })
        await untilDate({ pace, date }, beginsAt, signal)
      }
      await workShift(shift, endsAt, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return report
}
