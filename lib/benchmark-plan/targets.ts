/** Which presets and sizes of a catalog can be measured on a server, and why the others cannot. */
import { type MissingFiles, describeMissing } from '../fleet/missing-files';
import type { FleetServer } from '../fleet/types';
import type { PreparedModel, PreparedPreset } from '../router/prepared-catalog';
import type { ServerState } from '../router/server-state';
import { formatGb, PIXELS_PER_MEGAPIXEL } from '../units';
import { BUILDABLE_FAMILIES } from '../workflow/build';
import type { BenchmarkWishes, SkippedTarget } from './types';

/** Sides in multiples of this suit every family's latent. */
const SIDE_GRAIN = 64;

export interface Size {
	width: number;
	height: number;
}

/** One preset at one size. */
export interface Target {
	model: PreparedModel;
	prepared: PreparedPreset;
	size: Size;
	atReference: boolean;
}

/** @returns why no preset of the model can be measured there, or null */
export function modelObstacle(model: PreparedModel, server: FleetServer): string | null {
	const entry = model.model;
	if (!entry.enabled) return 'disabled in the catalog';
	if (entry.workflow !== undefined) {
		return 'has a workflow of its own: its figures are learned from its jobs (Calibrate)';
	}
	if (!BUILDABLE_FAMILIES.includes(entry.family)) {
		return `there is no built-in workflow for the family ${entry.family}`;
	}
	if (!model.acceptsTextOnly) return 'needs an input image';
	const missing: MissingFiles = describeMissing({ ...entry, presets: [] }, server.installed_files);
	return missing.missing.length > 0 ? missing.message : null;
}

/** @returns why this preset cannot be measured there, or null */
export function presetObstacle(
	{ model, prepared }: Pick<Target, 'model' | 'prepared'>,
	server: FleetServer,
	scope: BenchmarkWishes['scope'],
): string | null {
	const { preset } = prepared;
	if (scope !== 'all' && preset.confidence === 'measured') return 'measured already';
	const missing = describeMissing(model.model, server.installed_files, preset.name);
	return missing.missing.length > 0 ? missing.message : null;
}

/** @returns why it would run out of memory or be paged, or null */
export function memoryObstacle(
	{ prepared, size }: Target,
	{ availableBytes }: Pick<ServerState, 'availableBytes'>,
): string | null {
	if (availableBytes === null) return null;
	const cfg = prepared.givenPeakCfg ?? prepared.preset.cfg;
	const { peakBytes } = prepared.vram({ ...size, batchSize: 1, cfg });
	if (peakBytes <= availableBytes) return null;
	return `needs ${formatGb(peakBytes)} of VRAM, ${formatGb(availableBytes)} are there`;
}

/** The reference first, then the other sizes that the model takes, each once. */
export function sizesOf(
	model: PreparedModel,
	prepared: PreparedPreset,
	megapixels: readonly number[],
): { sizes: Size[]; refused: Size[] } {
	const { width, height } = prepared.preset.reference;
	const sizes: Size[] = [{ width, height }];
	const refused: Size[] = [];
	for (const wanted of megapixels) {
		const size = scaled({ width, height }, wanted);
		const known = sizes.some((one) => one.width === size.width && one.height === size.height);
		if (known) continue;
		(takes(model, size) ? sizes : refused).push(size);
	}
	return { sizes, refused };
}

export function sizeName({ width, height }: Size): string {
	return `${width}x${height}`;
}

export function skip(
	model: string,
	preset: string | null,
	size: Size | null,
	reason: string,
): SkippedTarget {
	return { model_name: model, preset, size: size && sizeName(size), reason };
}

function scaled({ width, height }: Size, megapixels: number): Size {
	const scale = Math.sqrt((megapixels * PIXELS_PER_MEGAPIXEL) / (width * height));
	const side = (length: number) =>
		Math.max(1, Math.round((length * scale) / SIDE_GRAIN)) * SIDE_GRAIN;
	return { width: side(width), height: side(height) };
}

function takes({ model }: PreparedModel, { width, height }: Size): boolean {
	const within = (value: number, low = 0, high = Infinity) => value >= low && value <= high;
	return (
		within(width, model.min_width, model.max_width) &&
		within(height, model.min_height, model.max_height)
	);
}
