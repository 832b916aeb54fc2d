/** Ways to predict a preset's run from the same log. Each gives a median and a 95 % quantile over the catalog's mean. */
import { calibrate, type RunObservation } from '../../lib/calibration';
import type { Catalog } from '../../lib/catalog/schema';
import { cvFromP95Ratio, median, percentile95 } from '../../lib/estimate/log-normal';
import { meanRunSeconds } from '../../lib/estimate/run-time';
import { calibrationLookup } from '../../lib/router/calibration-lookup';
import type { TruePreset } from './world';

export interface Prediction {
	median: number;
	p95: number;
}

export interface Contestant {
	name: string;
	/** @param log all presets' runs, in the order they ran */
	learn(catalog: Catalog, log: readonly RunObservation[]): (preset: TruePreset) => Prediction;
}

/** The library, read the way the router reads it: a log-normal with the learned mean and 95 % quantile. */
const router: Contestant = {
	name: 'comfyui-router',
	learn: (catalog, log) => {
		const lookup = calibrationLookup(calibrate(catalog, log).entries);
		const server = log[0]?.server ?? '';
		return ({ model, prepared }) => {
			const factors = lookup?.(model.name, prepared.preset.name, server);
			const mean = factors?.time ?? 1;
			const p95Ratio = (prepared.runTime.p95Ratio * (factors?.p95 ?? 1)) / mean;
			const variance = (cvFromP95Ratio(p95Ratio) * mean) ** 2;
			return { median: median(mean, variance), p95: percentile95(mean, variance) };
		};
	},
};

const catalogAlone: Contestant = {
	name: 'catalog, nothing learned',
	learn:
		() =>
		({ prepared }) => {
			const variance = prepared.runTime.cv ** 2;
			return { median: median(1, variance), p95: percentile95(1, variance) };
		},
};

/** The mean of what the log says, and its sample quantile. Sizes are scaled as we scale them: an advantage to it. */
function average(name: string, counts: (run: RunObservation) => boolean): Contestant {
	return {
		name,
		learn: (_catalog, log) => (preset) => {
			const ratios = log.filter((run) => isOf(run, preset) && counts(run)).map(ratioOf(preset));
			const sorted = ratios.sort((a, b) => a - b);
			const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
			return { median: mean, p95: sorted[Math.ceil(0.95 * sorted.length) - 1] as number };
		},
	};
}

function isOf(run: RunObservation, { model, prepared }: TruePreset): boolean {
	return run.model_name === model.name && run.preset === prepared.preset.name;
}

function ratioOf({ prepared }: TruePreset): (run: RunObservation) => number {
	const { preset, runTime } = prepared;
	return (run) => {
		const expected = meanRunSeconds(runTime, {
			steps: run.steps ?? preset.steps,
			cfg: run.cfg ?? preset.cfg,
			width: run.width ?? preset.reference.width,
			height: run.height ?? preset.reference.height,
			batchSize: run.batch_size ?? 1,
			images: runTime.referenceImages,
		});
		return (run.run_seconds ?? 0) / expected;
	};
}

const NOT_CACHED_SECONDS = 0.01;

export const CONTESTANTS: readonly Contestant[] = [
	router,
	average('average of all runs', () => true),
	average('average without cancelled runs', (run) => run.status === 'success'),
	average(
		'average of warm finished runs, no zeros',
		(run) =>
			run.status === 'success' && run.cold === false && (run.run_seconds ?? 0) > NOT_CACHED_SECONDS,
	),
	catalogAlone,
];
