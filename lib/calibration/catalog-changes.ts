/**
 * What calibration would change in a catalog, and why. Owns when evidence is enough to replace a figure that is there:
 * what has not clearly moved is left as it is, so that a second run finds nothing to do.
 */
import type { SyncChange } from '../catalog-sync';
import type { Catalog } from '../catalog/schema';
import { percentile95 } from '../estimate/log-normal';
import {
	prepareCatalog,
	type PreparedModel,
	type PreparedPreset,
} from '../router/prepared-catalog';
import { BYTES_PER_GB } from '../units';
import type { LearnedEntry } from './types';

/** Least runs, loads and peaks to put a figure into the catalog. */
const LEAST_RUNS = 5;
const LEAST_LOADS = 3;
const LEAST_PEAKS = 5;
/** A lower peak is believed from here on: its 95 % quantile is then more than the largest seen. */
const LEAST_PEAKS_TO_LOWER = 20;
/** Smaller differences are not worth a change. */
const TIME_GRAIN = 0.02;
const P95_GRAIN = 0.08;
const LOAD_GRAIN = 0.1;
const PEAK_GRAIN = 0.02;

/** One figure that was looked at. Seconds, or GB. */
export interface FigureProposal {
	model: string;
	/** null: of the model. */
	preset: string | null;
	figure: 'avg_time_seconds' | 'p95_time_seconds' | 'load_seconds' | 'vram_peak_gb';
	/** Runs it rests on. */
	n: number;
	/** null: the catalog gives none. */
	old: number | null;
	/** Learned, whether or not it is to be written. */
	new: number;
	/** 90 % interval, where there is one. */
	interval: [number, number] | null;
	/** True where it is to be written. */
	change: boolean;
	/** Why, or why not. */
	why: string;
	drift: boolean;
}

export interface CalibrationPlan {
	proposals: FigureProposal[];
	changes: SyncChange[];
}

/**
 * @param catalog from `parseCatalog`, in the same order as its text
 * @param entries learned with that catalog
 * @param nowMs for the date in `source`
 */
export function planCatalogChanges(
	catalog: Catalog,
	entries: readonly LearnedEntry[],
	nowMs: number,
): CalibrationPlan {
	const plan: CalibrationPlan = { proposals: [], changes: [] };
	prepareCatalog(catalog).models.forEach((model, index) => {
		const own = entries.filter((entry) => entry.model_name === model.name);
		model.presets.forEach((_preset, at) => planTimes({ model, index, own, nowMs }, at, plan));
		planLoad(model, index, own, plan);
		model.presets.forEach((_preset, at) => planPeak(model, index, own, at, plan));
	});
	return plan;
}

interface ModelContext {
	model: PreparedModel;
	index: number;
	own: readonly LearnedEntry[];
	nowMs: number;
}

function entryFor(own: readonly LearnedEntry[], preset: string | null): LearnedEntry | undefined {
	return own.find((entry) => entry.preset === preset && entry.server === null);
}

function planTimes(context: ModelContext, at: number, plan: CalibrationPlan): void {
	const { model, index, own, nowMs } = context;
	const { preset, runTime } = model.presets[at] as PreparedPreset;
	const entry = entryFor(own, preset.name);
	if (entry === undefined || entry.samples === 0) return;
	const oldMean = preset.avg_time_seconds;
	const oldP95 = percentile95(oldMean, (runTime.cv * oldMean) ** 2);
	const mean = rounded(oldMean * entry.time_factor);
	const p95 = Math.max(mean, rounded(oldP95 * entry.p95_factor));
	const moved = differs(oldMean, mean, TIME_GRAIN) || differs(oldP95, p95, P95_GRAIN);
	const enough = entry.samples >= LEAST_RUNS;
	const change = enough && (moved || preset.confidence !== 'measured');
	const source = entry.source ?? '';
	const why = !enough ? `fewer than ${LEAST_RUNS} runs` : change ? source : `unchanged; ${source}`;
	const common = { model: model.name, preset: preset.name, n: entry.samples, change, why };
	const interval = entry.time_interval.map((factor) => rounded(oldMean * factor));
	plan.proposals.push(
		{
			...common,
			figure: 'avg_time_seconds',
			old: oldMean,
			new: mean,
			interval: interval as [number, number],
			drift: entry.drift,
		},
		{
			...common,
			figure: 'p95_time_seconds',
			old: preset.p95_time_seconds ?? null,
			new: p95,
			interval: null,
			drift: entry.drift,
		},
	);
	if (!change) return;
	const set = setter(plan, model.name, index, ['presets', at]);
	set('avg_time_seconds', oldMean, mean);
	set('p95_time_seconds', preset.p95_time_seconds, p95);
	set('source', preset.source, sourceText(own, preset.name, entry, interval, nowMs));
	set('confidence', preset.confidence, 'measured');
}

function sourceText(
	own: readonly LearnedEntry[],
	preset: string,
	entry: LearnedEntry,
	interval: readonly number[],
	nowMs: number,
): string {
	const servers = own.flatMap((one) =>
		one.preset === preset && one.server !== null && one.samples > 0 ? [one.server] : [],
	);
	const where = servers.length === 0 ? '' : ` on ${servers.slice(0, 5).join(', ')}`;
	const day = new Date(nowMs).toISOString().slice(0, 10);
	return `Measured by calibrate${where}, ${day}: ${entry.source}; mean between ${interval[0]} and ${interval[1]} s (90 %).`;
}

function planLoad(
	model: PreparedModel,
	index: number,
	own: readonly LearnedEntry[],
	plan: CalibrationPlan,
): void {
	const entry = entryFor(own, null);
	if (entry === undefined || entry.load_samples === 0) return;
	const old = model.model.load_seconds ?? null;
	const value = rounded(model.loadSeconds * entry.load_factor);
	const enough = entry.load_samples >= LEAST_LOADS;
	const change = enough && (old === null || differs(model.loadSeconds, value, LOAD_GRAIN));
	plan.proposals.push({
		model: model.name,
		preset: null,
		figure: 'load_seconds',
		n: entry.load_samples,
		old,
		new: value,
		interval: null,
		change,
		why: enough ? (change ? 'cold runs' : 'unchanged') : `fewer than ${LEAST_LOADS} cold runs`,
		drift: false,
	});
	if (change) setter(plan, model.name, index, [])('load_seconds', old, value);
}

/** The model's figure stands for the first preset; another preset gets a figure of its own. */
function planPeak(
	model: PreparedModel,
	index: number,
	own: readonly LearnedEntry[],
	at: number,
	plan: CalibrationPlan,
): void {
	const { preset, referencePeakBytes } = model.presets[at] as PreparedPreset;
	const entry = entryFor(own, preset.name);
	if (entry === undefined || entry.vram_samples === 0) return;
	const ofModel = at === 0 && preset.vram_peak_gb === undefined;
	const old = (ofModel ? model.model.vram_peak_gb : preset.vram_peak_gb) ?? null;
	const predicted = referencePeakBytes / BYTES_PER_GB;
	// up, so that rounding never makes it fit where it does not
	const value = Math.ceil(predicted * entry.vram_factor * 100 - 1e-6) / 100;
	const raises = value > predicted;
	const enough =
		raises || entry.vram_samples >= (old === null ? LEAST_PEAKS : LEAST_PEAKS_TO_LOWER);
	const change = enough && differs(predicted, value, PEAK_GRAIN);
	plan.proposals.push({
		model: model.name,
		preset: ofModel ? null : preset.name,
		figure: 'vram_peak_gb',
		n: entry.vram_samples,
		old,
		new: value,
		interval: null,
		change,
		why: change ? 'observed peaks' : enough ? 'unchanged' : 'too few runs to lower it',
		drift: false,
	});
	const path = ofModel ? [] : ['presets', at];
	if (change) setter(plan, model.name, index, path)('vram_peak_gb', old, value);
}

function setter(
	plan: CalibrationPlan,
	model: string,
	index: number,
	path: readonly (string | number)[],
): (key: string, from: unknown, to: unknown) => void {
	return (key, from, to) => {
		if (from !== to) plan.changes.push({ kind: 'update', model, index, path, key, from, to });
	};
}

function differs(old: number, value: number, grain: number): boolean {
	return Math.abs(Math.log(value / old)) > grain;
}

/** Three digits: more would be noise. */
function rounded(value: number): number {
	return Number(value.toPrecision(3));
}
