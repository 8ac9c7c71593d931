import { jobs, type Player } from './arena.ts'
import { slow } from './cheats/copies.ts'
import { squatted } from './cheats/lists.ts'
import { newRows } from './honest.ts'
import { story } from '#test/site/story.ts'
import { article, type WebPage } from './web.ts'

const least = 0.9

/** Honest miners whom something befalls that is no doing of theirs. */
export const unlucky: readonly Player[] = [
  {
    name: slow,
    of: 'unlucky',
    bound: least,
    byCycle: 10,
    // Every other cycle all is in the store, but not yet on chain, when the validator looks.
    async play(cycle, seat) {
      const writer = await seat.write(newRows(cycle, seat))
      if (cycle % 2 === 1) await writer.publish(new AbortController().signal)
    },
    async after(cycle, seat) {
      if (cycle % 2 === 0) await (await seat.write([])).publish(new AbortController().signal)
    },
  },
  {
    name: squatted,
    of: 'unlucky',
    bound: least,
    byCycle: 10,
    async play(cycle, seat) {
      if (cycle === 0) seat.kept.push(...newRows(0, seat))
      else await seat.mine([...(cycle === 1 ? seat.kept : []), ...newRows(cycle, seat)])
    },
  },
  {
    name: 'job that leaves the list',
    of: 'unlucky',
    bound: least,
    async play(cycle, seat) {
      if (cycle === 2) await seat.arena.list(Object.values(jobs).filter(({ id }) => id !== jobs.brief.id))
      await seat.mine([...newRows(cycle, seat), ...(cycle === 0 ? seat.read('brief', 12) : [])])
    },
  },
  {
    name: '5 % of pages deleted',
    of: 'unlucky',
    bound: least,
    async play(cycle, seat) {
      await seat.mine(newRows(cycle, seat))
      if (cycle === 1) for (const { uri } of seat.mined.filter((_, n) => n % 20 === 7)) seat.arena.web.remove(uri)
    },
  },
  {
    name: "validator's network down",
    of: 'unlucky',
    bound: least,
    // For everybody, then.
    async play(cycle, seat) {
      await seat.mine(newRows(cycle, seat))
      seat.arena.web.isDown = cycle % 5 === 3
    },
  },
  {
    name: '5 % of pages changed',
    of: 'unlucky',
    bound: least,
    async play(cycle, seat) {
      await seat.mine(newRows(cycle, seat))
      const { web } = seat.arena
      const modifiedAt = new Date(seat.arena.subnet.facts.now())
      for (const [n, { uri }] of seat.mined.entries())
        if (n % 20 === 7) web.publish(uri, { ...article(10_000_000 + 100 * cycle + n, web.page(uri).publishedAt), modifiedAt })
    },
  },
  {
    name: 'huge files',
    of: 'unlucky',
    bound: least,
    byCycle: 10,
    play: (cycle, seat) => seat.mine([...newRows(cycle, seat), ...(cycle === 0 ? seat.read('news', 200) : [])]),
  },
  {
    name: 'pages of pictures alone',
    of: 'unlucky',
    bound: least,
    play: (cycle, seat) => seat.mine([...newRows(cycle, seat), ...(cycle === 0 ? seat.read('news', 8, gallery) : [])]),
  },
]

/** Two pictures, with a caption of some words each. */
const gallery = (n: number, publishedAt: Date | null): WebPage => ({
  ...article(n, publishedAt),
  pictures: [2 * n, 2 * n + 1].map((seed) => story(seed, 1).split(' ').slice(0, 9).join(' ')),
})
