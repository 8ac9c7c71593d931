import type { Player } from '../arena.ts'
import { copyCheats } from './copies.ts'
import { dateCheats } from './dates.ts'
import { fileCheats } from './files.ts'
import { listCheats } from './lists.ts'
import { rowCheats } from './rows.ts'
import { standingCheats } from './standing.ts'
import { unprovedCheats } from './unproved.ts'

export const cheats: readonly Player[] = [...fileCheats, ...rowCheats, ...listCheats, ...dateCheats, ...copyCheats, ...standingCheats, ...unprovedCheats]
