/** Parses an untrusted catalog. All problems are reported at once, each with its path and a hint. Reads no file. */
import { invalidInput, type Problem } from '../errors';
import { type Bounds, boundsProblems } from '../schema/bounds';
import { readJsonText } from '../schema/json-text';
import { problemsOf } from '../schema/problems';
import { crossProblems } from './cross-checks';
import { type Catalog, catalogSchema } from './schema';

/** Far above any catalog in use (10,000 models), low enough that checking always ends soon. */
const BOUNDS: Bounds = { maxDepth: 64, maxEntries: 10_000, maxValues: 2_000_000 };

/** What came out of here: whoever gets one of these need not check it again. */
const parsed = new WeakSet<Catalog>();

/** @returns the same object where it came from this parser, else what the parser makes of it */
export function asCatalog(catalog: Catalog): Catalog {
	return typeof catalog === 'object' && catalog !== null && parsed.has(catalog)
		? catalog
		: parseCatalog(catalog);
}

/**
 * @param json the parsed JSON of models_config.json; not changed
 * @returns the catalog with defaults filled
 * @throws RouterError CATALOG_INVALID with `problems` naming every fault
 */
export function parseCatalog(json: unknown): Catalog {
	return parse(json, 'The catalog', []);
}

/**
 * @param text the content of a catalog file; a byte order mark is allowed
 * @param path the file's path, for messages
 * @returns the catalog with defaults filled
 * @throws RouterError CATALOG_INVALID; faults of the JSON syntax with line and column, keys given twice included
 */
export function parseCatalogText(text: string, path?: string): Catalog {
	const what = path === undefined ? 'The catalog' : `The catalog ${path}`;
	const { value, problems, readable } = readJsonText(text);
	if (!readable) throw invalidInput('CATALOG_INVALID', what, problems);
	return parse(value, what, problems);
}

function parse(json: unknown, what: string, known: Problem[]): Catalog {
	const tooLarge = boundsProblems(json, BOUNDS);
	if (tooLarge.length > 0) throw invalidInput('CATALOG_INVALID', what, [...known, ...tooLarge]);
	const result = catalogSchema.safeParse(json);
	const problems = [
		...known,
		...(result.success ? [] : problemsOf(result.error, { schema: catalogSchema, input: json })),
		...crossProblems(json),
	];
	if (problems.length > 0 || !result.success) throw invalidInput('CATALOG_INVALID', what, problems);
	const catalog = result.data as Catalog;
	parsed.add(catalog);
	return catalog;
}
