/** Reads the truth of a replay: what the simulated GPUs really do. Owns its zod schema. */
import { z } from 'zod/v4';

import { invalidInput, type Problem } from '../../lib/errors';
import { extensible } from '../../lib/schema/extensible';
import { problemsOf } from '../../lib/schema/problems';
import type { Truth } from './types';

const factors = z.record(z.string().min(1), z.number().positive().max(1000)).default({});
const seconds = z.number().nonnegative().max(1e9);

export const truthSchema = extensible({
	time_factor: factors.describe('Run time over the catalog, by model.'),
	vram_factor: factors.describe('Peak memory over the catalog, by model.'),
	load_factor: factors.describe('Load time over the catalog, by model.'),
	noise_cv: z.number().min(0).max(5).default(0),
	tail_probability: z.number().min(0).max(1).default(0),
	tail_factor: z.number().min(1).max(1000).default(1),
	failures: z
		.array(extensible({ server: z.string().min(1), at_seconds: seconds, for_seconds: seconds }))
		.default([]),
	co_tenant: z
		.array(
			extensible({
				server: z.string().min(1),
				at_seconds: seconds,
				for_seconds: seconds,
				bytes: z.number().nonnegative(),
			}),
		)
		.default([]),
	dynamic_vram: z.boolean().default(false),
});

/**
 * @param known names that the truth may speak of
 * @throws RouterError TRUTH_INVALID with every problem
 */
export function parseTruth(json: unknown, known: { models: string[]; servers: string[] }): Truth {
	const result = truthSchema.safeParse(json);
	const problems = result.success ? unknownNames(result.data, known) : problemsOf(result.error);
	if (!result.success || problems.length > 0) {
		throw invalidInput('TRUTH_INVALID', 'The truth', problems);
	}
	return result.data;
}

function unknownNames(truth: Truth, known: { models: string[]; servers: string[] }): Problem[] {
	const problems: Problem[] = [];
	for (const key of ['time_factor', 'vram_factor', 'load_factor'] as const) {
		for (const model of Object.keys(truth[key])) {
			if (known.models.includes(model)) continue;
			problems.push({
				path: `${key}.${model}`,
				message: `the catalog has no model "${model}"`,
				hint: `Models: ${known.models.join(', ') || 'none'}.`,
			});
		}
	}
	for (const key of ['failures', 'co_tenant'] as const) {
		truth[key].forEach(({ server }, i) => {
			if (known.servers.includes(server)) return;
			problems.push({
				path: `${key}[${i}].server`,
				message: `the fleet has no server "${server}"`,
				hint: `Servers: ${known.servers.join(', ') || 'none'}.`,
			});
		});
	}
	return problems;
}
