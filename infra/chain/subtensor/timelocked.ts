import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** `timelockEncrypt` in a thread of its own: the curve keeps a slow machine for half a second when it is first used. */
export async function timelocked(plain: Uint8Array, round: number): Promise<Uint8Array> {
  const worker = new Worker(new URL('./timelock-worker.ts', import.meta.url), { workerData: { plain, round } })
  try {
    const [sealed] = (await once(worker, 'message')) as [Uint8Array]
    return sealed
  } finally {
    await worker.terminate()
  }
}
