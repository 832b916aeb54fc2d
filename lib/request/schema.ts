/** What a caller wants of one image job. Owns the request's zod schema and type; knows no catalog. */
import { z } from 'zod/v4';

import { extensible } from '../schema/extensible';

const side = z.int().min(16).max(16384);

export const requestSchema = extensible({
	job_id: z.string().min(1).max(500).optional(),
	user_id: z.string().max(500).optional(),
	purpose: z.string().min(1).max(200),
	urgency: z.string().min(1).max(200).default('normal'),
	deadline_seconds: z.number().positive().max(1e9).nullish(),
	deadline_at: z.iso.datetime({ offset: true }).nullish(),
	quality: z.string().min(1).max(200).nullish(),
	min_quality: z.number().min(0).max(1).nullish(),
	max_cost: z.number().nonnegative().nullish(),
	width: side.nullish(),
	height: side.nullish(),
	batch_size: z.int().min(1).max(512).default(1),
	prompt: z.string().max(100_000).default(''),
	negative_prompt: z.string().max(100_000).default(''),
	images: z.array(z.string().min(1).max(4096)).max(32).default([]),
	mask: z.string().max(4096).nullish(),
	denoise: z.number().gt(0).max(1).default(1),
	steps: z.int().min(1).max(1000).nullish(),
	cfg: z.number().min(0).max(100).nullish(),
	sampler_name: z.string().min(1).max(100).nullish(),
	scheduler: z.string().min(1).max(100).nullish(),
	seed: z.int().min(0).nullish(),
	model_name: z.string().min(1).max(200).nullish(),
	preset_name: z.string().min(1).max(200).nullish(),
	exclude_models: z.array(z.string().min(1).max(200)).max(1000).default([]),
	commercial_use: z.boolean().default(false),
	allow_offload: z.boolean().default(false),
	if_late: z.enum(['best_effort', 'reject']).default('best_effort'),
	explain: z.boolean().default(true),
});

/** Keys whose null says what leaving them out says: rows of tables and forms have nulls where nobody wrote anything. */
const NULL_IS_ABSENT = Object.entries(requestSchema.shape)
	.filter(([key, schema]) => key !== 'purpose' && !schema.safeParse(null).success)
	.map(([key]) => key);

/** @returns the same object where there is nothing to leave out; anything else as it is */
export function withoutNulls(input: unknown): unknown {
	if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
	const request = input as Record<string, unknown>;
	const nulls = NULL_IS_ABSENT.filter((key) => request[key] === null);
	if (nulls.length === 0) return input;
	return Object.fromEntries(Object.entries(request).filter(([key]) => !nulls.includes(key)));
}

/** A request as written: only `purpose` is needed. */
export type RequestInput = z.input<typeof requestSchema>;
/** A request as understood: defaults filled. */
export type SelectionRequest = z.infer<typeof requestSchema>;
