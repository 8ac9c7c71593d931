import type { Config } from '#infra/config/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import { openHostMarks } from './host-marks.ts'
import { knownContents, type KnownContents } from './known-contents.ts'
import { shapeNews, type ShapeNews } from './shape-news.ts'
import { createTraps, trapLimits, type TrapLimits, type Traps } from './traps.ts'

/** What the settings say of what leads astray. */
export const trapLimitsOf = (crawl: Config['crawl']): TrapLimits => ({
  pathCharsMax: crawl.path_chars_max,
  pathSegmentsMax: crawl.path_segments_max,
  queryCharsMax: crawl.query_chars_max,
  parametersMax: crawl.parameters_max,
  variantsMax: crawl.variants_max,
  variantsPerItem: crawl.variants_per_item,
  itemsMax: crawl.items_max,
  stepDepthMax: crawl.row_depth_max,
})

/** What a crawl has learnt of the hosts it visits: what leads astray, what they have sent, where news are. */
export interface Experience {
  traps: Traps
  contents: KnownContents
  shapes: ShapeNews
}

export interface ExperienceOptions {
  /** Of the file that keeps it; absent: in memory. */
  path?: string
  limits?: TrapLimits
  pace: Clock
  /** Visits without news after which a kind of page is put off. */
  barrenAfter?: number
  /** How long (ms) what leads nowhere is put off at first. */
  putOffMinMs?: number
  unseenMs?: number
}

/** @throws OrreryError `newer_version`, `data_unreadable` */
export function openExperience({ path, limits = trapLimits, pace, ...putOff }: ExperienceOptions): Experience & Disposable {
  const marks = openHostMarks(path)
  return {
    traps: createTraps(limits, marks),
    contents: knownContents(marks),
    shapes: shapeNews({ marks, pace, ...putOff }),
    [Symbol.dispose]: () => marks[Symbol.dispose](),
  }
}
