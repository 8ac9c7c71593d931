import type { Target } from '#schemas/frontier.ts'
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

/** Adds those that are unknown and lets the others rise; returns how many were new. Within a transaction, after `seen.catchUp`. */
export function addTargets(parts: FrontierParts, targets: readonly Target[], limits: AddLimits, now: number): number {
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
  let added = 0
  for (const [name, found] of byHost) added += addToHost(parts, name, found, limits)
  return added
}

function merge({ classes }: FrontierParts, targets: readonly Target[], now: number): Iterable<Newcomer> {
  const merged = new Map<string, Newcomer>()
  for (const { url, kind, label, priority, depth = 0, modifiedAt } of targets) {
    // A time to come says nothing: a site that names one would have its page visited again each time.
    const changedAt = modifiedAt !== undefined && modifiedAt <= now ? modifiedAt : undefined
    const known = merged.get(url)
    if (!known) {
      merged.set(url, { url, kind, label, priority, depth, modifiedAt: changedAt, classId: classes.of(label, kind).id })
      continue
    }
    known.priority = Math.max(known.priority, priority)
    known.depth = Math.min(known.depth, depth)
    if (changedAt !== undefined) known.modifiedAt = Math.max(changedAt, known.modifiedAt ?? -Infinity)
  }
  return merged.values()
}

function addToHost(parts: FrontierParts, name: string, found: readonly Newcomer[], { hostUrlsMax, depthMax }: AddLimits): number {
  const { seen, hosts, inbox, tallies } = parts
  const near = found.every(({ depth }) => depth <= depthMax) ? found : found.filter(({ depth }) => depth <= depthMax)
  if (near.length < found.length) tallies.count('refused:depth', found.length - near.length)
  if (near.length === 0) return 0
  const host = hosts.idOf(name)
  const room = Math.max(0, hostUrlsMax - seen.countOf(host))
  // What a full host still takes must not hang on the order of the call.
  const taken = near.length <= room ? near : near.toSorted(byUrgency).slice(0, room)
  if (taken.length < near.length) tallies.count('refused:host_urls', near.length - taken.length)
  if (taken.length === 0) return 0
  for (const target of taken) {
    seen.add(target.url, host, target)
    if (target.kind === 'page') tallies.move(target.label, 'ready', 1)
  }
  tallies.count('targets', taken.length)
  inbox.put(host, taken)
  return taken.length
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
  if (isRaised || depth < before.depth) {
    if (known) targets.rank(known.url, priority, depth)
    const entry = { url: target.url, priority, depth, classId: bounds.classId }
    row = known ? { ...known, priority, depth } : targets.materialize(hosts.idOf(hostOf(target.url)), entry)
  }
  if (!row) return
  const isSooner = isRaised && lifeCycle[row.state].raised === 'ready'
  const isAgain = row.state !== 'ready' && lifeCycle[row.state].changed === 'ready' && hasChangedSince(row, target.modifiedAt, now)
  if (isSooner || isAgain) hosts.offer(row.host, row.lane, targets.makeReady(row))
}

/** Whether the page rests after a visit that came before the change, or at a time that is still to come: a clock was ahead. What is put off after trouble stays so. */
function hasChangedSince({ tries, visited_at }: TargetRow, modifiedAt: number | undefined, now: number): boolean {
  return tries === 0 && visited_at !== null && modifiedAt !== undefined && (visited_at < modifiedAt || visited_at > now)
}
