import { z } from 'zod'

/** A page of a list-tree (infra/corpus/list-tree.ts), by its content: JSON under `{folder}{sha256}.json`. `items`: of the list, in it and below it. */
export const ListPage = z.strictObject({ key: z.string(), items: z.int().nonnegative() })
export type ListPage = z.infer<typeof ListPage>

/** A list that is too long to be written anew when an item of it changes: its root page. `height`: 0 is a JSON array of items, n one of `ListPage` of height n - 1. */
export const ListTree = ListPage.extend({ height: z.int().nonnegative().max(40) })
export type ListTree = z.infer<typeof ListTree>
