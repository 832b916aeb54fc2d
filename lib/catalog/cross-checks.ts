/**
 * Faults of a catalog that no single field shows: names given twice, limits that contradict each other, figures that
 * cannot both be true. Works on the untrusted input, so that these are reported together with the faults of fields.
 * Does not judge what is unusual but possible: a peak below the weights (ComfyUI moves parts out), a free purpose.
 */
import type { Problem } from '../errors';

/** A p95 this many times the mean is a slip of the unit, not a tail. */
const ABSURD_TAIL = 100;

type Fields = Record<string, unknown>;

/** All contradictions in `input`; never throws, whatever it is. */
export function crossProblems(input: unknown): Problem[] {
	const catalog = fieldsOf(input);
	if (catalog === null) return [];
	const models = entriesOf(catalog.models);
	const servers = entriesOf(catalog.servers);
	return [
		...duplicates(servers, 'servers', 'server'),
		...duplicates(models, 'models', 'model'),
		...servers.flatMap((server, index) => sleepProblems(server, `servers[${index}]`)),
		...models.flatMap((model, index) =>
			model === null ? [] : modelProblems(model, `models[${index}]`),
		),
	];
}

/** While a server is off only the catalog can say what fits there. */
function sleepProblems(server: Fields | null, at: string): Problem[] {
	if (server?.cold_start_seconds === undefined || server.vram_gb !== undefined) return [];
	return [
		{
			path: `${at}.cold_start_seconds`,
			message: 'needs vram_gb beside it',
			hint: "Give the memory of the server's GPU in GB: nothing can be chosen for a server that is off without it.",
		},
	];
}

function modelProblems(model: Fields, at: string): Problem[] {
	const presets = entriesOf(model.presets);
	return [
		...duplicates(presets, `${at}.presets`, 'preset'),
		...crossedLimits(model, at, 'width'),
		...crossedLimits(model, at, 'height'),
		...(model.enabled === false ? [] : enabledProblems(model, at)),
		...presets.flatMap((preset, index) =>
			preset === null ? [] : tailProblems(preset, `${at}.presets[${index}]`),
		),
	];
}

function duplicates(entries: Array<Fields | null>, at: string, what: string): Problem[] {
	const first = new Map<string, number>();
	return entries.flatMap((entry, index) => {
		const name = entry?.name;
		if (typeof name !== 'string') return [];
		const before = first.get(name);
		if (before === undefined) {
			first.set(name, index);
			return [];
		}
		return [
			{
				path: `${at}[${index}].name`,
				message: `is the name of ${at}[${before}] too`,
				hint: `Give every ${what} a name of its own, or remove one of the two.`,
			},
		];
	});
}

function crossedLimits(model: Fields, at: string, side: 'width' | 'height'): Problem[] {
	const least = model[`min_${side}`];
	const most = model[`max_${side}`];
	if (typeof least !== 'number' || typeof most !== 'number' || !(least > most)) return [];
	return [
		{
			path: `${at}.min_${side}`,
			message: `is ${least}, more than max_${side} (${most})`,
			hint: `Exchange the two, or leave out the limit that is not needed.`,
		},
	];
}

function enabledProblems(model: Fields, at: string): Problem[] {
	const problems: Problem[] = [];
	const purposes = fieldsOf(model.purposes);
	if (purposes !== null && Object.keys(purposes).length === 0) {
		problems.push({
			path: `${at}.purposes`,
			message: 'is empty, so the model can never be selected',
			hint: 'Name at least one purpose with its quality, such as {"photo": 0.8}, or set "enabled": false.',
		});
	}
	const files = fieldsOf(model.files);
	if (files !== null && Object.keys(files).length === 0 && isMissing(model.workflow)) {
		problems.push({
			path: `${at}.files`,
			message: 'is empty, so there is nothing to load',
			hint: 'Add the checkpoint or the diffusion_model as ComfyUI names it, or your own graph as "workflow", or set "enabled": false.',
		});
	}
	return problems;
}

function tailProblems(preset: Fields, at: string): Problem[] {
	const mean = preset.avg_time_seconds;
	const p95 = preset.p95_time_seconds;
	if (typeof mean !== 'number' || typeof p95 !== 'number' || !(mean > 0)) return [];
	const path = `${at}.p95_time_seconds`;
	if (p95 < mean) {
		return [
			{
				path,
				message: `is ${p95}, less than avg_time_seconds (${mean})`,
				hint: 'Give the time that 95 % of runs stay below, in seconds, or leave it out.',
			},
		];
	}
	if (p95 <= ABSURD_TAIL * mean) return [];
	return [
		{
			path,
			message: `is ${p95}, more than ${ABSURD_TAIL} times avg_time_seconds (${mean})`,
			hint: 'Both are in seconds: check the unit, or leave it out.',
		},
	];
}

function isMissing(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

function fieldsOf(value: unknown): Fields | null {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Fields)
		: null;
}

function entriesOf(value: unknown): Array<Fields | null> {
	return Array.isArray(value) ? value.map(fieldsOf) : [];
}
