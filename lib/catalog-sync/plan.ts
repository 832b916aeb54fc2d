/**
 * Compares a catalog with what is installed and says what to change. Touches only what it made itself: it adds entries,
 * disables entries whose files are gone, enables those again that it disabled for that, and refreshes generated figures.
 */
import { missingReason, MISSING_FILES, newEntry, type RawEntry } from './entries';
import { figuresOf } from './figures';
import { type FileKey, InstalledFiles } from './installed';
import { baseName, sameName, uniqueName } from './names';
import type { InstalledFile, Inventory, SyncChange, SyncPlan } from './types';

/**
 * @param models the catalog's `models` as written (before defaults), so that absent and given can be told apart
 * @param inventory what is installed
 * @param shipped the models of the catalog that comes with the package, as written
 */
export function planSync(
	models: readonly RawEntry[],
	inventory: Inventory,
	shipped: readonly RawEntry[],
): SyncPlan {
	const installed = new InstalledFiles(inventory.files);
	const notes = [...inventory.warnings, ...problemNotes(inventory.files)];
	const changes: SyncChange[] = models.flatMap((entry, index) => {
		notes.push(...entryNotes(entry, installed));
		return entryChanges(entry, index, installed);
	});
	const taken = new Set(models.map((entry) => String(entry.name)));
	const named = keysByName(models);
	const added = new Set<string>();
	for (const file of inventory.files) {
		const place = `${file.kind}|${sameName(file.name)}`;
		if (added.has(place) || !isModel(file) || isNamed(file, named, installed)) continue;
		added.add(place);
		const { entry, summary } = newEntry(file, installed, shipped);
		const model = uniqueName(String(entry.name), taken);
		changes.push({
			kind: 'add',
			model,
			entry: { ...entry, name: model },
			summary: `${file.name}: ${summary}`,
		});
	}
	return { changes, notes };
}

/** Files that deserve an entry: whole models, and unknown ones in a place where only models are. */
function isModel(file: InstalledFile): boolean {
	if (!file.usable) return false;
	const place = file.kind === 'checkpoints' || file.kind === 'diffusion_models';
	if (file.detection === null) return place;
	const { part } = file.detection;
	if (part === 'checkpoint' || part === 'diffusion_model') return place || file.kind === null;
	return part === 'unknown' && place;
}

/**
 * True where an entry means this file. One of the same name in another folder is another model: the checkpoint
 * flux1-dev-fp8 and the diffusion model flux1-dev-fp8 are both common.
 */
function isNamed(
	file: InstalledFile,
	named: ReadonlyMap<string, readonly FileKey[]>,
	installed: InstalledFiles,
): boolean {
	const keys = named.get(sameName(file.name)) ?? [];
	return keys.some((key) => {
		const meant = installed.find(key, file.name);
		// one that is only in the wrong folder is said to be there
		return meant === null || meant.kind === file.kind;
	});
}

/** As which part the entries name each file. */
function keysByName(models: readonly RawEntry[]): Map<string, FileKey[]> {
	const keys = new Map<string, FileKey[]>();
	for (const { key, name } of models.flatMap(fileNames)) {
		keys.set(sameName(name), [...(keys.get(sameName(name)) ?? []), key]);
	}
	return keys;
}

interface NamedFile {
	key: FileKey;
	name: string;
}

function fileNames(entry: RawEntry): NamedFile[] {
	const files = (entry.files ?? {}) as Record<string, unknown>;
	const keys: FileKey[] = ['checkpoint', 'diffusion_model', 'text_encoders', 'vae'];
	return keys.flatMap((key) => {
		const value = files[key];
		const names = Array.isArray(value) ? value : [value];
		return names
			.filter((name): name is string => typeof name === 'string')
			.map((name) => ({ key, name }));
	});
}

function entryChanges(entry: RawEntry, index: number, installed: InstalledFiles): SyncChange[] {
	const model = String(entry.name);
	const missing = missingFiles(entry, installed);
	const reason = missing.length > 0 ? missingReason(missing) : null;
	const enabled = entry.enabled !== false;
	const disabledByUs = !enabled && String(entry.x_disabled_reason ?? '').startsWith(MISSING_FILES);
	if (reason && (enabled || (disabledByUs && entry.x_disabled_reason !== reason))) {
		return [{ kind: 'disable', model, index, reason }];
	}
	const back: SyncChange[] = !reason && disabledByUs ? [{ kind: 'enable', model, index }] : [];
	return [...back, ...(reason ? [] : refreshed(entry, index, installed))];
}

function missingFiles(entry: RawEntry, installed: InstalledFiles): string[] {
	return fileNames(entry).flatMap(({ key, name }) => {
		const file = installed.find(key, name);
		// an entry for a pickle was written by a person, who knows what it holds
		if (file?.usable) return [];
		if (file) return [`${name} (${file.problem ?? 'not usable'})`];
		const other = installed.elsewhere(name);
		return [
			other ? `${name} (there is ${other.name}${other.kind ? ` in ${other.kind}` : ''})` : name,
		];
	});
}

/** Figures that an earlier sync wrote and that the file now contradicts, because it was replaced. */
function refreshed(entry: RawEntry, index: number, installed: InstalledFiles): SyncChange[] {
	if (typeof entry.x_generated !== 'string') return [];
	const generated = entry.x_generated.split(' ');
	const main = fileNames(entry).find(
		({ key }) => key === 'checkpoint' || key === 'diffusion_model',
	);
	const file = main && installed.find(main.key, main.name);
	if (!file?.detection) return [];
	const figures: RawEntry = { family: file.detection.family, ...figuresOf(file) };
	return Object.entries(figures).flatMap(([key, to]) =>
		generated.includes(key) && key in entry && entry[key] !== to
			? [{ kind: 'update' as const, model: String(entry.name), index, key, from: entry[key], to }]
			: [],
	);
}

/** What a person may want to correct themselves. */
function entryNotes(entry: RawEntry, installed: InstalledFiles): string[] {
	const main = fileNames(entry).find(
		({ key }) => key === 'checkpoint' || key === 'diffusion_model',
	);
	const family = main && installed.find(main.key, main.name)?.detection?.family;
	const notes: string[] = [];
	if (
		family &&
		family !== 'unknown' &&
		entry.family !== undefined &&
		entry.family !== family &&
		!entry.x_generated
	) {
		notes.push(
			`${String(entry.name)}: the entry says ${String(entry.family)}, its file ${main.name} is ${family}.`,
		);
	}
	for (const preset of (Array.isArray(entry.presets) ? entry.presets : []) as RawEntry[]) {
		for (const lora of (Array.isArray(preset.loras) ? preset.loras : []) as RawEntry[]) {
			if (typeof lora.file !== 'string' || entry.enabled === false || installed.has(lora.file))
				continue;
			notes.push(
				`${String(entry.name)}: the LoRA ${baseName(lora.file)} of preset ${String(preset.name)} is not installed.`,
			);
		}
	}
	return notes;
}

function problemNotes(files: readonly InstalledFile[]): string[] {
	return files.flatMap((file) => (file.problem ? [`${file.name}: ${file.problem}`] : []));
}
