import { z } from 'zod'
import { recentValues } from '#infra/recent-values.ts'
import type { Clock } from '#schemas/clock.ts'
import type { HostNotes } from '#schemas/host-notes.ts'
import { hostnameOf } from '#schemas/identity/url-parts.ts'

/** How a host has answered lately: what its rest is made longer by. */
export interface HostMood {
  /** Smoothed time of its answers, ms. */
  responseMs: number
  /** 1 = well; doubles with each trouble, up to 64, and halves with each good answer. */
  strain: number
}

export interface RestLimits {
  /** Least rest between two requests, ms. */
  hostDelayMs: number
  /** Rest of at least this many times the time a host takes to answer. */
  responseFactor: number
}

export const calm: HostMood = { responseMs: 0, strain: 1 }

const strainMax = 64
/** A host in trouble rests at least this long, times its strain. */
const troubleMs = 100
/** Weight of the newest answer. */
const smoothing = 0.3
/** Longest rest that we come to by ourselves; robots.txt may ask for more. */
const ownRestMsMax = 120_000

/** The mood after one more request. @param isTrouble 429, 5xx, no answer */
export function moodAfter(mood: HostMood, { responseMs, isTrouble }: { responseMs: number; isTrouble: boolean }): HostMood {
  if (isTrouble) return { responseMs: mood.responseMs, strain: Math.min(strainMax, mood.strain * 2) }
  const smoothed = mood.responseMs === 0 ? responseMs : mood.responseMs * (1 - smoothing) + responseMs * smoothing
  return { responseMs: smoothed, strain: Math.max(1, mood.strain / 2) }
}

/** Rest (ms, whole) of a host from the end of its last answer: what robots.txt asks for, what we always keep, what its slowness asks for; more under strain. */
export function restMs({ responseMs, strain }: HostMood, { hostDelayMs, responseFactor }: RestLimits, crawlDelayMs = 0): number {
  const own = Math.max(hostDelayMs, responseFactor * responseMs, strain > 1 ? troubleMs : 0) * strain
  return Math.ceil(Math.max(crawlDelayMs, hostDelayMs, Math.min(own, ownRestMsMax)))
}

/** The moods of the hosts asked lately, by host name and port. */
export interface HostMoods {
  of(host: string): Promise<HostMood>
  note(host: string, answer: { responseMs: number; isTrouble: boolean }): Promise<void>
}

/**
 * Rest (ms) of a host (name and port) after an answer, which its mood takes note of, or as it is now.
 * @param crawlDelayMs what its robots.txt asks for
 */
export type HostRests = (host: string, crawlDelayMs: number, answer?: { responseMs: number; isTrouble: boolean }) => Promise<number>

/** Hosts that this process serves need none but what they ask for. */
export const hostRests =
  (moods: HostMoods, limits: RestLimits, isVirtual: (hostname: string) => boolean): HostRests =>
  async (host, crawlDelayMs, answer) => {
    if (isVirtual(hostnameOf(host))) return crawlDelayMs
    if (answer) await moods.note(host, answer)
    return restMs(await moods.of(host), limits, crawlDelayMs)
  }

const bytesMax = 4 * 2 ** 20
const moodBytes = 64
/** A host that was in trouble is remembered so over a restart, for a while. */
const notedMs = 3_600_000
const Strain = z.coerce.number().min(1).max(strainMax)

/** @param noted where the strain of hosts in trouble outlives the process; how fast they answer is soon known again */
export function hostMoods(noted?: { notes: HostNotes; pace: Clock }): HostMoods {
  const moods = recentValues<string, HostMood>({ bytesMax, bytesOf: () => moodBytes })
  const moodOf = async (host: string): Promise<HostMood> => {
    const recalled = moods.get(host) ?? recall(await noted?.notes.get('mood', host))
    // It may have been asked again meanwhile.
    return moods.get(host) ?? recalled
  }
  return {
    of: moodOf,
    async note(host, answer) {
      const before = await moodOf(host)
      const mood = moodAfter(before, answer)
      moods.keep(host, mood)
      if (noted && mood.strain !== before.strain) await noted.notes.put('mood', host, String(mood.strain), noted.pace.now() + notedMs)
    },
  }
}

function recall(note: string | undefined): HostMood {
  const { data: strain = calm.strain } = Strain.safeParse(note ?? calm.strain)
  return { ...calm, strain }
}
