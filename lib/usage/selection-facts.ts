/** Reads what a usage row needs from a selection that has travelled through other programs: untrusted, may be partial. */
import { z } from 'zod/v4';

import { invalidInput } from '../errors';
import { problemsOf } from '../schema/problems';

const text = z.string().nullish();
const number = z.number().nullish();

const selectionFactsSchema = z.object({
	decision: z.enum(['selected', 'rejected']),
	job_id: text,
	request: z.object({ job_id: text, user_id: text, purpose: text, urgency: text }).nullish(),
	selected_at: z.iso.datetime({ offset: true }),
	deadline_at: z.iso.datetime({ offset: true }).nullish(),
	model_name: text,
	preset: text,
	server: text,
	server_url: text,
	parameters: z
		.object({ width: number, height: number, batch_size: number, steps: number, cfg: number })
		.nullish(),
	estimate: z
		.object({
			queue_seconds: number,
			load_seconds: number,
			run_seconds: number,
			quality: number,
			cost: number,
			cost_unit: text,
		})
		.nullish(),
	degraded: z.boolean().nullish(),
	exploration: z.object({ probability: number }).nullish(),
	selection_reason: text,
	rejection: z.object({ code: text, message: text }).nullish(),
});

/** The part of a selection that logging uses; everything else in it is ignored. */
export type SelectionFacts = z.infer<typeof selectionFactsSchema>;

/**
 * @param selection what `select` returned, as JSON
 * @throws RouterError USAGE_INVALID naming every fault
 */
export function readSelectionFacts(selection: unknown): SelectionFacts {
	const result = selectionFactsSchema.safeParse(selection);
	if (result.success) return result.data;
	const problems = problemsOf(result.error).map((problem) => ({
		...problem,
		hint: 'Pass on the selection exactly as Select Model or `comfyui-router select` returned it.',
	}));
	throw invalidInput('USAGE_INVALID', 'The selection to log', problems);
}
