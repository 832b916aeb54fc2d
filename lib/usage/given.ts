/** Figures that the caller measured. Owns their schema: a wrong unit or a NaN is refused, never stored. */
import { z } from 'zod/v4';

import { invalidInput } from '../errors';
import { problemsOf } from '../schema/problems';
import { MAX_IDENTIFIER_LENGTH, MAX_INTEGER, MAX_SECONDS } from './columns';
import { USAGE_STATUSES } from './types';

const seconds = z.number().min(0).max(MAX_SECONDS).nullish();
const name = z.string().min(1).max(MAX_IDENTIFIER_LENGTH).nullish();
const count = z.int().min(0).max(MAX_INTEGER).nullish();

const givenUsageSchema = z.strictObject({
	job_id: name,
	attempt: z.int().min(1).max(MAX_INTEGER).nullish(),
	user_id: name,
	workflow_id: name,
	execution_id: name,
	prompt_id: name,
	server: name,
	model_name: name,
	preset: name,
	purpose: name,
	urgency: name,
	width: count,
	height: count,
	batch_size: count,
	steps: count,
	cfg: z.number().min(0).max(1e6).nullish(),
	status: z.enum(USAGE_STATUSES).nullish(),
	error_code: z.string().nullish(),
	error_message: z.string().nullish(),
	actual_seconds: seconds,
	queue_seconds: seconds,
	load_seconds: seconds,
	run_seconds: seconds,
	cold: z.boolean().nullish(),
	on_time: z.boolean().nullish(),
	actual_cost: z.number().min(0).max(1e12).nullish(),
	quality_feedback: z.number().min(0).max(1).nullish(),
	vram_peak_bytes: z.int().min(0).nullish(),
});

/** Everything optional. Seconds, bytes and the catalog's currency. */
export type GivenUsage = z.infer<typeof givenUsageSchema>;

const HINT =
	'Seconds, bytes and ratios from 0 to 1, never negative; leave out what was not measured.';

/**
 * @throws RouterError USAGE_INVALID naming every fault: negative, not finite, absurd, unknown keys
 */
export function parseGivenUsage(given: unknown): GivenUsage {
	const result = givenUsageSchema.safeParse(given ?? {});
	if (result.success) return result.data;
	const problems = problemsOf(result.error).map((problem) => ({ ...problem, hint: HINT }));
	throw invalidInput('USAGE_INVALID', 'The given usage', problems);
}
