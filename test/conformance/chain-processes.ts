import { expect, test } from 'vitest'
import { developmentKey } from '#infra/chain/key-file.ts'
import { systemClock } from '#infra/clock.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import { killAfter, runChild } from './child.ts'
import { openPlace, type Place } from './place.ts'

/** A fresh chain that moves by itself, but so slowly that no rate limit and no epoch ends during a test. */
export interface ChainPlace {
  place: Place
  /** Stake enough for weights. */
  endow(chain: Chain, signer: Signer): Promise<void>
}

const open = (place: Place) => openPlace<Chain & AsyncDisposable>(place, systemClock())
const address = (name: string) => developmentKey(name).signer.address

/** What every Chain must do when several OS processes use it, and when one of them is killed. */
export function chainProcessesSuite(make: () => Promise<ChainPlace>): void {
  test('several processes register, commit and set weights at once, also with one hotkey', async () => {
    const { place, endow } = await make()
    const names = ['a', 'b', 'c']
    await using chain = await open(place)
    for (const name of names) await endow(chain, developmentKey(name).signer)
    const said = await Promise.all(names.map((name) => runChild<{ uid: number }>({ program: 'chain', job: 'join', place, input: { name, commitments: 5 } })))

    const { neurons } = await chain.metagraph()
    expect(neurons.map(({ uid }) => uid)).toEqual([0, 1, 2, 3])
    expect(neurons.map(({ hotkey }) => hotkey).toSorted()).toEqual([...names, 'shared'].map(address).toSorted())
    for (const [i, name] of names.entries()) {
      const uid = said[i]?.[0]?.uid ?? -1
      expect(neurons[uid]).toMatchObject({ hotkey: address(name), weights: [{ uid, value: 65_535 }] })
    }
    const last = neurons.find(({ hotkey }) => hotkey === address('shared'))?.commitment ?? new Uint8Array()
    expect(names.map((name) => `${name} 4`)).toContain(Buffer.from(last).toString())
  })

  test('kill -9 loses no call that was acknowledged, and the next process goes on', async () => {
    const { place } = await make()
    let from = 1
    for (const moment of [1, 6]) {
      const said = await killAfter<{ n: number }>(moment, { program: 'chain', job: 'count', place, input: { from } })
      await using chain = await open(place)
      const [neuron] = (await chain.metagraph()).neurons
      expect(neuron?.hotkey).toBe(address('counter'))
      from = (neuron?.commitment?.[0] ?? 0) + 1
      expect(from - 1).toBeGreaterThanOrEqual(said.at(-1)?.n ?? 1)
    }
  })
}
