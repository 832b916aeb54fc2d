/**
 * The shape of models_config.json. Owns the zod schemas; the types, the shipped JSON Schema and the reference in the
 * docs come from them. Refuses to read files and to guess: defaults are applied in one place, here.
 */
import { z } from 'zod/v4';

import { extensible } from '../schema/extensible';
import { DEFAULT_URGENCIES } from './defaults';

/** A week: what is longer was surely given in another unit. */
const MAX_SECONDS = 604_800;
/** More than any device has: what is larger was surely given in MB or bytes. */
const MAX_GB = 4096;
/** Not only spaces, no control characters: names reach logs, SQL and file names. */
const PRINTABLE = /^(?=.*\S)[^\u0000-\u001f\u007f]*$/;

const ratio = z.number().min(0).max(1);
const positiveSeconds = z.number().positive().max(MAX_SECONDS);
const gigabytes = z.number().nonnegative().max(MAX_GB);
const positiveGigabytes = z.number().positive().max(MAX_GB);
const side = z.int().min(16).max(16384);
const fileName = z.string().min(1).max(1024).regex(PRINTABLE);
const name = z.string().min(1).max(200).regex(PRINTABLE);

export const policySchema = z.enum(['most_certain', 'best_quality', 'cheapest']);

const writtenUrgencySchema = extensible({
	target_seconds: positiveSeconds
		.optional()
		.describe('Time from asking to the finished image, in seconds.'),
	on_time_probability: ratio
		.optional()
		.describe('Probability of meeting the deadline that a candidate must reach.'),
	policy: policySchema
		.optional()
		.describe(
			'What is optimised: `most_certain` the probability, then quality; `best_quality` and `cheapest` quality or cost among those that reach the probability.',
		),
});

export interface Urgency {
	target_seconds: number;
	/** 0 to 1. */
	on_time_probability: number;
	policy: Policy;
}

/** What an urgency leaves out is as in the default of its name, else as in `normal`. */
function filledUrgency(urgency: string, written: Partial<Urgency>): Urgency {
	const base = Object.hasOwn(DEFAULT_URGENCIES, urgency) ? urgency : 'normal';
	return { ...(DEFAULT_URGENCIES[base] as Urgency), ...written };
}

const urgenciesSchema = z
	.record(name, writtenUrgencySchema)
	.default({})
	.describe(
		'Urgencies by name. `urgent` (15 s), `normal` (90 s) and `flexible` (3600 s) exist without being named. What one leaves out is as in the one of its name, else as in `normal`.',
	)
	.transform((written): Record<string, Urgency> =>
		Object.fromEntries(
			Object.entries(written).map(([key, urgency]) => [key, filledUrgency(key, urgency)]),
		),
	);

export const serverSchema = extensible({
	name: name.describe('Unique name of the server.'),
	url: z
		.url({ protocol: /^https?$/ })
		.optional()
		.describe(
			'Base address of the ComfyUI server. May be left out where the n8n credential gives it.',
		),
	hourly_cost: z
		.number()
		.nonnegative()
		.optional()
		.describe("Price of an hour, in the catalog's currency. Without it costs are GPU seconds."),
	gpu_group: name.optional().describe('Servers that share one physical GPU have the same group.'),
	speed_factor: z
		.number()
		.positive()
		.max(1000)
		.optional()
		.describe(
			"2 = run time halves against the preset's reference GPU. Loads are not affected. Default 1.",
		),
	vram_reserve_gb: gigabytes.optional().describe('VRAM to leave alone, in GB. Default 0.5.'),
	max_queue: z
		.int()
		.min(0)
		.optional()
		.describe('Most jobs, running and pending, this server may hold.'),
	draining: z
		.boolean()
		.optional()
		.describe('true: no new jobs; what it has already, it finishes. For taking it out of service.'),
	cold_start_seconds: z
		.number()
		.positive()
		.max(86_400)
		.optional()
		.describe(
			'For a server that is off until wanted (scaled to zero): seconds from being wanted to taking prompts. It is then chosen also while it does not answer. Needs `vram_gb`.',
		),
	vram_gb: gigabytes
		.optional()
		.describe(
			'Memory of its GPU, in GB, for the time that it is off; what it reports itself wins.',
		),
	pinned_model: name
		.optional()
		.describe('Model that Tend Servers loads there whenever the server is idle without it.'),
	idle_unload_seconds: z
		.number()
		.nonnegative()
		.optional()
		.describe(
			'Tend Servers unloads what has not been used for so long, for other programs on the GPU. Left out: never.',
		),
	min_residency_seconds: z
		.number()
		.nonnegative()
		.optional()
		.describe(
			'Tend Servers leaves a model that was used less long ago, whatever is expected. Default 0: what the next job loses by it is weighed.',
		),
});

export const gpuSchema = extensible({
	name: name.describe(
		"Part of the device's name as ComfyUI reports it, such as `A100-SXM4-40GB`. The longest that fits counts.",
	),
	hourly_cost: z
		.number()
		.nonnegative()
		.optional()
		.describe('Price of an hour of the whole GPU. A MIG slice costs its share.'),
	speed_factor: z
		.number()
		.positive()
		.max(1000)
		.optional()
		.describe(
			"Speed of the whole GPU against the presets' reference GPU. A MIG slice runs at its share. Default 1.",
		),
});

export const loraSchema = extensible({
	file: fileName.describe('File as ComfyUI names it, sub-folder included.'),
	strength: z.number().min(-10).max(10).default(1).describe('Strength of the LoRA.'),
});

export const referenceSchema = extensible({
	width: side.describe('Width in pixels.'),
	height: side.describe('Height in pixels.'),
	steps: z
		.int()
		.min(1)
		.max(1000)
		.optional()
		.describe("Steps of the measured run. Default: the preset's."),
	batch_size: z.int().min(1).max(512).default(1).describe('Images of the measured run.'),
	gpu: z.string().max(200).optional().describe('GPU of the measured run.'),
});

export const presetSchema = extensible({
	name: name.describe('Name of the preset, unique within the model.'),
	quality: ratio.default(1).describe("Quality relative to the model's best preset."),
	steps: z.int().min(1).max(1000).describe('Sampling steps.'),
	cfg: z.number().min(0).max(100).describe('CFG scale. At 1 a negative prompt has no effect.'),
	sampler_name: z
		.string()
		.min(1)
		.max(100)
		.default('euler')
		.describe('Sampler as ComfyUI names it.'),
	scheduler: z
		.string()
		.min(1)
		.max(100)
		.default('normal')
		.describe('Scheduler (of noise) as ComfyUI names it.'),
	loras: z
		.array(loraSchema)
		.max(20)
		.default([])
		.describe('LoRAs of this preset, in loading order.'),
	reference: referenceSchema.describe('The run that the figures of this preset belong to.'),
	avg_time_seconds: positiveSeconds.describe('Mean warm run time at the reference, in seconds.'),
	p95_time_seconds: positiveSeconds
		.optional()
		.describe('Warm run time at the reference that 95 % of runs stay below, in seconds.'),
	vram_peak_gb: positiveGigabytes
		.optional()
		.describe("Peak use of the device at this preset's reference, in GB. Wins over the model's."),
	source: z.string().max(2000).optional().describe('Where the time comes from.'),
	confidence: z
		.enum(['measured', 'published', 'estimated'])
		.default('estimated')
		.describe(
			'`measured` on your servers, `published` by somebody for ComfyUI on a named GPU, or `estimated`.',
		),
});

export const filesSchema = extensible({
	checkpoint: fileName.optional().describe('All-in-one file in checkpoints.'),
	diffusion_model: fileName.optional().describe('File in diffusion_models.'),
	text_encoders: z
		.array(fileName)
		.max(8)
		.optional()
		.describe('Files in text_encoders, in the order of the loader.'),
	vae: fileName.optional().describe('File in vae.'),
});

export const inputKindSchema = z.enum(['text', 'image', 'mask']);

export const modelSchema = extensible({
	name: name.describe('Unique name: what requests, logs and the nodes call the model.'),
	family: z
		.string()
		.min(1)
		.max(100)
		.default('unknown')
		.describe(
			'Architecture, for VRAM and time estimates and the graph. Any text; the known ones are listed below.',
		),
	license: z.string().max(500).optional().describe('Name of the licence.'),
	license_notes: z.string().max(4000).optional().describe('Conditions of the licence.'),
	commercial_use: z
		.boolean()
		.default(false)
		.describe(
			'Whether running it commercially is allowed. False also where it depends on conditions; the notes say which.',
		),
	files: filesSchema.default({}).describe('Files that must be installed, as ComfyUI names them.'),
	purposes: z
		.record(name, ratio)
		.describe('Purpose to quality of the best preset. Only purposes named here are served.'),
	inputs: z
		.array(inputKindSchema)
		.min(1)
		.max(3)
		.default(['text'])
		.describe('What a request may give: editing models also `image`, `mask`.'),
	min_width: side.optional().describe('Least sensible width in pixels.'),
	max_width: side.optional().describe('Largest sensible width in pixels.'),
	min_height: side.optional().describe('Least sensible height in pixels.'),
	max_height: side.optional().describe('Largest sensible height in pixels.'),
	vram_gb: positiveGigabytes
		.optional()
		.describe(
			'Weights resident while sampling, in GB: the diffusion model. ComfyUI moves the text encoder and the VAE out when memory is short.',
		),
	vram_peak_gb: positiveGigabytes
		.optional()
		.describe(
			"ComfyUI's use of the device at its peak, in GB, at the first preset's reference size.",
		),
	load_seconds: z
		.number()
		.nonnegative()
		.max(MAX_SECONDS)
		.optional()
		.describe('What a first run takes longer than a warm one, in seconds.'),
	supports_negative_prompt: z
		.boolean()
		.optional()
		.describe('Whether a negative prompt has an effect at the presets with cfg above 1.'),
	workflow: fileName.optional().describe('File with your own API-format graph for this model.'),
	enabled: z.boolean().default(true).describe('False: never selected.'),
	presets: z
		.array(presetSchema)
		.min(1)
		.max(100)
		.describe('Ways to run the model; the first is the default.'),
});

export const catalogSchema = extensible({
	version: z.literal(1).describe('Version of this format.'),
	currency: z.string().min(1).max(10).default('USD').describe('Currency of all prices.'),
	urgency: urgenciesSchema,
	quality_tiers: z
		.record(name, ratio)
		.default({})
		.describe(
			"Quality floors that a request's `quality` stands for. `draft`, `standard`, `high` and `best` exist without being named.",
		),
	servers: z
		.array(serverSchema)
		.max(10_000)
		.default([])
		.describe(
			'ComfyUI servers. In n8n the credential names them; entries here add prices and speeds.',
		),
	gpus: z
		.array(gpuSchema)
		.max(1000)
		.optional()
		.describe(
			'What whole GPUs cost and how fast they are, for servers that have no `hourly_cost` or `speed_factor` of their own.',
		),
	models: z.array(modelSchema).max(10_000).describe('Models to choose from. May be empty.'),
});

export type Policy = z.infer<typeof policySchema>;
export type CatalogServer = z.infer<typeof serverSchema>;
export type CatalogGpu = z.infer<typeof gpuSchema>;
export type Lora = z.infer<typeof loraSchema>;
export type Reference = z.infer<typeof referenceSchema>;
export type Preset = z.infer<typeof presetSchema>;
export type ModelFiles = z.infer<typeof filesSchema>;
export type InputKind = z.infer<typeof inputKindSchema>;
export type CatalogModel = z.infer<typeof modelSchema>;
export type Catalog = z.infer<typeof catalogSchema>;
