import type { Config } from '#infra/config/schema.ts'
import type { Server } from '#infra/net/server.ts'
import { namesMax, type Nodes } from '#schemas/nodes.ts'
import type { Callers } from '../feed/callers.ts'
import { ifOpened } from '../epoch-line.ts'
import { createOrchestrator, type OrchestratorParts } from './orchestrator.ts'
import { openPhases } from './phases.ts'
import { iotaRoutes } from './routes.ts'

export interface IotaServing extends Omit<OrchestratorParts, 'phases' | 'layers' | 'outstandingMax'> {
  settings: Config['bridge']
  /** Name of what is trained. */
  job: string
  callers: Callers
  nodes: Pick<Nodes, 'find'>
}

/** Serves IOTA's miners beside the feed, where the settings say of how many layers. */
export async function serveIota(app: Server, serving: IotaServing): Promise<void> {
  const { settings, callers, nodes, ledger, current, pace } = serving
  const { iota_layers: layers, leases_per_node: outstandingMax } = settings
  if (layers === 0) return
  const phases = openPhases(
    {
      trainingMs: settings.iota_training_seconds * 1000,
      graceMs: settings.iota_grace_seconds * 1000,
      uploadingMs: settings.iota_uploading_seconds * 1000,
      mergingMs: settings.iota_merging_seconds * 1000,
    },
    () => pace.now(),
  )
  const orchestrator = createOrchestrator({ ...serving, phases, layers, outstandingMax })
  await iotaRoutes(app, () => ({
    orchestrator,
    job: serving.job,
    register: (request, hotkey) => callers.register(request, { node: hotkey }),
    async operatorOf(request, hotkey) {
      const [known] = await nodes.find([hotkey])
      return known && (await callers.callerOf(request, hotkey)).operator
    },
    async miners() {
      const open = current()
      const standing = open && (await ifOpened(ledger.progress(open.planId, open.epoch)))
      return { count: (standing?.holding ?? 0) + (standing?.waiting ?? 0), most: namesMax }
    },
  }))
}
