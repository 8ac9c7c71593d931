import { z } from 'zod'
import { acting, cancelling, reading, tool, untrusted } from './tool.ts'

const id = z.string().min(1).max(200)
const word = z.string().min(1).max(140)

const queryOnDemand = tool({
  name: 'query_on_demand_data',
  title: 'Pages and posts by keyword, newest first',
  description: `Pages and posts that miners brought, by keywords, dates or address, with their texts, newest first; what is not there, miners are asked for, which takes up to a minute. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({
    source: z.string().max(20).default('WEB').describe('WEB, X or REDDIT.'),
    usernames: z.array(z.string().min(1).max(140)).max(5).default([]).describe('Of X and Reddit: what these users said.'),
    keywords: z.array(z.string().min(1).max(100)).max(5).default([]),
    keyword_mode: z.enum(['any', 'all']).default('any'),
    url: z.string().min(1).max(2048).optional(),
    start_date: z.string().max(40).optional().describe('ISO 8601, inclusive.'),
    end_date: z.string().max(40).optional(),
    limit: z.int().min(1).max(100).default(10),
  }),
  run: (client, { start_date: startDate, end_date: endDate, keyword_mode: keywordMode, url, ...rest }, signal) =>
    client.onDemandData({
      ...rest,
      keywordMode,
      signal,
      ...(url === undefined ? {} : { url }),
      ...(startDate === undefined ? {} : { startDate }),
      ...(endDate === undefined ? {} : { endDate }),
    }),
})

const createTask = tool({
  name: 'create_gravity_task',
  title: 'Let miners seek topics',
  description: 'Lets miners seek pages of topics for seven days. Gives the id to ask for how it stands.',
  annotations: acting,
  input: z.strictObject({
    name: z.string().min(1).max(200).optional(),
    tasks: z
      .array(
        z.strictObject({
          platform: z.string().max(20).default('web'),
          topic: word.describe('A host or an address whose pages are sought, a label that is sought already, or any label with seeds.'),
          keyword: word.optional().describe('Title or text must hold it.'),
          seeds: z.array(z.string().max(2048)).max(100).optional().describe('Where the crawl begins.'),
        }),
      )
      .min(1)
      .max(10),
  }),
  run: (client, { tasks, name }, signal) => client.createGravityTask({ gravityTasks: tasks, signal, ...(name === undefined ? {} : { name }) }),
})

const taskStatus = tool({
  name: 'get_gravity_task_status',
  title: 'How a task stands',
  description: `How a task stands, and what was collected for it, topic by topic. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({ gravity_task_id: id, include_crawlers: z.boolean().default(true) }),
  run: (client, { gravity_task_id: gravityTaskId, include_crawlers: includeCrawlers }, signal) =>
    client.getGravityTasks({ gravityTaskId, includeCrawlers, signal }),
})

const buildDataset = tool({
  name: 'build_dataset',
  title: 'Build a dataset of what a crawler collected',
  description: 'Builds a dataset of what was collected for one topic of a task. Gives the id to ask for how it stands.',
  annotations: acting,
  input: z.strictObject({ crawler_id: id, max_rows: z.int().min(1).max(10_000_000).default(10_000) }),
  run: (client, { crawler_id: crawlerId, max_rows: maxRows }, signal) => client.buildDataset({ crawlerId, maxRows, signal }),
})

const datasetStatus = tool({
  name: 'get_dataset_status',
  title: 'How the building of a dataset stands',
  description: 'How the building of a dataset stands, and its files with addresses to load them from.',
  annotations: reading,
  input: z.strictObject({ dataset_id: id }),
  run: (client, { dataset_id: datasetId }, signal) => client.getDataset({ datasetId, signal }),
})

const cancelTask = tool({
  name: 'cancel_gravity_task',
  title: 'Let miners seek it no more',
  description: 'Ends a task: miners seek its topics no more. What was collected stays.',
  annotations: cancelling,
  input: z.strictObject({ gravity_task_id: id }),
  run: (client, { gravity_task_id: gravityTaskId }, signal) => client.cancelGravityTask({ gravityTaskId, signal }),
})

const cancelDataset = tool({
  name: 'cancel_dataset',
  title: 'End the building of a dataset',
  description: 'Ends the building of a dataset; its files are named no more.',
  annotations: cancelling,
  input: z.strictObject({ dataset_id: id }),
  run: (client, { dataset_id: datasetId }, signal) => client.cancelDataset({ datasetId, signal }),
})

/** Data Universe's seven, by its names. */
export const gravityTools = [queryOnDemand, createTask, taskStatus, buildDataset, datasetStatus, cancelTask, cancelDataset]
