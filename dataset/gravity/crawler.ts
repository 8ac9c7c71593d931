import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { closest } from 'fastest-levenshtein'
import { includeOf, seedOf } from '#infra/config/source.ts'
import { isPublicAddress } from '#infra/net/address.ts'
import { needsContact } from '#infra/net/contact.ts'
import { bare, publicPorts } from '#infra/net/egress.ts'
import { DataLabel } from '#schemas/data-universe.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { GravityTask } from '#schemas/gravity.ts'
import { isPlainHost } from './takers.ts'

type Crawler = GravityTask['crawlers'][number]

/** One topic of a new task. */
export interface TopicWish {
  platform: string
  topic: string
  keyword?: string | undefined
  postStartDatetime?: string | undefined
  postEndDatetime?: string | undefined
  /** Ours: rows of one miner that count. */
  maxRows?: number | undefined
  /** Ours: where it is found; absent where the topic is a host, an address, or a label that is sought already. */
  seeds?: readonly string[] | undefined
}

export interface Surroundings {
  /** The desirability list. */
  listed: readonly DesirabilityJob[]
  /** Which of its jobs seeks a page already (takers.ts). */
  takerOf(url: string): DesirabilityJob | undefined
  /** miner.contact is set, so that the public web may be asked. */
  hasContact: boolean
  /** When the task is over, ISO 8601. */
  endsAt: string
}

/** @throws OrreryError `invalid_argument` for what no miner could be asked for */
export function crawlerOf(id: string, wish: TopicWish, { listed, takerOf, hasContact, endsAt }: Surroundings): Crawler {
  const { platform, topic, keyword = null } = wish
  if (platform.toLowerCase() !== 'web') throw refusal(topic, `there is no platform "${platform}" here, only web`)
  const seeds = wish.seeds && wish.seeds.length > 0 ? wish.seeds : placesOf(topic)
  if (seeds.length === 0) return riding(id, wish, listed)
  for (const seed of seeds) requireSeed(topic, seed, { takerOf, hasContact })
  const label = DataLabel.safeParse(topic.toLowerCase())
  if (!label.success) throw refusal(topic, 'a topic is at most 140 characters, without NUL')
  const params = {
    keyword,
    platform: 'web',
    label: label.data,
    post_start_datetime: timeOf(wish.postStartDatetime),
    post_end_datetime: timeOf(wish.postEndDatetime),
  } as const
  const { post_start_datetime: start, post_end_datetime: end } = params
  if (start !== null && end !== null && Date.parse(start) >= Date.parse(end)) throw refusal(topic, 'postEndDatetime is not after postStartDatetime')
  const bounds = { expires_at: endsAt, ...(wish.maxRows !== undefined && { max_rows: wish.maxRows }) }
  const job = { id: `gravity-${randomBytes(6).toString('hex')}`, weight: 1, params, web: { seeds: [...seeds], include: includeOf(seeds) }, ...bounds }
  return { id, topic, keyword, job_id: job.id, job }
}

/** A label that is sought already: the crawler counts what its job brings. */
function riding(id: string, { topic, keyword, postStartDatetime, postEndDatetime, maxRows }: TopicWish, listed: readonly DesirabilityJob[]): Crawler {
  const labels = [...new Set(listed.flatMap(({ params: { label } }) => label ?? []))]
  const job = listed.find(({ params }) => params.label === topic.toLowerCase())
  if (!job) {
    const nearest = labels.length > 0 ? `; of the labels there are "${closest(topic.toLowerCase(), labels)}" is likest` : ''
    throw refusal(topic, `it is no host, no address and no label that is sought${nearest}: say with seeds where it is found`)
  }
  if ([keyword, postStartDatetime, postEndDatetime, maxRows].some((bound) => bound !== undefined))
    throw refusal(topic, 'miners seek it already, without a keyword, dates and a number of rows; leave them out, or give seeds of its own')
  return { id, topic, keyword: null, job_id: job.id, job: null }
}

function requireSeed(topic: string, seed: string, { takerOf, hasContact }: Pick<Surroundings, 'takerOf' | 'hasContact'>): void {
  const url = seedOf(seed)
  if (!url || !isPlainHost(url)) throw refusal(topic, `"${seed.slice(0, 100)}" is no web address; write it whole, like https://example.org/`)
  if (!hasContact && needsContact(seed, () => false)) throw refusal(topic, 'the public web is asked only where miner.contact says who asks')
  const address = bare(url.hostname)
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw refusal(topic, `${seed.slice(0, 100)} is on a private address, where no miner is sent`)
  if (url.port !== '' && !publicPorts.includes(Number(url.port)))
    throw refusal(topic, `miners ask at the ports ${publicPorts.join(', ')} alone, not at ${url.port}`)
  const taken = takerOf(seed)
  if (taken) throw refusal(topic, `pages of ${seed.slice(0, 100)} are sought already, under the label "${taken.params.label ?? taken.id}": make that the topic`)
}

/** Of a topic that is an address or a host. */
function placesOf(topic: string): string[] {
  if (seedOf(topic)) return [topic]
  const isHost = /^(?:[\p{L}\p{N}-]+\.)+[\p{L}\p{N}-]{2,}(?::\d{1,5})?$/u.test(topic)
  return isHost && seedOf(`https://${topic}/`) ? [`https://${topic}/`] : []
}

const timeOf = (text: string | undefined): string | null => (text === undefined ? null : new Date(text).toISOString())

const refusal = (topic: string, why: string): OrreryError =>
  new OrreryError('invalid_argument', `The topic "${topic.slice(0, 140)}" cannot be taken: ${why}.`, { topic: topic.slice(0, 140) })
