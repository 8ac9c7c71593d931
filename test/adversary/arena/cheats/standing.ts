import { jobs, type Player, type Seat } from '../arena.ts'
import { fabricated } from '../hand.ts'
import { newRows } from '../honest.ts'

/** Cycles in which a good name is earned first. */
const goodCycles = 2

/** Mines honestly at first, and then does something else. */
const turning = (
  name: string,
  of: string,
  then: (seat: Seat, cycle: number) => Promise<void>,
  lastMinute?: (seat: Seat, cycle: number) => Promise<void>,
): Player => ({
  name,
  of,
  async play(cycle, seat) {
    await (cycle < goodCycles ? seat.mine(newRows(cycle, seat)) : then(seat, cycle))
  },
  ...(lastMinute && {
    async lastMinute(cycle, seat) {
      if (cycle >= goodCycles) await lastMinute(seat, cycle)
    },
  }),
})

const invented = ({ mined }: Seat, cycle: number) => mined.map((row, n) => fabricated(row, 950_000 + 1000 * cycle + 2 * n))

/** A good name, and what is tried to keep it without work. */
export const standingCheats: readonly Player[] = [
  turning('names an index that is nowhere', 'data-universe 12', ({ hand }) => hand.commit('0'.repeat(64))),
  turning('takes its files away', 'data-universe 12', async ({ hand: { subnet, signer } }) => {
    for await (const { key } of subnet.store.list(`data/hotkey=${signer.address}/`)) await subnet.store.delete(key)
  }),
  turning('commits what is no index', 'data-universe 12', ({ hand: { subnet, signer } }) => subnet.chain.commit(signer, new Uint8Array([1, 2, 3]))),
  {
    ...turning('hosts that never answer', 'issue: silent hosts', async (seat, cycle) => {
      for (const { host } of seat.mined) seat.arena.web.silent.add(host)
      if (cycle === goodCycles) await seat.hand.claim(invented(seat, cycle))
    }),
    byCycle: 10,
  },
  {
    name: 'hosts that never answered',
    of: 'issue: silent hosts',
    async play(cycle, seat) {
      if (cycle > 0) return
      const rows = newRows(0, seat)
      for (const { host } of rows) seat.arena.web.silent.add(host)
      await seat.hand.claim(rows.map((row, n) => fabricated(row, 960_000 + 2 * n)))
    },
  },
  turning(
    'commits anew before each look, that it is never old enough',
    'new',
    async (seat, cycle) => {
      if (cycle === goodCycles) await seat.hand.claim(invented(seat, cycle))
    },
    async (seat, cycle) => void (await seat.hand.claim(invented(seat, cycle))),
  ),
  turning('sleeper that fabricates all once it is believed', 'new', async (seat, cycle) => {
    if (cycle === goodCycles) await seat.hand.claim(invented(seat, cycle))
  }),
  turning('honest and fabricated by turns', 'new', async (seat, cycle) => {
    await seat.hand.claim(cycle % 2 === 0 ? invented(seat, cycle) : seat.mined)
  }),
  {
    name: 'list of jobs with a pattern that is none',
    of: 'issue: poison lists',
    async play(cycle, { arena }) {
      const poisoned = { ...jobs.brief, id: 'poison-0123456789ab', web: { ...jobs.brief.web, include: ['http://(['] } }
      if (cycle === 1) await arena.list([poisoned, ...Object.values(jobs)])
    },
  },
  {
    name: 'comes again under a new hotkey',
    of: 'new',
    hotkeys: 4,
    async play(cycle, seat) {
      const hand = seat.hands[Math.floor(cycle / 3) % seat.hands.length]
      if (cycle === 0) seat.mined.push(...newRows(0, seat))
      if (hand && cycle % 3 === 0) await hand.claim(seat.mined.map((row, n) => ({ ...fabricated(row, 970_000 + 2 * n), hotkey: hand.signer.address })))
    },
  },
]
