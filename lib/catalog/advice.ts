/**
 * What a person should know of the catalog behind a decision: figures that nobody measured on their servers, and models
 * that are installed but unknown to it. Owns the sentences; decides nothing.
 */
import type { FleetServer } from '../fleet/types';
import { baseName, filesOf, normaliseFileName } from '../router/prepared-catalog';
import type { Catalog, Preset } from './schema';

/** Where many say the same, the first few say it. */
const MOST_NAMED = 3;

export interface ChosenCandidate {
	model_name: string;
	preset: string;
	server: string;
}

/** @returns null where the times of every chosen preset were measured on the user's own servers */
export function uncalibratedAdvice(
	catalog: Catalog,
	chosen: readonly ChosenCandidate[],
): string | null {
	const guessed = chosen.filter((choice) => {
		const preset = presetOf(catalog, choice);
		return preset !== undefined && preset.confidence !== 'measured';
	});
	const [first] = guessed;
	if (first === undefined) return null;
	const gpu = presetOf(catalog, first)?.reference.gpu;
	const from = gpu ? `are for ${gpu}` : "are the catalog's own";
	const names = [...new Set(guessed.map(({ model_name, preset }) => `${model_name} / ${preset}`))];
	return `Not measured on your servers yet: the times of ${shortList(names)} ${from}. After some logged runs, Manage Models > Calibrate learns yours; Benchmark measures them at once.`;
}

/** @returns null where the catalog knows every shipped model that some server has completely */
export function staleAdvice(
	catalog: Catalog,
	shipped: Catalog,
	servers: readonly Pick<FleetServer, 'name' | 'installed_files'>[],
): string | null {
	const known = new Set(catalog.models.flatMap(filesOf).map(baseName));
	const names = shipped.models
		.filter((model) => !catalog.models.some(({ name }) => name === model.name))
		.filter((model) => !filesOf(model).every((file) => known.has(baseName(file))))
		.filter((model) => servers.some((server) => hasAll(server.installed_files, filesOf(model))))
		.map(({ name }) => name);
	if (names.length === 0) return null;
	return `Installed, but not in your catalog: ${shortList(names)}. Manage Models > Sync adds what is new.`;
}

function presetOf(catalog: Catalog, choice: ChosenCandidate): Preset | undefined {
	const model = catalog.models.find(({ name }) => name === choice.model_name);
	return model?.presets.find(({ name }) => name === choice.preset);
}

function hasAll(installed: readonly string[] | null, files: readonly string[]): boolean {
	if (installed === null || files.length === 0) return false;
	const names = new Set(installed.map((file) => baseName(normaliseFileName(file))));
	return files.every((file) => names.has(baseName(file)));
}

function shortList(names: readonly string[]): string {
	const named = names.slice(0, MOST_NAMED).join(', ');
	const rest = names.length - MOST_NAMED;
	return rest > 0 ? `${named} and ${rest} more` : named;
}
