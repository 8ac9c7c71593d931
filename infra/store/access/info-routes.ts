import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { limits } from '#schemas/data-universe.ts'
import { dailyRequests } from './callers.ts'
import { StructureInfo, structureInfo } from './miner-routes.ts'

export const ServiceInfo = z.object({
  structure_info: StructureInfo,
  netuid: z.int(),
  receiver: z.string().describe('Hotkey of this service: what is signed as btauth/1 is for it.'),
  limits: z.object({ file_bytes_min: z.int(), file_bytes_max: z.int(), daily_limit_per_miner: z.int(), daily_limit_per_validator: z.int() }),
})

const commitmentFormats = {
  headers: { 'btauth/1': 'Bittensor SDK 11', 'X-Tao-Version: 2': 'sha256hex(body).nonce.timestamp_ms' },
  miner_access: 's3:data:access:{coldkey}:{hotkey}:{timestamp}',
  validator_access: 's3:validator:access:{timestamp}',
  miner_specific_access: 's3:validator:miner:{miner_hotkey}:{timestamp}',
  file_access: 's3:validator:files:{miner_hotkey}:{hotkey}:{timestamp}',
} as const

const described = <Answer extends z.ZodType>(operationId: string, summary: string, answer: Answer) => ({
  operationId,
  summary,
  tags: ['Service'],
  response: { 200: answer },
})

/** What anybody may know. */
export function infoRoutes(app: Server, parts: { netuid(): Promise<number>; receiver(): Promise<string>; date(): number }): void {
  const config = { scope: 'open' as const }
  const health = described('healthcheck', 'Whether it is there', z.object({ status: z.literal('ok'), timestamp: z.number(), folder_structure: z.string() }))
  app.get('/healthcheck', { schema: health, config }, () => ({
    status: 'ok' as const,
    timestamp: parts.date() / 1000,
    folder_structure: structureInfo.folder_structure,
  }))
  app.get('/structure-info', { schema: described('structureInfo', 'Where files lie, and who this service is', ServiceInfo), config }, async () => ({
    structure_info: structureInfo,
    netuid: await parts.netuid(),
    receiver: await parts.receiver(),
    limits: {
      file_bytes_min: limits.shardBytesMin,
      file_bytes_max: limits.shardBytesMax,
      daily_limit_per_miner: dailyRequests.miner,
      daily_limit_per_validator: dailyRequests.validator,
    },
  }))
  const formats = described('commitmentFormats', 'What is signed', z.looseObject({}))
  app.get('/commitment-formats', { schema: formats, config }, () => commitmentFormats)
}
