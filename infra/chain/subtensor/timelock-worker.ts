import { parentPort, workerData } from 'node:worker_threads'
import { timelockEncrypt } from './timelock.ts'

const { plain, round } = workerData as { plain: Uint8Array; round: number }
parentPort?.postMessage(timelockEncrypt(plain, round), [])
