/** Refuses options a decision cannot be made with. What is null counts as not given. */
import { invalidInput, type Problem } from '../errors';
import type { SelectOptions } from '../selection/types';

/** Dates beyond this cannot be written (ECMA-262 time values), with room for the longest deadline. */
const MAX_NOW_MS = 8.64e15 - 1e12;

const DEMAND_KEYS = ['arrivals_per_second', 'gpu_seconds_per_job'];
const FACTOR_KEYS = ['time_factor', 'p95_factor', 'load_factor', 'vram_factor'];
const QUOTA_KEYS = ['images_left', 'gpu_seconds_left', 'cost_left'];

type Fields = Record<string, unknown>;

/** @throws RouterError OPTIONS_INVALID */
export function checkOptions(options: SelectOptions): void {
	const given = (options ?? {}) as unknown as Fields;
	const problems = [
		...nowProblems(given.nowMs),
		...demandProblems(given.demand),
		...entryProblems(given.calibration, 'calibration', calibrationProblems),
		...entryProblems(given.quotas, 'quotas', quotaProblems),
		...entryProblems(given.feedback, 'feedback', feedbackProblems),
		...entryProblems(given.served, 'served', servedProblems),
	];
	if (problems.length > 0) throw invalidInput('OPTIONS_INVALID', 'The set of options', problems);
}

function nowProblems(now: unknown): Problem[] {
	if (typeof now === 'number' && Math.abs(now) <= MAX_NOW_MS) return [];
	return [
		{
			path: 'nowMs',
			message: 'must be the current time in milliseconds since the epoch',
			hint: 'Pass { nowMs: Date.now() }.',
		},
	];
}

function demandProblems(demand: unknown): Problem[] {
	if (demand == null) return [];
	if (!isObject(demand)) {
		return [
			{
				path: 'demand',
				message: 'must be an object',
				hint: 'Pass { arrivals_per_second: 0.2 }, or leave demand out where it is not known.',
			},
		];
	}
	const numbers = DEMAND_KEYS.filter(
		(key) => demand[key] != null && !isFiniteFrom(demand[key], 0),
	).map((key) => ({
		path: `demand.${key}`,
		message: 'must be a number of at least 0',
		hint: 'Leave demand out where it is not known.',
	}));
	return [...numbers, ...entryProblems(demand.kinds, 'demand.kinds', kindProblems)];
}

function kindProblems({ request, share }: Fields, path: string): Problem[] {
	if (isObject(request) && isFiniteFrom(share, 0)) return [];
	const hint = 'Pass { request: { purpose: "photo" }, share: 1 }, or leave kinds out.';
	return [{ path, message: 'must have a request and a share of at least 0', hint }];
}

function entryProblems(
	entries: unknown,
	path: string,
	problemsOfEntry: (entry: Fields, path: string) => Problem[],
): Problem[] {
	if (entries == null) return [];
	const notThat = (at: string, what: string): Problem => ({
		path: at,
		message: `must be ${what}`,
		hint: `Leave ${path} out where there is nothing to say.`,
	});
	if (!Array.isArray(entries)) return [notThat(path, 'a list')];
	return (entries as unknown[]).flatMap((entry, index) =>
		isObject(entry)
			? problemsOfEntry(entry, `${path}[${index}]`)
			: [notThat(`${path}[${index}]`, 'an object')],
	);
}

function calibrationProblems(entry: Fields, path: string): Problem[] {
	const problems: Problem[] = [];
	if (typeof entry.model_name !== 'string') {
		const hint = 'Give the name of the model as in the catalog.';
		problems.push({ path: `${path}.model_name`, message: 'must be a text', hint });
	}
	for (const key of ['preset', 'server']) {
		if (entry[key] == null || typeof entry[key] === 'string') continue;
		problems.push({ path: `${path}.${key}`, message: 'must be a text', hint: 'null means all.' });
	}
	for (const key of FACTOR_KEYS) {
		if (entry[key] == null || (isFiniteFrom(entry[key], 0) && entry[key] !== 0)) continue;
		problems.push({
			path: `${path}.${key}`,
			message: 'must be a number above 0',
			hint: 'It multiplies the figure of the catalog: 1 leaves it as it is, as does null.',
		});
	}
	return problems;
}

function quotaProblems(entry: Fields, path: string): Problem[] {
	const problems: Problem[] = [];
	if (typeof entry.user_id !== 'string') {
		const hint = 'Give the user_id that requests carry.';
		problems.push({ path: `${path}.user_id`, message: 'must be a text', hint });
	}
	for (const key of QUOTA_KEYS) {
		if (entry[key] == null || isFiniteFrom(entry[key], -Infinity)) continue;
		const hint = 'Leave it out where there is no limit.';
		problems.push({ path: `${path}.${key}`, message: 'must be a number', hint });
	}
	return problems;
}

function feedbackProblems(entry: Fields, path: string): Problem[] {
	const texts = ['model_name', 'preset', 'purpose'].filter((key) => typeof entry[key] !== 'string');
	const problems = texts.map((key) => ({
		path: `${path}.${key}`,
		message: 'must be a text',
		hint: 'Give the name as in the catalog.',
	}));
	if (isFiniteFrom(entry.quality, 0) && (entry.quality as number) <= 1) return problems;
	const hint = 'Pass the entries as `comfyui-router feedback --json` prints them.';
	return [...problems, { path: `${path}.quality`, message: 'must be a number from 0 to 1', hint }];
}

function servedProblems(entry: Fields, path: string): Problem[] {
	if (typeof entry.user_id === 'string' && isFiniteFrom(entry.gpu_seconds, 0)) return [];
	const hint = 'Leave served out where it is not known.';
	return [{ path, message: 'must have a user_id and gpu_seconds of at least 0', hint }];
}

function isObject(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFiniteFrom(value: unknown, least: number): boolean {
	return typeof value === 'number' && value >= least && Number.isFinite(value);
}
