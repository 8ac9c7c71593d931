import { btauth } from '#infra/signed-http/btauth.ts'
import type { SignatureChecks } from '#infra/signed-http/checks.ts'
import { epistula, iotaClient } from '#infra/signed-http/epistula.ts'
import { signedRequests, type VerifySigned } from '#infra/signed-http/verify.ts'
import type { Signer } from '#schemas/chain.ts'

/** Wallet whose hotkey the feed answers to: what nodes sign is for it. */
const feedWallet = 'bridge'

/** The forms that nodes and IOTA's client sign in. */
export const feedSchemes = [btauth, epistula, iotaClient]

export interface FeedSignatures {
  /** Hotkeys of this feed. */
  receivers(): Promise<readonly string[]>
  verify: VerifySigned
}

/** The hotkey is made with the first that asks for it. */
export function feedSignatures({ wallet, checks }: { wallet(name: string): Promise<{ signer: Signer }>; checks: SignatureChecks }): FeedSignatures {
  let own: Promise<readonly string[]> | undefined
  let verifying: Promise<VerifySigned> | undefined

  const receivers = (): Promise<readonly string[]> => {
    if (own) return own
    const opening = wallet(feedWallet).then(({ signer }) => [signer.address])
    opening.catch(() => (own = undefined))
    return (own = opening)
  }
  const verifier = async (): Promise<VerifySigned> => signedRequests({ schemes: feedSchemes, receivers: await receivers(), date: Date.now, checks })

  return {
    receivers,
    async verify(request) {
      verifying ??= verifier().catch((error: unknown) => {
        verifying = undefined
        throw error
      })
      return (await verifying)(request)
    },
  }
}
