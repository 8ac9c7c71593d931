import { developmentKey } from '#infra/chain/key-file.ts'
import type { Chain } from '#schemas/chain.ts'
import { program } from './program.ts'

const { signer: shared } = developmentKey('shared')

await program<Chain & AsyncDisposable>({
  /** Registers its own hotkey and the one all share, and speaks with both. */
  async join(chain, { input, say }) {
    const { name, commitments } = input as { name: string; commitments: number }
    const { signer } = developmentKey(name)
    const uid = await chain.register(signer, signer.address)
    await chain.register(shared, shared.address)
    for (let i = 0; i < commitments; i++) await chain.commit(shared, Buffer.from(`${name} ${i}`))
    await chain.submitWeights(signer, { uids: [uid], values: [1], versionKey: 0 })
    say({ uid })
    await chain[Symbol.asyncDispose]()
  },

  /** Commits 1, 2, 3 … from where the hotkey stopped, and says each that was acknowledged. */
  async count(chain, { input, say }) {
    const { signer } = developmentKey('counter')
    await chain.register(signer, signer.address)
    const { from } = input as { from: number }
    for (let n = from; n < from + 1000; n++) {
      await chain.commit(signer, Uint8Array.of(n))
      say({ n })
    }
  },
})
