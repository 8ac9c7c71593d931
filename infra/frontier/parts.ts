import type { Database } from '../sqlite/database.ts'
import { TargetClasses } from './classes.ts'
import { FrontierHosts } from './hosts.ts'
import { FrontierInbox } from './inbox.ts'
import { FrontierSeen } from './seen.ts'
import { Tallies } from './tallies.ts'
import { FrontierTargets } from './targets.ts'

/** What a frontier is made of, over one database. */
export interface FrontierParts {
  classes: TargetClasses
  tallies: Tallies
  seen: FrontierSeen
  inbox: FrontierInbox
  targets: FrontierTargets
  hosts: FrontierHosts
}

export function frontierParts(db: Database): FrontierParts {
  const seedPart = (name: string) => db.get<{ count: number }>('select count from counters where name = ?', name)?.count ?? 0
  const seed = [seedPart('seed_lo'), seedPart('seed_hi')] as const
  const classes = new TargetClasses(db)
  const tallies = new Tallies(db)
  const targets = new FrontierTargets(db, { seed, classes, tallies })
  return { classes, tallies, targets, seen: new FrontierSeen(db, seed), inbox: new FrontierInbox(db), hosts: new FrontierHosts(db, targets, tallies) }
}
