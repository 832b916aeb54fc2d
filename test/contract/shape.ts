/**
 * Compares an answer with a recorded one: the same keys at every depth, the same types, and the same words where
 * words carry meaning. Values that differ from run to run (ids, stamps, sizes) are compared by type only.
 */

/** Strings under these keys must be equal. */
const SEMANTIC_KEYS = new Set([
	'type',
	'status_str',
	'message',
	'details',
	'exception_type',
	'node_type',
	'class_type',
	'status',
	'error',
	'state',
	'subfolder',
	'mediaType',
	'event',
]);
/** Objects whose keys are prompt ids: as many entries, each in its place of the recorded shape. */
const PROMPT_ID_KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-/;
/** Lists of node ids in no particular order. */
const SET_KEYS = new Set(['nodes', 'executed', 'current_outputs', 'dependent_outputs']);
/** Reprs of tensors: their names count, their text does not. */
const OPAQUE_KEYS = new Set(['current_inputs']);

export interface CompareOptions {
	/** Keys whose values are not compared beyond their type. */
	anyValue?: string[];
}

/** Every difference, as "path: what". Empty = the shapes agree. */
export function shapeProblems(
	expected: unknown,
	actual: unknown,
	options: CompareOptions = {},
	path = '$',
): string[] {
	const [wanted, got] = [kindOf(expected), kindOf(actual)];
	if (wanted !== got) return [`${path}: expected ${wanted}, got ${got}`];
	const key = path.split('.').pop() ?? '';
	if (Array.isArray(expected))
		return arrayProblems(expected, actual as unknown[], options, path, key);
	if (wanted === 'object') {
		return objectProblems(expected as Dictionary, actual as Dictionary, options, path, key);
	}
	if (wanted === 'boolean' && expected !== actual && !options.anyValue?.includes(key)) {
		return [`${path}: expected ${String(expected)}, got ${String(actual)}`];
	}
	const meansSomething = SEMANTIC_KEYS.has(key) && !options.anyValue?.includes(key);
	if (wanted === 'string' && meansSomething && expected !== actual) {
		return [`${path}: expected "${String(expected)}", got "${String(actual)}"`];
	}
	return [];
}

type Dictionary = Record<string, unknown>;

function kindOf(value: unknown): string {
	if (value === null) return 'null';
	return Array.isArray(value) ? 'array' : typeof value;
}

function objectProblems(
	expected: Dictionary,
	actual: Dictionary,
	options: CompareOptions,
	path: string,
	key: string,
): string[] {
	const keys = Object.keys(expected);
	if (keys.length > 0 && keys.every((name) => PROMPT_ID_KEY.test(name))) {
		const [wanted, got] = [Object.values(expected), Object.values(actual)];
		if (wanted.length !== got.length)
			return [`${path}: expected ${wanted.length} prompts, got ${got.length}`];
		return arrayProblems(wanted, got, options, `${path}.*`, '*');
	}
	const missing = keys
		.filter((name) => !(name in actual))
		.map((name) => `${path}.${name}: missing`);
	const extra = Object.keys(actual)
		.filter((name) => !(name in expected))
		.map((name) => `${path}.${name}: not in the recording`);
	const inner = keys
		.filter((name) => name in actual)
		.flatMap((name) =>
			OPAQUE_KEYS.has(key)
				? Array.isArray(actual[name])
					? []
					: [`${path}.${name}: expected a list`]
				: shapeProblems(expected[name], actual[name], options, `${path}.${name}`),
		);
	return [...missing, ...extra, ...inner];
}

/** Same length: place by place. Otherwise each element must look like one of the recorded ones. */
function arrayProblems(
	expected: unknown[],
	actual: unknown[],
	options: CompareOptions,
	path: string,
	key: string,
): string[] {
	if (SET_KEYS.has(key)) {
		const [wanted, got] = [[...expected].sort().join(), [...actual].sort().join()];
		return wanted === got ? [] : [`${path}: expected {${wanted}}, got {${got}}`];
	}
	if (expected.length === actual.length) {
		return expected.flatMap((value, i) => shapeProblems(value, actual[i], options, `${path}.${i}`));
	}
	if (expected.length === 0 || actual.length === 0) {
		return [`${path}: expected ${expected.length} elements, got ${actual.length}`];
	}
	return actual.flatMap((value, i) => {
		const tries = expected.map((one) => shapeProblems(one, value, options, `${path}.${i}`));
		return tries.reduce((best, problems) => (problems.length < best.length ? problems : best));
	});
}
