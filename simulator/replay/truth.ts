/** What the simulated GPUs really take for a job, known to the engine, the clairvoyant and the bound only. */
import type { CatalogModel } from '../../lib/catalog/schema';
import { BYTES_PER_GB } from '../../lib/units';
import type { JobCandidate, ModelLoad } from './candidates';
import { mixSeed, noiseFactor, seededRandom } from './random';
import type { Figures, PendingJob, Truth } from './types';

/** A truth in which every figure of the catalog is right. */
export const EXACT_TRUTH: Truth = {
	time_factor: {},
	vram_factor: {},
	load_factor: {},
	noise_cv: 0,
	tail_probability: 0,
	tail_factor: 1,
	failures: [],
	co_tenant: [],
	dynamic_vram: false,
};

/** A run whose weights have to be paged in and out takes this much longer. */
export const PAGING_SLOWDOWN = 5;

/**
 * A start and a run add up to an end that may be a bit of a double earlier than exact arithmetic has it. The bounds
 * allow for it, or a run that is on time to the last bit would exceed them.
 */
export const ROUNDING_SECONDS = 1e-6;

interface JobNoise {
	run: number;
	load: number;
}

/**
 * True figures. The noise belongs to the job, not to the policy, candidate or attempt: all policies meet the
 * same luck (common random numbers), and the bound, which takes each job's own noise, stays a bound.
 */
export class TrueFigures implements Figures {
	readonly #noise: JobNoise[];

	constructor(
		readonly truth: Truth,
		readonly speedFactors: readonly number[],
		jobCount: number,
		seed: number,
	) {
		this.#noise = Array.from({ length: jobCount }, (_, index) => noiseOf(truth, seed, index));
	}

	runSeconds(job: PendingJob, candidate: JobCandidate, serverIndex: number): number {
		const factor = this.truth.time_factor[candidate.model.name] ?? 1;
		const noise = (this.#noise[job.index] as JobNoise).run;
		return (candidate.runSeconds * factor * noise) / (this.speedFactors[serverIndex] as number);
	}

	loadSeconds(job: PendingJob, candidate: JobCandidate): number {
		const factor = this.truth.load_factor[candidate.model.name] ?? 1;
		return candidate.loadSeconds * factor * (this.#noise[job.index] as JobNoise).load;
	}

	peakBytes(_job: PendingJob, candidate: JobCandidate): number {
		return candidate.peakBytes * (this.truth.vram_factor[candidate.model.name] ?? 1);
	}

	/** What stays on the card after a run. */
	weightsBytes({ name, vram_gb: gb = 0 }: CatalogModel): number {
		return gb * BYTES_PER_GB * (this.truth.vram_factor[name] ?? 1);
	}

	/** Of a run that only loads: it is nobody's, so it has no noise of its own. */
	loadTimes(
		{ model: { name }, loadSeconds, runSeconds }: ModelLoad,
		serverIndex: number,
	): { loadSeconds: number; runSeconds: number } {
		const { load_factor: load, time_factor: time } = this.truth;
		return {
			loadSeconds: loadSeconds * (load[name] ?? 1),
			runSeconds: (runSeconds * (time[name] ?? 1)) / (this.speedFactors[serverIndex] as number),
		};
	}
}

function noiseOf(truth: Truth, seed: number, index: number): JobNoise {
	const random = seededRandom(mixSeed(seed, 0x7275, index));
	const { noise_cv: cv, tail_probability: tailProbability, tail_factor: tailFactor } = truth;
	const load = noiseFactor({ cv, tailProbability: 0, tailFactor: 1 }, random);
	return { load, run: noiseFactor({ cv, tailProbability, tailFactor }, random) };
}
