import { setImmediate as nextTurn } from 'node:timers/promises'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { compareText } from '#schemas/compare-text.ts'
import { listInForce, ownJobs, votesOf } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import type { SteeredLabel, SteeringManifest } from '#schemas/steering.ts'
import type { EpochLosses } from './epoch-losses.ts'
import { findingsOf, type FindingsSource } from './findings.ts'
import { judge, measured, type LabelHistory, type MeasuredLabel } from './judge.ts'
import { moveJobs, weightsByLabel } from './weights.ts'
import { recentWindows } from './recent-windows.ts'

export interface SteerRequest extends FindingsSource {
  catalog: Catalog
  planId: string
  epoch: number
  /** Of the closed epoch. Asked for once, and only when it was not judged yet. */
  losses: () => Promise<EpochLosses>
  batchTokens: number
  tokenizer: { fingerprint: string; vocabulary: number }
}

type Decided = Omit<SteeringManifest, 'parent' | 'list'>

const attemptsMax = 16
/** Lists of jobs may be long. */
const listsAtOnce = 4
/** Labels that are measured before others have a turn: some 30 ms. */
const labelsPerTurn = 64
/** A manifest has room for so many; those that were trained first. */
const labelsMax = 10_000

/**
 * Judges a closed epoch and moves the weights of the desirability list by it, exactly once, however often and by how many it is asked for, and whenever they die. What was
 * decided is committed first, with the list that it shall make of which; then that list. Where somebody else moved the list on meanwhile, the decision is aimed at the new one:
 * the list aimed at before follows one that is the head no more, so it can come no more.
 * The list is committed also when no weight moves, with its evidence; without a list there is a decision all the same.
 * @throws OrreryError `conflict` when others commit without a pause, or the line has passed the epoch and forgotten it
 */
export async function steer(request: SteerRequest): Promise<SteeringManifest> {
  const { catalog, datasetName, epoch } = request
  const line = lineage.steering(datasetName)
  let decided: Decided | undefined
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    // In this order: what was decided is aimed at this list or an earlier one.
    const head = await catalog.head(line)
    const list = await catalog.head(lineage.desirability)
    const last = head?.manifest
    if (last && last.epoch > epoch) return passed(await findSteering(catalog, datasetName, epoch), request)
    const known = last?.epoch === epoch ? last : undefined
    if (known && (await hasLanded(catalog, known))) return known
    if (known?.list && list?.sha256 === known.list.from) {
      if (await committed(catalog.commit(lineage.desirability, list.sha256, nextList(list.manifest, list.sha256, known)))) return known
      continue
    }
    decided = known ?? decided ?? (await decide(request, last, list?.manifest))
    const aimed = aim(decided, list && { sha256: list.sha256, manifest: list.manifest })
    await committed(catalog.commit(line, head?.sha256, { ...aimed, parent: head?.sha256 ?? null }))
  }
  throw new OrreryError('conflict', `Others change the desirability list of dataset "${datasetName}" without a pause; epoch ${epoch} is steered later.`, {
    epoch,
  })
}

/** Whether an epoch was judged, and the jobs have followed. @param planId of its plan */
export async function isSteered(catalog: SteeringSource, datasetName: string, { planId, epoch }: { planId: string; epoch: number }): Promise<boolean> {
  const last = (await catalog.head(lineage.steering(datasetName)))?.manifest
  if (!last) return wasSteered(catalog, planId)
  return last.epoch > epoch || (last.epoch === epoch && (await hasLanded(catalog, last)))
}

type SteeringSource = Pick<Catalog, 'head' | 'get' | 'history'>

/** Whether an epoch of before steerings had a line of their own has led to a list. Such a line begins with the next epoch: until then all lists that are kept are looked through. */
async function wasSteered(catalog: Pick<Catalog, 'history'>, planId: string): Promise<boolean> {
  for (let before: number | undefined; ;) {
    const page = await catalog.history(lineage.desirability, { limit: listsAtOnce, ...(before !== undefined && { before }) })
    if (page.some(({ manifest }) => manifest.caused_by?.plan_id === planId)) return true
    before = page.at(-1)?.version
    if (page.length < listsAtOnce) return false
  }
}

const hasLanded = async (catalog: Pick<Catalog, 'get'>, { list }: SteeringManifest): Promise<boolean> =>
  list === null || (await catalog.get(lineage.desirability, { sha256: list.to })) !== undefined

/** What an epoch was taken for: some look-ups, however long the line is. undefined: not judged yet, or forgotten. */
export async function findSteering(catalog: Pick<Catalog, 'head' | 'get'>, datasetName: string, epoch: number): Promise<SteeringManifest | undefined> {
  const line = lineage.steering(datasetName)
  const head = await catalog.head(line)
  if (!head || head.manifest.epoch <= epoch) return head?.manifest.epoch === epoch ? head.manifest : undefined
  // Epochs rise with versions; of one epoch the last entry holds, and what is forgotten lies before all that is kept.
  let [below, above] = [0, head.version]
  let found: SteeringManifest | undefined
  while (above - below > 1) {
    const version = Math.floor((below + above) / 2)
    const entry = await catalog.get(line, { version })
    if (entry && entry.manifest.epoch > epoch) above = version
    else {
      below = version
      found = entry?.manifest
    }
  }
  return found?.epoch === epoch ? found : undefined
}

function passed(steering: SteeringManifest | undefined, { datasetName, epoch }: SteerRequest): SteeringManifest {
  if (steering) return steering
  throw new OrreryError('conflict', `Epoch ${epoch} of dataset "${datasetName}" was steered long ago and is forgotten; go on with the newest.`, { epoch })
}

/** Whether it was this commit that moved the head. */
async function committed(commit: Promise<unknown>): Promise<boolean> {
  try {
    await commit
    return true
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'conflict') return false
    throw error
  }
}

/** A label that is neither asked for nor in the epoch is forgotten. */
async function decide(request: SteerRequest, last: SteeringManifest | undefined, list: DesirabilityManifest | undefined): Promise<Decided> {
  const { planId, epoch, tokenizer, batchTokens } = request
  const losses = await request.losses()
  const jobs = list?.jobs ?? []
  const labels = [...new Set([...losses.labels(), ...jobs.flatMap(({ params }) => params.label ?? [])])].slice(0, labelsMax).toSorted(compareText)
  const before = new Map(last?.tokenizer === tokenizer.fingerprint ? last.labels.map((label) => [label.evidence.label, label]) : [])
  const histories: LabelHistory[] = []
  const judged: MeasuredLabel[] = []
  for (const [at, label] of labels.entries()) {
    if (at % labelsPerTurn === 0) await nextTurn()
    const known = before.get(label)
    const { batches, voices, windows } = losses.of(label, known?.tokens ?? 0)
    const tokens = (known?.tokens ?? 0) + batches * batchTokens
    const history = { label, batches, voices, fresh: windows.length, tokens, windows: recentWindows([...(known?.windows ?? []), ...windows], labels.length) }
    histories.push(history)
    judged.push(measured(history))
  }
  const judgements = judge(judged, { vocabulary: tokenizer.vocabulary, findings: await findingsOf(request, jobs) })
  const steered = judgements.map(({ factor, evidence }, at): SteeredLabel => {
    const { tokens = 0, windows = [] } = histories[at] ?? {}
    return { tokens, windows: [...windows], factor, weights: null, evidence }
  })
  return { kind: 'steering', plan_id: planId, epoch, tokenizer: tokenizer.fingerprint, labels: steered }
}

/** The decision with the list that it makes of this one. */
function aim(decided: Decided, list: { sha256: string; manifest: DesirabilityManifest } | undefined): Omit<SteeringManifest, 'parent'> {
  if (!list) return { ...decided, list: null }
  const after = nextList(list.manifest, list.sha256, decided)
  const weights = [weightsByLabel(list.manifest.jobs), weightsByLabel(after.jobs)] as const
  const labels = decided.labels.map((label) => {
    const [was, is] = weights.map((byLabel) => byLabel.get(label.evidence.label))
    return { ...label, weights: was === undefined || is === undefined ? null : { before: was, after: is } }
  })
  return { ...decided, labels, list: { from: list.sha256, to: contentAddress(after) } }
}

/** The loss moves the default weights: its voice is one beside those of validators. */
function nextList(list: DesirabilityManifest, parent: string, { labels, plan_id, epoch }: Decided): DesirabilityManifest {
  const factors = new Map(labels.map(({ evidence, factor }) => [evidence.label, factor]))
  const asked = new Set(list.jobs.map(({ params }) => params.label))
  const evidence = labels.flatMap((label) => (asked.has(label.evidence.label) ? [label.evidence] : []))
  return { kind: 'desirability', parent, ...listInForce(moveJobs(ownJobs(list), factors), votesOf(list)), evidence, caused_by: { plan_id, epoch } }
}
