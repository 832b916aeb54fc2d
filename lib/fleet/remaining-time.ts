/** How long queued and running prompts still take, from the catalog's figures and the graph's own parameters. */
import type { CatalogModel } from '../catalog/schema';
import { meanLoadSeconds } from '../estimate/load-time';
import { meanRunSeconds, prepareRunTime } from '../estimate/run-time';
import type { IdentifiedModel } from '../workflow/identify-model';
import { mainFiles } from '../workflow/identify-model';

/** A running job is never said to be done: this share of its whole time, and at least half a second, is left. */
const LEAST_REST_SHARE = 0.05;
const LEAST_REST_SECONDS = 0.5;

/** Seconds of the whole job; `resident` is the model that the job before it leaves in VRAM. */
export function jobSeconds(
	job: IdentifiedModel,
	resident: CatalogModel | null,
	speedFactor: number,
): number {
	const load =
		resident !== null && sharesWeights(resident, job.model) ? 0 : meanLoadSeconds(job.model);
	return load + runSeconds(job) / speedFactor;
}

function runSeconds({ model, preset, parameters }: IdentifiedModel): number {
	const { reference } = preset;
	const seconds = meanRunSeconds(prepareRunTime(model, preset), {
		steps: inRange(parameters.steps, 1, 10_000) ?? preset.steps,
		cfg: parameters.cfg ?? preset.cfg,
		width: inRange(parameters.width, 16, 16_384) ?? reference.width,
		height: inRange(parameters.height, 16, 16_384) ?? reference.height,
		batchSize: inRange(parameters.batchSize, 1, 4096) ?? reference.batch_size,
		images: Math.min(parameters.images, 16),
	});
	return Number.isFinite(seconds) && seconds > 0 ? seconds : preset.avg_time_seconds;
}

function inRange(value: number | null, least: number, most: number): number | null {
	return value !== null && value >= least && value <= most ? value : null;
}

/** True where both run on the same diffusion weights. */
export function sharesWeights(a: CatalogModel, b: CatalogModel): boolean {
	if (a === b) return true;
	const files = mainFiles(b);
	return mainFiles(a).some((file) => files.includes(file));
}

/** @param elapsedSeconds since it began, or null: unknown, then nothing is taken off */
export function restOfRunning(totalSeconds: number, elapsedSeconds: number | null): number {
	const least = Math.max(LEAST_REST_SECONDS, totalSeconds * LEAST_REST_SHARE);
	return Math.max(least, totalSeconds - Math.max(0, elapsedSeconds ?? 0));
}
