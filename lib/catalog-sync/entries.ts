/**
 * Writes the catalog entry of a file that no entry names yet. A file the shipped catalog knows by name gets that entry; a
 * file of a known architecture gets its settings from the shipped entry nearest to it; anything else becomes a disabled
 * entry that says what is known. Never invents figures.
 */
import type { Detection } from '../detection';
import { formatGb } from '../units';
import type { FileKey, InstalledFiles } from './installed';
import { figuresOf, round } from './figures';
import { knownComponent } from './known-components';
import { baseName, entryName } from './names';
import type { InstalledFile } from './types';

export type RawEntry = Record<string, unknown>;

export interface NewEntry {
	entry: RawEntry;
	/** One line for the list of changes. */
	summary: string;
}

/** Marks a disabled entry whose files are missing: the only kind that a later sync enables again. */
export const MISSING_FILES = 'Files missing: ';

/** Families whose workflow makes still images. */
const VIDEO = new Set(['hunyuan-video', 'wan', 'ltxv', 'cosmos', 'mochi']);
/** Families whose keys ComfyUI 0.8.0 does not convert from the names of the diffusers library. */
const NOT_CONVERTED = new Set(['flux2', 'chroma']);
/** Few-step editions: their settings follow from the edition alone, never from the base model. */
const DISTILLED = ['lightning', 'turbo', 'hyper', 'lcm', 'dmd', 'schnell', 'distilled', 'fast'];
/** Editions that need another workflow than the family's base. */
const SPECIAL = [
	'edit',
	'inpaint',
	'fill',
	'refiner',
	'kontext',
	'upscaler',
	'instruct-pix2pix',
	'control',
	'layered',
	'depth',
];
/** A model nobody has rated is taken for a little worse than the rated one it resembles. */
const UNRATED_FACTOR = 0.9;

export function newEntry(
	file: InstalledFile,
	installed: InstalledFiles,
	shipped: readonly RawEntry[],
): NewEntry {
	const key: FileKey = isCheckpoint(file) ? 'checkpoint' : 'diffusion_model';
	const obstacle = obstacleOf(file);
	if (obstacle) return disabledEntry(file, key, obstacle);
	const same = shipped.find((entry) => mainFileOf(entry) === baseName(file.name));
	if (same) return fromShipped(file, key, same, installed, false);
	if (!file.detection || file.detection.family === 'unknown') {
		return disabledEntry(file, key, 'Its architecture is unknown.');
	}
	const nearest = nearestEntry(file.detection, key, shipped);
	if (typeof nearest === 'string') return disabledEntry(file, key, nearest);
	return fromShipped(file, key, nearest, installed, true);
}

function isCheckpoint(file: InstalledFile): boolean {
	if (file.kind === 'checkpoints') return true;
	if (file.kind === 'diffusion_models') return false;
	return file.detection?.part !== 'diffusion_model';
}

/** Why ComfyUI's own loaders cannot use the file for an image; null where nothing speaks against it. */
function obstacleOf(file: InstalledFile): string | null {
	const { detection } = file;
	if (/\.gguf$/i.test(file.name))
		return 'GGUF needs the custom node ComfyUI-GGUF and a workflow of its own.';
	if ((file.parts ?? 1) > 1) return `It is split into ${file.parts} files; ComfyUI loads one file.`;
	if (file.problem) return file.problem;
	if (!detection) return null;
	if (VIDEO.has(detection.family)) return 'It makes video; no image workflow is shipped for it.';
	if (detection.layout === 'diffusers' && NOT_CONVERTED.has(detection.family)) {
		return `Its keys are named as the diffusers library names them, which ComfyUI does not read for ${detection.family}.`;
	}
	if (file.kind === 'checkpoints' && detection.part === 'diffusion_model') {
		return 'It holds no text encoder and no VAE: it belongs in the folder diffusion_models.';
	}
	return null;
}

function mainFileOf(entry: RawEntry): string | null {
	const files = (entry.files ?? {}) as Partial<Record<FileKey, unknown>>;
	const main = files.checkpoint ?? files.diffusion_model;
	return typeof main === 'string' ? baseName(main) : null;
}

/** The shipped entry of the same family and edition, or why there is none. */
function nearestEntry(
	detection: Detection,
	key: FileKey,
	shipped: readonly RawEntry[],
): RawEntry | string {
	const { family, variant } = detection;
	const relatives = shipped.filter((entry) => entry.family === family);
	if (relatives.length === 0) return `No settings are shipped for the family ${family}.`;
	if (family === 'flux2' && variant.includes('base'))
		return 'No settings are shipped for flux2 base models.';
	const editions = [...DISTILLED, ...SPECIAL].filter((word) => variant.includes(word));
	const matching = relatives.filter((entry) => editionsOf(entry).join() === editions.join());
	if (matching.length === 0)
		return `No settings are shipped for ${family} as ${editions.join(' ')}.`;
	const sizes = variant.filter((word) => /^(\d+(\.\d+)?b|medium|large|dev|klein)$/.test(word));
	const named = (entry: RawEntry): number =>
		sizes.filter((size) => String(entry.name).includes(size)).length;
	const ofKind = (entry: RawEntry): number => (key in ((entry.files ?? {}) as object) ? 1 : 0);
	return [...matching].sort((a, b) => named(b) - named(a) || ofKind(b) - ofKind(a))[0]!;
}

/** The editions that an entry's name and file name say. */
function editionsOf(entry: RawEntry): string[] {
	const text = `${String(entry.name)} ${mainFileOf(entry) ?? ''}`.toLowerCase();
	return [...DISTILLED, ...SPECIAL].filter((word) => text.includes(word));
}

function fromShipped(
	file: InstalledFile,
	key: FileKey,
	template: RawEntry,
	installed: InstalledFiles,
	onlySimilar: boolean,
): NewEntry {
	const { files, missing } = filesFor(file, key, template, installed);
	if (files === null) {
		return disabledEntry(
			file,
			key,
			`It needs text encoders and a VAE that are not known: see ${String(template.name)}.`,
		);
	}
	const name = onlySimilar ? entryName(file.name) : String(template.name);
	const entry: RawEntry = onlySimilar
		? similarEntry(file, name, template, files)
		: { ...template, name, files };
	const reason = missing.length > 0 ? missingReason(missing) : null;
	// a shipped entry's figures were chosen by people and are not refreshed from the file
	const generated = onlySimilar
		? Object.keys(entry).join(' ')
		: `from the shipped entry ${String(template.name)}`;
	return {
		entry: {
			...entry,
			...(reason ? { enabled: false, x_disabled_reason: reason } : { enabled: true }),
			x_generated: generated,
		},
		summary: `${describeFile(file)}${onlySimilar ? `, settings as ${String(template.name)}` : ', known by its name'}${reason ? `; disabled: ${reason}` : ''}`,
	};
}

export function missingReason(missing: readonly string[]): string {
	return `${MISSING_FILES}${missing.join(', ')}`;
}

/** Settings of the resembling entry, figures of the file itself. Timing is the other's and says so. */
function similarEntry(
	file: InstalledFile,
	name: string,
	template: RawEntry,
	files: RawEntry,
): RawEntry {
	const purposes = Object.entries((template.purposes ?? {}) as Record<string, number>);
	const presets = ((template.presets ?? []) as RawEntry[])
		// another file's LoRA may not fit this one's weights
		.filter((preset) => ((preset.loras ?? []) as unknown[]).length === 0)
		.map((preset) => ({
			...withoutPeak(preset),
			source: `As ${String(template.name)}, not measured.`,
			confidence: 'estimated',
		}));
	const sizes = [
		'inputs',
		'min_width',
		'max_width',
		'min_height',
		'max_height',
		'supports_negative_prompt',
	];
	return {
		name,
		family: file.detection?.family,
		license: 'unknown',
		commercial_use: false,
		notes: `Found by update-models-config; qualities are ${UNRATED_FACTOR} x those of ${String(template.name)} until somebody rates it.`,
		files,
		purposes: Object.fromEntries(
			purposes.map(([purpose, quality]) => [purpose, round(quality * UNRATED_FACTOR)]),
		),
		...Object.fromEntries(
			sizes.filter((size) => size in template).map((size) => [size, template[size]]),
		),
		...figuresOf(file),
		presets,
	};
}

function withoutPeak(preset: RawEntry): RawEntry {
	return Object.fromEntries(Object.entries(preset).filter(([key]) => key !== 'vram_peak_gb'));
}

/** The template's encoders and VAE: by name, else the same component under another name, else named as missing. */
function filesFor(
	file: InstalledFile,
	key: FileKey,
	template: RawEntry,
	installed: InstalledFiles,
) {
	const wanted = (template.files ?? {}) as { text_encoders?: string[]; vae?: string };
	const missing: string[] = [];
	const place = (kind: 'text_encoders' | 'vae', name: string): string => {
		const found = installed.find(kind, name);
		if (found?.usable) return name;
		const component = knownComponent(name);
		const other = component ? installed.component(kind, component) : null;
		if (other) return other.name;
		missing.push(name);
		return name;
	};
	const whole = key === 'checkpoint' && holdsEncoder(file.detection);
	if (!whole && !wanted.text_encoders) return { files: null, missing };
	const files: RawEntry = { [key]: file.name };
	if (!whole || wanted.text_encoders)
		files.text_encoders = wanted.text_encoders?.map((name) => place('text_encoders', name));
	if (wanted.vae) files.vae = place('vae', wanted.vae);
	return { files, missing };
}

/** Taken for granted where only the folder speaks for it. */
function holdsEncoder(detection: Detection | null): boolean {
	return !detection || detection.bytes.textEncoder > 0 || detection.bytes.diffusion === 0;
}

/** A preset is required by the format; this one only has to be valid, because the entry is disabled. */
const PLACEHOLDER_PRESET = {
	name: 'unset',
	steps: 20,
	cfg: 1,
	reference: { width: 1024, height: 1024 },
	avg_time_seconds: 60,
	source: 'Placeholder: set steps, cfg and time before enabling the entry.',
	confidence: 'estimated',
};

function disabledEntry(file: InstalledFile, key: FileKey, reason: string): NewEntry {
	const entry: RawEntry = {
		name: entryName(file.name),
		family: file.detection?.family ?? 'unknown',
		notes: `Found by update-models-config. ${reason} Set purposes and presets, then enable it.`,
		files: { [key]: file.name },
		purposes: {},
		...figuresOf(file),
		...(file.detection ? { x_evidence: file.detection.evidence.join('; ') } : {}),
		presets: [PLACEHOLDER_PRESET],
		enabled: false,
		x_disabled_reason: reason,
	};
	return {
		entry: { ...entry, x_generated: Object.keys(entry).join(' ') },
		summary: `${describeFile(file)}; disabled: ${reason}`,
	};
}

/** "sdxl inpaint, 6.9 GB fp16". */
function describeFile(file: InstalledFile): string {
	const size = file.bytes === null || file.bytes === 0 ? null : formatGb(file.bytes);
	const { detection } = file;
	if (!detection) return ['not readable from here', size].filter(Boolean).join(', ');
	const edition = [detection.family, ...detection.variant].join(' ');
	return [edition, [size, detection.stored.dtype].filter(Boolean).join(' ')].join(', ');
}
