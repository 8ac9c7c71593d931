import { z } from 'zod'
import { shardRowsMax } from '#schemas/data-universe.ts'
import { Crawl } from './crawl.ts'
import { Miner } from './miner.ts'
import { Sources } from './source.ts'
import { Name, seconds } from './values.ts'

const port = z.int().min(0).max(65_535)
/** SS58. */
const hotkey = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{40,60}$/, 'no SS58 address')
const keptSeconds = z.number().positive().max(31_536_000)
const phaseSeconds = z.number().min(0).max(2_592_000)

/** Every setting, its default and what it is for: the config reference is made of this. Names are snake_case in TOML, ORRERY_SECTION_NAME in the environment. */
const Settings = z.strictObject({
  data: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .regex(/^[^\0]*$/, 'no name of a folder')
        .default('.orrery')
        .describe('Folder of everything that is kept.'),
    })
    .prefault({}),
  run: z
    .strictObject({
      seed: z
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .default(1)
        .describe('Seed of every random choice that can be repeated: the plan, and the wallets of a frozen run.'),
      frozen_at: z.iso
        .datetime({ offset: true, error: 'no time with its zone; write it like 2026-01-15T12:00:00Z' })
        .optional()
        .describe('Stamp artefacts with this time instead of the clock, for a run that can be repeated byte for byte.'),
    })
    .prefault({}),
  site: z
    .strictObject({
      root: z.string().default('node_modules').describe('Folder of npm packages whose Markdown files are the embedded web, used when no source is named.'),
      documents_max: z.int().min(1).default(5000).describe('At most this many files are served.'),
    })
    .prefault({}),
  sources: Sources.default([]).describe('What to crawl. Empty: the embedded web.'),
  chain: z
    .strictObject({
      kind: z
        .enum(['local', 'subtensor'])
        .default('local')
        .describe('local: a chain of this machine, in the data folder; subtensor: Bittensor, through chain.endpoints, with wallets of your own.'),
      endpoints: z
        .array(z.url({ protocol: /^wss?$/, error: 'no ws: or wss: URL of a node' }))
        .min(1)
        .max(16)
        .default(['wss://entrypoint-finney.opentensor.ai:443'])
        .describe('Nodes of one Subtensor chain, in the order they are tried: one that does not answer, or whose height stands still, is left for the next.'),
      netuid: z.int().min(0).max(65_535).default(13).describe('Subnet.'),
      block_seconds: seconds.default(1).describe('Block time of the local chain (12 on Bittensor).'),
      tempo_blocks: z.int().min(1).default(20).describe('Blocks between epochs of the local chain (360 on Bittensor).'),
      weights_rate_limit_blocks: z.int().min(0).default(5).describe('Blocks between two submissions of weights of one hotkey (100 on Bittensor).'),
    })
    .prefault({}),
  axon: z
    .strictObject({
      port: port.optional().describe('Port on which a miner answers validators (its index, buckets and contents); 0 = any free one. Absent: it does not.'),
      host: z.string().default('127.0.0.1').describe('Address it listens on.'),
      external_ip: z.string().optional().describe('IP address under which validators reach it, as it is published on the chain. Absent: axon.host.'),
      external_port: z.int().min(1).max(65_535).optional().describe('Port under which validators reach it. Absent: axon.port.'),
      stake_min: z.number().min(0).max(21_000_000).default(1000).describe('TAO that a validator must have behind it, beside its permit, to be answered.'),
      dendrite: z
        .boolean()
        .default(false)
        .describe('Whether it also answers the wire of the Bittensor SDK 10 and before (dendrite to axon), whose signatures bind less than those of SDK 11.'),
    })
    .prefault({}),
  crawl: Crawl.prefault({}),
  miner: Miner.prefault({}),
  shard: z
    .strictObject({
      layout: z
        .enum(['parts', 'whole'])
        .default('parts')
        .describe(
          'parts: shards of bounded size, which stay as they are and are merged now and then. whole: one shard a job, written again with each flush, as validators of Data Universe want it.',
        ),
      max_rows: z.int().min(1).max(shardRowsMax).default(shardRowsMax).describe('Most rows of a shard; validators take no more.'),
      flush_bytes: z
        .int()
        .min(2 ** 16)
        .max(2 ** 28)
        .default(2 ** 24)
        .describe('Text of so many bytes becomes shards at once, while the crawl goes on; so much of it is in memory then.'),
      flush_seconds: seconds.default(120).describe('What was crawled becomes shards after this time, however little it is.'),
      keep_seconds: keptSeconds
        .default(10_800)
        .describe('How long files and snapshots that others took the place of are kept for who still reads them; the newest of a job is kept for ever.'),
    })
    .prefault({}),
  browser: z
    .strictObject({
      enabled: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe('auto: pages that hold less than they promise are rendered, where there is a Chromium; what their scripts ask for keeps to all manners.'),
      path: z.string().default('').describe('Executable of Chromium; empty = look for one (`orrery doctor` says which).'),
      pages_max: z.int().min(1).max(64).default(4).describe('Pages open at the same time.'),
      timeout_seconds: seconds.default(20).describe('Whole time of one page, two thirds of it for what its scripts ask for.'),
    })
    .prefault({}),
  store: z
    .strictObject({
      access_url: z
        .union([z.literal(''), z.url({ protocol: /^https?$/ })])
        .default('')
        .describe(
          'Store access service (`orrery access serve`) that a miner uploads to and a validator reads from, and that on-demand jobs come from; empty: the store of this data folder, and no jobs.',
        ),
    })
    .prefault({}),
  access: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address the store access service listens on.'),
      port: port.default(8730).describe('Port of the store access service; 0 = any free one.'),
      stake_min: z
        .number()
        .min(0)
        .max(21_000_000)
        .default(1000)
        .describe('TAO that a validator must have staked on the subnet, beside its permit, to read here.'),
      bytes_per_day: z
        .int()
        .min(2 ** 20)
        .default(64 * 2 ** 30)
        .describe('Most bytes that one hotkey may upload in a day (UTC).'),
    })
    .prefault({}),
  posts: z
    .strictObject({
      credentials: z
        .string()
        .default('')
        .describe('JSON file (mode 0600) with the credentials for Reddit and for a scraper of X, for `orrery miner posts`. Empty: no posts are scraped.'),
      every_seconds: seconds.default(900).describe('Time between two cycles of `orrery miner posts`.'),
      posts_per_job: z.int().min(1).max(10_000).default(1000).describe('Posts that are asked for of a job in one cycle.'),
      rows_max: z.int().min(1).max(10_000_000).default(1_000_000).describe('Posts kept of a job, in its one file; the newest.'),
    })
    .prefault({}),
  validator: z
    .strictObject({
      name: Name.default('validator-1').describe('Hotkey name in the wallet folder.'),
      sample_pages: z.int().min(1).max(1000).default(30).describe('Pages fetched again per miner and cycle.'),
      every_seconds: seconds.default(1200).describe('Time between two cycles of `validator run`, each of which sets weights.'),
      evaluate_seconds: z
        .int()
        .min(0)
        .max(86_400)
        .optional()
        .describe(
          'Time between two evaluations of one miner, at least. Absent: 0 in `orrery up`, whose turns want all that is new judged at once, else 3600, as in Data Universe.',
        ),
      cycles_before_weights: z
        .int()
        .min(0)
        .max(1000)
        .optional()
        .describe(
          'Cycles over all miners, restarts included, before a new validator sets weights. Absent: 0 in `orrery up`, whose first turn shall move weights, else 10, as in Data Universe.',
        ),
      owner_hotkey: z
        .union([hotkey, z.literal('')])
        .default('')
        .describe('Hotkey of the owner of the subnet, who gets owner_share of all weights; empty: nobody does.'),
      owner_share: z
        .number()
        .min(0)
        .max(1)
        .default(0.7)
        .describe('Share of all weights that the owner gets before miners do, where owner_hotkey names one that is registered.'),
    })
    .prefault({}),
  dataset: z
    .strictObject({
      name: Name.default('web').describe('Name of the dataset.'),
      host: z.string().default('127.0.0.1').describe('Address the query API listens on.'),
      port: port.default(8710).describe('Port of the query API; 0 = any free one.'),
      require_key: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe(
          'Whom the query API asks for a key (`orrery dataset key create`). auto: whoever does not ask this machine from this machine; always: everybody, as behind a proxy that does not say whom it asks for; never: nobody, for data that is public.',
        ),
      cors_origins: z
        .array(z.string().regex(/^(\*|https?:\/\/[^/\s]+)$/, 'an origin, like https://app.example.org, or *'))
        .default([])
        .describe('Origins whose pages may read the answers of the query API in a browser; "*": all.'),
      tokenizer: z
        .string()
        .regex(
          /^(o200k_base|cl100k_base|p50k_base|r50k_base)$|\.(json|model)$/,
          'o200k_base, cl100k_base, p50k_base, r50k_base, or the path of a tokenizer.json or a SentencePiece .model',
        )
        .default('o200k_base')
        .describe('Vocabulary: o200k_base, cl100k_base, p50k_base, r50k_base, or the path of a tokenizer.json (byte-level BPE) or a SentencePiece .model.'),
      every_seconds: seconds.default(60).describe('Time between two ingests of `dataset serve`.'),
      trust: z
        .enum(['verified', 'own', 'imports', 'open'])
        .optional()
        .describe(
          'Whose shards count. verified: of whom a trusted validator passed, as far as it judged them. own: those of the wallets of this data folder. imports: what was imported alone, as it is with each of the others too. open: all. Absent: own in `orrery up`, which has its miners beside it, else verified.',
        ),
      validators: z
        .array(hotkey)
        .default([])
        .describe('Hotkeys of the validators that are trusted (verified). Empty: those that have a permit on the chain, and validator.name.'),
      withdrawn: z.array(hotkey).default([]).describe('Hotkeys of miners whose rows are taken out, and of whom nothing more is taken in.'),
      keep_seconds: keptSeconds
        .default(86_400)
        .describe('How long versions that others followed are kept; the newest ten always are, and so is what training still works on.'),
    })
    .prefault({}),
  bridge: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address the feed listens on.'),
      port: port.default(8720).describe('Port of the feed; 0 = any free one.'),
      rows: z.int().min(1).max(1024).default(4).describe('Sequences in a batch.'),
      sequence_tokens: z.int().min(8).max(131_072).default(256).describe('Tokens in a sequence.'),
      next_token: z.boolean().default(false).describe('Whether a sequence has one token more: the target of its last one.'),
      packing: z
        .enum(['stream', 'best_fit'])
        .default('stream')
        .describe('How documents become sequences: one after the other, cut where a sequence ends; or packed, whole where they fit, the rest filled up.'),
      batch_sources: z
        .enum(['one', 'mixed'])
        .default('one')
        .describe('Whether all sequences of a batch are of one source, so that its loss speaks of it, or each of its own.'),
      validation_share: z.number().min(0).max(0.5).default(0).describe('Share of documents, by a hash of their text, that are never trained on.'),
      run: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/)
        .default('main')
        .describe('Name of the run; another one begins anew, over all tokens. What sequences are made by cannot change within a run.'),
      epoch_batches: z.int().min(1).max(10_000_000).default(200).describe('Batches of one epoch, at most.'),
      passes: z.int().min(0).max(1_000_000).default(4).describe('How often all tokens are gone through before the bridge waits for new ones; 0 = without end.'),
      anchor: z
        .boolean()
        .default(false)
        .describe(
          'Whether the receipt of each epoch is committed on the chain, under the hotkey of the wallet `bridge`, which is registered for it, and the lists that join a run before their order is known: it follows from the hash of the block after.',
        ),
      lease_seconds: seconds.default(180).describe('Time to live of a lease.'),
      admission: z
        .enum(['auto', 'open', 'invitation', 'stake'])
        .default('auto')
        .describe(
          'Who may train. auto: whoever asks this machine from this machine, else by invitation; open: anybody; invitation: who has a key (`orrery dataset key create --scope feed`), or a hotkey that was registered with one; stake: also hotkeys with stake_min behind them. What a name costs is what a thousand of them cost: open only where that does no harm.',
        ),
      stake_min: z.number().min(0).max(21_000_000).default(1).describe('TAO that a hotkey must have staked on the subnet to train, where stake admits.'),
      lost_seconds: seconds.default(120).describe('A block that cannot be read for so long, though the store answers, is given up.'),
      leases_per_node: z.int().min(1).max(4096).default(64).describe('Batches that one node may hold at a time.'),
      attempts_max: z
        .int()
        .min(1)
        .max(1000)
        .default(5)
        .describe('A batch that was given back so often, or whose lease ran out four times as often, is set aside.'),
      pay_per_million_tokens: z
        .number()
        .min(0)
        .max(1e9)
        .default(0)
        .describe('What nodes are told that you pay for a million settled tokens, in your own unit; 0: nothing is said. Nothing is paid here.'),
      iota_layers: z
        .int()
        .min(0)
        .max(128)
        .default(0)
        .describe("Layers of a pipeline of IOTA's miners, whose orchestrator's data side is served then too: a lease lasts 300 s for each. 0: it is not."),
      iota_training_seconds: phaseSeconds
        .default(0)
        .describe("Length of IOTA's training phase, after which its epoch is closed; 0: it ends when all is settled."),
      iota_grace_seconds: phaseSeconds.default(60).describe('Before such an end nothing new is given out for so long, and what is finished settles.'),
      iota_uploading_seconds: phaseSeconds.default(0).describe('Length of the phase weights_uploading after an epoch.'),
      iota_merging_seconds: phaseSeconds.default(0).describe('Length of the phase merging_partitions after that.'),
    })
    .prefault({}),
  up: z
    .strictObject({
      miners: z.int().min(1).max(64).default(2).describe('Miners in `orrery up`.'),
      nodes: z.int().min(1).max(64).default(2).describe('Training nodes in `orrery up`.'),
      pause_seconds: z
        .number()
        .min(0)
        .max(86_400)
        .default(5)
        .describe('Rest of a part of `orrery up` that had nothing to do, and between two turns where one step follows the other.'),
    })
    .prefault({}),
})

/** Wallet whose hotkey signs what is imported (dataset/import). */
export const importerWallet = 'importer'

/** Settings that go together. */
export const Config = Settings.superRefine(({ dataset, bridge, access, miner }, context) => {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  const listening = Object.entries({ dataset, bridge, access })
  for (const [n, [name, own]] of listening.entries())
    for (const [other, { host, port: taken }] of listening.slice(0, n))
      if (own.port !== 0 && own.port === taken && meet(own.host, host)) refuse([name, 'port'], `it is ${other}.port too; give each its own`)
  if (bridge.iota_training_seconds > 0 && bridge.iota_grace_seconds >= bridge.iota_training_seconds)
    refuse(['bridge', 'iota_grace_seconds'], 'it leaves nothing of bridge.iota_training_seconds')
  if (miner.name === importerWallet) refuse(['miner', 'name'], 'that hotkey signs what is imported; name another')
  if (miner.revisit_min_seconds > miner.revisit_max_seconds) refuse(['miner', 'revisit_min_seconds'], 'it is more than miner.revisit_max_seconds')
})

const everyAddress = new Set(['0.0.0.0', '::'])
const meet = (a: string, b: string): boolean => a === b || everyAddress.has(a) || everyAddress.has(b)

export type Config = z.infer<typeof Config>
