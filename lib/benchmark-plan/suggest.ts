/**
 * Which figures a benchmark suggests for the catalog. Pure. Uses only runs that succeeded and whose state (warm or cold)
 * the server itself confirmed or did not contradict; suggests nothing where nothing was measured.
 */
import type { Catalog, CatalogModel } from '../catalog/schema';
import { BYTES_PER_GB } from '../units';
import type { MeasuredRun, SuggestedFigure } from './types';

export interface MeasuredOn {
	server: string;
	/** Name of the device; null where the server did not say. */
	gpu: string | null;
	/** The server's speed against the presets' reference GPU: the catalog's times are of that one. Default 1. */
	speedFactor: number;
	/** When, ms since the epoch. */
	nowMs: number;
}

/**
 * Times and peaks of runs at a preset's reference; the load of a model as the median of its cold runs less the median
 * of the warm ones of the same preset and size.
 */
export function suggestFigures(
	catalog: Catalog,
	runs: readonly MeasuredRun[],
	on: MeasuredOn,
): SuggestedFigure[] {
	return catalog.models.flatMap((model) => {
		const own = runs.filter((run) => run.model_name === model.name && run.status === 'success');
		return [...loadOf(model, own, on), ...presetsOf(model, own, on)];
	});
}

function presetsOf(
	model: CatalogModel,
	runs: readonly MeasuredRun[],
	on: MeasuredOn,
): SuggestedFigure[] {
	return model.presets.flatMap((preset) => {
		const own = runs.filter((run) => run.preset === preset.name && run.at_reference);
		const of = { model_name: model.name, preset: preset.name };
		const times = secondsOf(own.filter(isWarm)).map((seconds) => seconds * on.speedFactor);
		const peaks = own.flatMap((run) => run.vram_peak_bytes ?? []);
		const gigabytes = peaks.map((bytes) => bytes / BYTES_PER_GB);
		return [
			...figure({ ...of, figure: 'avg_time_seconds' }, preset.avg_time_seconds, times, mean, on),
			...figure({ ...of, figure: 'vram_peak_gb' }, preset.vram_peak_gb, gigabytes, most, on),
		];
	});
}

function loadOf(
	model: CatalogModel,
	runs: readonly MeasuredRun[],
	on: MeasuredOn,
): SuggestedFigure[] {
	const loads = runs.filter(isCold).flatMap((run) => {
		const alike = runs.filter((other) => isWarm(other) && isSameJob(other, run));
		const warm = secondsOf(alike);
		if (warm.length === 0 || run.run_seconds === null) return [];
		return [Math.max(0, run.run_seconds - median(warm))];
	});
	const of = { model_name: model.name, preset: null, figure: 'load_seconds' } as const;
	return figure(of, model.load_seconds, loads, median, on);
}

function figure(
	of: Pick<SuggestedFigure, 'model_name' | 'preset' | 'figure'>,
	old: number | undefined,
	values: readonly number[],
	summary: (values: readonly number[]) => number,
	on: MeasuredOn,
): SuggestedFigure[] {
	if (values.length === 0) return [];
	const [low, high] = [Math.min(...values), Math.max(...values)];
	return [
		{
			...of,
			old: old ?? null,
			new: round(summary(values)),
			samples: values.length,
			range: [round(low), round(high)],
			source: sourceOf(values.length, on),
		},
	];
}

function sourceOf(samples: number, { server, gpu, nowMs }: MeasuredOn): string {
	const day = new Date(nowMs).toISOString().slice(0, 10);
	const runs = samples === 1 ? '1 run' : `${samples} runs`;
	return `Benchmark of ${runs} on ${server}${gpu ? ` (${gpu})` : ''}, ${day}`;
}

/** Another client's job in between may have pushed the model out: then a run planned as warm was not. */
function isWarm({ kind, was_cold }: MeasuredRun): boolean {
	return kind === 'warm' && was_cold !== true;
}

function isCold({ kind, was_cold }: MeasuredRun): boolean {
	return kind === 'cold' && was_cold !== false;
}

function isSameJob(a: MeasuredRun, b: MeasuredRun): boolean {
	return a.preset === b.preset && a.width === b.width && a.height === b.height;
}

function secondsOf(runs: readonly MeasuredRun[]): number[] {
	return runs.flatMap((run) => run.run_seconds ?? []);
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function most(values: readonly number[]): number {
	return Math.max(...values);
}

function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits are more than a few runs can tell. */
function round(value: number): number {
	return Number(value.toPrecision(3));
}
