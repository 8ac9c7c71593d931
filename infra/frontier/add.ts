import type { Added, RefusalReason, Target } from '#schemas/frontier.ts'
import { hostOf } from './arguments.ts'
import { byUrgency, type Entry } from './queue.ts'
import type { FrontierParts } from './sqlite.ts'
import { lifeCycle, type TargetRow } from './targets.ts'

export interface AddLimits {
  /** Further URLs of a host that has so many are refused. */
  hostUrlsMax: number
  /** URLs that are deeper are refused. */
  depthMax: number
}

/** What several finds of one URL in one call come to: the label and kind of the first, the best of the rest. */
type Newcomer = Entry & Pick<Target, 'kind' | 'label'> & { modifiedAt: number | undefined }

/** Adds those that are unknown and lets the others rise. Within a transaction, after `seen.catchUp`. */
export function addTargets(parts: FrontierParts, targets: readonly Target[], limits: AddLimits, now: number): Added {
  const byHost = new Map<string, Newcomer[]>()
  for (const target of merge(parts, targets, now)) {
    if (parts.seen.find(target.url)) {
      update(parts, target, now)
      continue
    }
    const name = hostOf(target.url)
    const found = byHost.get(name)
    if (found) found.push(target)
    else byHost.set(name, [target])
  }
  const outcome: Added = { added: 0, refused: [] }
  for (const [name, found] of byHost) addToHost(parts, name, found, limits, outcome)
  return outcome
}

function merge(parts: FrontierParts, targets: readonly Target[], now: number): Iterable<Newcomer> {
  const merged = new Map<string, Newcomer>()
  for (const { url, asked, kind, label, priority, depth = 0, modifiedAt } of targets) {
    // A time to come says nothing: a site that names one would have its page visited again each time.
    const changedAt = modifiedAt !== undefined && modifiedAt <= now ? modifiedAt : undefined
    const known = merged.get(url)
    if (!known) {
      merged.set(url, {
        url,
        asked: asked === url ? undefined : asked,
        kind,
        label,
        priority,
        depth,
        modifiedAt: changedAt,
        classId: parts.classes.of(label, kind).id,
        tie: parts.targets.tieOf(url),
      })
      continue
    }
    known.priority = Math.max(known.priority, priority)
    known.depth = Math.min(known.depth, depth)
    if (changedAt !== undefined) known.modifiedAt = Math.max(changedAt, known.modifiedAt ?? -Infinity)
  }
  return merged.values()
}

function addToHost({ seen, hosts, inbox, tallies }: FrontierParts, name: string, found: readonly Newcomer[], limits: AddLimits, outcome: Added): void {
  const refuse = (targets: readonly Newcomer[], reason: RefusalReason): void => {
    if (targets.length > 0) tallies.count(`refused:${reason}`, targets.length)
    for (const { url } of targets) outcome.refused.push({ url, reason })
  }
  const { near = [], far = [] } = Object.groupBy(found, ({ depth }) => (depth <= limits.depthMax ? 'near' : 'far'))
  refuse(far, 'depth')
  if (near.length === 0) return
  const host = hosts.idOf(name)
  const room = Math.max(0, limits.hostUrlsMax - seen.countOf(host))
  // What a full host still takes must not hang on the order of the call.
  const sorted = near.length <= room ? near : near.toSorted(byUrgency)
  refuse(sorted.slice(room), 'host_urls')
  const taken = sorted.slice(0, room)
  if (taken.length === 0) return
  for (const target of taken) {
    seen.add(target.url, host, target)
    if (target.kind === 'page') tallies.move(target.label, 'ready', 1)
  }
  tallies.count('targets', taken.length)
  inbox.put(host, taken)
  outcome.added += taken.length
}

/** Something more is said of a known URL: it rises, lies nearer, or has changed since its last visit. */
function update({ seen, hosts, targets }: FrontierParts, target: Newcomer, now: number): void {
  const bounds = seen.find(target.url)
  if (!bounds) return
  const known = targets.find(target.url)
  const before = known ?? bounds
  // The priority in memory is a float; a rise by less than that is none.
  const isRaised = Math.fround(target.priority) > Math.fround(before.priority)
  const priority = isRaised ? target.priority : before.priority
  const depth = Math.min(target.depth, before.depth)
  seen.update(target.url, { priority, depth, modifiedAt: target.modifiedAt }, now)
  let row = known
  const isNearer = depth < before.depth
  if (isRaised || isNearer) {
    if (known) targets.rank(known.url, priority, depth)
    row = known ? { ...known, priority, depth } : targets.materialize(hosts.idOf(hostOf(target.url)), { ...target, priority, depth, classId: bounds.classId })
  }
  if (!row) return
  const isSooner = ((isRaised || isNearer) && lifeCycle[row.state].raised === 'ready') || (isNearer && isPutOff(row))
  const isAgain = row.state !== 'ready' && lifeCycle[row.state].changed === 'ready' && hasChangedSince(row, target.modifiedAt, now)
  if (isSooner || isAgain) hosts.makeReady(row)
}

/** Whether the page waits without a visit or a try: for what was known of it as it lay, which is no reason any more when it lies nearer. Its host may rest all the same. */
const isPutOff = ({ state, tries, visited_at }: TargetRow): boolean => state === 'later' && tries === 0 && visited_at === null

/** Whether the page rests after a visit that came before the change, or at a time that is still to come: a clock was ahead. What is put off after trouble stays so. */
function hasChangedSince({ tries, visited_at }: TargetRow, modifiedAt: number | undefined, now: number): boolean {
  return tries === 0 && visited_at !== null && modifiedAt !== undefined && (visited_at < modifiedAt || visited_at > now)
}
