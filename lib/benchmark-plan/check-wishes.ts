/** Checks what a benchmark is asked for. Owns its defaults and bounds; names every fault at once. */
import { z } from 'zod/v4';

import type { Catalog } from '../catalog/schema';
import { invalidInput, type Problem } from '../errors';
import { closest } from '../schema/did-you-mean';
import { problemsOf } from '../schema/problems';
import type { BenchmarkWishes } from './types';

const wishesSchema = z.strictObject({
	models: z.array(z.string()).default([]),
	presets: z.array(z.string()).default([]),
	scope: z.enum(['missing', 'all']).default('missing'),
	megapixels: z.array(z.number().min(0.05).max(64)).max(10).default([]),
	repeats: z.int().min(1).max(10).default(3),
	cold: z.boolean().default(true),
	maxRuns: z.int().min(1).max(500).default(40),
	maxSeconds: z.number().positive().max(86_400).default(900),
});

export type CheckedWishes = z.infer<typeof wishesSchema>;

/** @throws RouterError OPTIONS_INVALID with every fault */
export function checkWishes(wishes: BenchmarkWishes, catalog: Catalog): CheckedWishes {
	const parsed = wishesSchema.safeParse(wishes);
	if (!parsed.success) {
		throw invalidInput('OPTIONS_INVALID', 'The benchmark', problemsOf(parsed.error));
	}
	const models = catalog.models.map(({ name }) => name);
	const presets = [...new Set(catalog.models.flatMap((model) => model.presets.map((p) => p.name)))];
	const problems = [
		...unknownNames('models', parsed.data.models, models),
		...unknownNames('presets', parsed.data.presets, presets),
	];
	if (problems.length > 0) throw invalidInput('OPTIONS_INVALID', 'The benchmark', problems);
	return parsed.data;
}

function unknownNames(path: string, names: readonly string[], known: readonly string[]): Problem[] {
	return names.flatMap((name, index) => {
		if (known.includes(name)) return [];
		const near = closest(name, known);
		return [
			{
				path: `${path}[${index}]`,
				message: `The catalog has no "${name}".`,
				hint: near ? `Did you mean "${near}"?` : 'Operation List shows what there is.',
			},
		];
	});
}
