import { meansWell, type Arena, type Reward } from './arena.ts'

export interface Share {
  name: string
  of: string
  hotkeys: number
  /** Of an honest miner's reward: in the last cycle, and over all of them. */
  last: number
  all: number
  bound: number
  failures: string
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const allOf = ({ incentives }: Reward): number => sum(incentives)
const lastOf = ({ incentives }: Reward): number => incentives.at(-1) ?? 0

/** What each player is paid, as a share of an honest miner's reward, or of that of whom its player names. */
export function shares({ rewards, reports }: Arena): Share[] {
  const honest = rewards.filter(({ player }) => player.of === 'honest')
  /** By the last cycle, or all: of an honest miner, or of who is named. */
  const measure = ({ player: { than } }: Reward, paid: (of: Reward) => number): number => {
    const other = rewards.find(({ player }) => player.name === than)
    return other ? paid(other) : median(honest.map(paid))
  }
  const found = new Map(reports.at(-1)?.miners.map(({ hotkey, failures }) => [hotkey, failures.map(({ code }) => code)]))
  return rewards.map((reward) => ({
    name: reward.player.name,
    of: reward.player.of,
    hotkeys: reward.hotkeys.length,
    last: lastOf(reward) / measure(reward, lastOf),
    all: allOf(reward) / measure(reward, allOf),
    bound: reward.player.bound ?? (reward.player.of === 'honest' ? 0.9 : 0.05),
    failures: [...new Set(reward.hotkeys.flatMap((hotkey) => found.get(hotkey) ?? []))].join(' '),
  }))
}

/** Who is paid more than may be in the last cycle, or less than is owed. */
export const outOfBounds = (of: readonly Share[]): Share[] => of.filter((share) => (meansWell(share) ? share.last < share.bound : share.last > share.bound))

/** Who was paid more than may be over all cycles together. */
export const overpaid = (of: readonly Share[]): Share[] => of.filter((share) => !meansWell(share) && share.all > share.bound)

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`.padStart(9)

/** For a person to read. */
export function rewardTable(of: readonly Share[]): string {
  const width = of.reduce((most, { name }) => Math.max(most, name.length), 0)
  const line = (share: Share): string =>
    `${share.name.padEnd(width)} ${percent(share.last)} ${percent(share.all)}  ${meansWell(share) ? '≥' : '≤'} ${percent(share.bound)}  ${share.of.padEnd(26)} ${share.failures}`
  return [
    `${'miner'.padEnd(width)} ${'last'.padStart(9)} ${'all'.padStart(9)}  ${'bound'.padStart(11)}  where it is known from      found`,
    ...of.map(line),
  ].join('\n')
}
